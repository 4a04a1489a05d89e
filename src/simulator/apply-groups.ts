import type { Json, JsonObject } from "../core/policy.ts";
import { cadenceOf, dayStart, instantOf, nextAfter, shortest, timestamp } from "./calendar.ts";
import type { Setting } from "./model.ts";
import type { RotationPolicy } from "./stored-key.ts";
import { amount } from "./stored-key.ts";
import { isObject, refuseUnless } from "./validate.ts";

/** Sunday: so says Portkey's page on budgets of API keys. Its pages on policies say Monday. */
const usageWeekStart = 0;
/** Monday: so says Portkey's page on rotation. */
const rotationWeekStart = 1;

const shortestTransitionMs = 1_800_000;

/** The limits that an update results in, with the bookkeeping that belongs to them. */
export function applyUsageLimits(before: JsonObject | null, sent: Json, setting: Setting): JsonObject | null {
  if (!isObject(sent)) return null;
  const written = setting.model.groupsMerge === "merge" ? { ...writtenLimits(before), ...sent } : sent;
  const { periodic_reset, periodic_reset_days, next_usage_reset_at, ...rest } = written;
  const limit = amount(written, "credit_limit");
  const threshold = amount(written, "alert_threshold");
  refuseUnless(limit !== null, "usage_limits.credit_limit is required");
  for (const value of setting.model.wholeBudgets ? [limit, threshold] : []) {
    refuseUnless(value === null || Number.isInteger(value), "usage_limits must be in whole credits");
  }
  refuseUnless((threshold ?? 0) <= (limit ?? 0), "usage_limits.alert_threshold is above the credit_limit");
  const isPair = (periodic_reset ?? null) !== null && (periodic_reset_days ?? null) !== null;
  refuseUnless(!isPair, "usage_limits.periodic_reset and periodic_reset_days exclude each other");
  const explicit = instantOf(next_usage_reset_at);
  const next = explicit === undefined ? nextUsageReset(written, setting.now) : timestamp(explicit);
  const raised = (limit ?? 0) > (amount(before, "credit_limit") ?? 0);
  const eased = raised || threshold === null || threshold > (amount(before, "alert_threshold") ?? 0);
  return {
    ...rest,
    ...(periodic_reset === undefined ? {} : { periodic_reset }),
    ...(periodic_reset_days === undefined ? {} : { periodic_reset_days }),
    next_usage_reset_at: next,
    current_usage: amount(before, "current_usage") ?? 0,
    status: "active",
    is_threshold_alerts_sent: !eased && before?.["is_threshold_alerts_sent"] === true,
    is_exhausted_alerts_sent: !raised && before?.["is_exhausted_alerts_sent"] === true,
  };
}

/** When usage limits are reset next; null where they never are. */
export function nextUsageReset(limits: JsonObject, now: number): string | null {
  const cadence = cadenceOf(limits["periodic_reset"], limits["periodic_reset_days"]);
  return cadence === null ? null : timestamp(nextAfter(now, cadence, usageWeekStart));
}

/** What an update may merge into: bookkeeping and the computed date are the server's. */
function writtenLimits(before: JsonObject | null): JsonObject {
  const names = ["type", "credit_limit", "alert_threshold", "periodic_reset", "periodic_reset_days"];
  return Object.fromEntries(Object.entries(before ?? {}).filter(([name]) => names.includes(name)));
}

/** The rotation policy that an update results in; the next rotation is computed anew on every one. */
export function applyRotationPolicy(
  before: RotationPolicy | null,
  sent: Json,
  setting: Setting,
): RotationPolicy | null {
  if (!isObject(sent)) return null;
  const written: JsonObject =
    setting.model.groupsMerge === "merge" ? { ...writtenRotation(before), ...sent } : sent;
  const { rotation_period: period, rotation_period_days: days, next_rotation_at: date } = written;
  const has = (value: Json | undefined): boolean => (value ?? null) !== null;
  refuseUnless(!(has(period) && has(days)), "rotation_period and rotation_period_days exclude each other");
  refuseUnless(!(has(period) && has(date)), "rotation_period and next_rotation_at exclude each other");
  refuseUnless(
    has(period) || has(days) || has(date),
    "rotation_policy needs rotation_period or next_rotation_at",
  );
  const transition = amount(written, "key_transition_period_ms") ?? shortestTransitionMs;
  const cadence = cadenceOf(period, days);
  const isShorter = cadence === null || transition < shortest(cadence);
  refuseUnless(isShorter, "key_transition_period_ms must be less than the rotation period");
  const explicit = instantOf(date);
  return {
    ...(typeof period === "string" ? { rotation_period: period } : {}),
    ...(typeof days === "number" ? { rotation_period_days: days } : {}),
    next_rotation_at:
      explicit === undefined ? nextRotation(written, setting.now) : timestamp(dayStart(explicit)),
    key_transition_period_ms: transition,
  };
}

/** When a key is rotated next, by its period; null where there is none. */
export function nextRotation(policy: RotationPolicy | JsonObject, now: number): string | null {
  const cadence = cadenceOf(policy.rotation_period, policy.rotation_period_days);
  return cadence === null ? null : timestamp(nextAfter(now, cadence, rotationWeekStart));
}

/** A date that was computed from a period is the server's; one that stands alone was written. */
function writtenRotation(before: RotationPolicy | null): JsonObject {
  if (before === null) return {};
  const { next_rotation_at, ...rest } = before;
  return cadenceOf(rest.rotation_period, rest.rotation_period_days) === null
    ? { ...rest, next_rotation_at }
    : rest;
}
