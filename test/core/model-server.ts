/*
 * A control plane in a few lines, for the property tests: what it stores, what an update does to it, and in how many
 * shapes it may show the same thing.
 *
 * It is not known whether Portkey replaces objects in an update or merges into them: a variant says which. What is
 * known to contradict itself is refused, so that a body which a real server could refuse fails the test.
 */
import { isObject } from "../../src/core/canonical.ts";
import type { Json, JsonObject, KeyId } from "../../src/core/policy.ts";
import { configB, dayMs, rawKey } from "./build.ts";

export interface Variant {
  /** Whether an update replaces `defaults` or merges into it. */
  readonly defaults: "replace" | "merge";
  /** The same for the names inside metadata: merged, a name can never be taken out. */
  readonly metadata: "replace" | "merge";
  /** The same for `usage_limits` and `rotation_policy`. */
  readonly groups: "replace" | "merge";
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
        if (isObject(value)) {
          refuseUnless(
            !(filled(value, "next_rotation_at") && filled(value, "rotation_period")),
            "date and period",
          );
        }
        after[name] = checkedRotation(group(stored.rotation_policy, value, variant.groups));
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
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    config_id: whole["config_id"] as string | null,
    // Any defaults row makes the switch true where nobody says otherwise (observed).
    allow_config_override: (whole["allow_config_override"] as boolean | null) ?? true,
  };
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

function checkedRotation(policy: JsonObject | null): JsonObject | null {
  if (policy === null) return null;
  refuseUnless(
    Object.keys(policy).every((name) => rotationParts.includes(name)),
    "an unknown part of a rotation",
  );
  const named = filled(policy, "rotation_period");
  const counted = filled(policy, "rotation_period_days");
  refuseUnless(!(named && counted), "two rotation periods");
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

/** A choice among the shapes in which the same thing may come back. */
export type Pick = <T>(...choices: readonly [T, ...T[]]) => T;

/** A source of choices that is the same for the same seed. */
export function picker(seed: number): Pick {
  let state = seed >>> 0;
  return (...choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] ?? choices[0];
  };
}

/** The key as a row of the list or the answer of a GET, in one of its shapes. */
export function show(stored: Stored, id: KeyId, source: "list" | "get", pick: Pick): JsonObject {
  const raw: Record<string, Json | undefined> = {
    ...rawKey({}, id),
    name: stored.name,
    description: stored.description ?? pick<Json | undefined>(null, "", undefined),
    rate_limits: list(stored.rate_limits, pick)?.map((limit) => ({ ...limit, ...pick({}, { id: 7 }) })),
    usage_limits: stored.usage_limits === null ? noBudget(pick) : budgetShape(stored.usage_limits, pick),
    scopes: shuffled(stored.scopes, pick),
    defaults: defaultsShape(stored, source, pick),
    allow_config_override: switchShape(stored.allow_config_override, pick),
    alert_emails: list(stored.alert_emails, pick),
    expires_at: stored.expires_at?.replace("Z", pick("Z", ".000Z", "+00:00")) ?? null,
    last_updated_at: pick("2026-09-01T00:00:00.000Z", "2026-09-01T11:59:59.000Z"),
    status: pick("active", "exhausted", "expired"),
    api_key_defaults_id: pick(null, configB),
    reset_usage: pick<Json>(null, 1),
    ...pick<JsonObject>({}, { of_a_newer_server: { a: [1] } }),
  };
  const showsRotation = source === "get" || pick(true, false);
  raw["rotation_policy"] = showsRotation ? rotationShape(stored.rotation_policy, pick) : undefined;
  if (source === "get") raw["next_usage_reset_at"] = pick<Json>(null, "2026-10-01T00:00:00.000Z");
  return JSON.parse(JSON.stringify(raw)) as JsonObject;
}

function noBudget(pick: Pick): Json | undefined {
  return pick<Json | undefined>(
    null,
    {},
    undefined,
    { is_expired_alerts_sent: true },
    { credit_limit: null, type: "cost" },
  );
}

function budgetShape(budget: JsonObject, pick: Pick): Json {
  const credit = budget["credit_limit"] as number;
  const bookkeeping = {
    current_usage: 1.25,
    status: "active",
    next_usage_reset_at: pick("2026-10-01T00:00:00.000Z", null),
  };
  const shown: JsonObject = {
    ...budget,
    credit_limit: pick<Json>(credit, String(credit), credit + 1e-9),
    periodic_reset: budget["periodic_reset"] ?? pick(null, ""),
    ...pick<JsonObject>({}, bookkeeping),
  };
  const typeless = Object.fromEntries(Object.entries(shown).filter(([name]) => name !== "type"));
  return budget["type"] === "cost" ? pick(shown, typeless) : shown;
}

function defaultsShape(stored: Stored, source: "list" | "get", pick: Pick): Json | undefined {
  const nothing = stored.metadata === null && stored.config_id === null;
  const shown = {
    metadata: stored.metadata === null ? pick<Json | undefined>(null, {}, undefined) : stored.metadata,
    config_id:
      stored.config_id?.[pick("toLowerCase", "toUpperCase")]() ?? pick<Json | undefined>(null, "", undefined),
    ...(source === "get" ? { allow_config_override: pick(false, true) } : {}),
  } as JsonObject;
  return nothing ? pick<Json | undefined>(shown, null, {}) : shown;
}

function rotationShape(policy: JsonObject | null, pick: Pick): Json | undefined {
  if (policy === null) return pick<Json | undefined>(null, undefined, {});
  const shown: JsonObject = { ...policy, status: "ACTIVE" };
  const short = Object.fromEntries(
    Object.entries(shown).filter(([name]) => name !== "key_transition_period_ms"),
  );
  return policy["key_transition_period_ms"] === 1_800_000 ? pick(shown, short) : shown;
}

function switchShape(value: boolean | null, pick: Pick): Json {
  return value === null ? null : value ? pick<Json>(1, true) : pick<Json>(0, false);
}

function list<T extends Json>(items: readonly T[], pick: Pick): readonly T[] | null | undefined {
  return items.length === 0
    ? pick<readonly T[] | null | undefined>([], null, undefined)
    : shuffled(items, pick);
}

function shuffled<T>(items: readonly T[], pick: Pick): readonly T[] {
  return pick(items, items.toReversed(), [...items.slice(1), ...items.slice(0, 1)]);
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
