import { describe, expect, test } from "vitest";
import { uuidFor } from "../../src/simulator/seed-key.ts";
import { get, idOf, key, put, updated, useSimulators, wednesday } from "./support.ts";

const start = useSimulators();
const config = "1f0c0000-0000-4000-8000-00000000000a";
const budget = { type: "cost", credit_limit: 500, periodic_reset: "monthly" };

describe("an update", () => {
  test("answers an empty object and moves last_updated_at, to whole seconds", async () => {
    const simulator = await start({ keys: [key(1)], now: () => wednesday });
    const { status, json } = await put(simulator, 1, { name: "renamed" });
    expect([status, json]).toEqual([200, {}]);
    const after = (await get(simulator, 1)).json;
    expect(after).toMatchObject({ name: "renamed", last_updated_at: "2026-03-04T12:00:00.000Z" });
  });

  test("leaves what it does not name as it is", async () => {
    const whole = key(1, {
      description: "kept",
      rate_limits: [{ type: "requests", unit: "rpm", value: 5 }],
      usage_limits: { credit_limit: 5 },
      alert_emails: ["a@example.com"],
      expires_at: "2099-01-01T00:00:00.000Z",
      defaults: { metadata: { team: "search" }, config_id: config },
    });
    const simulator = await start({ keys: [whole] });
    const before = (await get(simulator, 1)).json;
    const after = await updated(simulator, 1, { scopes: ["logs.view"] });
    expect(after).toEqual({ ...before, scopes: ["logs.view"], last_updated_at: after.last_updated_at });
  });

  test("tolerates fields that it does not know, and takes no notice of what cannot be changed", async () => {
    const simulator = await start({ keys: [key(1)] });
    const body = {
      id: idOf(9),
      type: "workspace-user",
      status: "expired",
      workspace_id: "ws-9",
      anything: 1,
    };
    const after = await updated(simulator, 1, { ...body, name: "x" });
    expect(after).toMatchObject({ id: idOf(1), type: "workspace-service", status: "active", name: "x" });
    expect(after).not.toHaveProperty("anything");
  });

  test("is refused as a whole", async () => {
    const simulator = await start({ keys: [key(1)] });
    const before = simulator.keys.get(idOf(1));
    expect((await put(simulator, 1, { name: "x", scopes: [] })).status).toBe(400);
    expect(simulator.keys.get(idOf(1))).toEqual(before);
  });
});

describe("emptying", () => {
  test.each([
    ["description", { description: "" }, { description: "" }],
    ["rate_limits by null", { rate_limits: null }, { rate_limits: [] }],
    ["rate_limits by []", { rate_limits: [] }, { rate_limits: [] }],
    ["usage_limits", { usage_limits: null }, { usage_limits: null, next_usage_reset_at: null }],
    ["alert_emails by null", { alert_emails: null }, { alert_emails: null }],
    ["alert_emails by []", { alert_emails: [] }, { alert_emails: null }],
    ["expires_at", { expires_at: null }, { expires_at: null }],
    ["metadata by {}", { defaults: { metadata: {}, config_id: config } }, { defaults: { metadata: null } }],
    [
      "metadata by null",
      { defaults: { metadata: null, config_id: config } },
      { defaults: { metadata: null } },
    ],
    ["config_id by null", { defaults: { config_id: null } }, { defaults: { config_id: null } }],
    ["config_id by an empty text", { defaults: { config_id: "" } }, { defaults: { config_id: null } }],
  ])("%s", async (_, body, read) => {
    const full = key(1, {
      description: "something",
      rate_limits: [{ type: "requests", unit: "rpm", value: 5 }],
      usage_limits: budget,
      alert_emails: ["a@example.com"],
      expires_at: "2099-01-01T00:00:00.000Z",
      defaults: { metadata: { team: "search" }, config_id: config },
    });
    const simulator = await start({ keys: [full] });
    expect(await updated(simulator, 1, body)).toMatchObject(read);
  });

  test("a rotation policy that is taken away is no longer in the answer", async () => {
    const simulator = await start({ keys: [key(1)] });
    expect(await updated(simulator, 1, { rotation_policy: { rotation_period: "weekly" } })).toHaveProperty(
      "rotation_policy",
    );
    expect(await updated(simulator, 1, { rotation_policy: null })).not.toHaveProperty("rotation_policy");
  });

  test("none reads as {} and [] where the model says so", async () => {
    const simulator = await start({ keys: [key(1)], model: { noneReads: "empty" } });
    const after = await updated(simulator, 1, { defaults: { metadata: null }, alert_emails: null });
    expect(after).toMatchObject({ defaults: { metadata: {} }, alert_emails: [] });
  });
});

describe("defaults", () => {
  test("metadata alone makes a defaults row, and with it the switch 1", async () => {
    const simulator = await start({ keys: [key(1)] });
    const after = await updated(simulator, 1, { defaults: { metadata: { team: "a" } } });
    expect(after.allow_config_override).toBe(1);
    expect(after.api_key_defaults_id).toEqual(expect.any(String));
    expect(after.defaults).toEqual({ metadata: { team: "a" }, config_id: null, allow_config_override: true });
  });

  test("an empty object makes no defaults row", async () => {
    const simulator = await start({ keys: [key(1)] });
    expect(await updated(simulator, 1, { defaults: {} })).toMatchObject({
      allow_config_override: null,
      api_key_defaults_id: null,
    });
  });

  test("a switch of false reads 0, or null where the model says so", async () => {
    for (const falseOverrideReads of [0, null] as const) {
      const simulator = await start({ keys: [key(1)], model: { falseOverrideReads } });
      const after = await updated(simulator, 1, { defaults: { allow_config_override: false } });
      expect(after.allow_config_override).toBe(falseOverrideReads);
    }
  });

  const sent = { metadata: { team: "b" } };
  test("replaced: a part that is not named falls back to its default", async () => {
    const simulator = await start({ keys: [key(1)], model: { defaultsMerge: "replace" } });
    await updated(simulator, 1, { defaults: { config_id: config, allow_config_override: false } });
    expect(await updated(simulator, 1, { defaults: sent })).toMatchObject({
      defaults: { ...sent, config_id: null },
      allow_config_override: 1,
    });
  });

  test("merged: a part that is not named stays", async () => {
    const simulator = await start({ keys: [key(1)], model: { defaultsMerge: "merge" } });
    await updated(simulator, 1, { defaults: { config_id: config, allow_config_override: false } });
    expect(await updated(simulator, 1, { defaults: sent })).toMatchObject({
      defaults: { ...sent, config_id: config },
      allow_config_override: 0,
    });
  });

  test.each([
    ["replace", { team: "b" }],
    ["merge", { team: "b", cost: "1" }],
  ] as const)("metadata under `%s`", async (metadataMerge, metadata) => {
    const simulator = await start({ keys: [key(1)], model: { metadataMerge } });
    await updated(simulator, 1, { defaults: { metadata: { team: "a", cost: "1" } } });
    expect((await updated(simulator, 1, { defaults: sent })).defaults.metadata).toEqual(metadata);
  });

  test("a config reads as the lower case of its id; its slug only where the model takes slugs", async () => {
    const simulator = await start({ keys: [key(1)] });
    const after = await updated(simulator, 1, { defaults: { config_id: config.toUpperCase() } });
    expect(after.defaults.config_id).toBe(config);
    const slug = { defaults: { config_id: "pc-main-1" } };
    expect((await put(simulator, 1, slug)).status).toBe(400);
    simulator.model.configSlugs = true;
    expect((await updated(simulator, 1, slug)).defaults.config_id).toBe(uuidFor("pc-main-1"));
  });
});

describe("instants", () => {
  test("are stored in UTC and whole seconds", async () => {
    const simulator = await start({ keys: [key(1)] });
    const after = await updated(simulator, 1, { expires_at: "2099-06-30T23:59:59.900+02:00" });
    expect(after.expires_at).toBe("2099-06-30T21:59:59.000Z");
  });
});
