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
import { sameCanonical } from "./canonical.ts";
import { statementsOf, type DesiredField, type DesiredFields } from "./effective.ts";
import { overlaps } from "./fields.ts";
import type { FieldPath, LiveKey } from "./key.ts";
import { matchesKey } from "./key-match.ts";
import { shortText } from "./notices.ts";
import { overrideWarnings } from "./override-warnings.ts";
import type { Expected, PolicyTestCase } from "./policy-test.ts";
import type { KeyId, KeyPolicy, PolicySet } from "./policy.ts";
import { placeText, type Place, type Problem } from "./problem.ts";
import { nothingLive, type DesiredKey, type Resolve } from "./resolve.ts";
import { didYouMean, suggest } from "./suggest.ts";

/** How a case differs from what it expects: where that is said, and what came out. */
export interface TestFailure {
  readonly place: Place;
  readonly message: string;
}

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

/** What came out for the key of a case. */
interface Found {
  readonly desired: DesiredKey | undefined;
  /** Problems of the policies that the case is about. */
  readonly problems: readonly Problem[];
  /** Errors of profiles and guardrails on their own, where it is for these alone that nothing governs the key. */
  readonly inherited: readonly Problem[];
  /** Why nothing governs the key although a policy would, as a clause; undefined where none would. */
  readonly held: string | undefined;
}

function runCase(one: PolicyTestCase, set: PolicySet, runner: Runner): TestFailure[] {
  switch (one.given.kind) {
    case "key":
      return compare(one, ofKey(one.given.key, set, runner));
    case "sample":
      return compare(one, ofPolicy(one.given.policy, set, runner));
    case "policy": {
      const { value: name, place } = one.given.policy;
      const policy = set.policies.find((candidate) => candidate.name === name);
      if (policy !== undefined) return compare(one, ofPolicy(policy, set, runner));
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

function isError({ severity }: Problem): boolean {
  return severity === "error";
}

function problemText(problem: Problem): string {
  return `${problem.code} at ${placeText(problem)}, ${problem.message}`;
}

function compare({ place, expect }: PolicyTestCase, came: Found): TestFailure[] {
  const { desired, problems, inherited } = came;
  const all = [...problems, ...inherited];
  const expected = new Set<string>(expect.problems.map(({ value }) => value));
  const missing = expect.problems.filter(({ value }) => !all.some(({ code }) => code === value));
  if (missing.length > 0)
    return missing.map(({ value, place: at }) => ({ place: at, message: missingProblem(value, all) }));
  const surprises = problems.filter((problem) => isError(problem) && !expected.has(problem.code));
  if (surprises.length > 0)
    return surprises.map((problem) => ({
      place,
      message: `expected no such problem, found ${problemText(problem)}`,
    }));
  if (desired === undefined) return compareNothing({ place, expect }, came);
  return compareKey(expect, desired);
}

function missingProblem(code: string, problems: readonly Problem[]): string {
  const others = problems.length === 0 ? "none" : problems.map(problemText).join("; ");
  return `expected the problem ${code}, found ${others}`;
}

/** Where nothing governs the key, only that can be expected, or the problems because of which it is so. */
function compareNothing(
  { place, expect }: Pick<PolicyTestCase, "place" | "expect">,
  { held }: Found,
): TestFailure[] {
  const why = held === undefined ? "" : `: ${held}`;
  const { policy } = expect;
  if (policy !== undefined && policy.value !== null)
    return [{ place: policy.place, message: `${wrongPolicy(policy.value, null)}${why}` }];
  const isAsked =
    Object.keys(expect.key.value).length > 0 || expect.mode !== undefined || expect.unmanaged.length > 0;
  const isExpected = policy !== undefined || expect.problems.length > 0;
  if (isExpected && !isAsked) return [];
  const hint = isExpected
    ? "; leave out key, mode and unmanaged, which say something of what is governed"
    : "; where that is meant, expect policy: null";
  return [
    { place, message: `no policy governs the key${why}${held === undefined || isExpected ? hint : ""}` },
  ];
}

function compareKey(expect: Expected, desired: DesiredKey): TestFailure[] {
  const { policy, mode, key, unmanaged } = expect;
  const { fields } = desired;
  return [
    ...(policy !== undefined && policy.value !== desired.policy
      ? [{ place: policy.place, message: wrongPolicy(policy.value, desired) }]
      : []),
    ...(mode !== undefined && mode.value !== desired.mode
      ? [
          {
            place: mode.place,
            message: `expected mode ${mode.value}, found ${desired.mode}${saidBy(desired)}`,
          },
        ]
      : []),
    ...statementsOf({ source: "test", block: key }).flatMap(([path, field]) =>
      compareField(path, field, fields),
    ),
    ...unmanaged.flatMap((one) => compareUnmanaged(one.value, one.place, fields)),
  ];
}

function wrongPolicy(expected: string | null, governing: DesiredKey | null): string {
  const wanted = expected === null ? "no policy" : `the policy "${expected}"`;
  const other = governing === null ? "no policy" : `the policy "${governing.policy}"${saidBy(governing)}`;
  return `expected ${wanted} to govern the key, found ${other}`;
}

function saidBy({ place }: DesiredKey): string {
  return ` (${placeText(place)})`;
}

function compareField(path: FieldPath, wanted: DesiredField, fields: DesiredFields): TestFailure[] {
  const said = saidOf(path, fields);
  const expected = `expected ${path} to be ${shortText(wanted.value)}`;
  if (said.length === 0)
    return [{ place: wanted.place, message: `${expected}, found that no policy says anything of it` }];
  if (said.some(([, field]) => sameCanonical(field.value, wanted.value) && isWhole(path, said))) return [];
  const values = said.map(([at, field]) => foundText(at === path ? "" : `${at} `, field));
  return [{ place: wanted.place, message: `${expected}, found ${values.join(", ")}` }];
}

/** Whether what is said is said of the path as a whole, or of a group that holds it. */
function isWhole(path: FieldPath, said: readonly (readonly [FieldPath, DesiredField])[]): boolean {
  return said.every(([at]) => at === path || path.startsWith(`${at}.`));
}

/** What is said of a field, of the group that it is in, or of the parts that it has. */
function saidOf(path: FieldPath, fields: DesiredFields): (readonly [FieldPath, DesiredField])[] {
  const exact = fields.get(path);
  if (exact !== undefined) return [[path, exact]];
  return [...fields].filter(([said]) => overlaps(path, said));
}

function foundText(what: string, { value, source, place }: DesiredField): string {
  return `${what}${shortText(value)} (${source}, ${placeText(place)})`;
}

function compareUnmanaged(path: FieldPath, place: Place, fields: DesiredFields): TestFailure[] {
  return [...fields]
    .filter(([said]) => path === said || overlaps(path, said))
    .map(([said, field]) => ({
      place,
      message: `expected nobody to say anything of ${said}, found ${foundText("", field)}`,
    }));
}
