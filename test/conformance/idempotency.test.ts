/*
 * The idempotency tests of Portkey's Terraform provider, by their names. There they simulate how the state of a resource
 * keeps the user's spelling where the server answers another one. We keep no such state: both sides are brought to one
 * form before they are compared, so the rule here is that a spelling never makes a request. Where a test is about a
 * resource that we do not touch, it holds the same rule for what we have in its place, and a comment says so.
 */
import { describe, expect, test } from "vitest";
import type { StoredKey } from "../../src/simulator/stored-key.ts";
import { servers, useStages, type Stage } from "./stage.ts";

const config = "1f0c6a2b-9d3e-4f50-8a1b-2c3d4e5f6a7b";
const workspace = "0a000000-0000-4000-8000-00000000000a";
const perMinute = { type: "requests", unit: "rpm", value: 600 };
const perDay = { type: "tokens", unit: "rpd", value: 5000 };
const start = useStages();

/** Demands that each of these edits leaves nothing to do. */
async function expectNoDrift(it: Stage, patches: readonly Partial<StoredKey>[]): Promise<void> {
  for (const patch of patches) {
    it.edit(patch);
    await it.expectSilence();
  }
}

/** Demands that a policy cannot say this, and is told so with what there is instead. */
function expectRefused(it: Stage, block: object, told: string): void {
  it.want({ ...block });
  const name = Object.keys(block)[0]!;
  expect(it.problems()).toMatchObject([
    { code: "KS1201", path: `spec.key.${name}`, message: expect.stringContaining(told) },
  ]);
}

describe.each(servers)("$server", ({ model }) => {
  test("TestWorkspaceID_PreservationAcrossResources", async () => {
    // A key's workspace is never sent and never compared, however it is spelled.
    const it = await start({ model });
    it.want({ name: "key 1", usage_limits: { credit_limit: 5 } });
    expect(await it.update()).not.toHaveProperty("workspace_id");
    const spelled = [workspace, workspace.toUpperCase(), "ws-main", "WS-Main"];
    await expectNoDrift(
      it,
      spelled.map((id) => ({ workspace_id: id })),
    );
    expectRefused(it, { workspace_id: "ws-main" }, "cannot be changed by an update of the key");
  });

  test("TestGuardrail_ChecksPreservation", async () => {
    // No guardrails of Portkey's here; the lists that the server may bring into another form are these.
    const it = await start({ model });
    it.want({
      rate_limits: [perMinute, perDay],
      scopes: ["logs.view", "completions.write"],
      alert_emails: ["Ops@Example.com", "a@example.com"],
    });
    await it.update();
    await expectNoDrift(it, [
      { rate_limits: [perDay, perMinute] },
      { scopes: ["logs.view", "completions.write"] },
      { scopes: ["completions.write", "logs.view", "logs.view"] },
      { alert_emails: ["a@example.com", "Ops@example.com"] },
      { alert_emails: ["a@EXAMPLE.com", "Ops@example.COM", "a@example.com"] },
    ]);
    expectRefused(it, { guardrails: [] }, "Expected one of");
  });

  test("TestGuardrail_IsEnabledNormalization", async () => {
    // What the server adds of its own: metadata from an organisation's schema, the transition of a rotation policy.
    const it = await start({ model });
    it.want({
      defaults: { metadata: { team: "search" } },
      rotation_policy: { rotation_period: "weekly" },
      usage_limits: { credit_limit: 5 },
    });
    await it.update();
    expect(it.stored()).toMatchObject({
      allow_config_override: 1,
      rotation_policy: { key_transition_period_ms: 1_800_000 },
    });
    await it.expectSilence();
    const { defaults, usage_limits } = it.stored();
    await expectNoDrift(it, [
      { defaults: { ...defaults, metadata: { ...defaults.metadata, cost_center: "none" } } },
      { usage_limits: { ...usage_limits, is_threshold_alerts_sent: true, metadata: {}, id: "x" } },
    ]);
    expect(it.stored().defaults.metadata).toEqual({ team: "search", cost_center: "none" });
  });

  test("TestProvider_RequiresReplacePreservation", async () => {
    // Nothing of ours ever replaces a key. The id of a policy's key may be spelled in either case.
    const it = await start({ model });
    it.want({ description: "one" });
    await it.update();
    it.want({ description: "one" }, 1, (id) => id.toUpperCase());
    await it.expectSilence();
    it.want({ description: "two" }, 1, (id) => id.toUpperCase());
    expect(await it.update()).toEqual({ description: "two" });
    expectRefused(it, { provider: "openai" }, "Expected one of");
  });

  test("TestAPIKey_RequiresReplacePreservation", async () => {
    // `type`, `workspace_id` and `user_id` would need another key: a policy cannot ask for them, no read is drift.
    const it = await start({ model });
    it.want({ name: "key 1" });
    await expectNoDrift(it, [
      { type: "workspace-user", user_id: workspace },
      { type: "workspace-service", user_id: null },
      { workspace_id: workspace.toUpperCase() },
      { user_id: "user@example.com" },
    ]);
    for (const name of ["type", "workspace_id", "user_id", "organisation_id"])
      expectRefused(it, { [name]: "workspace" }, "cannot be changed by an update of the key");
    const methods = new Set(it.simulator.requests.map(({ method }) => method));
    expect([...methods]).toEqual(["GET"]);
  });

  test("TestPrompt_RequiresReplacePreservation", async () => {
    // No prompts here; the texts of a key are its name and description.
    const it = await start({ model });
    it.want({ name: " Search  bot ", description: "\tWhat it is for\n" });
    expect(await it.update()).toEqual({ name: "Search  bot", description: "What it is for" });
    await it.expectSilence();
    await expectNoDrift(it, [{ name: "Search  bot " }, { description: "What it is for\r\n" }]);
    it.edit({ name: "search  bot" });
    expect(await it.update()).toEqual({ name: "Search  bot" });
    await it.expectSilence();
  });

  test("TestIntegration_RequiresReplacePreservation", async () => {
    // No integrations here; what a key refers to is its config.
    const it = await start({ model });
    it.want({ defaults: { config_id: config.toUpperCase() } });
    await it.update();
    expect(it.stored().defaults.config_id).toBe(config);
    await it.expectSilence();
    const defaults = { metadata: null, config_id: config.toUpperCase() };
    await expectNoDrift(it, [{ defaults }]);
  });

  test("TestPolicy_RequiresReplacePreservation", async () => {
    const it = await start({ model });
    it.want({ usage_limits: { credit_limit: 5, periodic_reset: "monthly" }, rate_limits: [perMinute] });
    await it.update();
    const limits = it.stored().usage_limits;
    await expectNoDrift(it, [
      { usage_limits: { ...limits, periodic_reset: "MONTHLY" } },
      { usage_limits: { ...limits, type: null } },
      { rate_limits: [{ ...perMinute, type: "Requests", unit: "RPM" }] },
    ]);
    // In a policy there is one spelling; another one is refused, with the one that is meant.
    it.want({ usage_limits: { credit_limit: 5, periodic_reset: "MONTHLY" } });
    expect(it.problems()).toMatchObject([
      { code: "KS1204", message: expect.stringContaining('Did you mean "monthly"?') },
    ]);
    it.want({ rate_limits: [{ ...perMinute, type: "request" }] });
    expect(it.problems()).toMatchObject([
      { code: "KS1204", message: expect.stringContaining('Did you mean "requests"?') },
    ]);
  });

  test("TestConfig_JSONPreservation", async () => {
    const it = await start({ model });
    it.want(
      '{ "usage_limits": {"credit_limit": 500, "type": "cost"}, "defaults": {"metadata": {"a": "1", "b": "2"}} }',
    );
    await it.update();
    await it.expectSilence();
    // Order, white space, quotes and comments are no change; a value is.
    it.want(
      "# the same\ndefaults:\n  metadata:\n    b: '2'\n    a: \"1\"\n\nusage_limits:\n  type: cost\n  credit_limit: 500.0",
    );
    await it.expectSilence();
    it.edit({ defaults: { ...it.stored().defaults, metadata: { b: "2", a: "1" } } });
    await it.expectSilence();
    it.want("defaults: { metadata: { b: '3', a: '1' } }\nusage_limits: { type: cost, credit_limit: 500 }");
    expect(await it.update()).toMatchObject({ defaults: { metadata: { a: "1", b: "3" } } });
    await it.expectSilence();
  });

  test("TestRegression_ConfigWorkspaceIDSlugVsUUID", async () => {
    // Reads show a config's UUID and never its slug, so a slug could never be in sync: it is refused before anything is sent.
    const it = await start({ model: { ...model, configSlugs: true } });
    it.want({ defaults: { config_id: "pc-search-1a2b3c" } });
    expect(it.problems()).toMatchObject([
      {
        code: "KS1205",
        path: "spec.key.defaults.config_id",
        message: expect.stringContaining("the UUID of the config"),
      },
    ]);
    await it.apply();
    expect(it.asked().filter(({ line }) => line !== "GET")).toEqual([]);
    it.want({ defaults: { config_id: config } });
    await it.update();
    await it.expectSilence();
  });

  test("TestRegression_GuardrailChecksIsEnabled", async () => {
    // The first default gives a key its row of defaults, and that turns an unset switch to 1 by itself.
    const it = await start({ model });
    it.want({ defaults: { metadata: { team: "search" } } });
    expect(it.stored().allow_config_override).toBeNull();
    await it.update();
    expect(it.stored().allow_config_override).toBe(1);
    await it.expectSilence();
  });

  test("TestAllResources_StatePreservation_NoUnnecessaryReplacements", async () => {
    const types = ["organisation-service", "workspace-service", "workspace-user"] as const;
    const it = await start({ keys: types.map((type) => ({ type, user_id: null })), model });
    for (const n of [1, 2, 3])
      it.want(
        {
          name: `Key ${n} `,
          description: "",
          rate_limits: [perDay, perMinute],
          usage_limits: { credit_limit: 12.5, periodic_reset_days: 7 },
          scopes: ["logs.view", "completions.write"],
          defaults: {
            metadata: { n, on: true },
            config_id: config.toUpperCase(),
            allow_config_override: false,
          },
          alert_emails: ["Ops@Example.com"],
          expires_at: "2030-01-01T00:00:00.5+01:00",
          rotation_policy: { rotation_period_days: 7 },
        },
        n,
      );
    it.asked();
    expect((await it.apply()).unfinished).toEqual([]);
    const lines = it.asked().map(({ line }) => line);
    expect(lines.filter((line) => !line.startsWith("GET")).sort()).toEqual(["PUT 1", "PUT 2", "PUT 3"]);
    await it.expectSilence();
    for (const [index, type] of types.entries()) expect(it.stored(index + 1).type).toBe(type);
  });
});
