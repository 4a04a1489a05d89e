import type { Row } from "./live-rows.ts";

const budget = { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };

/** Parts of a budget. */
export const budgetRows: readonly Row[] = [
  {
    rule: "normalisation 9, no budget: it reads as null, an empty object, or one that holds only bookkeeping",
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
    rule: "normalisation 10, bookkeeping: what the server keeps in a budget is no part of it",
    key: { usage_limits: budget },
    same: [
      { usage_limits: budget },
      {
        usage_limits: {
          ...budget,
          id: "x",
          current_usage: 499.5,
          status: "active",
          is_threshold_alerts_sent: true,
          is_exhausted_alerts_sent: false,
          is_expired_alerts_sent: true,
          last_reset_at: "2026-08-01T00:00:00.000Z",
          metadata: {},
        },
      },
    ],
    differs: [
      { usage_limits: { ...budget, alert_threshold: null, current_usage: 499.5 } },
      { usage_limits: { is_expired_alerts_sent: true } },
      { usage_limits: null },
    ],
  },
  {
    rule: "normalisation 11, budget type: a missing one is cost",
    key: { usage_limits: budget },
    same: [
      { usage_limits: { credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" } },
      { usage_limits: { ...budget, type: null } },
    ],
    differs: [{ usage_limits: { ...budget, type: "tokens" } }],
  },
  {
    rule: "normalisation 11, budget type: a missing one is not tokens",
    key: { usage_limits: { ...budget, type: "tokens" } },
    same: [{ usage_limits: { ...budget, type: "tokens" } }],
    differs: [{ usage_limits: { credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" } }],
  },
  {
    rule: "normalisation 12, money numbers: noise, a trailing zero and text are no difference, a cent is",
    key: { usage_limits: budget },
    same: [
      { usage_limits: { ...budget, credit_limit: 500.00000001, alert_threshold: "400" } },
      { usage_limits: { ...budget, credit_limit: "500.0", alert_threshold: 399.9999999999 } },
    ],
    differs: [
      { usage_limits: { ...budget, credit_limit: 501 } },
      { usage_limits: { ...budget, credit_limit: 500.01 } },
      { usage_limits: { ...budget, credit_limit: "499.99" } },
    ],
  },
  {
    rule: "normalisation 12, money numbers: fractions of a credit count, and the parts that nobody speaks of do not",
    key: { usage_limits: { credit_limit: 0.5 } },
    same: [
      { usage_limits: { credit_limit: 0.5 } },
      {
        usage_limits: { credit_limit: "0.5", type: "tokens", alert_threshold: 0.25, periodic_reset_days: 30 },
      },
    ],
    differs: [{ usage_limits: { credit_limit: 0.51 } }, { usage_limits: { credit_limit: 0 } }],
  },
  {
    rule: "normalisation 13, usage period: none reads as null, empty or absent",
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
    rule: "normalisation 13, usage period: compared without regard to case",
    key: { usage_limits: budget },
    same: [{ usage_limits: { ...budget, periodic_reset: "MONTHLY", periodic_reset_days: null } }],
    differs: [
      { usage_limits: { ...budget, periodic_reset: "weekly" } },
      { usage_limits: { ...budget, periodic_reset: "" } },
    ],
  },
  {
    rule: "normalisation 13, usage period: one in days excludes one by name",
    key: { usage_limits: { credit_limit: 5, periodic_reset_days: 30 } },
    same: [{ usage_limits: { credit_limit: 5, periodic_reset_days: 30, periodic_reset: "" } }],
    differs: [
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly" } },
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly", periodic_reset_days: 30 } },
    ],
  },
  {
    rule: "normalisation 14, next usage reset: wherever it stands and whatever it is, it is the server's",
    key: { usage_limits: budget },
    same: [
      { usage_limits: { ...budget, next_usage_reset_at: "2026-10-01T00:00:00.000Z" } },
      { usage_limits: { ...budget, next_usage_reset_at: null } },
      { usage_limits: budget, next_usage_reset_at: "2026-11-01T00:00:00.000Z" },
    ],
    differs: [{ usage_limits: { credit_limit: null, next_usage_reset_at: "2026-10-01T00:00:00.000Z" } }],
  },
];

/** Only a GET shows these for certain. */
export const rotationRows: readonly Row[] = [
  {
    rule: "normalisation 15, no rotation: it reads as absent, null, or an object without a time",
    key: { rotation_policy: null },
    same: [{}, { rotation_policy: null }, { rotation_policy: {} }, { rotation_policy: { status: "ACTIVE" } }],
    differs: [{ rotation_policy: { rotation_period: "weekly" } }],
  },
  {
    rule: "normalisation 19, rotation status: it and whatever else the server keeps there is no difference",
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
    rule: "normalisation 16, next rotation: with a period, no date of one's own means that the server may compute one",
    key: { rotation_policy: { rotation_period: "weekly", next_rotation_at: null } },
    same: [{ rotation_policy: { rotation_period: "weekly", next_rotation_at: "2026-09-07T00:00:00.000Z" } }],
    differs: [{ rotation_policy: { rotation_period: "monthly", next_rotation_at: null } }],
  },
  {
    rule: "normalisation 17, transition: one of the default length may be left out of the answer",
    key: { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 } },
    same: [
      { rotation_policy: { rotation_period: "weekly" } },
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: "1800000" } },
    ],
    differs: [{ rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 3_600_000 } }],
  },
  {
    rule: "normalisation 16, next rotation: a date still to come is compared by its day in UTC",
    key: { rotation_policy: { next_rotation_at: "2026-10-05T01:30:00+02:00" } },
    same: [
      { rotation_policy: { next_rotation_at: "2026-10-04T00:00:00.000Z" } },
      { rotation_policy: { next_rotation_at: "2026-10-04T23:30:00.000Z" } },
    ],
    differs: [{ rotation_policy: { next_rotation_at: "2026-10-05T00:00:00.000Z" } }, {}],
  },
  {
    rule: "normalisation 16, next rotation: a date that is over is no difference, wherever the server has moved it",
    key: { rotation_policy: { next_rotation_at: "2026-08-01T00:00:00Z" } },
    same: [{ rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z" } }, { rotation_policy: null }],
    differs: [
      { rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z", rotation_period: "weekly" } },
    ],
  },
  {
    rule: "normalisation 17, transition: one that the policy leaves out may be any",
    key: { rotation_policy: { rotation_period: "weekly" } },
    same: [
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 } },
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 86_400_000 } },
    ],
    differs: [{ rotation_policy: { key_transition_period_ms: 1_800_000 } }],
  },
  {
    rule: "normalisation 18, period and days: a week is not seven days, and only the days may come back",
    key: { rotation_policy: { rotation_period_days: 7 } },
    same: [
      { rotation_policy: { rotation_period_days: 7, next_rotation_at: "2026-09-08T00:00:00.000Z" } },
      { rotation_policy: { rotation_period_days: "7", rotation_period: null } },
      { rotation_policy: { rotation_period_days: 7, rotation_period: "" } },
    ],
    differs: [
      { rotation_policy: { rotation_period: "weekly" } },
      { rotation_policy: { rotation_period: "weekly", rotation_period_days: 7 } },
      { rotation_policy: { rotation_period_days: 30 } },
    ],
  },
];
