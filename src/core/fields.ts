/*
 * The fields that a policy can manage, and all that is known of each: how it is read from a policy and from a live
 * key into one canonical form, when two values are the same, which way a change goes. A new field of the API is a new
 * row here, a property in schema/policy.schema.json, and nothing else.
 *
 * A row is the smallest thing that somebody can have an opinion on: a policy that sets a budget says nothing about
 * the alert threshold beside it. Three top-level fields are groups of such rows (`usage_limits`, `defaults`,
 * `rotation_policy`); `body.ts` puts the parts of a group together again, since a request carries it whole.
 *
 *   path                                   empty in a read                canonical form
 *   name, description                      "" and null                    trimmed text
 *   scopes, alert_emails                   null, [], absent               sorted set
 *   rate_limits                            null, [], absent               list sorted by (type, unit)
 *   usage_limits.*                         null, {}, only bookkeeping     number, word
 *   defaults.metadata.NAME                 null, {}, absent               text of the scalar
 *   defaults.config_id                     null, "", absent               lower-case UUID
 *   defaults.allow_config_override         null: unset                    boolean (0/1 on the wire, top level)
 *   expires_at                             null                           instant in whole seconds, UTC
 *   rotation_policy.*                      absent, null                   word, number, instant
 *
 * A whole group can be said to be empty (`usage_limits: null`, `defaults.metadata: null`, `rotation_policy: null`):
 * that is a row of its own, with the group's path.
 */
import type { Canonical, FieldPath } from "./key.ts";
import type { Json } from "./policy.ts";
import {
  canonicalEmail,
  canonicalGroup,
  canonicalId,
  canonicalInstant,
  canonicalNumber,
  canonicalRateLimits,
  canonicalScalar,
  canonicalSet,
  canonicalSwitch,
  canonicalText,
  canonicalWord,
  isObject,
  sameCanonical,
} from "./canonical.ts";
import {
  endOfAccess,
  grantedByDefault,
  neutral,
  permissions,
  rateLimits,
  refillPeriod,
  unitOfAccount,
  upperLimit,
  type Direction,
  type Rank,
} from "./rank.ts";

/** A top-level field of the update body. */
export type TopField =
  | "name"
  | "description"
  | "rate_limits"
  | "usage_limits"
  | "scopes"
  | "defaults"
  | "alert_emails"
  | "expires_at"
  | "rotation_policy";

export interface FieldRow {
  readonly path: FieldPath;
  readonly top: TopField;
  /** Brings a value of either side to canonical form. */
  readonly canonical: (value: Json | undefined) => Canonical;
  /** Whether a live value is what was asked for; by content when left out. `now` in milliseconds. */
  readonly same?: (desired: Canonical, live: Canonical, now: number) => boolean;
  readonly direction: Direction;
}

/** Portkey's default and minimum, 30 minutes (Portkey's API reference: key rotation). */
export const defaultTransitionMs = 1_800_000;

const rows: readonly FieldRow[] = [
  { path: "name", top: "name", canonical: canonicalText, direction: neutral },
  { path: "description", top: "description", canonical: canonicalText, direction: neutral },
  { path: "rate_limits", top: "rate_limits", canonical: canonicalRateLimits, direction: rateLimits },
  { path: "usage_limits", top: "usage_limits", canonical: canonicalGroup, direction: budget },
  { path: "usage_limits.type", top: "usage_limits", canonical: canonicalWord, direction: unitOfAccount },
  {
    path: "usage_limits.credit_limit",
    top: "usage_limits",
    canonical: canonicalNumber,
    direction: upperLimit,
  },
  {
    path: "usage_limits.alert_threshold",
    top: "usage_limits",
    canonical: canonicalNumber,
    direction: neutral,
  },
  {
    path: "usage_limits.periodic_reset",
    top: "usage_limits",
    canonical: canonicalWord,
    direction: (from, to) => refillPeriod(daysOf(from), daysOf(to) ?? null),
  },
  {
    path: "usage_limits.periodic_reset_days",
    top: "usage_limits",
    canonical: canonicalNumber,
    direction: refillPeriod,
  },
  {
    path: "scopes",
    top: "scopes",
    canonical: (value) => canonicalSet(value, (scope) => scope),
    direction: permissions,
  },
  { path: "defaults.metadata", top: "defaults", canonical: canonicalGroup, direction: neutral },
  { path: "defaults.config_id", top: "defaults", canonical: canonicalId, direction: neutral },
  {
    path: "defaults.allow_config_override",
    top: "defaults",
    canonical: canonicalSwitch,
    // Unset has the effect of true: nothing is pinned that could be overridden (observed: null on every key without
    // a defaults row, and 1 as soon as there is one).
    same: (desired, live) => desired === live || (desired === true && live === null),
    direction: grantedByDefault,
  },
  {
    path: "alert_emails",
    top: "alert_emails",
    canonical: (value) => canonicalSet(value, canonicalEmail),
    direction: neutral,
  },
  { path: "expires_at", top: "expires_at", canonical: canonicalInstant, direction: endOfAccess },
  { path: "rotation_policy", top: "rotation_policy", canonical: canonicalGroup, direction: rotation },
  {
    path: "rotation_policy.rotation_period",
    top: "rotation_policy",
    canonical: canonicalWord,
    direction: (from, to) => upperLimit(daysOf(from), daysOf(to) ?? null),
  },
  {
    path: "rotation_policy.rotation_period_days",
    top: "rotation_policy",
    canonical: canonicalNumber,
    direction: upperLimit,
  },
  {
    path: "rotation_policy.next_rotation_at",
    top: "rotation_policy",
    canonical: canonicalInstant,
    // The server moves it to 00:00 UTC and onwards after each rotation (Portkey's API reference: key rotation). To want
    // none, which only a policy with a period can, is to leave the date to the server.
    same: (desired, live, now) => desired === null || isPast(desired, now) || dayOf(desired) === dayOf(live),
    direction: endOfAccess,
  },
  {
    path: "rotation_policy.key_transition_period_ms",
    top: "rotation_policy",
    canonical: canonicalNumber,
    direction: upperLimit,
  },
];

const rowsByPath: ReadonlyMap<FieldPath, FieldRow> = new Map(rows.map((row) => [row.path, row]));
const metadataPrefix = "defaults.metadata.";
const metadataRow: FieldRow = {
  path: "defaults.metadata.*",
  top: "defaults",
  canonical: canonicalScalar,
  direction: neutral,
};

/** The paths of all fields and groups; names in metadata have paths beside these. */
export const fieldPaths: readonly FieldPath[] = [
  ...new Set(rows.flatMap(({ path, top }): FieldPath[] => [top, path])),
];

export function isFieldPath(path: string): boolean {
  return fieldPaths.includes(path) || (path.startsWith(metadataPrefix) && path !== metadataPrefix);
}

/** The row for a path. A path that no row covers is a defect: paths are made from rows alone. */
export function fieldRow(path: FieldPath): FieldRow {
  const row = path.startsWith(metadataPrefix) ? metadataRow : rowsByPath.get(path);
  if (row === undefined) throw new Error(`no field has the path ${path}`);
  return row;
}

/** Every path that something can be said of, `defaults` as a whole among them; metadata by its prefix alone. */
export function knownPaths(): readonly FieldPath[] {
  return [...rowsByPath.keys(), "defaults"];
}

export function isMetadataPath(path: FieldPath): boolean {
  return path.startsWith(metadataPrefix) && path.length > metadataPrefix.length;
}

/** The paths of the rows that are parts of a group, without the metadata names. */
export function partsOf(group: "usage_limits" | "rotation_policy"): readonly FieldPath[] {
  return rows.filter((row) => row.path.startsWith(`${group}.`)).map((row) => row.path);
}

export function metadataPath(name: string): FieldPath {
  return metadataPrefix + name;
}

export function topOf(path: FieldPath): TopField {
  return fieldRow(path).top;
}

/** Whether a live value is what was asked for. */
export function sameField(
  path: FieldPath,
  sides: { desired: Canonical; live: Canonical; now: number },
): boolean {
  const row = fieldRow(path);
  return row.same === undefined
    ? sameCanonical(sides.desired, sides.live)
    : row.same(sides.desired, sides.live, sides.now);
}

export function rankOf(path: FieldPath, from: Canonical | undefined, to: Canonical): Rank {
  return fieldRow(path).direction(from, to);
}

/** Whether some change of the field could loosen. */
export function mayLoosen(path: FieldPath): boolean {
  return fieldRow(path).direction !== neutral;
}

/**
 * Whether one path is a group that holds the other: the two cannot both be managed. Metadata names hold dots of their
 * own: nothing lies inside them.
 */
export function overlaps(a: FieldPath, b: FieldPath): boolean {
  const [outer, inner] = a.length < b.length ? [a, b] : [b, a];
  return inner.startsWith(`${outer}.`) && !outer.startsWith(metadataPrefix);
}

function budget(from: Canonical | undefined, to: Canonical): Rank {
  return upperLimit(limitOf(from), limitOf(to) ?? null);
}

function limitOf(group: Canonical | undefined): Canonical | undefined {
  return isObject(group) ? (group["credit_limit"] ?? null) : group;
}

function rotation(from: Canonical | undefined, to: Canonical): Rank {
  if (from === undefined || (from === null) === (to === null)) return "neutral";
  return to === null ? "loosens" : "tightens";
}

function daysOf(period: Canonical | undefined): Canonical | undefined {
  return period === "weekly" ? 7 : period === "monthly" ? 30 : period;
}

function isPast(instant: Canonical, now: number): boolean {
  return typeof instant === "string" && Date.parse(instant) <= now;
}

function dayOf(instant: Canonical): Canonical {
  return typeof instant === "string" ? instant.slice(0, 10) : instant;
}
