/*
 * The acceptance tests of Portkey's Terraform provider for its resource `portkey_api_key`, by their names, as rules of
 * ours: the provider makes keys, we keep keys as they are wanted. Where a test is about something that we do not do (to
 * make a key, to rotate it, to reset its usage), the one here holds what we do instead, and a comment says so. Every test
 * that ends with a key at rest demands silence afterwards, which stands for the provider's "empty plan after refresh"
 * and for its round trips through an import. Each runs against two servers.
 */
import { describe, expect, test } from "vitest";
import { servers, useStages, type Stage } from "./stage.ts";

const config = "1f0c6a2b-9d3e-4f50-8a1b-2c3d4e5f6a7b";
const start = useStages();

describe.each(servers)("$server", ({ model }) => {
  const stage = (): Promise<Stage> => start({ keys: [{ type: "organisation-service" }], model });

  test("TestAccAPIKeyResource_basic", async () => {
    const it = await stage();
    // Keys are made elsewhere; the import that follows there is a policy that says what is so.
    it.want({ name: "key 1", scopes: ["completions.write"] });
    await it.expectSilence();
    it.want({ name: "renamed", description: "new", scopes: ["completions.write"] });
    expect(await it.update()).toEqual({ name: "renamed", description: "new" });
    expect(it.stored()).toMatchObject({ name: "renamed", description: "new", status: "active" });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withScopes", async () => {
    const it = await stage();
    it.want({ scopes: ["logs.view", "completions.write"] });
    expect(await it.update()).toEqual({ scopes: ["completions.write", "logs.view"] });
    expect(it.stored().scopes).toEqual(["completions.write", "logs.view"]);
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withMetadata", async () => {
    const it = await stage();
    it.want({ defaults: { metadata: { env: "test", team: "search" } } });
    await it.update();
    expect(it.stored().defaults.metadata).toEqual({ env: "test", team: "search" });
    await it.expectSilence();
    it.want({ defaults: { metadata: { env: "prod", team: "chat", tier: "2" } } });
    await it.update();
    expect(it.stored().defaults.metadata).toEqual({ env: "prod", team: "chat", tier: "2" });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withAlertEmails", async () => {
    const it = await stage();
    const [one, two] = ["one@example.com", "two@example.com"];
    it.want({ alert_emails: [one] });
    expect(await it.update()).toEqual({ alert_emails: [one] });
    it.want({ alert_emails: [two, one] });
    expect(await it.update()).toEqual({ alert_emails: [one, two] });
    await it.expectSilence();
    it.want({ alert_emails: null });
    expect(await it.update()).toEqual({ alert_emails: null });
    expect(it.stored().alert_emails ?? []).toEqual([]);
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withMetadataAndAlertEmails", async () => {
    const it = await stage();
    it.want({ defaults: { metadata: { env: "test" } }, alert_emails: ["one@example.com"] });
    expect(Object.keys(await it.update()).sort()).toEqual(["alert_emails", "defaults"]);
    expect(it.stored()).toMatchObject({
      defaults: { metadata: { env: "test" } },
      alert_emails: ["one@example.com"],
    });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withUsageLimits", async () => {
    const it = await stage();
    it.want({ usage_limits: { credit_limit: 500, periodic_reset: "monthly" } });
    await it.update();
    expect(it.stored().usage_limits).toMatchObject({ credit_limit: 500, periodic_reset: "monthly" });
    await it.expectSilence();
    it.want({ usage_limits: { credit_limit: 1000, periodic_reset: "weekly" } });
    await it.update();
    expect(it.stored().usage_limits).toMatchObject({ credit_limit: 1000, periodic_reset: "weekly" });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withRateLimits", async () => {
    const it = await stage();
    it.want({ rate_limits: [{ type: "requests", unit: "rpm", value: 100 }] });
    await it.update();
    await it.expectSilence();
    it.want({ rate_limits: [{ type: "requests", unit: "rpd", value: 5000 }] });
    await it.update();
    expect(it.stored().rate_limits).toEqual([{ type: "requests", unit: "rpd", value: 5000 }]);
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_clearUsageLimits", async () => {
    const it = await stage();
    it.want({ name: "key 1", usage_limits: { credit_limit: 500, periodic_reset: "monthly" } });
    await it.update();
    // A block that is taken out of a policy clears nothing: the limit stays, and that is told.
    it.want({ name: "key 1" });
    const { changes, notices } = await it.plan();
    expect([changes, notices.map(({ kind }) => kind)]).toEqual([[], ["released"]]);
    await it.expectSilence();
    expect(it.stored().usage_limits).toMatchObject({ credit_limit: 500 });
    it.want({ name: "key 1", usage_limits: null });
    expect(await it.update()).toEqual({ usage_limits: null });
    expect(it.stored().usage_limits).toBeNull();
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_clearRateLimits", async () => {
    const it = await stage();
    it.want({ rate_limits: [{ type: "requests", unit: "rpm", value: 100 }] });
    await it.update();
    it.want({ name: "key 1" });
    await it.apply();
    expect(it.stored().rate_limits).toHaveLength(1);
    it.want({ name: "key 1", rate_limits: null });
    expect(await it.update()).toEqual({ rate_limits: null });
    expect(it.stored().rate_limits).toEqual([]);
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withConfigID", async () => {
    const it = await stage();
    it.want({ defaults: { config_id: config, allow_config_override: false } });
    expect(await it.update()).toEqual({
      defaults: { config_id: config, allow_config_override: false },
    });
    expect(it.stored()).toMatchObject({ defaults: { config_id: config }, allow_config_override: 0 });
    await it.expectSilence();
    it.want({ defaults: { config_id: config, allow_config_override: true } });
    await it.update();
    expect(it.stored()).toMatchObject({ defaults: { config_id: config }, allow_config_override: 1 });
    await it.expectSilence();
    it.want({ defaults: { config_id: null } });
    expect(await it.update()).toEqual({
      defaults: { config_id: null, allow_config_override: true },
    });
    expect(it.stored().defaults.config_id).toBeNull();
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_allowConfigOverrideWithoutConfigID", async () => {
    const it = await stage();
    // A rule of the provider alone: keys have the switch without a config. True is what unset means already.
    it.want({ defaults: { allow_config_override: true } });
    expect(it.problems()).toEqual([]);
    await it.expectSilence();
    expect(it.stored().allow_config_override).toBeNull();
    it.want({ defaults: { allow_config_override: false } });
    expect(await it.update()).toEqual({ defaults: { allow_config_override: false } });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withExpiresAt", async () => {
    const it = await stage();
    it.want({ expires_at: "2030-01-01T00:00:00Z" });
    expect(await it.update()).toEqual({ expires_at: "2030-01-01T00:00:00Z" });
    await it.expectSilence();
    it.want({ expires_at: "2031-07-01T01:59:59+02:00" });
    await it.update();
    expect(it.stored().expires_at).toBe("2031-06-30T23:59:59.000Z");
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_withRotationPolicy", async () => {
    const it = await stage();
    it.want({ rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 3_600_000 } });
    expect(await it.update()).toEqual({
      rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 3_600_000 },
    });
    expect(it.stored().rotation_policy).toMatchObject({ next_rotation_at: "2026-04-01T00:00:00.000Z" });
    await it.expectSilence();
    it.want({ rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_800_000 } });
    await it.update();
    expect(it.stored().rotation_policy).toMatchObject({
      rotation_period: "weekly",
      key_transition_period_ms: 1_800_000,
    });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_resetUsage", async () => {
    const it = await stage();
    it.edit({ usage_limits: { credit_limit: 10, type: "cost", current_usage: 4 } });
    // An action is no state: a policy cannot keep it, and no update of ours carries it.
    it.want({ reset_usage: true });
    expect(it.problems()).toMatchObject([
      { code: "KS1201", message: expect.stringContaining("is an action, not a state") },
    ]);
    await it.apply();
    it.want({ usage_limits: { credit_limit: 20 } });
    expect(await it.update()).toEqual({ usage_limits: { type: "cost", credit_limit: 20 } });
    expect(it.stored()).toMatchObject({ last_reset_at: null, usage_limits: { current_usage: 4 } });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_usageLimitsWithType", async () => {
    const it = await stage();
    it.want({ usage_limits: { type: "tokens", credit_limit: 500_000, periodic_reset: "monthly" } });
    await it.update();
    await it.expectSilence();
    it.want({ usage_limits: { type: "cost", credit_limit: 1000, periodic_reset: "weekly" } });
    await it.update();
    expect(it.stored().usage_limits).toMatchObject({
      type: "cost",
      credit_limit: 1000,
      periodic_reset: "weekly",
    });
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_usageLimitsPeriodicResetDays", async () => {
    const it = await stage();
    it.want({ usage_limits: { credit_limit: 500, periodic_reset_days: 30 } });
    await it.update();
    expect(it.stored().usage_limits).toMatchObject({ credit_limit: 500, periodic_reset_days: 30 });
    await it.expectSilence();
    it.pass(31 * 86_400_000);
    await it.expectSilence();
    // The other kind of period takes its place.
    it.want({ usage_limits: { credit_limit: 500, periodic_reset: "weekly" } });
    await it.update();
    await it.expectSilence();
  });

  test("TestAccAPIKeyResource_rotateTrigger", async () => {
    const it = await stage();
    // Nothing that a policy says rotates a key: there is no trigger, and a policy that has not changed sends nothing.
    it.want({ rotate_trigger: "1" });
    expect(it.problems()).toMatchObject([{ code: "KS1201", path: "spec.key.rotate_trigger" }]);
    const secret = it.stored().key;
    await it.apply();
    it.want({ rotation_policy: { rotation_period: "weekly" } });
    await it.update();
    await it.expectSilence();
    expect(it.stored().key).toBe(secret);
    expect(it.simulator.requests.filter(({ method }) => method === "POST")).toEqual([]);
    // When the server rotates it, that is no drift.
    it.pass(8 * 86_400_000);
    await it.expectSilence();
    expect(it.stored().key).not.toBe(secret);
  });

  test("TestAccAPIKeyResource_rotateTriggerWithRename", async () => {
    const it = await stage();
    // Somebody rotates the key while a policy renames it: both take effect, and neither undoes the other.
    const { url, adminKey } = it.simulator;
    const rotated = await fetch(`${url}/v1/api-keys/${it.stored().id}/rotate`, {
      method: "POST",
      headers: { "x-portkey-api-key": adminKey },
    });
    expect(rotated.status).toBe(200);
    const { key: secret, transition_until: until } = it.stored();
    it.want({ name: "renamed" });
    expect(await it.update()).toEqual({ name: "renamed" });
    expect(it.stored()).toMatchObject({ name: "renamed", key: secret, transition_until: until });
    await it.expectSilence();
  });

  /** Each policy is refused offline, with this code at this path, and nothing is sent. */
  const refused: readonly (readonly [name: string, block: object, code: string, path: string])[] = [
    ["expiresAtInvalidFormat", { expires_at: "2030-01-01" }, "KS1205", "expires_at"],
    [
      "rotationPolicyBelowMinTransition",
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_799_999 } },
      "KS1204",
      "rotation_policy.key_transition_period_ms",
    ],
    ["usageLimitsMissingCreditLimit", { usage_limits: { type: "cost" } }, "KS1404", "usage_limits"],
    [
      "usageLimitsMutualExclusion",
      { usage_limits: { credit_limit: 5, periodic_reset: "weekly", periodic_reset_days: 7 } },
      "KS1401",
      "usage_limits.periodic_reset_days",
    ],
    [
      "usageLimitsPeriodicResetDaysZero",
      { usage_limits: { credit_limit: 5, periodic_reset_days: 0 } },
      "KS1204",
      "usage_limits.periodic_reset_days",
    ],
    [
      "usageLimitsPeriodicResetDaysOverMax",
      { usage_limits: { credit_limit: 5, periodic_reset_days: 366 } },
      "KS1204",
      "usage_limits.periodic_reset_days",
    ],
    [
      "rotationPolicyMutuallyExclusive",
      { rotation_policy: { rotation_period: "weekly", next_rotation_at: "2027-01-01T00:00:00Z" } },
      "KS1402",
      "rotation_policy.next_rotation_at",
    ],
    [
      "usageLimitsAlertThresholdExceedsCreditLimit",
      { usage_limits: { credit_limit: 5, alert_threshold: 6 } },
      "KS1403",
      "usage_limits.alert_threshold",
    ],
    ["nameTooLong", { name: "n".repeat(101) }, "KS1204", "name"],
    [
      "rotationPolicyNextRotationAtInvalidFormat",
      { rotation_policy: { next_rotation_at: "soon" } },
      "KS1205",
      "rotation_policy.next_rotation_at",
    ],
    // There is no rotation on demand; how long the old secret lives belongs to the rotation policy.
    [
      "rotateTriggerBelowMinTransition",
      { key_transition_period_ms: 60_000 },
      "KS1201",
      "key_transition_period_ms",
    ],
  ];

  test.each(refused)("TestAccAPIKeyResource_%s", async (_name, block, code, path) => {
    const it = await stage();
    it.want({ description: "must not be sent", ...block });
    const errors = it.problems().filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([{ code, path: `spec.key.${path}` }]);
    const before = it.stored();
    await it.apply();
    expect(it.asked().filter(({ line }) => line !== "GET")).toEqual([]);
    expect(it.stored()).toEqual(before);
  });

  test("TestAccAPIKeyResource_rotationPolicyEmptyBlock", async () => {
    const it = await stage();
    // An empty block says nothing, as everywhere in a policy; one with nothing but a transition is refused.
    it.edit({
      rotation_policy: {
        rotation_period: "weekly",
        next_rotation_at: null,
        key_transition_period_ms: 7_200_000,
      },
    });
    it.want({ rotation_policy: {} });
    expect(it.problems()).toEqual([]);
    await it.expectSilence();
    expect(it.stored().rotation_policy).toMatchObject({ rotation_period: "weekly" });
    it.want({ rotation_policy: { key_transition_period_ms: 3_600_000 } });
    expect(it.problems()).toMatchObject([{ code: "KS1405", path: "spec.key.rotation_policy" }]);
    it.asked();
    await it.apply();
    expect(it.asked().filter(({ line }) => line.startsWith("PUT"))).toEqual([]);
  });
});
