import type { Canonical, FieldPath, LiveKey } from "./key.ts";
import type { Json, JsonObject } from "./policy.ts";
import { canonicalInstant, canonicalText, isObject, isUuid } from "./canonical.ts";
import { defaultTransitionMs, fieldRow } from "./fields.ts";

const plainFields: readonly FieldPath[] = [
  "name",
  "description",
  "rate_limits",
  "scopes",
  "alert_emails",
  "expires_at",
];

/**
 * Brings a row of the list or the answer of a GET to canonical form. Unknown properties are ignored; one that the
 * answer does not carry and that may be there elsewhere (`rotation_policy` in a list) is left out, meaning unknown.
 * Throws a TypeError when it is not an object with a UUID for an id.
 */
export function readLiveKey(raw: unknown, source: "list" | "get"): LiveKey {
  if (!isObject(raw)) throw new TypeError("a key in the answer is not an object");
  const id = raw["id"];
  if (typeof id !== "string" || !isUuid(id)) throw new TypeError("a key in the answer has no UUID as its id");
  return {
    id: id.toLowerCase(),
    name: canonicalText(raw["name"]) ?? "",
    type: canonicalText(raw["type"]) ?? "",
    workspaceId: canonicalText(raw["workspace_id"]),
    status: canonicalText(raw["status"]) ?? "",
    lastUpdatedAt: canonicalText(raw["last_updated_at"]),
    ...(raw["last_reset_at"] === undefined ? {} : lastReset(raw["last_reset_at"])),
    fields: readFields(raw, source),
  };
}

/** An instant that cannot be read is not known, and so not "never". */
function lastReset(raw: Json): Pick<LiveKey, "lastResetAt"> {
  if (raw === null || raw === "") return { lastResetAt: null };
  const lastResetAt = canonicalInstant(raw);
  return lastResetAt === null ? {} : { lastResetAt };
}

/** The canonical live value at a path; undefined when it is not known. */
export function liveValue(live: LiveKey, path: FieldPath): Canonical | undefined {
  const whole = live.fields.get(path);
  if (whole !== undefined) return whole;
  const group = groupOf(path);
  const parts = group === undefined ? undefined : live.fields.get(group);
  if (group === undefined || parts === undefined) return undefined;
  const name = path.slice(group.length + 1);
  // Metadata names are free: one like `constructor` must not be found where nobody set it.
  return fieldRow(path).canonical(isObject(parts) && Object.hasOwn(parts, name) ? parts[name] : null);
}

/** The groups that hold one of the paths and in which to set a part can empty another one, as they are live. */
export function touchedGroups(
  live: LiveKey,
  paths: readonly FieldPath[],
): { readonly path: FieldPath; readonly value: Canonical }[] {
  const group = "rotation_policy";
  const value = live.fields.get(group);
  return value !== undefined && paths.some((path) => path.startsWith(`${group}.`))
    ? [{ path: group, value }]
    : [];
}

function groupOf(path: FieldPath): FieldPath | undefined {
  if (path.startsWith("defaults.metadata.")) return "defaults.metadata";
  if (path.startsWith("usage_limits.")) return "usage_limits";
  return path.startsWith("rotation_policy.") ? "rotation_policy" : undefined;
}

function readFields(raw: JsonObject, source: "list" | "get"): ReadonlyMap<FieldPath, Canonical> {
  const fields = new Map<FieldPath, Canonical>();
  for (const path of plainFields) fields.set(path, fieldRow(path).canonical(raw[path]));
  fields.set("usage_limits", readUsageLimits(raw["usage_limits"]));
  readDefaults(raw, fields);
  if (source === "get" || raw["rotation_policy"] !== undefined) {
    fields.set("rotation_policy", readRotationPolicy(raw["rotation_policy"]));
  }
  return fields;
}

/** An object without a credit limit is bookkeeping, not a limit (observed); a missing type counts as cost. */
function readUsageLimits(raw: Json | undefined): Canonical {
  if (!isObject(raw)) return null;
  const part = (name: string): Canonical => fieldRow(`usage_limits.${name}`).canonical(raw[name]);
  const creditLimit = part("credit_limit");
  if (creditLimit === null) return null;
  return {
    type: part("type") ?? "cost",
    credit_limit: creditLimit,
    alert_threshold: part("alert_threshold"),
    periodic_reset: part("periodic_reset"),
    periodic_reset_days: part("periodic_reset_days"),
  };
}

/**
 * `allow_config_override` is read at the top level, where it is 0, 1 or null; the one inside `defaults` contradicts
 * it in a recorded answer and is used only where there is no other. Without either it is unknown.
 */
function readDefaults(raw: JsonObject, fields: Map<FieldPath, Canonical>): void {
  const defaults = isObject(raw["defaults"]) ? raw["defaults"] : {};
  fields.set("defaults.metadata", fieldRow("defaults.metadata").canonical(defaults["metadata"]));
  fields.set("defaults.config_id", fieldRow("defaults.config_id").canonical(defaults["config_id"]));
  const configSwitch =
    raw["allow_config_override"] ??
    (raw["allow_config_override"] === undefined ? defaults["allow_config_override"] : null);
  if (configSwitch !== undefined) {
    fields.set(
      "defaults.allow_config_override",
      fieldRow("defaults.allow_config_override").canonical(configSwitch),
    );
  }
}

function readRotationPolicy(raw: Json | undefined): Canonical {
  if (!isObject(raw)) return null;
  const part = (name: string): Canonical => fieldRow(`rotation_policy.${name}`).canonical(raw[name]);
  const policy = {
    rotation_period: part("rotation_period"),
    rotation_period_days: part("rotation_period_days"),
    next_rotation_at: part("next_rotation_at"),
    key_transition_period_ms: part("key_transition_period_ms") ?? defaultTransitionMs,
  };
  const isPolicy = policy.rotation_period ?? policy.rotation_period_days ?? policy.next_rotation_at;
  return isPolicy === null ? null : policy;
}
