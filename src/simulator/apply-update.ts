/*
 * What an update makes of a key. The top level is partial: a field that is not named stays. Inside `defaults`,
 * `usage_limits` and `rotation_policy` the model says whether the rest is replaced or merged.
 *
 *   sent                             stored
 *   description ""                   "", which reads as ""; only a key that was never edited reads null (observed)
 *   rate_limits null                 []
 *   usage_limits null                null
 *   any part of defaults             a defaults row: the switch is 1 unless it is said, and null never again (observed)
 *   config_id ""                     null
 *   an instant                       UTC, whole seconds; the next rotation at 00:00 UTC
 *   rotation_policy without a span   30 minutes of transition
 *   reset_usage true                 no usage, last_reset_at, an exhausted key active; reset_usage itself stays
 */
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../core/policy.ts";
import { applyRotationPolicy, applyUsageLimits } from "./apply-groups.ts";
import { instantOf, timestamp } from "./calendar.ts";
import type { Model, Setting } from "./model.ts";
import { passTime } from "./pass-time.ts";
import { isUuid, uuidFor } from "./seed-key.ts";
import type { StoredKey } from "./stored-key.ts";
import { amount } from "./stored-key.ts";
import { isObject, refuseUnless } from "./validate.ts";

type Writable = { -readonly [Name in keyof StoredKey]: StoredKey[Name] };

/** The key after a checked update body; throws where its parts contradict each other. */
export function applyUpdate(key: StoredKey, body: JsonObject, setting: Setting): StoredKey {
  const after: Writable = { ...key, last_updated_at: timestamp(setting.now) };
  if (typeof body["name"] === "string") after.name = body["name"];
  if (typeof body["description"] === "string") after.description = body["description"];
  if (Array.isArray(body["scopes"])) after.scopes = body["scopes"] as readonly string[];
  if (body["rate_limits"] !== undefined) {
    after.rate_limits = (body["rate_limits"] ?? []) as unknown as StoredKey["rate_limits"];
  }
  if (body["alert_emails"] !== undefined)
    after.alert_emails = body["alert_emails"] as StoredKey["alert_emails"];
  if (body["usage_limits"] !== undefined) {
    after.usage_limits = applyUsageLimits(key.usage_limits, body["usage_limits"], setting);
  }
  if (body["rotation_policy"] !== undefined) {
    after.rotation_policy = applyRotationPolicy(key.rotation_policy, body["rotation_policy"], setting);
  }
  if (isObject(body["defaults"])) applyDefaults(after, body["defaults"], setting.model);
  if (body["expires_at"] !== undefined) applyExpiry(after, instantOf(body["expires_at"]), setting);
  if (body["reset_usage"] === true) resetUsage(after, setting.now);
  if (after.status === "exhausted" && !isSpent(after)) after.status = "active";
  return passTime(after, setting.now);
}

function applyDefaults(after: Writable, sent: JsonObject, model: Readonly<Model>): void {
  const { metadata, config_id: configId, allow_config_override: configSwitch } = sent;
  if (metadata === undefined && configId === undefined && configSwitch === undefined) return;
  const merged = model.defaultsMerge === "merge";
  const before = after.defaults;
  const kept = model.metadataMerge === "merge" ? before.metadata : null;
  after.defaults = {
    metadata: isObject(metadata)
      ? { ...kept, ...metadata }
      : merged && metadata === undefined
        ? before.metadata
        : null,
    config_id:
      typeof configId === "string"
        ? configOf(configId, model)
        : merged && configId === undefined
          ? before.config_id
          : null,
  };
  const unsaid = merged ? after.allow_config_override : null;
  after.allow_config_override = configSwitch === undefined ? (unsaid ?? 1) : configSwitch === true ? 1 : 0;
  after.api_key_defaults_id ??= randomUUID();
}

function configOf(text: string, model: Readonly<Model>): string | null {
  if (text === "") return null;
  if (isUuid(text)) return text.toLowerCase();
  refuseUnless(model.configSlugs && text.startsWith("pc-"), "defaults.config_id is not the id of a config");
  return uuidFor(text);
}

function applyExpiry(after: Writable, instant: number | undefined, { model, now }: Setting): void {
  after.expires_at = instant === undefined ? null : timestamp(instant);
  const isOver = instant !== undefined && instant <= now;
  if (after.status === "expired" && !isOver && model.laterExpiryRevives) after.status = "active";
}

function resetUsage(after: Writable, now: number): void {
  after.last_reset_at = timestamp(now);
  if (after.usage_limits !== null) {
    after.usage_limits = {
      ...after.usage_limits,
      current_usage: 0,
      status: "active",
      is_threshold_alerts_sent: false,
      is_exhausted_alerts_sent: false,
    };
  }
}

function isSpent({ usage_limits: limits }: StoredKey): boolean {
  const limit = amount(limits, "credit_limit");
  return limit !== null && (amount(limits, "current_usage") ?? 0) >= limit;
}
