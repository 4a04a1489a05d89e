import { sameCanonical } from "./canonical.ts";
import { statementsOf, type DesiredField, type DesiredFields } from "./effective.ts";
import { overlaps } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import { shortText } from "./notices.ts";
import type { Expected, PolicyTestCase } from "./policy-test.ts";
import { placeText, type Place, type Problem } from "./problem.ts";
import type { DesiredKey } from "./resolve.ts";

/** How a case differs from what it expects: where that is said, and what came out. */
export interface TestFailure {
  readonly place: Place;
  readonly message: string;
}

/** What came out for the key of a case. */
export interface Found {
  readonly desired: DesiredKey | undefined;
  /** Problems of the policies that the case is about. */
  readonly problems: readonly Problem[];
  /** Errors of profiles and guardrails on their own, where it is for these alone that nothing governs the key. */
  readonly inherited: readonly Problem[];
  /** Why nothing governs the key although a policy would, as a clause; undefined where none would. */
  readonly held: string | undefined;
}

/** Every way in which what came out is not what a case expects. */
export function compareCase({ place, expect }: PolicyTestCase, came: Found): TestFailure[] {
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

export function isError({ severity }: Problem): boolean {
  return severity === "error";
}

export function problemText(problem: Problem): string {
  return `${problem.code} at ${placeText(problem)}, ${problem.message}`;
}
