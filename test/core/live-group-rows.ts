import type { Row } from "./live-rows.ts";

const budget = { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };

/** Parts of a budget. */
export const budgetRows: readonly Row[] = [
  {
    rule: "no budget reads as null, an empty object, or one that holds only bookkeeping",
    key: { usage_limits: null },
    same: [
      { usage_limits: null },
      { usage_limits: {} },
      { usage_limits: { is_expired_alerts_sent: true } },
      { usage_limits: { credit_limit: null, type: "cost", current_usage: 3.2 } },
    ],
    differs: [{ usage_limits: { credit_limit: 0 } }, { usage_limits: budget }],
  },
  {
    rule: "a budget is compared without bookkeeping and recomputed dates, a missing type is cost, amounts may be noisy",
    key: { usage_limits: budget },
    same: [
      { usage_limits: budget },
      { usage_limits: { ...budget, periodic_reset: "MONTHLY", periodic_reset_days: null } },
      { usage_limits: { credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" } },
      { usage_limits: { ...budget, credit_limit: 500.00000001, alert_threshold: "400" } },
      {
        usage_limits: {
          ...budget,
          id: "x",
          current_usage: 499.5,
          status: "active",
          is_threshold_alerts_sent: true,
          is_exhausted_alerts_sent: false,
          last_reset_at: "2026-08-01T00:00:00.000Z",
          next_usage_reset_at: "2026-10-01T00:00:00.000Z",
          metadata: {},
        },
        next_usage_reset_at: "2026-10-01T00:00:00.000Z",
      },
    ],
    differs: [
      { usage_limits: { ...budget, credit_limit: 501 } },
      { usage_limits: { ...budget, credit_limit: 500.01 } },
      { usage_limits: { ...budget, alert_threshold: null } },
      { usage_limits: { ...budget, type: "tokens" } },
      { usage_limits: { ...budget, periodic_reset: "weekly" } },
      { usage_limits: { ...budget, periodic_reset: "" } },
      { usage_limits: { is_expired_alerts_sent: true } },
      { usage_limits: null },
    ],
  },
  {
    rule: "parts of a budget that nobody speaks of are no difference",
    key: { usage_limits: { credit_limit: 0.5 } },
    same: [
      { usage_limits: { credit_limit: 0.5 } },
      {
        usage_limits: { credit_limit: "0.5", type: "tokens", alert_threshold: 0.25, periodic_reset_days: 30 },
      },
    ],
    differs: [{ usage_limits: { credit_limit: 0.51 } }],
  },
  {
    rule: "no alert threshold and no reset read as null, empty or absent",
    key: { usage_limits: { credit_limit: 5, alert_threshold: null, periodic_reset: null } },
    same: [
      { usage_limits: { credit_limit: 5 } },
      { usage_limits: { credit_limit: 5, alert_threshold: null, periodic_reset: null } },
      { usage_limits: { credit_limit: 5, periodic_reset: "" } },
    ],
    differs: [
      { usage_limits: { credit_limit: 5, alert_threshold: 1 } },
      { usage_limits: { credit_limit: 5, periodic_reset: "weekly" } },
    ],
  },
  {
    rule: "a reset in days excludes one by name",
    key: { usage_limits: { credit_limit: 5, periodic_reset_days: 30 } },
    same: [{ usage_limits: { credit_limit: 5, periodic_reset_days: 30, periodic_reset: "" } }],
    differs: [
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly" } },
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly", periodic_reset_days: 30 } },
    ],
  },
];

/** Only a GET shows these for certain. */
export const rotationRows: readonly Row[] = [
  {
    rule: "no rotation policy reads as absent, null, or an object without a time",
    key: { rotation_policy: null },
    same: [{}, { rotation_policy: null }, { rotation_policy: {} }, { rotation_policy: { status: "ACTIVE" } }],
    differs: [{ rotation_policy: { rotation_period: "weekly" } }],
  },
  {
    rule: "a rotation period is compared without the date the server computes and the status it keeps",
    key: { rotation_policy: { rotation_period: "monthly" } },
    same: [
      { rotation_policy: { rotation_period: "monthly" } },
      {
        rotation_policy: {
          rotation_period: "MONTHLY",
          next_rotation_at: "2026-10-01T00:00:00.000Z",
          key_transition_period_ms: 1_800_000,
          status: "ACTIVE",
          rotation_period_days: null,
        },
      },
    ],
    differs: [
      {},
      { rotation_policy: { rotation_period: "weekly" } },
      { rotation_policy: { rotation_period: null, rotation_period_days: 30 } },
      { rotation_policy: { rotation_period: "monthly", rotation_period_days: 30 } },
    ],
  },
  {
    rule: "with a period, no date of one's own means that the server may compute one",
    key: { rotation_policy: { rotation_period: "weekly", next_rotation_at: null } },
    same: [{ rotation_policy: { rotation_period: "weekly", next_rotation_at: "2026-09-07T00:00:00.000Z" } }],
    differs: [{ rotation_policy: { rotation_period: "monthly", next_rotation_at: null } }],
  },
  {
    rule: "a transition of the default length may be left out of the answer",
    key: { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 } },
    same: [
      { rotation_policy: { rotation_period: "weekly" } },
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: "1800000" } },
    ],
    differs: [{ rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 3_600_000 } }],
  },
  {
    rule: "a rotation date still to come is compared by its day in UTC",
    key: { rotation_policy: { next_rotation_at: "2026-10-05T01:30:00+02:00" } },
    same: [
      { rotation_policy: { next_rotation_at: "2026-10-04T00:00:00.000Z" } },
      { rotation_policy: { next_rotation_at: "2026-10-04T23:30:00.000Z" } },
    ],
    differs: [{ rotation_policy: { next_rotation_at: "2026-10-05T00:00:00.000Z" } }, {}],
  },
  {
    rule: "a rotation date that is over is no difference, wherever the server has moved it",
    key: { rotation_policy: { next_rotation_at: "2026-08-01T00:00:00Z" } },
    same: [{ rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z" } }, { rotation_policy: null }],
    differs: [
      { rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z", rotation_period: "weekly" } },
    ],
  },
];
