/*
 * Points to which a key can be put back, and the wishes that put it back there. What it was at a point is in `key-past.ts`.
 */
import { isObject } from "./canonical.ts";
import type { DesiredField } from "./effective.ts";
import { fieldRow, metadataPath, overlaps, partsOf } from "./fields.ts";
import type { Canonical, FieldPath, LiveKey } from "./key.ts";
import { liveValue } from "./live.ts";
import type { Place } from "./problem.ts";

/** `line`: right after that line of the audit trail. `instant`: milliseconds since the epoch. */
export type RestorePoint =
  | { readonly kind: "baseline" }
  | { readonly kind: "line"; readonly seq: number }
  | { readonly kind: "instant"; readonly at: number };

/** What a person wrote for a point: `baseline`, or the number of a line; undefined for anything else. */
export function pointFrom(text: string): RestorePoint | undefined {
  if (text === "baseline") return { kind: "baseline" };
  return /^[1-9]\d{0,14}$/.test(text) ? { kind: "line", seq: Number(text) } : undefined;
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
