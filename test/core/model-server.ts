/*
 * A control plane in a few lines, for the property tests: what it stores and what an update does to it. In how many
 * shapes it may show the same thing is said in model-shapes.ts.
 *
 * It is not known whether Portkey replaces objects in an update or merges into them: a variant says which. What is
 * known to contradict itself is refused, so that a body which a real server could refuse fails the test.
 */
import { isObject } from "../../src/core/canonical.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import { dayMs } from "./build.ts";

export interface Variant {
  /** Whether an update replaces `defaults` or merges into it. */
  readonly defaults: "replace" | "merge";
  /** The same for the names inside metadata: merged, a name can never be taken out. */
  readonly metadata: "replace" | "merge";
  /** The same for `usage_limits` and `rotation_policy`. */
  readonly groups: "replace" | "merge";
  /** How plain values in metadata are stored: as they were sent (when left out), or as their text. */
  readonly scalars?: "kept" | "texts";
}

/** A key as the server stores it: field names of the update body, empty as null. */
export interface Stored {
  readonly name: string;
  readonly description: string | null;
  readonly rate_limits: readonly JsonObject[];
  readonly usage_limits: JsonObject | null;
  readonly scopes: readonly string[];
  readonly metadata: JsonObject | null;
  readonly config_id: string | null;
  readonly allow_config_override: boolean | null;
  readonly alert_emails: readonly string[];
  readonly expires_at: string | null;
  readonly rotation_policy: JsonObject | null;
}

const budgetParts = ["type", "credit_limit", "alert_threshold", "periodic_reset", "periodic_reset_days"];
const rotationParts = [
  "rotation_period",
  "rotation_period_days",
  "next_rotation_at",
  "key_transition_period_ms",
];

/** What an update does. Throws where a server could refuse it. */
export function update(stored: Stored, sent: JsonObject, variant: Variant): Stored {
  const body = JSON.parse(JSON.stringify(sent)) as JsonObject;
  let after: Record<string, unknown> = { ...stored };
  for (const [name, value] of Object.entries(body)) {
    switch (name) {
      case "name":
      case "scopes":
        refuseUnless(value !== null && value !== "" && !isEmptyList(value), `${name} is empty`);
        after[name] = value;
        break;
      case "description":
        refuseUnless(value !== null, "description is null, which is not declared");
        after[name] = value === "" ? null : value;
        break;
      case "rate_limits":
      case "alert_emails":
        after[name] = value ?? [];
        break;
      case "expires_at":
        after[name] = value;
        break;
      case "usage_limits":
        after[name] = checkedBudget(group(stored.usage_limits, value, variant.groups));
        break;
      case "rotation_policy":
        after[name] = checkedRotation(group(written(stored.rotation_policy), value, variant.groups));
        break;
      case "defaults":
        refuseUnless(isObject(value), "defaults is not an object");
        after = { ...after, ...defaultsAfter(stored, value as JsonObject, variant) };
        break;
      default:
        refuseUnless(false, `${name} is no field of an update`);
    }
  }
  return after as unknown as Stored;
}

function defaultsAfter(stored: Stored, sent: JsonObject, variant: Variant): Partial<Stored> {
  const before: JsonObject =
    variant.defaults === "merge"
      ? {
          config_id: stored.config_id,
          allow_config_override: stored.allow_config_override,
          metadata: stored.metadata,
        }
      : { config_id: null, allow_config_override: null, metadata: null };
  const whole: JsonObject = { ...before, ...sent };
  const kept = variant.metadata === "merge" ? stored.metadata : null;
  const metadata = { ...kept, ...(isObject(whole["metadata"]) ? whole["metadata"] : {}) };
  return {
    metadata: storedMetadata(metadata, variant),
    config_id: whole["config_id"] as string | null,
    // Any defaults row makes the switch true where nobody says otherwise (observed).
    allow_config_override: (whole["allow_config_override"] as boolean | null) ?? true,
  };
}

/** Metadata as the server keeps it; none as null. */
export function storedMetadata(
  metadata: JsonObject | null,
  { scalars = "kept" }: Variant,
): JsonObject | null {
  const entries = Object.entries(metadata ?? {});
  if (entries.length === 0) return null;
  const text = (value: Json): Json => (typeof value === "object" ? value : String(value));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, scalars === "texts" ? text(value) : value]),
  );
}

function group(
  before: JsonObject | null,
  sent: Json | undefined,
  rule: "replace" | "merge",
): JsonObject | null {
  if (!isObject(sent)) return null;
  return rule === "merge" ? { ...before, ...sent } : sent;
}

function checkedBudget(budget: JsonObject | null): JsonObject | null {
  if (budget === null) return null;
  refuseUnless(
    Object.keys(budget).every((name) => budgetParts.includes(name)),
    "an unknown part of a budget",
  );
  refuseUnless(filled(budget, "credit_limit") && filled(budget, "type"), "a budget without limit or type");
  refuseUnless(!(filled(budget, "periodic_reset") && filled(budget, "periodic_reset_days")), "two resets");
  return budget;
}

/** A date that was computed from a period is the server's; one that stands alone was written. */
function written(policy: JsonObject | null): JsonObject | null {
  if (policy === null || !(filled(policy, "rotation_period") || filled(policy, "rotation_period_days")))
    return policy;
  return { ...policy, next_rotation_at: null };
}

function checkedRotation(policy: JsonObject | null): JsonObject | null {
  if (policy === null) return null;
  refuseUnless(
    Object.keys(policy).every((name) => rotationParts.includes(name)),
    "an unknown part of a rotation",
  );
  const named = filled(policy, "rotation_period");
  const counted = filled(policy, "rotation_period_days");
  refuseUnless(!(named && counted), "two rotation periods");
  refuseUnless(!((named || counted) && filled(policy, "next_rotation_at")), "date and period");
  refuseUnless(named || counted || filled(policy, "next_rotation_at"), "a rotation without a time");
  const transition = policy["key_transition_period_ms"] ?? 1_800_000;
  // The server computes the next date from a period, and keeps a date at 00:00 UTC.
  const computed =
    named || counted ? "2026-09-08T00:00:00.000Z" : dayStart(policy["next_rotation_at"] as string);
  return { ...policy, next_rotation_at: computed, key_transition_period_ms: transition };
}

/** Time goes by: rotation dates that are over move on. */
export function later(stored: Stored, now: number): Stored {
  const policy = stored.rotation_policy;
  const next = policy?.["next_rotation_at"];
  if (typeof next !== "string" || Date.parse(next) > now) return stored;
  const moved = new Date(now + 10 * dayMs).toISOString();
  return { ...stored, rotation_policy: { ...policy, next_rotation_at: dayStart(moved) } };
}

function filled(object: JsonObject, name: string): boolean {
  return (object[name] ?? null) !== null;
}

function isEmptyList(value: Json): boolean {
  return Array.isArray(value) && value.length === 0;
}

function dayStart(instant: string): string {
  return `${new Date(instant).toISOString().slice(0, 10)}T00:00:00.000Z`;
}

function refuseUnless(sound: boolean, why: string): void {
  if (!sound) throw new Error(`the server refuses: ${why}`);
}
