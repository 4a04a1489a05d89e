import { describe, expect, test } from "vitest";
import { call, get, idOf, key, put, updated, useSimulators, wednesday } from "./support.ts";

const start = useSimulators();
const budget = { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };

describe("usage limits", () => {
  test("read with bookkeeping and the date of the next reset, inside and in a GET at the top", async () => {
    const simulator = await start({ keys: [key(1)], now: () => wednesday });
    const after = await updated(simulator, 1, { usage_limits: budget });
    const next = "2026-04-01T00:00:00.000Z";
    expect(after.usage_limits).toEqual({
      ...budget,
      next_usage_reset_at: next,
      current_usage: 0,
      status: "active",
      is_threshold_alerts_sent: false,
      is_exhausted_alerts_sent: false,
    });
    expect(after.next_usage_reset_at).toBe(next);
    expect((await call(simulator, "GET /v1/api-keys")).json.data[0].usage_limits).toEqual(after.usage_limits);
  });

  test.each([
    [{ periodic_reset: "weekly" }, "2026-03-08T00:00:00.000Z"],
    [{ periodic_reset_days: 30 }, "2026-04-03T00:00:00.000Z"],
    [{ next_usage_reset_at: "2026-05-01T02:00:00+02:00" }, "2026-05-01T00:00:00.000Z"],
    [{}, null],
  ])("%j is next reset at %s", async (part, next) => {
    const simulator = await start({ keys: [key(1)], now: () => wednesday });
    const after = await updated(simulator, 1, { usage_limits: { credit_limit: 5, ...part } });
    expect(after.next_usage_reset_at).toBe(next);
  });

  test("a type that nobody sent is missing; a period that is not set reads as sent, or as an empty text", async () => {
    const simulator = await start({ keys: [key(1)] });
    const sent = { usage_limits: { credit_limit: 5, periodic_reset: null } };
    const after = await updated(simulator, 1, sent);
    expect(after.usage_limits).not.toHaveProperty("type");
    expect(after.usage_limits.periodic_reset).toBeNull();
    simulator.model.unsetPeriodReads = "empty-string";
    expect((await get(simulator, 1)).json.usage_limits.periodic_reset).toBe("");
  });

  test.each([
    [
      "replace",
      { credit_limit: 600, alert_threshold: undefined, periodic_reset: undefined, type: undefined },
    ],
    ["merge", { credit_limit: 600, alert_threshold: 400, periodic_reset: "monthly", type: "cost" }],
  ] as const)("parts that are not named, under `%s`", async (groupsMerge, read) => {
    const simulator = await start({ keys: [key(1)], model: { groupsMerge } });
    await updated(simulator, 1, { usage_limits: budget });
    const { usage_limits: limits } = await updated(simulator, 1, { usage_limits: { credit_limit: 600 } });
    const { credit_limit, alert_threshold, periodic_reset, type } = limits;
    expect({ credit_limit, alert_threshold, periodic_reset, type }).toEqual(read);
  });

  test("what merges into a contradiction is refused", async () => {
    const simulator = await start({ keys: [key(1)], model: { groupsMerge: "merge" } });
    await updated(simulator, 1, { usage_limits: budget });
    expect((await put(simulator, 1, { usage_limits: { credit_limit: 300 } })).status).toBe(400);
    expect((await put(simulator, 1, { usage_limits: { periodic_reset_days: 3 } })).status).toBe(400);
  });

  test("usage goes on counting across updates, and a higher limit ends an exhaustion and its alerts", async () => {
    const simulator = await start({ keys: [key(1)] });
    await updated(simulator, 1, { usage_limits: { credit_limit: 10 } });
    simulator.edit(idOf(1), { usage_limits: { credit_limit: 10, current_usage: 12.5 } });
    expect((await get(simulator, 1)).json).toMatchObject({
      status: "exhausted",
      usage_limits: { status: "exhausted", is_exhausted_alerts_sent: true },
    });
    const after = await updated(simulator, 1, { usage_limits: { credit_limit: 100 } });
    expect(after).toMatchObject({
      status: "active",
      usage_limits: { current_usage: 12.5, status: "active", is_exhausted_alerts_sent: false },
    });
    expect(await updated(simulator, 1, { usage_limits: { credit_limit: 11 } })).toMatchObject({
      status: "exhausted",
    });
  });

  test.each([
    ["a higher threshold", { credit_limit: 10, alert_threshold: 8 }, false],
    ["no threshold", { credit_limit: 10, alert_threshold: null }, false],
    ["a higher limit", { credit_limit: 20, alert_threshold: 5 }, false],
    ["a lower limit", { credit_limit: 9, alert_threshold: 5 }, true],
  ])("an alert that was sent is forgotten with %s: %j", async (_, sent, flag) => {
    const limits = { credit_limit: 10, alert_threshold: 5, current_usage: 4, is_threshold_alerts_sent: true };
    const simulator = await start({ keys: [key(1, { usage_limits: limits })] });
    const after = await updated(simulator, 1, { usage_limits: sent });
    expect(after.usage_limits.is_threshold_alerts_sent).toBe(flag);
  });

  test("reset_usage acts: usage 0, last_reset_at, an exhausted key active; it is not stored", async () => {
    const spent = key(1, { usage_limits: { credit_limit: 10, current_usage: 10 } });
    const simulator = await start({ keys: [spent], now: () => wednesday });
    expect((await get(simulator, 1)).json.status).toBe("exhausted");
    expect(await updated(simulator, 1, { reset_usage: false })).toMatchObject({ status: "exhausted" });
    expect(await updated(simulator, 1, { reset_usage: true })).toMatchObject({
      status: "active",
      last_reset_at: "2026-03-04T12:00:00.000Z",
      reset_usage: null,
      usage_limits: { credit_limit: 10, current_usage: 0 },
    });
  });
});

describe("rotation policies", () => {
  test.each([
    [{ rotation_period: "weekly" }, "2026-03-09T00:00:00.000Z"],
    [{ rotation_period: "monthly" }, "2026-04-01T00:00:00.000Z"],
    [{ rotation_period_days: 10 }, "2026-03-14T00:00:00.000Z"],
    [{ next_rotation_at: "2026-06-15T17:30:00Z" }, "2026-06-15T00:00:00.000Z"],
  ])("%j rotates next at %s, with 30 minutes of transition", async (sent, next) => {
    const simulator = await start({ keys: [key(1)], now: () => wednesday });
    const { rotation_policy: policy } = await updated(simulator, 1, { rotation_policy: sent });
    expect(policy).toEqual({
      ...sent,
      next_rotation_at: next,
      key_transition_period_ms: 1_800_000,
      status: "ACTIVE",
    });
  });

  test.each([
    ["replace", 1_800_000],
    ["merge", 3_600_000],
  ] as const)("the transition that is not named, under `%s`", async (groupsMerge, transition) => {
    const simulator = await start({ keys: [key(1)], model: { groupsMerge } });
    const first = { rotation_period: "monthly", key_transition_period_ms: 3_600_000 };
    await updated(simulator, 1, { rotation_policy: first });
    const { rotation_policy: policy } = await updated(simulator, 1, {
      rotation_policy: { rotation_period: "weekly" },
    });
    expect(policy).toMatchObject({ rotation_period: "weekly", key_transition_period_ms: transition });
  });
});
