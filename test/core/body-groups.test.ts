import { describe, expect, test } from "vitest";
import { live } from "./build.ts";
import { body } from "./body-of.ts";

const budget = { type: "tokens", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };

describe("`usage_limits` goes out whole", () => {
  test("with the parts that nobody manages as they are live, without bookkeeping", () => {
    const found = live({
      usage_limits: { ...budget, current_usage: 3, next_usage_reset_at: "2026-10-01T00:00:00.000Z", id: "x" },
    });
    expect(body({ key: { usage_limits: { credit_limit: 450 } }, live: found })).toEqual({
      usage_limits: { ...budget, credit_limit: 450 },
    });
  });

  test("as cost where there is no type", () => {
    expect(body({ key: { usage_limits: { credit_limit: 5 } } })).toEqual({
      usage_limits: { credit_limit: 5, type: "cost" },
    });
  });

  test("the other kind of reset is emptied aloud where it is set, and not mentioned where it is not", () => {
    const key = { usage_limits: { credit_limit: 500, periodic_reset_days: 30 } };
    expect(body({ key, live: live({ usage_limits: budget }) })).toEqual({
      usage_limits: { ...budget, periodic_reset: null, periodic_reset_days: 30 },
    });
    expect(body({ key })).toEqual({
      usage_limits: { type: "cost", credit_limit: 500, periodic_reset_days: 30 },
    });
  });

  test("a part that must be empty is emptied aloud where it is set", () => {
    const key = { usage_limits: { credit_limit: 500, alert_threshold: null } };
    expect(body({ key, live: live({ usage_limits: budget }) })).toEqual({
      usage_limits: { ...budget, alert_threshold: null },
    });
    expect(body({ key, live: live({ usage_limits: { credit_limit: 9, type: "cost" } }) })).toEqual({
      usage_limits: { type: "cost", credit_limit: 500 },
    });
  });

  test("without a look at the key only where the policy says all there is", () => {
    const most = { type: "cost", credit_limit: 5, periodic_reset: "weekly" };
    expect(body({ key: { usage_limits: most }, live: null })).toBeUndefined();
    expect(body({ key: { usage_limits: { ...most, alert_threshold: 4 } }, live: null })).toEqual({
      usage_limits: { ...most, alert_threshold: 4, periodic_reset_days: null },
    });
  });
});

describe("`rotation_policy` goes out whole", () => {
  const weekly = {
    rotation_period: "weekly",
    next_rotation_at: "2026-09-07T00:00:00.000Z",
    key_transition_period_ms: 7_200_000,
  };

  test("a period goes without the date that the server computes from it", () => {
    const found = live({ rotation_policy: weekly });
    expect(body({ key: { rotation_policy: { rotation_period: "monthly" } }, live: found })).toEqual({
      rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 7_200_000 },
    });
  });

  test("a period goes with a date that somebody set emptied aloud", () => {
    const found = live({ rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z" } });
    expect(body({ key: { rotation_policy: { rotation_period: "monthly" } }, live: found })).toEqual({
      rotation_policy: {
        rotation_period: "monthly",
        next_rotation_at: null,
        key_transition_period_ms: 1_800_000,
      },
    });
    const key = { rotation_period_days: 10, rotation_period: null, next_rotation_at: null };
    const whole = { rotation_policy: { ...key, key_transition_period_ms: 1_800_000 } };
    expect(body({ key: whole, live: null })).toEqual(whole);
  });

  test("a date goes with the periods that are set emptied aloud", () => {
    const key = { rotation_policy: { next_rotation_at: "2026-12-01T00:00:00Z" } };
    expect(body({ key, live: live({ rotation_policy: weekly }) })).toEqual({
      rotation_policy: {
        rotation_period: null,
        next_rotation_at: "2026-12-01T00:00:00Z",
        key_transition_period_ms: 7_200_000,
      },
    });
  });

  test("days go with a period of another kind emptied aloud", () => {
    const key = { rotation_policy: { rotation_period_days: 10, key_transition_period_ms: 3_600_000 } };
    expect(body({ key, live: live({ rotation_policy: weekly }) })).toEqual({
      rotation_policy: {
        rotation_period: null,
        rotation_period_days: 10,
        key_transition_period_ms: 3_600_000,
      },
    });
  });

  test("a date that is over is not sent where only something beside it differs: the one in force is", () => {
    const key = {
      rotation_policy: { next_rotation_at: "2026-08-01T00:00:00Z", key_transition_period_ms: 3_600_000 },
    };
    const found = live({ rotation_policy: { next_rotation_at: "2026-10-01T00:00:00.000Z" } });
    expect(body({ key, changed: ["rotation_policy.key_transition_period_ms"], live: found })).toEqual({
      rotation_policy: { next_rotation_at: "2026-10-01T00:00:00Z", key_transition_period_ms: 3_600_000 },
    });
  });

  test("a list that does not show rotation policies is not enough", () => {
    const listed = live({}, "list");
    expect(body({ key: { rotation_policy: { rotation_period: "weekly" } }, live: listed })).toBeUndefined();
    expect(body({ key: { name: "n", rotation_policy: null }, live: listed })).toEqual({
      name: "n",
      rotation_policy: null,
    });
  });
});
