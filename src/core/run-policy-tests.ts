/*
 * Policy tests: what policies say of a key, held against what somebody said that they must.
 *
 * A case runs the resolver itself, at its own time, on the policies that it is about, with all profiles and guardrails:
 * what is wrong elsewhere is not its affair.
 *
 *   given     the policies that count                         live keys
 *   policy    that one, which stands for all of its keys      none: guardrails about some live keys alone do not judge it
 *   sample    the sample alone                                none, likewise
 *   key       those that name the key or that it matches      that key
 *
 * What is expected of the key is a part of it: each statement is looked up in what came out, in canonical form, so that
 * the order of scopes and the zone of an instant do not matter here either. What a case could not look at fails it: a case
 * never passes because a policy was refused, unless that is what it expects, and all that it expects.
 */
import { compareCase, isError, problemText, type Found, type TestFailure } from "./compare-case.ts";
import type { LiveKey } from "./key.ts";
import { matchesKey } from "./key-match.ts";
import { overrideWarnings } from "./override-warnings.ts";
import type { PolicyTestCase } from "./policy-test.ts";
import type { KeyId, KeyPolicy, PolicySet } from "./policy.ts";
import type { Place, Problem } from "./problem.ts";
import { nothingLive, type Resolve } from "./resolve.ts";
import { didYouMean, suggest } from "./suggest.ts";

export interface TestResult {
  readonly test: string;
  readonly case: string;
  readonly place: Place;
  /** Empty: it passed. */
  readonly failures: readonly TestFailure[];
}

/**
 * Runs every case of the set. `resolve` must be a resolver of its own, which nobody acts on. `now`: the moment of the cases
 * that name none, in milliseconds since the epoch.
 */
export function runPolicyTests(set: PolicySet, resolve: Resolve, now: number): TestResult[] {
  const apart = resolve({ ...set, policies: [], problems: [] }, nothingLive(now)).problems;
  const known = new Set(apart.map((problem) => JSON.stringify(problem)));
  return set.tests.flatMap((test) =>
    test.cases.map((one) => ({
      test: test.name,
      case: one.name,
      place: one.place,
      failures: runCase(one, set, { resolve, now: one.at ?? now, apart, known }),
    })),
  );
}

interface Runner {
  readonly resolve: Resolve;
  readonly now: number;
  /** Without any policy: what is wrong with profiles and guardrails on their own. */
  readonly apart: readonly Problem[];
  /** The same as texts. */
  readonly known: ReadonlySet<string>;
}

function runCase(one: PolicyTestCase, set: PolicySet, runner: Runner): TestFailure[] {
  switch (one.given.kind) {
    case "key":
      return compareCase(one, ofKey(one.given.key, set, runner));
    case "sample":
      return compareCase(one, ofPolicy(one.given.policy, set, runner));
    case "policy": {
      const { value: name, place } = one.given.policy;
      const policy = set.policies.find((candidate) => candidate.name === name);
      if (policy !== undefined) return compareCase(one, ofPolicy(policy, set, runner));
      const names = set.policies.map((candidate) => candidate.name);
      const hint = didYouMean(suggest(name, names));
      return [{ place, message: `there is no policy "${name}" that could be read.${hint}` }];
    }
    default:
      return one.given satisfies never;
  }
}

function ofKey(key: LiveKey, set: PolicySet, runner: Runner): Found {
  const policies = set.policies.flatMap((policy): KeyPolicy[] => {
    const { keyIds, match } = policy;
    if (match !== undefined) return matchesKey(match.value, key) ? [policy] : [];
    // Of its other keys nothing is known, and nothing is asked.
    const own = keyIds.filter(({ value }) => value === key.id);
    return own.length === 0 ? [] : [{ ...policy, keyIds: own }];
  });
  return found({ policies, keyId: key.id, live: key }, set, runner);
}

const nobody: KeyId = "00000000-0000-4000-8000-000000000000";

/** A policy says the same of each of its keys: one stands for all, also where it selects them. */
function ofPolicy(policy: KeyPolicy, set: PolicySet, runner: Runner): Found {
  const { keyIds: ids, match } = policy;
  const [keyId = { value: nobody, place: match?.place ?? policy.place }] = ids;
  return found({ policies: [{ ...policy, keyIds: [keyId] }], keyId: keyId.value }, set, runner);
}

interface About {
  readonly policies: readonly KeyPolicy[];
  readonly keyId: KeyId;
  readonly live?: LiveKey;
}

function found({ policies, keyId, live }: About, set: PolicySet, runner: Runner): Found {
  const { resolve, now, apart, known } = runner;
  const keys = live === undefined ? {} : { live: [live], seen: [live] };
  const resolution = resolve({ ...set, policies, problems: [] }, { ...nothingLive(now), ...keys });
  const own = resolution.problems.filter((problem) => !known.has(JSON.stringify(problem)));
  const held = resolution.held.find((one) => one.keyId === keyId);
  // What is wrong with a profile by itself is wrong with the policies on it too, and told once.
  const inherited = held === undefined || own.some(isError) ? [] : apart.filter(isError);
  return {
    desired: resolution.desired.get(keyId),
    problems: [...own, ...overrideWarnings(policies, now)],
    inherited,
    held: held === undefined ? undefined : heldText(held.policy, [...own, ...inherited]),
  };
}

function heldText(policy: string, problems: readonly Problem[]): string {
  const errors = problems.filter(isError).map(problemText);
  return `the policy "${policy}" is refused: ${errors.join("; ")}`;
}
