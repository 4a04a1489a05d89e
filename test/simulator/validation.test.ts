import { describe, expect, test } from "vitest";
import { call, get, idOf, key, put, updated, useSimulators } from "./support.ts";

const start = useSimulators();
const limit = { type: "requests", unit: "rpm", value: 1 };
const span = { key_transition_period_ms: 1_800_000 };

describe("an update is refused with 400 AB01 for", () => {
  test.each([
    ["no JSON", "{"],
    ["a list", []],
    ["a name that is empty", { name: "" }],
    ["a name of null", { name: null }],
    ["a description of null", { description: null }],
    ["no scopes at all", { scopes: [] }],
    ["scopes of null", { scopes: null }],
    ["a scope that is no text", { scopes: [1] }],
    ["one rate limit outside of a list", { rate_limits: limit }],
    ["a rate limit without a unit", { rate_limits: [{ type: "requests", value: 1 }] }],
    ["a rate limit of another type", { rate_limits: [{ ...limit, type: "cost" }] }],
    ["a rate limit of another unit", { rate_limits: [{ ...limit, unit: "rpy" }] }],
    ["a rate limit below 0", { rate_limits: [{ ...limit, value: -1 }] }],
    ["a rate limit that is no integer", { rate_limits: [{ ...limit, value: 1.5 }] }],
    ["a rate limit with an unknown part", { rate_limits: [{ ...limit, id: 1 }] }],
    ["a budget without a limit", { usage_limits: { type: "cost" } }],
    ["an empty budget", { usage_limits: {} }],
    ["a budget that is a list", { usage_limits: [{ credit_limit: 1 }] }],
    ["a budget of another type", { usage_limits: { credit_limit: 1, type: "requests" } }],
    ["a budget of type null", { usage_limits: { credit_limit: 1, type: null } }],
    ["a budget that is a text", { usage_limits: { credit_limit: "1" } }],
    ["an alert above the limit", { usage_limits: { credit_limit: 1, alert_threshold: 2 } }],
    ["another period", { usage_limits: { credit_limit: 1, periodic_reset: "daily" } }],
    ["two periods", { usage_limits: { credit_limit: 1, periodic_reset: "weekly", periodic_reset_days: 7 } }],
    ["a period of 0 days", { usage_limits: { credit_limit: 1, periodic_reset_days: 0 } }],
    ["a period of 366 days", { usage_limits: { credit_limit: 1, periodic_reset_days: 366 } }],
    ["the server's bookkeeping", { usage_limits: { credit_limit: 1, current_usage: 0 } }],
    ["a reset that is no boolean", { reset_usage: 1 }],
    ["defaults of null", { defaults: null }],
    ["metadata that is a text", { defaults: { metadata: "team=a" } }],
    ["a config that is no text", { defaults: { config_id: 5 } }],
    ["a switch that is a number", { defaults: { allow_config_override: 1 } }],
    ["a switch of null", { defaults: { allow_config_override: null } }],
    ["an email that is none", { alert_emails: ["nobody"] }],
    ["one email outside of a list", { alert_emails: "a@example.com" }],
    ["a day without a time", { expires_at: "2030-01-01" }],
    ["an instant that is empty", { expires_at: "" }],
    ["a month that there is not", { expires_at: "2030-13-01T00:00:00Z" }],
    ["an empty rotation policy", { rotation_policy: {} }],
    ["a rotation policy of a span alone", { rotation_policy: span }],
    ["another rotation period", { rotation_policy: { rotation_period: "daily" } }],
    ["two rotation periods", { rotation_policy: { rotation_period: "weekly", rotation_period_days: 7 } }],
    [
      "a rotation period and a date",
      { rotation_policy: { rotation_period: "weekly", next_rotation_at: "2099-01-01T00:00:00Z" } },
    ],
    ["rotation every 0 days", { rotation_policy: { rotation_period_days: 0 } }],
    ["rotation on a date that is none", { rotation_policy: { next_rotation_at: "soon" } }],
    [
      "a transition below 30 minutes",
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 1_799_999 } },
    ],
    [
      "a transition of null",
      { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: null } },
    ],
    [
      "a transition as long as the period",
      { rotation_policy: { rotation_period_days: 1, key_transition_period_ms: 86_400_000 } },
    ],
  ])("%s", async (_, body) => {
    const simulator = await start({ keys: [key(1)] });
    const before = (await get(simulator, 1)).json;
    const { status, json } = await put(simulator, 1, body);
    expect([status, json.data.errorCode]).toEqual([400, "AB01"]);
    expect((await get(simulator, 1)).json).toEqual(before);
  });
});

describe("an update is accepted with", () => {
  test.each([
    ["nothing", {}],
    ["a rate limit of 0", { rate_limits: [{ ...limit, value: 0 }] }],
    ["a limit of each type", { rate_limits: [limit, { ...limit, type: "tokens", unit: "rpw" }] }],
    ["an alert at the limit", { usage_limits: { credit_limit: 2, alert_threshold: 2 } }],
    [
      "explicit nulls in a budget",
      { usage_limits: { credit_limit: 2, alert_threshold: null, periodic_reset: null } },
    ],
    ["a fraction of a credit", { usage_limits: { credit_limit: 0.5 } }],
    ["metadata of any values", { defaults: { metadata: { a: 1, b: null, c: ["d"] } } }],
    [
      "names as JavaScript has them",
      { constructor: 1, toString: 2, defaults: { metadata: { constructor: "x" } } },
    ],
    ["an unknown scope", { scopes: ["brand_new.read"] }],
    ["an expiry that is over", { expires_at: "2001-01-01T00:00:00Z" }],
  ])("%s", async (_, body) => {
    const simulator = await start({ keys: [key(1)] });
    expect((await put(simulator, 1, body)).text).toBe("{}");
  });
});

test("fractions of a credit are refused where the model says so", async () => {
  const simulator = await start({ keys: [key(1)], model: { wholeBudgets: true } });
  expect((await put(simulator, 1, { usage_limits: { credit_limit: 0.5 } })).status).toBe(400);
  expect((await put(simulator, 1, { usage_limits: { credit_limit: 5, alert_threshold: 0.5 } })).status).toBe(
    400,
  );
  await updated(simulator, 1, { usage_limits: { credit_limit: 5, alert_threshold: 4 } });
});

test.each([
  ["workspace-user", "workspace_user_api_keys.read", 400],
  ["workspace-service", "workspace_user_api_keys.read", 200],
  ["workspace-service", "organisation_service_api_keys.read", 400],
  ["organisation-service", "organisation_service_api_keys.read", 200],
] as const)("a %s key with the scope %s: %d", async (type, scope, status) => {
  const simulator = await start({ keys: [key(1, { type })] });
  expect((await put(simulator, 1, { scopes: [scope] })).status).toBe(status);
});

describe("a create", () => {
  const body = { name: "made", scopes: ["completions.write"], workspace_id: "ws-main" };

  test.each([
    ["organisation/user", body],
    ["workspace/robot", body],
    ["workspace/service", { ...body, name: undefined }],
    ["workspace/service", { ...body, scopes: undefined }],
    ["workspace/service", { ...body, workspace_id: undefined }],
    ["workspace/user", body],
    ["workspace/service", { ...body, rate_limits: [{}] }],
    ["workspace/service", undefined],
  ])("of %s with %j is refused", async (type, sent) => {
    const simulator = await start();
    const { status } = await call(simulator, `POST /v1/api-keys/${type}`, { body: sent });
    expect(status).toBe(400);
    expect(simulator.keys.size).toBe(0);
  });

  test("gives the whole secret once, and a key that reads as it was sent", async () => {
    const simulator = await start({ keys: [key(1)] });
    const sent = { ...body, user_id: idOf(5), expires_at: "2099-01-01T00:00:00Z", rate_limits: [limit] };
    const { json } = await call(simulator, "POST /v1/api-keys/workspace/user", { body: sent });
    expect(json.object).toBe("api-key");
    const read = (await call(simulator, `GET /v1/api-keys/${json.id}`)).json;
    expect(read).toMatchObject({
      name: "made",
      type: "workspace-user",
      user_id: idOf(5),
      workspace_id: simulator.keys.get(idOf(1))?.workspace_id,
      creation_mode: "api",
      expires_at: "2099-01-01T00:00:00.000Z",
      rate_limits: [limit],
    });
    expect(read.key).toBe(`${json.key.slice(0, 2)}*****${json.key.slice(-3)}`);
    expect((await call(simulator, "GET /v1/api-keys")).json.data[0].id).toBe(json.id);
    expect(JSON.stringify(simulator.requests)).not.toContain(json.key);
  });
});
