/*
 * What a key was at an earlier point, from what is known of our own writes: the value of each field before its first write
 * (its baseline), and of each write the values before and after. What we never wrote is nobody's to put back.
 *
 *   point                 value of a field
 *   its baseline          the one before our first write
 *   a line, an instant    the one that our last write up to then set; else the one before our first write since;
 *                         else its baseline
 *
 * A request whose answer was lost counts as made where its value was confirmed by a later read, else as not made: the
 * write after it tells again what was there before.
 */
import { isObject, sameCanonical } from "./canonical.ts";
import type { DesiredField } from "./effective.ts";
import { fieldsOf } from "./history-detail.ts";
import type { HistoryEntry } from "./history.ts";
import { fieldRow, metadataPath, overlaps, partsOf } from "./fields.ts";
import type { Canonical, FieldPath, LiveKey } from "./key.ts";
import type { AppliedKey, Baseline } from "./ledger.ts";
import { liveValue } from "./live.ts";
import type { Place } from "./problem.ts";

/** `line`: right after that line of the audit trail. `instant`: milliseconds since the epoch. */
export type RestorePoint =
  | { readonly kind: "baseline" }
  | { readonly kind: "line"; readonly seq: number }
  | { readonly kind: "instant"; readonly at: number };

/** A write of ours that succeeded. */
export interface PastWrite {
  readonly seq: number;
  readonly at: number;
  /** `from` is undefined where the value before was not known. */
  readonly fields: readonly {
    readonly path: FieldPath;
    readonly from: Canonical | undefined;
    readonly to: Canonical;
  }[];
}

/**
 * The writes of a key that succeeded, from its lines of the audit trail; in the order in which they were made. One whose
 * answer was lost counts for the fields that a later read has confirmed.
 */
export function pastWrites(entries: readonly HistoryEntry[], applied: AppliedKey | undefined): PastWrite[] {
  const isConfirmed = (path: FieldPath, to: Canonical): boolean => {
    const confirmed = applied?.fields.get(path)?.confirmed;
    return confirmed !== undefined && sameCanonical(confirmed.value, to);
  };
  const refusals: readonly string[] = ["rejected", "missing"];
  return entries
    .filter(({ first, rest }) => {
      return first.event === "claimed" && !rest.some(({ event }) => refusals.includes(event));
    })
    .map(({ first, rest }) => {
      const wasAnswered = rest.some(({ event }) => event === "applied");
      const fields = fieldsOf(first.detail).map(({ path, from, to }) => ({ path, from, to }));
      const made = fields.filter(({ path, to }) => wasAnswered || isConfirmed(path, to));
      return { seq: first.seq, at: first.at, fields: made };
    })
    .filter(({ fields }) => fields.length > 0)
    .sort((a, b) => a.seq - b.seq);
}

export interface KeyPast {
  readonly baseline: ReadonlyMap<FieldPath, Baseline>;
  /** In the order in which they were made. */
  readonly writes: readonly PastWrite[];
}

/** The values of the fields that we have written, as they were at a point; unknown ones are missing. */
export function valuesAt(past: KeyPast, point: RestorePoint): ReadonlyMap<FieldPath, Canonical> {
  const values = new Map<FieldPath, Canonical>();
  for (const [path, { value }] of past.baseline) values.set(path, value);
  if (point.kind === "baseline") return values;
  // Backwards over what came after, so that the first write since has the last word; then forwards over what came before.
  for (const { fields } of past.writes.filter((write) => !isUpTo(write, point)).reverse()) {
    for (const { path, from } of fields) if (from !== undefined) values.set(path, from);
  }
  for (const { fields } of past.writes.filter((write) => isUpTo(write, point))) {
    for (const { path, to } of fields) values.set(path, to);
  }
  return values;
}

/** What a person wrote for a point: `baseline`, or the number of a line; undefined for anything else. */
export function pointFrom(text: string): RestorePoint | undefined {
  if (text === "baseline") return { kind: "baseline" };
  return /^[1-9]\d{0,14}$/.test(text) ? { kind: "line", seq: Number(text) } : undefined;
}

/** Whether a write had been made by a point in time. */
export function isUpTo(write: PastWrite, point: Exclude<RestorePoint, { kind: "baseline" }>): boolean {
  return point.kind === "line" ? write.seq <= point.seq : write.at <= point.at;
}

/** The point in words, as notices and the audit trail tell it. */
export function pointText(point: RestorePoint): string {
  switch (point.kind) {
    case "baseline":
      return "its baseline";
    case "line":
      return `line ${point.seq} of the audit trail`;
    case "instant":
      return `what it was at ${new Date(point.at).toISOString()}`;
  }
}

/** Whose wish it is, and where it stands, for the plan. */
export interface Wish {
  readonly policy: string;
  readonly place: Place;
}

/**
 * Values as wishes for a key. A value of a whole group becomes one wish for each of its parts, and an empty one for each
 * part that the key has beside them: it is to be just that.
 */
export function wishesFor(
  values: ReadonlyMap<FieldPath, Canonical>,
  live: LiveKey,
  { policy, place }: Wish,
): ReadonlyMap<FieldPath, DesiredField> {
  const wanted = new Map<FieldPath, Canonical>();
  for (const [path, value] of values) {
    if (isObject(value)) for (const [part, inner] of partsAt(path, value, live)) wanted.set(part, inner);
  }
  // What was known of a part by itself goes before what its group says of it.
  for (const [path, value] of values) if (!isObject(value)) wanted.set(path, value);
  for (const [path, value] of wanted) if (value === null && hasParts(path, wanted)) wanted.delete(path);
  settleRotation(wanted);
  // There is no way back to "unset", which has the effect of true (observed).
  if (wanted.get(switchPath) === null) wanted.set(switchPath, true);
  return new Map(
    [...wanted].map(([path, value]) => [path, { value, written: value, source: policy, place }]),
  );
}

const switchPath = "defaults.allow_config_override";

const [period, days, date] = [
  "rotation_policy.rotation_period",
  "rotation_policy.rotation_period_days",
  "rotation_policy.next_rotation_at",
];

/** A period and a date exclude each other in a request, and a policy that has neither is none. */
function settleRotation(wanted: Map<FieldPath, Canonical>): void {
  const isSet = (path: FieldPath): boolean => (wanted.get(path) ?? null) !== null;
  // With a period, the date was the server's.
  if (isSet(period) || isSet(days)) wanted.delete(date);
  else if (!isSet(date) && [period, days, date].some((path) => wanted.has(path))) {
    wanted.set("rotation_policy", null);
  }
}

function partsAt(group: FieldPath, value: Canonical, live: LiveKey): [FieldPath, Canonical][] {
  const inner = isObject(value) ? value : {};
  if (group === "usage_limits" || group === "rotation_policy") {
    return partsOf(group).map((path) => [path, inner[path.slice(group.length + 1)] ?? null]);
  }
  const now = liveValue(live, group);
  const names = new Set([...Object.keys(inner), ...(isObject(now) ? Object.keys(now) : [])]);
  return [...names].map((name) => {
    const path = metadataPath(name);
    return [path, fieldRow(path).canonical(Object.hasOwn(inner, name) ? inner[name] : null)];
  });
}

function hasParts(path: FieldPath, wanted: ReadonlyMap<FieldPath, Canonical>): boolean {
  return [...wanted].some(
    ([other, value]) => value !== null && other.length > path.length && overlaps(path, other),
  );
}
