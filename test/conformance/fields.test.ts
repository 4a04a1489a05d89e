/*
 * Field by field, as Portkey's API reference and recorded answers have them: how each is emptied and how it then reads;
 * which cannot be emptied; which cannot be set at all, and move by themselves.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/policy.ts";
import type { StoredKey } from "../../src/simulator/stored-key.ts";
import { servers, useStages } from "./stage.ts";

const config = "1f0c6a2b-9d3e-4f50-8a1b-2c3d4e5f6a7b";
const other = "2f0c6a2b-9d3e-4f50-8a1b-2c3d4e5f6a7c";
const limit = { type: "requests", unit: "rpm", value: 600 };
const budget = { type: "cost", credit_limit: 500, alert_threshold: 400 };
const rotation = { rotation_period: "weekly", next_rotation_at: null, key_transition_period_ms: 3_600_000 };
const start = useStages();

interface Emptied {
  readonly field: string;
  /** What the key has before. */
  readonly before: Partial<StoredKey>;
  /** What the policy says. */
  readonly wanted: JsonObject;
  /** What is sent. */
  readonly sent: JsonObject;
  /** What may be read once it is emptied. */
  readonly reads: readonly Partial<StoredKey>[];
}

const emptied: readonly Emptied[] = [
  {
    field: "description",
    before: { description: "set" },
    wanted: { description: null },
    sent: { description: "" },
    reads: [{ description: "" }, { description: null }],
  },
  {
    field: "rate_limits",
    before: { rate_limits: [limit] },
    wanted: { rate_limits: null },
    sent: { rate_limits: null },
    reads: [{ rate_limits: [] }],
  },
  {
    field: "usage_limits",
    before: { usage_limits: budget },
    wanted: { usage_limits: null },
    sent: { usage_limits: null },
    reads: [{ usage_limits: null }, { usage_limits: { is_expired_alerts_sent: true } }, { usage_limits: {} }],
  },
  {
    field: "usage_limits.alert_threshold",
    before: { usage_limits: budget },
    wanted: { usage_limits: { alert_threshold: null, credit_limit: 500 } },
    sent: { usage_limits: { type: "cost", credit_limit: 500, alert_threshold: null } },
    reads: [
      { usage_limits: { type: "cost", credit_limit: 500, alert_threshold: null } },
      { usage_limits: { type: "cost", credit_limit: 500 } },
    ],
  },
  {
    field: "usage_limits.periodic_reset",
    before: { usage_limits: { ...budget, periodic_reset: "monthly" } },
    wanted: { usage_limits: { periodic_reset: null, credit_limit: 500 } },
    sent: { usage_limits: { ...budget, periodic_reset: null } },
    reads: [
      { usage_limits: { ...budget, periodic_reset: null } },
      { usage_limits: { ...budget, periodic_reset: "" } },
      { usage_limits: budget },
    ],
  },
  {
    field: "usage_limits.periodic_reset_days",
    before: { usage_limits: { ...budget, periodic_reset_days: 30 } },
    wanted: { usage_limits: { periodic_reset_days: null, credit_limit: 500 } },
    sent: { usage_limits: { ...budget, periodic_reset_days: null } },
    reads: [{ usage_limits: { ...budget, periodic_reset_days: null } }, { usage_limits: budget }],
  },
  {
    field: "defaults.metadata",
    before: { defaults: { metadata: { team: "search" }, config_id: config } },
    wanted: { defaults: { metadata: null } },
    sent: { defaults: { metadata: {}, config_id: config, allow_config_override: true } },
    reads: [
      { defaults: { metadata: null, config_id: config } },
      { defaults: { metadata: {}, config_id: config } },
    ],
  },
  {
    field: "defaults.config_id",
    before: { defaults: { metadata: { team: "search" }, config_id: config } },
    wanted: { defaults: { config_id: null } },
    sent: { defaults: { metadata: { team: "search" }, config_id: null, allow_config_override: true } },
    reads: [
      { defaults: { metadata: { team: "search" }, config_id: null } },
      { defaults: { metadata: { team: "search" }, config_id: "" } },
    ],
  },
  {
    field: "alert_emails",
    before: { alert_emails: ["a@example.com"] },
    wanted: { alert_emails: [] },
    sent: { alert_emails: null },
    reads: [{ alert_emails: null }, { alert_emails: [] }],
  },
  {
    field: "expires_at",
    before: { expires_at: "2030-01-01T00:00:00.000Z" },
    wanted: { expires_at: null },
    sent: { expires_at: null },
    reads: [{ expires_at: null }],
  },
  {
    field: "rotation_policy",
    before: { rotation_policy: rotation },
    wanted: { rotation_policy: null },
    sent: { rotation_policy: null },
    reads: [{ rotation_policy: null }],
  },
];

describe.each(servers)("how each field is emptied and reads then, on $server", ({ model }) => {
  test.each(emptied)("field $field", async ({ before, wanted, sent, reads }) => {
    const it = await start({ keys: [before], model });
    it.want(wanted);
    expect(await it.update()).toEqual(sent);
    await it.expectSilence();
    for (const read of reads) {
      it.edit(read);
      await it.expectSilence();
    }
    // Somebody puts it back: that is drift, mended once.
    it.edit(before);
    expect(await it.update()).toEqual(sent);
    await it.expectSilence();
  });
});

/** Fields for which there is no known way to be empty, and what a policy that asks for it is told. */
const never: readonly (readonly [field: string, wanted: JsonObject, code: string])[] = [
  ["name", { name: null }, "KS1203"],
  ["name", { name: "" }, "KS1204"],
  ["scopes", { scopes: null }, "KS1203"],
  ["scopes", { scopes: [] }, "KS1204"],
  ["usage_limits.credit_limit", { usage_limits: { credit_limit: null } }, "KS1203"],
  ["usage_limits.type", { usage_limits: { type: null, credit_limit: 5 } }, "KS1203"],
  ["defaults.allow_config_override", { defaults: { allow_config_override: null } }, "KS1203"],
  [
    "rotation_policy.key_transition_period_ms",
    { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: null } },
    "KS1203",
  ],
];

test.each(never)("field %s cannot be emptied: %j is refused", async (field, wanted, code) => {
  const it = await start();
  it.want(wanted);
  expect(it.problems()).toMatchObject([{ code, path: `spec.key.${field}`, severity: "error" }]);
  await it.apply();
  expect(it.asked().filter(({ line }) => line.startsWith("PUT"))).toEqual([]);
});

/** One kind of time takes the place of another: the others read as empty then. */
test("field rotation_policy.*: a period by name, in days and a date replace each other", async () => {
  for (const { model } of servers) {
    const it = await start({ keys: [{ rotation_policy: rotation }], model });
    for (const wanted of [
      { rotation_period_days: 10, rotation_period: null },
      { next_rotation_at: "2030-01-01T00:00:00Z" },
      { rotation_period: "monthly", next_rotation_at: null, rotation_period_days: null },
    ]) {
      it.want({ rotation_policy: wanted });
      const body = await it.update();
      expect(body["rotation_policy"]).toMatchObject({ key_transition_period_ms: 3_600_000 });
      await it.expectSilence();
    }
  }
});

test("every field that a policy can set is among these", () => {
  const schema = JSON.parse(
    readFileSync(new URL("../../schema/policy.schema.json", import.meta.url), "utf8"),
  ) as { $defs: Record<string, { properties: Record<string, { $ref?: string }> }> };
  const paths = Object.entries(schema.$defs["Key"]!.properties).flatMap(([name, { $ref }]) => {
    const group = $ref === undefined ? undefined : schema.$defs[$ref.replace("#/$defs/", "")];
    return group === undefined ? [name] : Object.keys(group.properties).map((part) => `${name}.${part}`);
  });
  const held = new Set([...emptied.map(({ field }) => field), ...never.map(([field]) => field)]);
  expect(paths.filter((path) => !held.has(path))).toEqual([
    "rotation_policy.rotation_period",
    "rotation_policy.rotation_period_days",
    "rotation_policy.next_rotation_at",
  ]);
});

interface Theirs {
  readonly field: string;
  readonly asked: JsonObject;
  /** The server's own change of it. */
  readonly change: Partial<StoredKey>;
}

const whole = { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" };

/** Fields that only the server, or nobody, sets. */
const theirs: readonly Theirs[] = [
  { field: "id", asked: { id: other }, change: {} },
  { field: "key", asked: { key: "z1*****3AX" }, change: { key: "q7*****9Bv" } },
  { field: "type", asked: { type: "workspace-user" }, change: { type: "workspace-user" } },
  { field: "sub-type", asked: { "sub-type": "user" }, change: {} },
  { field: "user_id", asked: { user_id: other }, change: { user_id: other } },
  { field: "workspace_id", asked: { workspace_id: "ws-main" }, change: { workspace_id: other } },
  { field: "organisation_id", asked: { organisation_id: other }, change: { organisation_id: other } },
  { field: "status", asked: { status: "active" }, change: { status: "exhausted" } },
  { field: "creation_mode", asked: { creation_mode: "ui" }, change: { creation_mode: "auto" } },
  { field: "created_at", asked: { created_at: "2030-01-01T00:00:00Z" }, change: {} },
  { field: "last_updated_at", asked: { last_updated_at: "2030-01-01T00:00:00Z" }, change: {} },
  { field: "reset_usage", asked: { reset_usage: true }, change: { reset_usage: 1 } },
  {
    field: "last_reset_at",
    asked: { last_reset_at: "2030-01-01T00:00:00Z" },
    change: { last_reset_at: "2026-03-01T00:00:00.000Z" },
  },
  {
    field: "last_rotated_at",
    asked: { last_rotated_at: "2030-01-01T00:00:00Z" },
    change: { last_rotated_at: "2026-03-01T00:00:00.000Z" },
  },
  { field: "expiry_enforced", asked: { expiry_enforced: 1 }, change: { expiry_enforced: 1 } },
  {
    field: "api_key_defaults_id",
    asked: { api_key_defaults_id: other },
    change: { api_key_defaults_id: other },
  },
  {
    field: "next_usage_reset_at",
    asked: { next_usage_reset_at: "2030-01-01T00:00:00Z" },
    change: { usage_limits: { ...whole, next_usage_reset_at: "2026-03-08T00:00:00.000Z" } },
  },
  {
    field: "usage_limits.next_usage_reset_at",
    asked: { usage_limits: { credit_limit: 5, next_usage_reset_at: "2030-01-01T00:00:00Z" } },
    change: { usage_limits: { ...whole, next_usage_reset_at: "2026-05-01T00:00:00.000Z" } },
  },
  {
    field: "usage_limits.current_usage",
    asked: { usage_limits: { credit_limit: 5, current_usage: 0 } },
    change: { usage_limits: { ...whole, current_usage: 450.25, is_threshold_alerts_sent: true } },
  },
  {
    field: "rotation_policy.status",
    asked: { rotation_policy: { rotation_period: "weekly", status: "ACTIVE" } },
    change: { rotation_policy: { ...rotation, next_rotation_at: "2026-03-23T00:00:00.000Z" } },
  },
];

test.each(theirs)(
  "field $field is the server's: no policy can say it, no change of it is drift",
  async (row) => {
    const it = await start();
    it.want(row.asked);
    expect(it.problems()).toMatchObject([
      {
        code: "KS1201",
        path: `spec.key.${row.field}`,
        message: expect.stringMatching(/Delete it|delete or rename|Did you mean/),
      },
    ]);
    it.want({
      name: "key 1",
      usage_limits: whole,
      rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 3_600_000 },
      defaults: { metadata: { team: "search" } },
    });
    await it.update();
    await it.expectSilence();
    it.edit(row.change);
    await it.expectSilence();
  },
);
