import type { Json, JsonObject, KeyId } from "../../src/core/policy.ts";
import { configB, rawKey } from "./build.ts";
import type { Stored } from "./model-server.ts";

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

/**
 * What a server shows in a row of its list: rotation policies where there are any, never, or (`list`) now and then;
 * `list-as-documented` has neither them nor a switch at the top level, since Portkey's OpenAPI document has neither.
 */
export type View = "list" | "list-with-rotation" | "list-without-rotation" | "list-as-documented" | "get";

/** The key as a row of the list or the answer of a GET, in one of its shapes. */
export function show(stored: Stored, id: KeyId, view: View, pick: Pick): JsonObject {
  const source = view === "get" ? "get" : "list";
  const raw: Record<string, Json | undefined> = {
    ...rawKey({}, id),
    name: stored.name,
    description: stored.description ?? pick<Json | undefined>(null, "", undefined),
    rate_limits: list(stored.rate_limits, pick)?.map((limit) => limitShape(limit, pick)),
    usage_limits: stored.usage_limits === null ? noBudget(pick) : budgetShape(stored.usage_limits, pick),
    scopes: shuffled(stored.scopes, pick),
    defaults: defaultsShape(stored, source, pick),
    allow_config_override: switchShape(stored.allow_config_override, pick),
    alert_emails: list(stored.alert_emails, pick)?.map((email) =>
      email.replace(/@.*/, (domain) => domain[pick("toLowerCase", "toUpperCase", "toString")]()),
    ),
    expires_at: stored.expires_at?.replace("Z", pick("Z", ".000Z", "+00:00")) ?? null,
    last_updated_at: pick("2026-09-01T00:00:00.000Z", "2026-09-01T11:59:59.000Z"),
    status: pick("active", "exhausted", "expired"),
    api_key_defaults_id: pick(null, configB),
    reset_usage: pick<Json>(null, 1),
    ...pick<JsonObject>({}, { of_a_newer_server: { a: [1] } }),
  };
  const showsRotation =
    source === "get" || view === "list-with-rotation" || (view === "list" && pick(true, false));
  raw["rotation_policy"] = showsRotation ? rotationShape(stored.rotation_policy, pick) : undefined;
  if (view === "list-as-documented") raw["allow_config_override"] = undefined;
  if (source === "get") raw["next_usage_reset_at"] = pick<Json>(null, "2026-10-01T00:00:00.000Z");
  return JSON.parse(JSON.stringify(raw)) as JsonObject;
}

function limitShape(limit: JsonObject, pick: Pick): JsonObject {
  const value = limit["value"] as number;
  return {
    ...limit,
    value: pick<Json>(value, String(value)),
    ...pick<JsonObject>({}, { id: 7, status: "active" }),
  };
}

function noBudget(pick: Pick): Json | undefined {
  return pick<Json | undefined>(
    null,
    {},
    undefined,
    { is_expired_alerts_sent: true },
    { credit_limit: null, type: "cost" },
    { current_usage: 0, status: "active", last_reset_at: "2026-08-01T00:00:00.000Z", metadata: null },
  );
}

function budgetShape(budget: JsonObject, pick: Pick): Json {
  const bookkeeping = {
    id: "b-1",
    current_usage: pick(0, 1.25, 99.999999),
    status: pick("active", "exhausted"),
    is_threshold_alerts_sent: pick(true, false),
    is_exhausted_alerts_sent: pick(true, false),
    last_reset_at: pick(null, "2026-08-01T00:00:00.000Z"),
    next_usage_reset_at: pick("2026-10-01T00:00:00.000Z", null),
    metadata: {},
  };
  const period = budget["periodic_reset"] as string | null | undefined;
  const shown = {
    ...budget,
    credit_limit: amountShape(budget["credit_limit"], pick),
    alert_threshold: amountShape(budget["alert_threshold"], pick),
    periodic_reset:
      period?.[pick("toLowerCase", "toUpperCase")]() ?? pick<Json | undefined>(null, "", undefined),
    periodic_reset_days: budget["periodic_reset_days"] ?? pick<Json | undefined>(null, undefined),
    ...pick<JsonObject>({}, bookkeeping),
  } as JsonObject;
  const typeless = Object.fromEntries(Object.entries(shown).filter(([name]) => name !== "type"));
  return budget["type"] === "cost" ? pick(shown, typeless) : shown;
}

/** Amounts come as numbers, as text, or with the noise of binary fractions. */
function amountShape(amount: Json | undefined, pick: Pick): Json | undefined {
  if (typeof amount !== "number") return pick<Json | undefined>(null, undefined);
  return pick<Json>(amount, String(amount), amount + 1e-9);
}

function defaultsShape(stored: Stored, source: "list" | "get", pick: Pick): Json | undefined {
  const nothing = stored.metadata === null && stored.config_id === null;
  const shown = {
    metadata:
      stored.metadata === null
        ? pick<Json | undefined>(null, {}, undefined)
        : Object.fromEntries(shuffled(Object.entries(stored.metadata), pick)),
    config_id:
      stored.config_id?.[pick("toLowerCase", "toUpperCase")]() ?? pick<Json | undefined>(null, "", undefined),
    ...(source === "get" ? { allow_config_override: pick(false, true) } : {}),
    ...pick<JsonObject>({}, { of_a_newer_server: 1 }),
  } as JsonObject;
  return nothing ? pick<Json | undefined>(shown, null, {}) : shown;
}

function rotationShape(policy: JsonObject | null, pick: Pick): Json | undefined {
  if (policy === null) return pick<Json | undefined>(null, undefined, {});
  const period = policy["rotation_period"] as string | null | undefined;
  const shown = {
    ...policy,
    status: "ACTIVE",
    rotation_period:
      period?.[pick("toLowerCase", "toUpperCase")]() ?? pick<Json | undefined>(null, undefined),
    rotation_period_days: policy["rotation_period_days"] ?? pick<Json | undefined>(null, undefined),
    ...pick<JsonObject>({}, { last_rotated_at: "2026-08-31T00:00:00.000Z", of_a_newer_server: [] }),
  } as JsonObject;
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
