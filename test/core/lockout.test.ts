import { describe, expect, test } from "vitest";
import { lockoutReasons } from "../../src/core/lockout.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { keyId, liveKey, now, own, plan, seen, unseen } from "./build.ts";

const lifeline = { now, budget: { requests: 4, perMs: 1_000 } };
const day = 86_400_000;

function at(days: number): string {
  return new Date(now + days * day).toISOString();
}

/** What is said of the change that makes a key with `live` what `wanted` asks for; `live` null: it was not read. */
function reasons(wanted: JsonObject, live: JsonObject | null): string[] {
  const sightOf = live === null ? unseen : seen(liveKey(1, live));
  const [change] = plan({ policies: [own(1, wanted)], sightOf }).changes;
  expect(change?.keyId).toBe(keyId(1));
  return lockoutReasons(change!, lifeline);
}

const admin = [
  "organisation_service_api_keys.list",
  "organisation_service_api_keys.update",
  "workspace_user_api_keys.read",
];

describe("scopes", () => {
  test("that keys are read and written with must not go", () => {
    expect(reasons({ scopes: [admin[0]!, "logs.view"] }, { scopes: [...admin, "logs.view"] })).toEqual([
      "would lose organisation_service_api_keys.update, workspace_user_api_keys.read",
    ]);
  });

  test("that the key never had, and others, may stay away", () => {
    expect(reasons({ scopes: admin }, { scopes: [...admin, "logs.view", "workspaces.delete"] })).toEqual([]);
  });

  test("that are not known count as had", () => {
    expect(reasons({ scopes: admin }, null)).not.toEqual([]);
  });
});

describe("an expiry", () => {
  test.each([
    [6.9, null, true],
    [-1, null, true],
    [7.1, null, false],
    [3, at(30), true],
    [3, at(2), false],
  ])("%s days from now, before %s: a lockout %s", (days, before, locks) => {
    expect(reasons({ expires_at: at(days) }, { expires_at: before }).length > 0).toBe(locks);
  });

  test("taken away is none", () => {
    expect(reasons({ expires_at: null }, { expires_at: at(1) })).toEqual([]);
  });
});

describe("a budget", () => {
  const limit = { type: "cost", credit_limit: 50, periodic_reset: "monthly" };

  test.each([
    ["newly set", { credit_limit: 100 }, null, true],
    ["lowered", { credit_limit: 49 }, limit, true],
    ["raised", { credit_limit: 51 }, limit, false],
    ["in another unit", { credit_limit: 50, type: "tokens" }, limit, true],
    ["filled up less often", { credit_limit: 50, periodic_reset: null }, limit, true],
    ["filled up more often", { credit_limit: 50, periodic_reset: "weekly" }, limit, false],
    ["with an alert", { credit_limit: 50, alert_threshold: 1 }, limit, false],
    ["taken away", null, limit, false],
  ])("%s", (_, wanted, live, locks) => {
    expect(reasons({ usage_limits: wanted }, { usage_limits: live }).length > 0).toBe(locks);
  });

  test("that is not known counts as none", () => {
    expect(reasons({ usage_limits: { credit_limit: 100 } }, null)).toEqual([
      "would have a credit limit of 100",
    ]);
  });
});

describe("a rate limit", () => {
  const limit = (type: string, unit: string, value: number): JsonObject => ({ type, unit, value });

  test.each([
    [limit("requests", "rpm", 239), true],
    [limit("requests", "rpm", 240), false],
    [limit("requests", "rps", 3), true],
    [limit("requests", "rph", 14_400), false],
    [limit("requests", "rpd", 345_599), true],
    [limit("tokens", "rpm", 1), false],
    [limit("tokens", "rpm", 0), true],
    [limit("requests", "rpm", 0), true],
  ])("%j where there was none: a lockout %s", (wanted, locks) => {
    expect(reasons({ rate_limits: [wanted] }, { rate_limits: [] }).length > 0).toBe(locks);
  });

  test("that is there already, or is raised, is none", () => {
    const before = { rate_limits: [limit("requests", "rpm", 10), limit("tokens", "rpm", 5)] };
    const wanted = [limit("requests", "rpm", 20), limit("tokens", "rpm", 4)];
    expect(reasons({ rate_limits: wanted }, before)).toEqual([]);
    expect(reasons({ rate_limits: [limit("requests", "rpm", 9)] }, before)).toHaveLength(1);
  });
});

test("a rotation by the server that was not there is a lockout, a slower one is not", () => {
  const monthly = { rotation_period: "monthly", key_transition_period_ms: 3_600_000 };
  expect(reasons({ rotation_policy: monthly }, { rotation_policy: null }).length).toBeGreaterThan(0);
  const weekly = { ...monthly, rotation_period: "weekly", next_rotation_at: at(2) };
  expect(reasons({ rotation_policy: monthly }, { rotation_policy: weekly })).toEqual([]);
});

test("a former secret that ends sooner after a rotation is a lockout, one that lasts longer is not", () => {
  const policyOf = (ms: number) => ({
    rotation_policy: { rotation_period: "monthly", key_transition_period_ms: ms },
  });
  expect(reasons(policyOf(1_800_000), policyOf(432_000_000))).toHaveLength(1);
  expect(reasons(policyOf(432_000_000), policyOf(1_800_000))).toEqual([]);
});

test("a name, metadata or an address locks nobody out", () => {
  const wanted = {
    name: "x",
    description: "x",
    alert_emails: ["a@example.com"],
    defaults: { metadata: { a: "b" } },
  };
  expect(reasons(wanted, {})).toEqual([]);
});
