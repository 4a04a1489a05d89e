import type { Json, JsonObject } from "../core/policy.ts";
import type { Model } from "./model.ts";
import type { StoredKey } from "./stored-key.ts";

/** A row of the list: the 24 fields of every recorded row, and by the model the rotation policy of a key with one. */
export function listRow(key: StoredKey, model: Readonly<Model>): JsonObject {
  return {
    id: key.id,
    key: key.key,
    name: key.name,
    description: key.description,
    type: key.type,
    organisation_id: key.organisation_id,
    workspace_id: key.workspace_id,
    user_id: key.user_id,
    status: key.status,
    created_at: key.created_at,
    last_updated_at: key.last_updated_at,
    creation_mode: key.creation_mode,
    rate_limits: key.rate_limits.map(({ type, unit, value }) => ({ type, unit, value })),
    usage_limits: usageLimits(key.usage_limits, model),
    reset_usage: key.reset_usage,
    scopes: key.scopes,
    defaults: { metadata: metadata(key, model), config_id: key.defaults.config_id },
    alert_emails: alertEmails(key, model),
    expires_at: key.expires_at,
    object: "api-key",
    ...(model.showsLastReset ? { last_reset_at: key.last_reset_at } : {}),
    expiry_enforced: key.expiry_enforced,
    allow_config_override:
      key.allow_config_override === 0 ? model.falseOverrideReads : key.allow_config_override,
    api_key_defaults_id: key.api_key_defaults_id,
    ...(model.listHasRotationPolicy ? rotationPolicy(key) : {}),
  };
}

/**
 * The answer of a GET: a row of the list and what only a GET shows. The switch inside `defaults` is false on keys
 * whose switch at the top level is null (observed).
 */
export function keyAnswer(key: StoredKey, model: Readonly<Model>): JsonObject {
  const row = listRow(key, model);
  return {
    ...row,
    defaults: { ...(row["defaults"] as JsonObject), allow_config_override: key.allow_config_override === 1 },
    next_usage_reset_at: key.usage_limits?.["next_usage_reset_at"] ?? null,
    ...rotationPolicy(key),
  };
}

function rotationPolicy({ rotation_policy: policy }: StoredKey): JsonObject {
  return policy === null ? {} : { rotation_policy: { ...policy, status: "ACTIVE" } };
}

function usageLimits(limits: JsonObject | null, model: Readonly<Model>): Json {
  if (limits === null || limits["credit_limit"] === undefined) return limits;
  return model.unsetPeriodReads === "empty-string"
    ? { ...limits, periodic_reset: limits["periodic_reset"] ?? "" }
    : limits;
}

function metadata({ defaults }: StoredKey, model: Readonly<Model>): Json {
  const isNone = defaults.metadata === null || Object.keys(defaults.metadata).length === 0;
  return isNone ? (model.noneReads === "empty" ? {} : null) : defaults.metadata;
}

function alertEmails({ alert_emails: emails }: StoredKey, model: Readonly<Model>): Json {
  const isNone = emails === null || emails.length === 0;
  return isNone ? (model.noneReads === "empty" ? [] : null) : emails;
}
