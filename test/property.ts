/*
 * How many cases the property tests run, and how they are counted.
 *
 * Each property has a share here: the number of cases that it runs by default, which is what CI runs. All shares
 * together are at least `leastCases`. KEYSTEWARD_PROPERTY_CASES asks for so many cases in total, and every share grows
 * or shrinks with it (`npm run soak`); KEYSTEWARD_PROPERTY_SEED makes them the same cases as in another run. What a test
 * has really run is counted, has to be its share, and goes to property-reporter.ts, which prints the total.
 */
import fc from "fast-check";
import { expect, type TestContext } from "vitest";

export const leastCases = 20_000;

export const shares = {
  "convergence: a reconcile pass": 300,
  "convergence: an edit pass": 300,
  "convergence: metadata that merges": 300,
  "late reads": 300,
  "safety: what is written is asked for": 300,
  "safety: damage": 300,
  "selectors: a plain reading": 500,
  "selectors: what cannot be read": 500,
  "killed anywhere": 300,
  "fmt: what a file says": 300,
  "import: the next plan": 30,
  "drift: accepted": 40,
  "edit: one field of a text": 300,
  "resets of usage": 300,
  "resets of usage: selected keys": 300,
  "throttle: the cap": 300,
  "throttle: told to wait": 200,
  "throttle: stop": 200,
  "throttle: priorities": 100,
  "overrides: the effective key": 300,
  "overrides: no wake-up is missed": 300,
  "round trip: one apply": 12_000,
  "round trip: somebody else's edits": 3_000,
  "round trip: reads": 3_000,
  "blind edits": 300,
  "restore: to the baseline": 300,
  "guardrails: what offends": 500,
  "guard: its limits": 300,
  "guard: stricter limits": 300,
  "last good: damage": 300,
  "last good: restarts": 40,
} as const;

export type Share = keyof typeof shares;

const usual = Object.values(shares).reduce((sum, share) => sum + share, 0);

declare module "vitest" {
  interface TaskMeta {
    /** Cases of a property that this test has run. */
    cases?: number;
  }
}

/** How many times as many cases as by default are asked for. */
export function propertyScale(env: NodeJS.ProcessEnv = process.env): number {
  const asked = env["KEYSTEWARD_PROPERTY_CASES"];
  if (asked === undefined) return 1;
  if (!/^[1-9]\d{0,9}$/.test(asked))
    throw new Error(`KEYSTEWARD_PROPERTY_CASES must be a whole number, not "${asked}"`);
  return Number(asked) / usual;
}

export function casesOf(share: Share, env: NodeJS.ProcessEnv = process.env): number {
  return Math.ceil(shares[share] * propertyScale(env));
}

/** Milliseconds that a test may take which runs this share: so many that only a broken program needs them. */
export function timeFor(share: Share): number {
  return Math.max(120_000, casesOf(share) * 2_000);
}

/** Runs a property for as many cases as its share says, and fails the test with the smallest case that breaks it. */
export async function holds<Ts>(
  { task }: Pick<TestContext, "task">,
  share: Share,
  property: fc.IRawProperty<Ts>,
): Promise<void> {
  const numRuns = casesOf(share);
  const seed = process.env["KEYSTEWARD_PROPERTY_SEED"];
  const details = await fc.check(property, {
    numRuns,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  });
  task.meta.cases = (task.meta.cases ?? 0) + details.numRuns;
  if (details.failed)
    throw new Error(await fc.asyncDefaultReportMessage(details), { cause: details.errorInstance });
  expect(details.numRuns).toBe(numRuns);
}
