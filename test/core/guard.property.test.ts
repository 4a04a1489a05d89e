import fc from "fast-check";
import { expect, test } from "vitest";
import { judgePlan, releasePlan, type GuardContext } from "../../src/core/guard.ts";
import type { Change, Plan } from "../../src/core/plan.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { holds, timeFor } from "../property.ts";
import { deepFreeze, keyId, liveKey, now, own, plan, seen } from "./build.ts";

/*
 * The invariants, for any plan and any limits:
 *   1. what passes and what is held are together what was planned, in its order, and nothing is both;
 *   2. no more passes than the limits say: of all, of what loosens, and nothing of a doubted list;
 *   3. `loosened` holds only what loosens;
 *   4. stricter limits never let more through;
 *   5. the guard writes to nothing that it is given, and judges the same twice; released, the plan is what it was.
 */

const limitsArbitrary = fc.record({
  changed: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  loosened: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  shrunk: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  floor: fc.integer({ min: 0, max: 6 }),
});

const wants: readonly JsonObject[] = [
  { name: "key" },
  { name: "renamed" },
  { usage_limits: { type: "cost", credit_limit: 5 } },
  { usage_limits: { type: "cost", credit_limit: 500 } },
  { scopes: ["logs.view"], expires_at: "2026-09-02T00:00:00Z" },
];

const cases = fc.record({
  wanted: fc.array(fc.constantFrom(...wants), { maxLength: 14 }),
  limits: limitsArbitrary,
  lastListed: fc.option(fc.integer({ min: 0, max: 40 })),
  foreign: fc.boolean(),
  ownKeys: fc.subarray(Array.from({ length: 14 }, (_, index) => keyId(index + 1))),
});

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function planOf({ wanted }: Case): Plan {
  const live = wanted.map((_, index) =>
    liveKey(index + 1, { usage_limits: { type: "cost", credit_limit: 50 } }),
  );
  const made = plan({
    policies: wanted.map((key, index) => own(index + 1, key)),
    sightOf: seen(...live),
  });
  return { ...made, summary: { ...made.summary, live: wanted.length } };
}

function contextOf({ limits, lastListed, foreign, ownKeys }: Case): GuardContext {
  const budget = { requests: 4, perMs: 1_000 };
  return { limits, lastListed, foreign, now, budget, isOwn: (id) => ownKeys.includes(id) };
}

function allowed(count: number, share: number | null, floor: number): number {
  return share === null ? Infinity : Math.max(floor, count * share);
}

const isLoosening = ({ rank }: Change): boolean => rank === "loosens";

test(
  "the guard never lets more through than its limits, loses nothing, and changes nothing",
  (context) =>
    holds(
      context,
      "guard: its limits",
      fc.property(cases, (given) => {
        const made = deepFreeze(planOf(given));
        const known = contextOf(given);
        const judged = judgePlan(made, known);
        const { limits } = given;
        const governed = made.summary.desired;
        const passing = new Set(judged.changes);
        expect(made.changes.filter((change) => passing.has(change))).toEqual(judged.changes);
        expect(made.changes.filter((change) => !passing.has(change))).toEqual(judged.held);
        expect(judged.changes.length).toBeLessThanOrEqual(
          allowed(governed, limits.changed, limits.floor) + 1e-6,
        );
        expect(judged.changes.filter(isLoosening).length).toBeLessThanOrEqual(
          allowed(governed, limits.loosened, limits.floor) + 1e-6,
        );
        if (given.foreign) expect(judged.changes).toEqual([]);
        const lost = (given.lastListed ?? 0) - given.wanted.length;
        if (lost > allowed(given.lastListed ?? 0, limits.shrunk, limits.floor))
          expect(judged.changes).toEqual([]);
        const rules = judged.refusals.map(({ rule }) => rule);
        if (rules.length === 1 && rules[0] === "loosened") expect(judged.held.every(isLoosening)).toBe(true);
        expect(judged.heldDigest === null).toBe(rules.length === 0);
        expect(judged.summary.held).toBe(judged.held.length);
        expect(judgePlan(made, known)).toEqual(judged);
        expect(releasePlan(judged)).toEqual(made);
      }),
    ),
  timeFor("guard: its limits"),
);

test(
  "stricter limits never let more through",
  (context) => {
    const stricter = fc.tuple(
      cases,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 6 }),
    );
    return holds(
      context,
      "guard: stricter limits",
      fc.property(stricter, ([given, factor, floor]) => {
        const made = planOf(given);
        const { limits } = given;
        const tight = {
          changed: (limits.changed ?? 1) * factor,
          loosened: (limits.loosened ?? 1) * factor,
          shrunk: (limits.shrunk ?? 1) * factor,
          floor: Math.min(floor, limits.floor),
        };
        const loose = new Set(judgePlan(made, contextOf(given)).changes);
        const strict = judgePlan(made, contextOf({ ...given, limits: tight })).changes;
        expect(strict.filter((change) => !loose.has(change))).toEqual([]);
      }),
    );
  },
  timeFor("guard: stricter limits"),
);
