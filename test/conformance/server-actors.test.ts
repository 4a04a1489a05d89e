/*
 * What happens on the server while nobody edits a key. None of it is drift, unless the policy manages the very field that
 * was changed: then it is, as it should be, and it is mended by one request.
 */
import { expect, test } from "vitest";
import { useStages } from "./stage.ts";

const config = "1f0c6a2b-9d3e-4f50-8a1b-2c3d4e5f6a7b";
const weekly = { rotation_period: "weekly", next_rotation_at: null, key_transition_period_ms: 1_800_000 };
const dayMs = 86_400_000;
const start = useStages();

test("the expiry worker: status, the flag in usage_limits and last_updated_at", async () => {
  const it = await start();
  it.want({ expires_at: "2026-03-05T00:00:00Z", usage_limits: null, name: "key 1" });
  await it.update();
  const before = it.stored().last_updated_at;
  it.pass(2 * dayMs);
  await it.expectSilence();
  expect(it.stored()).toMatchObject({ status: "expired", usage_limits: { is_expired_alerts_sent: true } });
  expect(it.stored().last_updated_at).not.toBe(before);
});

test("the expiry worker, where there is a budget: its flag is no part of the budget", async () => {
  const it = await start();
  it.want({ expires_at: "2026-03-05T00:00:00Z", usage_limits: { credit_limit: 5, alert_threshold: null } });
  await it.update();
  it.pass(2 * dayMs);
  await it.expectSilence();
  expect(it.stored().usage_limits).toMatchObject({ credit_limit: 5, is_expired_alerts_sent: true });
});

test("the usage sync: current usage, the flags, and a key that is exhausted", async () => {
  const it = await start();
  it.want({ usage_limits: { credit_limit: 10, alert_threshold: 8, periodic_reset: "monthly" } });
  await it.update();
  for (const usage of [0.125, 8.5, 10, 12.75]) {
    it.edit({ usage_limits: { ...it.stored().usage_limits, current_usage: usage } });
    await it.expectSilence();
  }
  expect(it.stored()).toMatchObject({
    status: "exhausted",
    usage_limits: { is_exhausted_alerts_sent: true },
  });
});

test("the periodic reset: last_reset_at, usage, the next date, and an active key again", async () => {
  const it = await start();
  it.want({ usage_limits: { credit_limit: 10, periodic_reset: "weekly" } });
  await it.update();
  it.edit({ usage_limits: { ...it.stored().usage_limits, current_usage: 11 } });
  const next = it.stored().usage_limits!["next_usage_reset_at"];
  it.pass(8 * dayMs);
  await it.expectSilence();
  expect(it.stored()).toMatchObject({ status: "active", usage_limits: { current_usage: 0 } });
  expect(it.stored().usage_limits!["next_usage_reset_at"]).not.toBe(next);
  expect(it.stored().last_reset_at).toBe(next);
});

test("the rotation worker: the secret, last_rotated_at and the next date", async () => {
  const it = await start();
  it.want({ rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 } });
  await it.update();
  const { key, rotation_policy } = it.stored();
  it.pass(8 * dayMs);
  await it.expectSilence();
  expect(it.stored().key).not.toBe(key);
  expect(it.stored().rotation_policy!.next_rotation_at).not.toBe(rotation_policy!.next_rotation_at);
});

test("the rotation worker, for a date of the policy's: once it is over, what the server makes of it stands", async () => {
  const it = await start();
  it.want({ rotation_policy: { next_rotation_at: "2026-03-06T09:30:00Z" } });
  await it.update();
  expect(it.stored().rotation_policy!.next_rotation_at).toBe("2026-03-06T00:00:00.000Z");
  await it.expectSilence();
  it.pass(3 * dayMs);
  it.edit({
    rotation_policy: { ...it.stored().rotation_policy!, next_rotation_at: "2026-05-01T00:00:00.000Z" },
  });
  await it.expectSilence();
});

test("an organisation's own rotation that is put on a key: theirs where nobody manages it, drift where a policy does", async () => {
  const it = await start({ keys: [{ type: "workspace-user" }] });
  it.want({ name: "key 1" });
  it.edit({ rotation_policy: weekly });
  await it.expectSilence();
  expect(it.stored().rotation_policy).toMatchObject({ rotation_period: "weekly" });
  it.want({ name: "key 1", rotation_policy: { rotation_period_days: 30 } });
  await it.update();
  it.pass(dayMs);
  it.edit({ rotation_policy: weekly });
  expect(await it.update()).toMatchObject({
    rotation_policy: { rotation_period_days: 30, rotation_period: null },
  });
  await it.expectSilence();
});

test("a workspace's default config that fills config_id: theirs where nobody manages it, drift where a policy does", async () => {
  const it = await start({ keys: [{ type: "workspace-user" }] });
  it.want({ defaults: { metadata: { team: "search" } } });
  await it.update();
  const { metadata } = it.stored().defaults;
  it.edit({ defaults: { metadata, config_id: config } });
  await it.expectSilence();
  expect(it.stored().defaults.config_id).toBe(config);
  it.want({ defaults: { metadata: { team: "search" }, config_id: null } });
  await it.update();
  it.pass(dayMs);
  it.edit({ defaults: { metadata, config_id: config } });
  const { changes } = await it.plan();
  expect(changes.flatMap(({ fields }) => fields)).toMatchObject([
    { path: "defaults.config_id", why: "drift" },
  ]);
  await it.update();
  expect(it.stored().defaults).toEqual({ metadata: { team: "search" }, config_id: null });
  await it.expectSilence();
});

test("an organisation's metadata schema that adds names: theirs, with every update too", async () => {
  const it = await start();
  const added = { effect: { kind: "force", change: withCostCenter }, count: 100 } as const;
  it.simulator.faults.add(added);
  it.want({ defaults: { metadata: { team: "search" } } });
  await it.update();
  expect(it.stored().defaults.metadata).toEqual({ cost_center: "none", team: "search" });
  await it.expectSilence();
  it.want({ defaults: { metadata: { team: "chat" } } });
  expect(await it.update()).toMatchObject({ defaults: { metadata: { cost_center: "none", team: "chat" } } });
  await it.expectSilence();
});

test("an organisation's metadata schema against a policy of no metadata: sent twice, then told and left", async () => {
  const it = await start();
  it.simulator.faults.add({ effect: { kind: "force", change: withCostCenter }, count: 100 });
  it.edit({ defaults: { metadata: { team: "search" }, config_id: null } });
  it.want({ defaults: { metadata: null } });
  await it.update();
  it.pass(60_000);
  await it.update();
  it.pass(60_000);
  const { changes, notices } = await it.plan();
  expect([changes, notices.map(({ kind }) => kind)]).toEqual([[], ["not-reflected"]]);
});

test("an organisation's metadata schema that refuses updates: told in the server's words, and tried again later", async () => {
  const it = await start({ keys: [{}, {}] });
  const message = "metadata must have required property 'cost_center'";
  const { id } = it.stored(1);
  const body = { success: false, data: { message, errorCode: "AB01" } };
  it.simulator.faults.add({ effect: { kind: "status", status: 400, body }, method: "PUT", id });
  for (const n of [1, 2]) it.want({ description: "wanted" }, n);
  const report = await it.apply();
  expect(report.applied).toBe(1);
  expect(report.unfinished).toMatchObject([
    { keyId: id, outcome: "rejected", status: 400, message: expect.stringContaining(message) },
  ]);
  it.pass(dayMs);
  expect(await it.update()).toEqual({ description: "wanted" });
  await it.expectSilence();
});

function withCostCenter({
  defaults,
}: {
  readonly defaults: { metadata: object | null; config_id: string | null };
}) {
  return { defaults: { ...defaults, metadata: { cost_center: "none", ...defaults.metadata } } };
}

test("auto-provisioning: keys that are made and deleted beside the governed ones", async () => {
  const it = await start();
  it.want({ name: "key 1" });
  await it.expectSilence();
  const parts = { type: "workspace-user", creation_mode: "auto", name: "default_user_key" } as const;
  const made = it.simulator.create(parts);
  it.simulator.create(parts);
  await it.expectSilence();
  it.simulator.remove(made.id);
  await it.expectSilence();
});

test.each([403, 404] as const)(
  "a deleted workspace: its keys answer %i, are told as missing, and are left",
  async (goneStatus) => {
    const it = await start({ keys: [{}, {}], model: { goneStatus } });
    for (const n of [1, 2]) it.want({ description: "wanted" }, n);
    await it.apply();
    const { id } = it.stored(2);
    it.simulator.remove(id);
    it.pass(dayMs);
    const { changes, notices } = await it.plan();
    expect(changes).toEqual([]);
    expect(notices).toMatchObject([{ kind: "missing", keyId: id }]);
    it.asked();
    await it.apply();
    expect(it.asked().map(({ line }) => line)).toEqual(["GET", "GET 2"]);
    expect(it.stored(1).description).toBe("wanted");
  },
);
