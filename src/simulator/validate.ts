/*
 * What the API refuses in a body, with 400 AB01. Unknown fields are tolerated at the top level (the official SDK sends
 * `id` in its updates) and in `defaults`, and refused in `rate_limits` and `usage_limits`, which are strict since
 * backend v1.3.0. Nullable is what the OpenAPI document declares so, and what Portkey's Terraform provider clears with
 * null: usage_limits, alert_emails, the parts of defaults but the switch. Rules between the parts of `usage_limits` and
 * `rotation_policy` hold for what an update results in, so they are checked there.
 */
import type { Json, JsonObject } from "../core/policy.ts";
import { ApiError } from "./api-error.ts";
import { instantOf } from "./calendar.ts";
import type { StoredKey } from "./stored-key.ts";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function refuse(message: string): never {
  throw new ApiError("AB01", message);
}

export function refuseUnless(sound: boolean, message: string): void {
  if (!sound) refuse(message);
}

/** Checks every field of a create or update body for itself, and the scopes against the key's type. */
export function checkBody(body: JsonObject, type: StoredKey["type"]): void {
  for (const [field, check] of checks) {
    const value = body[field];
    if (value !== undefined) check(value, field);
  }
  for (const scope of Array.isArray(body["scopes"]) ? body["scopes"] : []) {
    refuseUnless(mayHold(type, scope as string), `scope ${scope as string} is not allowed for ${type} keys`);
  }
}

type Check = (value: Json, field: string) => void;

const checks = new Map<string, Check>(
  Object.entries({
    name: (value) => refuseUnless(isText(value) && value !== "", "name must be a non-empty string"),
    description: (value) => refuseUnless(isText(value), "description must be a string"),
    rate_limits: nullable(checkRateLimits),
    usage_limits: nullable(checkUsageLimits),
    reset_usage: (value) => refuseUnless(typeof value === "boolean", "reset_usage must be a boolean"),
    scopes: (value) =>
      refuseUnless(isTexts(value) && value.length > 0, "scopes must be a non-empty array of strings"),
    defaults: checkDefaults,
    alert_emails: nullable((value) =>
      refuseUnless(isTexts(value) && value.every((one) => email.test(one)), "alert_emails must be emails"),
    ),
    expires_at: nullable(checkInstant),
    rotation_policy: nullable(checkRotationPolicy),
  } satisfies Record<string, Check>),
);

const email = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function checkRateLimits(value: Json): void {
  if (!Array.isArray(value)) refuse("rate_limits must be an array");
  for (const limit of value as readonly Json[]) {
    if (!isObject(limit)) refuse("rate_limits must hold objects");
    refuseUnknown(limit, { field: "rate_limits", known: ["type", "unit", "value"] });
    refuseUnless(
      isOneOf(limit["type"], ["requests", "tokens"]),
      "rate_limits.type must be requests or tokens",
    );
    const units = ["rpd", "rph", "rpm", "rps", "rpw"];
    refuseUnless(isOneOf(limit["unit"], units), `rate_limits.unit must be one of ${units.join(", ")}`);
    refuseUnless(isInteger(limit["value"], 0), "rate_limits.value must be an integer of at least 0");
  }
}

function checkUsageLimits(value: Json): void {
  if (!isObject(value)) refuse("usage_limits must be an object");
  const known = [
    "credit_limit",
    "type",
    "alert_threshold",
    "periodic_reset",
    "periodic_reset_days",
    "next_usage_reset_at",
  ];
  refuseUnknown(value, { field: "usage_limits", known });
  const { type, credit_limit, alert_threshold, periodic_reset, periodic_reset_days } = value;
  refuseUnless(
    type === undefined || isOneOf(type, ["cost", "tokens"]),
    "usage_limits.type must be cost or tokens",
  );
  refuseUnless(isNone(credit_limit) || isAmount(credit_limit), "usage_limits.credit_limit must be a number");
  refuseUnless(
    isNone(alert_threshold) || isAmount(alert_threshold),
    "usage_limits.alert_threshold must be a number",
  );
  const isPeriod = isNone(periodic_reset) || isOneOf(periodic_reset, ["monthly", "weekly"]);
  refuseUnless(isPeriod, "usage_limits.periodic_reset must be monthly or weekly");
  const isDays = isNone(periodic_reset_days) || isInteger(periodic_reset_days, 1, 365);
  refuseUnless(isDays, "usage_limits.periodic_reset_days must be an integer from 1 to 365");
  nullable(checkInstant)(value["next_usage_reset_at"] ?? null, "usage_limits.next_usage_reset_at");
}

function checkDefaults(value: Json): void {
  if (!isObject(value)) refuse("defaults must be an object");
  const { metadata, config_id, allow_config_override } = value;
  refuseUnless(isNone(metadata) || isObject(metadata), "defaults.metadata must be an object");
  refuseUnless(isNone(config_id) || isText(config_id), "defaults.config_id must be a string");
  const isSwitch = allow_config_override === undefined || typeof allow_config_override === "boolean";
  refuseUnless(isSwitch, "defaults.allow_config_override must be a boolean");
}

function checkRotationPolicy(value: Json): void {
  if (!isObject(value)) refuse("rotation_policy must be an object");
  const { rotation_period, rotation_period_days } = value;
  const isPeriod = isNone(rotation_period) || isOneOf(rotation_period, ["weekly", "monthly"]);
  refuseUnless(isPeriod, "rotation_policy.rotation_period must be weekly or monthly");
  const isDays = isNone(rotation_period_days) || isInteger(rotation_period_days, 1, 365);
  refuseUnless(isDays, "rotation_policy.rotation_period_days must be an integer from 1 to 365");
  nullable(checkInstant)(value["next_rotation_at"] ?? null, "rotation_policy.next_rotation_at");
  checkTransition(value["key_transition_period_ms"]);
}

/** How long the previous secret lives; may be left out, may not be null. */
export function checkTransition(value: Json | undefined): void {
  const sound = value === undefined || isInteger(value, 1_800_000);
  refuseUnless(sound, "key_transition_period_ms must be an integer of at least 1800000");
}

function checkInstant(value: Json, field: string): void {
  refuseUnless(instantOf(value) !== undefined, `${field} must be an ISO 8601 date-time`);
}

/** Key management is for service keys, that of organisation keys for organisation keys alone. */
function mayHold(type: StoredKey["type"], scope: string): boolean {
  if (scope.startsWith("organisation_service_api_keys.")) return type === "organisation-service";
  const manages = /^workspace_(service|user)_api_keys\./.test(scope);
  return !manages || type !== "workspace-user";
}

function nullable(check: Check): Check {
  return (value, field) => {
    if (value !== null) check(value, field);
  };
}

function refuseUnknown(value: JsonObject, rule: { field: string; known: readonly string[] }): void {
  const stranger = Object.keys(value).find((name) => !rule.known.includes(name));
  refuseUnless(stranger === undefined, `${rule.field}.${stranger ?? ""} is not allowed`);
}

function isNone(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function isText(value: Json | undefined): value is string {
  return typeof value === "string";
}

function isTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isOneOf(value: Json | undefined, known: readonly string[]): boolean {
  return typeof value === "string" && known.includes(value);
}

function isAmount(value: Json | undefined): boolean {
  return typeof value === "number" && value >= 0;
}

function isInteger(value: Json | undefined, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}
