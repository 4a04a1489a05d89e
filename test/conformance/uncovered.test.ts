/* What the tests of Portkey's Terraform provider leave out, and a program that keeps keys in order has to hold. */
import { describe, expect, test } from "vitest";
import { servers, useStages } from "./stage.ts";

const config = "1f0c6a2b-9d3e-4f50-8a1b-2c3d4e5f6a7b";
const limit = { type: "requests", unit: "rpm", value: 600 };
const start = useStages();

describe.each(servers)("$server", ({ model }) => {
  test("clearing expires_at", async () => {
    const it = await start({ keys: [{ expires_at: "2030-01-01T00:00:00.000Z" }], model });
    it.want({ expires_at: null });
    expect(await it.update()).toEqual({ expires_at: null });
    expect(it.stored().expires_at).toBeNull();
    await it.expectSilence();
  });

  test("clearing rotation_policy", async () => {
    const weekly = { rotation_period: "weekly", next_rotation_at: null, key_transition_period_ms: 3_600_000 };
    const it = await start({ keys: [{ rotation_policy: weekly }], model });
    it.want({ rotation_policy: null });
    expect(await it.update()).toEqual({ rotation_policy: null });
    expect(it.stored().rotation_policy).toBeNull();
    await it.expectSilence();
  });

  test("clearing metadata", async () => {
    const defaults = { metadata: { team: "search", tier: 2 }, config_id: config };
    const it = await start({ keys: [{ defaults, allow_config_override: 0 }], model });
    it.want({ defaults: { metadata: null } });
    expect(await it.update()).toEqual({
      defaults: { metadata: {}, config_id: config, allow_config_override: false },
    });
    expect(it.stored().defaults.metadata ?? {}).toEqual({});
    expect(it.stored().allow_config_override).toBe(0);
    await it.expectSilence();
  });

  test("clearing one name of the metadata, and no other", async () => {
    const it = await start({
      keys: [{ defaults: { metadata: { team: "search", tier: 2 }, config_id: null } }],
      model,
    });
    it.want({ defaults: { metadata: { team: null } } });
    await it.update();
    expect(it.stored().defaults.metadata).toEqual({ tier: 2 });
    await it.expectSilence();
  });

  test("clearing metadata where the server merges names: sent twice, then told and left", async () => {
    const keys = [{ defaults: { metadata: { team: "search" }, config_id: null } }];
    const it = await start({ keys, model: { ...model, metadataMerge: "merge" } });
    it.want({ defaults: { metadata: { team: null } } });
    await it.update();
    it.pass(60_000);
    await it.update();
    for (let day = 1; day <= 3; day += 1) {
      it.pass(86_400_000);
      const { changes, notices } = await it.plan();
      expect([changes, notices.map(({ kind }) => kind)]).toEqual([[], ["not-reflected"]]);
      it.asked();
      await it.apply();
      expect(it.asked().filter(({ line }) => line.startsWith("PUT"))).toEqual([]);
    }
  });

  test("clearing description", async () => {
    const it = await start({ keys: [{ description: "old" }], model });
    it.want({ description: null });
    expect(await it.update()).toEqual({ description: "" });
    expect(it.stored().description).toBe("");
    await it.expectSilence();
    // A key that was never described reads null, not "".
    it.edit({ description: null });
    await it.expectSilence();
  });

  test("a partial PUT leaves the other fields alone", async () => {
    const whole = {
      description: "set",
      rate_limits: [limit],
      usage_limits: { type: "tokens", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" },
      scopes: ["logs.view"],
      defaults: { metadata: { team: "search" }, config_id: config },
      allow_config_override: 0 as const,
      alert_emails: ["a@example.com"],
      expires_at: "2030-01-01T00:00:00.000Z",
      rotation_policy: {
        rotation_period: "monthly",
        next_rotation_at: "2026-04-01T00:00:00.000Z",
        key_transition_period_ms: 7_200_000,
      },
    };
    const it = await start({ keys: [whole], model });
    const before = it.stored();
    it.want({ name: "renamed" });
    expect(await it.update()).toEqual({ name: "renamed" });
    expect(it.stored()).toEqual({ ...before, name: "renamed", last_updated_at: it.stored().last_updated_at });
    // One part of each group: the parts beside it go along as they are.
    it.want({
      name: "renamed",
      usage_limits: { credit_limit: 450 },
      defaults: { metadata: { env: "prod" } },
      rotation_policy: { rotation_period: "weekly" },
    });
    await it.update();
    expect(it.stored()).toMatchObject({
      ...whole,
      usage_limits: { ...whole.usage_limits, credit_limit: 450 },
      defaults: { metadata: { team: "search", env: "prod" }, config_id: config },
      rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 7_200_000 },
    });
    await it.expectSilence();
  });

  test("a budget that somebody else changes is found and mended", async () => {
    const it = await start({ model });
    it.want({ usage_limits: { credit_limit: 500, periodic_reset: "monthly" } });
    await it.update();
    it.pass(3_600_000);
    it.edit({
      usage_limits: { type: "cost", credit_limit: 9000, periodic_reset: "monthly", current_usage: 20 },
    });
    const { changes } = await it.plan();
    expect(changes.flatMap(({ fields }) => fields)).toMatchObject([
      { path: "usage_limits.credit_limit", from: 9000, to: 500, why: "drift", rank: "tightens" },
    ]);
    await it.update();
    expect(it.stored().usage_limits).toMatchObject({ credit_limit: 500, current_usage: 20 });
    await it.expectSilence();
  });

  test("limits that no policy manages are not wiped", async () => {
    const usage = { type: "cost", credit_limit: 500, periodic_reset: "weekly" };
    const it = await start({ keys: [{ rate_limits: [limit], usage_limits: usage }], model });
    it.want({ name: "renamed", scopes: ["logs.view"] });
    await it.update();
    it.edit({
      rate_limits: [limit, { ...limit, type: "tokens" }],
      usage_limits: { ...usage, credit_limit: 1 },
    });
    await it.expectSilence();
    expect(it.stored()).toMatchObject({
      rate_limits: [limit, { ...limit, type: "tokens" }],
      usage_limits: { ...usage, credit_limit: 1 },
    });
  });

  test("a reorder of scopes is no difference", async () => {
    const it = await start({
      keys: [{ scopes: ["prompts.render", "logs.view", "completions.write"] }],
      model,
    });
    it.want({ scopes: ["logs.view", "completions.write", "prompts.render"] });
    await it.expectSilence();
    it.edit({ scopes: ["completions.write", "prompts.render", "logs.view"] });
    await it.expectSilence();
    expect(it.simulator.requests.filter(({ method }) => method === "PUT")).toEqual([]);
  });

  test("a key with bookkeeping-only usage_limits has no budget", async () => {
    const it = await start({ keys: [{ usage_limits: { is_expired_alerts_sent: true } }], model });
    it.want({ usage_limits: null });
    await it.expectSilence();
    it.want({ usage_limits: { credit_limit: 5 } });
    expect(await it.update()).toEqual({ usage_limits: { type: "cost", credit_limit: 5 } });
    await it.expectSilence();
  });

  test("a key whose status is expired is not drift, and is kept as its policy says", async () => {
    const it = await start({ keys: [{ expires_at: "2026-03-04T13:00:00.000Z" }], model });
    it.want({ expires_at: "2026-03-04T13:00:00Z", usage_limits: null, name: "key 1" });
    await it.expectSilence();
    expect(it.stored()).toMatchObject({ status: "expired", usage_limits: { is_expired_alerts_sent: true } });
    it.edit({ name: "somebody's" });
    expect(await it.update()).toEqual({ name: "key 1" });
    it.want({ expires_at: "2030-01-01T00:00:00Z", usage_limits: null, name: "key 1" });
    await it.update();
    expect(it.stored().status).toBe("active");
    await it.expectSilence();
  });

  test("a list of many pages is read to its end", async () => {
    const keys = Array.from({ length: 23 }, () => ({}));
    const it = await start({ keys, model: { ...model, pageSizeMax: 5 }, pageSize: 5 });
    for (let n = 1; n <= 23; n += 1) it.want({ description: `of ${n}` }, n);
    const report = await it.apply();
    expect([report.applied, report.requests]).toMatchObject([23, { reads: 5, writes: 23 }]);
    expect(it.stored(1).description).toBe("of 1");
    expect(it.stored(23).description).toBe("of 23");
    await it.expectSilence();
  });

  test("403 on one key among many is that key's outcome alone", async () => {
    const it = await start({ keys: [{}, {}, {}], model });
    for (const n of [1, 2, 3]) it.want({ description: "wanted" }, n);
    it.simulator.forbidden.add(it.stored(2).id);
    const report = await it.apply();
    expect(report.applied).toBe(2);
    expect(report.unfinished).toMatchObject([{ keyId: it.stored(2).id, outcome: "forbidden", status: 403 }]);
    expect([1, 2, 3].map((n) => it.stored(n).description)).toEqual(["wanted", null, "wanted"]);
    it.simulator.forbidden.clear();
    it.pass(60_000);
    expect(await it.apply()).toMatchObject({ applied: 1, unfinished: [] });
    await it.expectSilence();
  });

  test("a stale read after a PUT makes no second PUT", async () => {
    const it = await start({ keys: [{ description: "old" }], model });
    it.simulator.faults.add({ effect: { kind: "stale", reads: 100 } });
    it.want({ description: "new", usage_limits: { credit_limit: 5 } });
    await it.update();
    for (let look = 0; look < 5; look += 1) {
      it.pass(10_000);
      const { changes, notices } = await it.plan();
      expect(changes).toEqual([]);
      expect(new Set(notices.map(({ kind }) => kind))).toEqual(new Set(["settling"]));
      it.asked();
      await it.apply();
      expect(it.asked().filter(({ line }) => line.startsWith("PUT"))).toEqual([]);
    }
    it.simulator.catchUp();
    await it.expectSilence();
  });

  test("workspace-service and workspace-user keys are kept like any other", async () => {
    const it = await start({ keys: [{ type: "workspace-service" }, { type: "workspace-user" }], model });
    const before = [it.stored(1), it.stored(2)];
    for (const n of [1, 2]) it.want({ scopes: ["completions.write"], usage_limits: { credit_limit: 5 } }, n);
    expect(await it.apply()).toMatchObject({ applied: 2, unfinished: [] });
    for (const [index, { type, user_id, workspace_id }] of before.entries())
      expect(it.stored(index + 1)).toMatchObject({ type, user_id, workspace_id });
    await it.expectSilence();
  });

  test("metadata that is no text is no difference, and stays what it is where nobody manages it", async () => {
    const metadata = { tier: 2, beta: true, list: [1, { a: null }], text: "2" };
    const it = await start({ keys: [{ defaults: { metadata, config_id: null } }], model });
    it.want({ defaults: { metadata: { tier: "2", beta: "true", text: 2 } } });
    await it.expectSilence();
    it.want({ defaults: { metadata: { tier: 3 } } });
    await it.update();
    expect(it.stored().defaults.metadata).toEqual({
      beta: true,
      list: [1, { a: null }],
      text: "2",
      tier: "3",
    });
    await it.expectSilence();
  });

  test("fractional budgets are kept to the fraction", async () => {
    const it = await start({ model });
    it.want({ usage_limits: { credit_limit: 0.5, alert_threshold: 0.25 } });
    expect(await it.update()).toEqual({
      usage_limits: { type: "cost", credit_limit: 0.5, alert_threshold: 0.25 },
    });
    await it.expectSilence();
    it.edit({ usage_limits: { ...it.stored().usage_limits, credit_limit: 0.5000000001 } });
    await it.expectSilence();
    it.edit({ usage_limits: { ...it.stored().usage_limits, credit_limit: 0.51 } });
    await it.update();
    expect(it.stored().usage_limits).toMatchObject({ credit_limit: 0.5, alert_threshold: 0.25 });
    await it.expectSilence();
  });

  test("a fractional budget that the server refuses is told, once, and costs no other key", async () => {
    const it = await start({ keys: [{}, {}], model: { ...model, wholeBudgets: true } });
    it.want({ usage_limits: { credit_limit: 0.5 } }, 1);
    it.want({ usage_limits: { credit_limit: 1 } }, 2);
    const report = await it.apply();
    expect([report.applied, report.unfinished]).toMatchObject([1, [{ outcome: "rejected", status: 400 }]]);
    expect(it.stored(2).usage_limits).toMatchObject({ credit_limit: 1 });
    expect(it.stored(1).usage_limits).toBeNull();
  });

  test("normalisation 1, config switch: a false that reads as unset is sent twice, then told and left", async () => {
    const it = await start({ model: { ...model, falseOverrideReads: null } });
    it.want({ defaults: { allow_config_override: false } });
    await it.update();
    it.pass(60_000);
    await it.update();
    it.pass(60_000);
    const { changes, notices } = await it.plan();
    expect([changes, notices.map(({ kind }) => kind)]).toEqual([[], ["not-reflected"]]);
    it.asked();
    await it.apply();
    expect(it.asked().filter(({ line }) => line.startsWith("PUT"))).toEqual([]);
  });
});
