/*
 * What happens to a key while nobody edits it: its usage is reset, its budget runs out, its secret is rotated, it
 * expires. The control plane has workers for that; here it is caught up with whenever a key is looked at.
 *
 *   worker     when                           what changes
 *   reset      next_usage_reset_at is over    usage 0, flags off, last_reset_at, the next date, an exhausted key active
 *   alerts     usage reaches a threshold      the flag; at the limit the key is exhausted
 *   rotation   next_rotation_at is over       another masked secret, last_rotated_at, the next date where there is a
 *                                             period; a date alone rotates once
 *   expiry     expires_at is over             expired, last_updated_at, and a flag in usage_limits, which so becomes an
 *                                             object where there was no limit (observed)
 */
import type { JsonObject } from "../core/policy.ts";
import { nextRotation, nextUsageReset } from "./apply-groups.ts";
import { instantOf, timestamp } from "./calendar.ts";
import { maskedSecret, newSecret } from "./seed-key.ts";
import type { RotationPolicy, StoredKey } from "./stored-key.ts";
import { amount } from "./stored-key.ts";

/** The key as it is at `now`: the same object when nothing has happened. */
export function passTime(key: StoredKey, now: number): StoredKey {
  return expire(rotate(countUsage(resetUsage(key, now)), now), now);
}

function resetUsage(key: StoredKey, now: number): StoredKey {
  const limits = key.usage_limits;
  const upcoming = limits === null ? null : nextUsageReset(limits, now);
  if (limits === null) return key;
  const due = instantOf(limits["next_usage_reset_at"]);
  if (due === undefined) {
    return upcoming === null ? key : { ...key, usage_limits: { ...limits, next_usage_reset_at: upcoming } };
  }
  if (due > now) return key;
  return {
    ...key,
    status: key.status === "exhausted" ? "active" : key.status,
    last_reset_at: timestamp(due),
    usage_limits: {
      ...limits,
      next_usage_reset_at: upcoming,
      current_usage: 0,
      status: "active",
      is_threshold_alerts_sent: false,
      is_exhausted_alerts_sent: false,
    },
  };
}

function countUsage(key: StoredKey): StoredKey {
  const limits = key.usage_limits;
  const limit = amount(limits, "credit_limit");
  const usage = amount(limits, "current_usage");
  if (limits === null || limit === null || usage === null) return key;
  const threshold = amount(limits, "alert_threshold");
  const flags: Record<string, boolean | string> = {};
  if (threshold !== null && usage >= threshold) flags["is_threshold_alerts_sent"] = true;
  if (usage >= limit) Object.assign(flags, { is_exhausted_alerts_sent: true, status: "exhausted" });
  const status = key.status === "active" && usage >= limit ? "exhausted" : key.status;
  const isSame =
    status === key.status && Object.entries(flags).every(([name, flag]) => limits[name] === flag);
  return isSame ? key : { ...key, status, usage_limits: { ...limits, ...flags } };
}

function rotate(key: StoredKey, now: number): StoredKey {
  const policy = key.rotation_policy;
  if (policy === null) return key;
  const due = instantOf(policy.next_rotation_at);
  if (due === undefined) return { ...key, rotation_policy: scheduled(policy, now) };
  const isDone = key.last_rotated_at !== null && key.last_rotated_at >= timestamp(due);
  return due > now || isDone ? key : withNewSecret(key, newSecret(), { at: due, now });
}

/** The key with another secret. `at` is when it was rotated; `transitionMs` outranks the policy's. */
export function withNewSecret(
  key: StoredKey,
  secret: string,
  turn: { readonly at: number; readonly now: number; readonly transitionMs?: number | undefined },
): StoredKey {
  const policy = key.rotation_policy;
  const transitionMs = turn.transitionMs ?? policy?.key_transition_period_ms ?? 1_800_000;
  return {
    ...key,
    key: maskedSecret(secret),
    last_rotated_at: timestamp(turn.at),
    transition_until: timestamp(turn.at + transitionMs),
    rotation_policy: policy === null ? null : scheduled(policy, turn.now),
  };
}

function scheduled(policy: RotationPolicy, now: number): RotationPolicy {
  return { ...policy, next_rotation_at: nextRotation(policy, now) ?? policy.next_rotation_at };
}

function expire(key: StoredKey, now: number): StoredKey {
  const due = instantOf(key.expires_at);
  if (due === undefined || due > now || key.status === "expired") return key;
  const limits: JsonObject = { ...key.usage_limits, is_expired_alerts_sent: true };
  return { ...key, status: "expired", last_updated_at: timestamp(now), usage_limits: limits };
}
