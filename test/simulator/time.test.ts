import { describe, expect, test } from "vitest";
import { call, get, idOf, key, updated, useSimulators, wednesday } from "./support.ts";

const start = useSimulators();
const dayMs = 86_400_000;

/** A clock that goes when it is told to. */
function clock(now = wednesday) {
  return { now: () => now, pass: (ms: number) => void (now += ms) };
}

describe("expiry", () => {
  test("makes a key expired, moves last_updated_at, and leaves a flag where there was no limit", async () => {
    const time = clock();
    const simulator = await start({ keys: [key(1)], now: time.now });
    await updated(simulator, 1, { expires_at: "2026-03-05T00:00:00Z" });
    expect((await get(simulator, 1)).json.status).toBe("active");
    time.pass(dayMs);
    const expired = {
      status: "expired",
      usage_limits: { is_expired_alerts_sent: true },
      last_updated_at: "2026-03-05T12:00:00.000Z",
    };
    expect((await get(simulator, 1)).json).toMatchObject(expired);
    time.pass(dayMs);
    expect((await call(simulator, "GET /v1/api-keys")).json.data[0]).toMatchObject(expired);
    expect(simulator.keys.get(idOf(1))).toMatchObject(expired);
  });

  test("is at once when an update says an instant that is over", async () => {
    const simulator = await start({ keys: [key(1)] });
    expect(await updated(simulator, 1, { expires_at: "2001-01-01T00:00:00Z" })).toMatchObject({
      status: "expired",
    });
  });

  test.each([
    [true, "active"],
    [false, "expired"],
  ])("ends with a later date or none when the model says %s", async (laterExpiryRevives, status) => {
    const simulator = await start({ keys: [key(1)], model: { laterExpiryRevives } });
    for (const expires_at of ["2099-01-01T00:00:00Z", null]) {
      await updated(simulator, 1, { expires_at: "2001-01-01T00:00:00Z" });
      expect(await updated(simulator, 1, { expires_at })).toMatchObject({ status });
    }
  });
});

test("a periodic reset clears usage and exhaustion, and comes again", async () => {
  const time = clock();
  const simulator = await start({ keys: [key(1)], now: time.now });
  await updated(simulator, 1, { usage_limits: { credit_limit: 10, periodic_reset: "monthly" } });
  const limits = simulator.keys.get(idOf(1))!.usage_limits;
  simulator.edit(idOf(1), { usage_limits: { ...limits, current_usage: 11 } });
  expect((await get(simulator, 1)).json.status).toBe("exhausted");
  time.pass(28 * dayMs);
  expect((await get(simulator, 1)).json).toMatchObject({
    status: "active",
    last_reset_at: "2026-04-01T00:00:00.000Z",
    next_usage_reset_at: "2026-05-01T00:00:00.000Z",
    usage_limits: { credit_limit: 10, current_usage: 0, is_exhausted_alerts_sent: false },
  });
});

test("an alert is sent when usage reaches its threshold", async () => {
  const limits = { credit_limit: 10, alert_threshold: 5, current_usage: 5 };
  const simulator = await start({ keys: [key(1, { usage_limits: limits })] });
  expect((await get(simulator, 1)).json).toMatchObject({
    status: "active",
    usage_limits: { is_threshold_alerts_sent: true },
  });
});

describe("rotation", () => {
  test("by policy changes the masked secret and moves the next date on; the id stays", async () => {
    const time = clock();
    const simulator = await start({ keys: [key(1)], now: time.now });
    const before = await updated(simulator, 1, { rotation_policy: { rotation_period: "weekly" } });
    time.pass(6 * dayMs);
    const after = (await get(simulator, 1)).json;
    expect(after.key).not.toBe(before.key);
    expect(after.rotation_policy.next_rotation_at).toBe("2026-03-16T00:00:00.000Z");
    expect((await get(simulator, 1)).json.key).toBe(after.key);
  });

  test("on a date alone happens once", async () => {
    const time = clock();
    const simulator = await start({ keys: [key(1)], now: time.now });
    const before = await updated(simulator, 1, {
      rotation_policy: { next_rotation_at: "2026-03-06T00:00:00Z" },
    });
    time.pass(3 * dayMs);
    const { key: once } = (await get(simulator, 1)).json;
    expect(once).not.toBe(before.key);
    time.pass(3 * dayMs);
    expect((await get(simulator, 1)).json).toMatchObject({
      key: once,
      rotation_policy: { next_rotation_at: "2026-03-06T00:00:00.000Z" },
    });
  });

  test("on demand gives the new secret, and is refused while the old one lives", async () => {
    const time = clock();
    const simulator = await start({ keys: [key(1)], now: time.now });
    const line = `POST /v1/api-keys/${idOf(1)}/rotate`;
    const first = await call(simulator, line, { body: { key_transition_period_ms: 3_600_000 } });
    expect(first.json).toEqual({
      id: idOf(1),
      key: expect.any(String),
      key_transition_expires_at: "2026-03-04T13:00:00.000Z",
    });
    expect((await get(simulator, 1)).json.key.slice(-3)).toBe(first.json.key.slice(-3));
    const second = await call(simulator, line);
    expect([second.status, second.json.data.errorCode]).toEqual([409, "AB07"]);
    simulator.model.rotateBusyStatus = 400;
    expect((await call(simulator, line)).status).toBe(400);
    time.pass(3_600_000);
    expect((await call(simulator, line)).json.key_transition_expires_at).toBe("2026-03-04T13:30:00.000Z");
  });

  test("on demand refuses a transition below 30 minutes, and a key that does not exist", async () => {
    const simulator = await start({ keys: [key(1)] });
    const body = { key_transition_period_ms: 1_799_999 };
    expect((await call(simulator, `POST /v1/api-keys/${idOf(1)}/rotate`, { body })).status).toBe(400);
    expect((await call(simulator, `POST /v1/api-keys/${idOf(2)}/rotate`)).status).toBe(404);
  });
});

test("a deleted key is gone", async () => {
  const simulator = await start({ keys: [key(1)] });
  expect((await call(simulator, `DELETE /v1/api-keys/${idOf(1)}`)).json).toEqual({});
  expect((await get(simulator, 1)).status).toBe(404);
  expect((await call(simulator, `DELETE /v1/api-keys/${idOf(1)}`)).status).toBe(404);
  expect((await call(simulator, "GET /v1/api-keys")).json).toMatchObject({ total: 0, data: [] });
});
