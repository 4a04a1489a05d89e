/*
 * Differences that are known. A policy may say of a field, or of a group of fields, that its live value is left as it is
 * until an instant, and why. Until then the field is asked for by nobody: it is not set, not carried along with a value of
 * ours, and no alarm is raised; but the difference is counted and told. Afterwards all is as if it had never been said.
 *
 * Nothing is forgotten meanwhile: what the ledger knows of the field stays, and the field is still the policy's.
 *
 * Parts of a group that is not there at all cannot be set around a part that is left (there is no budget without its
 * limit): with that part, the whole group is left.
 */
import { fieldPaths, isFieldPath, overlaps, sameField } from "./fields.ts";
import type { DesiredField, DesiredFields } from "./effective.ts";
import type { Canonical, FieldPath } from "./key.ts";
import { liveValue } from "./live.ts";
import type { Sight } from "./make-plan.ts";
import { shortText } from "./notices.ts";
import type { Notice } from "./plan.ts";
import type { KeyPolicy, PolicySet } from "./policy.ts";
import { problemAt, type Place, type Problem } from "./problem.ts";
import type { DesiredKey } from "./resolve.ts";
import { didYouMean, suggest } from "./suggest.ts";

/** Why a field is left as it is, and until when (milliseconds since the epoch). */
export interface Acknowledged {
  readonly until: number;
  readonly reason: string;
  readonly place: Place;
}

/** By the path that is acknowledged: a field's, or a group's. */
export type Acknowledgements = ReadonlyMap<FieldPath, Acknowledged>;

/** Nothing is acknowledged. */
export const noneAcknowledged: Acknowledgements = new Map();

export function acknowledgementsOf({ acknowledge }: KeyPolicy): Acknowledgements {
  if (acknowledge.length === 0) return noneAcknowledged;
  return new Map(
    acknowledge.map(({ path, until, reason }) => [
      path.value,
      { until: until.value, reason, place: path.place },
    ]),
  );
}

/** What is said now of a field; undefined where nothing is, or not any more. */
function acknowledgedNow(
  { acknowledged }: Pick<DesiredKey, "acknowledged">,
  path: FieldPath,
  now: number,
): Acknowledged | undefined {
  for (const [outer, said] of acknowledged) if (said.until > now && covers(outer, path)) return said;
  return undefined;
}

/** Whether something that is said of one path is said of the other. */
export function covers(outer: FieldPath, path: FieldPath): boolean {
  return outer === path || (outer.length < path.length && overlaps(outer, path));
}

export interface LeftField {
  readonly path: FieldPath;
  readonly field: DesiredField;
  readonly said: Acknowledged;
}

export interface Split {
  /** The key with what is asked of it now; the very object that came in where that is all of it. */
  readonly enforced: DesiredKey;
  readonly left: readonly LeftField[];
}

/** What is asked of a key now, and what is left as it is. */
export function splitAcknowledged(desired: DesiredKey, sight: Sight, now: number): Split {
  if (desired.acknowledged.size === 0) return { enforced: desired, left: [] };
  const left = [...desired.fields].flatMap(([path, field]): LeftField[] => {
    const said = acknowledgedNow(desired, path, now) ?? saidOfGroup(desired, path, { sight, now });
    return said === undefined ? [] : [{ path, field, said }];
  });
  if (left.length === 0) return { enforced: desired, left };
  const paths = new Set(left.map(({ path }) => path));
  const fields: DesiredFields = new Map([...desired.fields].filter(([path]) => !paths.has(path)));
  return { enforced: { ...desired, fields }, left };
}

const groups: readonly FieldPath[] = ["usage_limits", "rotation_policy"];

/** What is said of another part of a group that is not there. */
function saidOfGroup(
  desired: DesiredKey,
  path: FieldPath,
  { sight, now }: { readonly sight: Sight; readonly now: number },
): Acknowledged | undefined {
  const group = groups.find((one) => path.startsWith(`${one}.`));
  // Where nobody knows whether the group is there, it is left until somebody has looked.
  if (group === undefined || isThere(sight, group)) return undefined;
  for (const [part, field] of desired.fields) {
    const said = part.startsWith(`${group}.`) ? acknowledgedNow(desired, part, now) : undefined;
    if (said !== undefined && field.value !== null) return said;
  }
  return undefined;
}

function isThere(sight: Sight, group: FieldPath): boolean {
  const live = "key" in sight ? liveValue(sight.key, group) : undefined;
  return live !== undefined && live !== null;
}

/** The live value of a field that is left, where it was seen and differs. */
function differenceLeft(
  { path, field }: LeftField,
  sight: Sight,
  now: number,
): { readonly live: Canonical } | undefined {
  const live = sight.kind === "seen" ? liveValue(sight.key, path) : undefined;
  if (live === undefined || sameField(path, { desired: field.value, live, now })) return undefined;
  return { live };
}

/** One notice for each difference that is known. */
export function acknowledgedNotices(
  { keyId, policy }: DesiredKey,
  left: readonly LeftField[],
  { sight, now }: { readonly sight: Sight; readonly now: number },
): readonly Notice[] {
  return left.flatMap((one): Notice[] => {
    const difference = differenceLeft(one, sight, now);
    if (difference === undefined) return [];
    const { path, field, said } = one;
    const message =
      `${path} is ${shortText(difference.live)}, wanted ${shortText(field.value)}; known, and left so until ` +
      `${new Date(said.until).toISOString()}: ${said.reason}`;
    return [{ kind: "acknowledged", keyId, policy, message }];
  });
}

/** What is wrong with what a policy acknowledges, whatever the time. */
export function acknowledgeProblems({ acknowledge }: KeyPolicy, fields: DesiredFields): Problem[] {
  return acknowledge.flatMap(({ path: { value: path, place } }, index): Problem[] => {
    const at = { path: `spec.acknowledge[${index}].path` };
    if (!isFieldPath(path)) {
      const hint = didYouMean(suggest(path, fieldPaths));
      const message = `there is no field "${path}"; expected the path of a field or a group, such as usage_limits.credit_limit or rate_limits.${hint}`;
      return [problemAt("KS1331", place, { ...at, message })];
    }
    const twice = acknowledge
      .slice(0, index)
      .find(({ path: { value } }) => value === path || overlaps(value, path));
    if (twice !== undefined) {
      const message = `${path} is acknowledged already, by "${twice.path.value}" on line ${twice.path.place.line}: keep one`;
      return [problemAt("KS1331", place, { ...at, message })];
    }
    if ([...fields.keys()].some((one) => covers(path, one))) return [];
    const message = `the policy asks nothing of ${path}, so there is no difference to be left; take this out, or ask for a value`;
    return [problemAt("KS1332", place, { ...at, severity: "warning", message })];
  });
}

/** What was acknowledged until an instant that is past: it is enforced again. */
export function overdueProblems({ policies }: PolicySet, now: number): Problem[] {
  return policies.flatMap(({ acknowledge }) =>
    acknowledge.flatMap(({ path, until }, index): Problem[] => {
      if (!(until.value <= now)) return [];
      const message =
        `this ended at ${new Date(until.value).toISOString()}, and ${path.value} is enforced again; take it out, or ` +
        `give a later instant`;
      const at = { path: `spec.acknowledge[${index}].until`, severity: "warning" as const, message };
      return [problemAt("KS1333", until.place, at)];
    }),
  );
}
