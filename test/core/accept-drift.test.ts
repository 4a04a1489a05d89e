import { describe, expect, test } from "vitest";
import { planAcceptance, type AcceptInput, type AcceptPlan } from "../../src/core/accept-drift.ts";
import type { AppliedField } from "../../src/core/ledger.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import {
  applied,
  at,
  confirmed,
  keyId,
  liveKey,
  now,
  own,
  policy,
  policySet,
  profile,
  resolve,
  settleMs,
  type SetParts,
} from "./build.ts";

interface Parts extends SetParts, Partial<Pick<AcceptInput, "restored" | "named">> {
  readonly live: JsonObject;
  readonly ledger?: Record<string, AppliedField>;
}

function accepting(parts: Parts): AcceptPlan {
  const set = policySet(parts);
  const { live, ledger, restored = false, named = [] } = parts;
  return planAcceptance({
    keyId: keyId(1),
    set,
    resolution: resolve(parts),
    live: liveKey(1, live),
    applied: ledger === undefined ? undefined : applied(ledger).get(keyId(1)),
    restored,
    named,
    now,
    settleMs,
  });
}

/** What is said of each accepted field, and why the others are left. */
function told(plan: AcceptPlan): { accepted: unknown; left: string[] } {
  if (plan.kind === "refused") throw new Error(plan.reason);
  return {
    accepted: Object.fromEntries(plan.accepted.map(({ path, to }) => [path, to])),
    left: plan.left.map(({ path }) => path),
  };
}

describe("which differences are accepted", () => {
  const policies = [own(1, { name: "a" })];
  const live = { name: "b" };

  test("what was applied and then changed by somebody", () => {
    const ledger = { name: confirmed("a") };
    expect(told(accepting({ policies, live, ledger }))).toEqual({ accepted: { name: "b" }, left: [] });
  });

  test("not what the policy has asked for since it was applied, unless it is named or was put back by a person", () => {
    const parts = { policies, live, ledger: { name: confirmed("before") } };
    expect(told(accepting(parts))).toEqual({ accepted: {}, left: ["name"] });
    expect(told(accepting({ ...parts, named: ["name"] })).accepted).toEqual({ name: "b" });
    expect(told(accepting({ ...parts, restored: true })).accepted).toEqual({ name: "b" });
  });

  test("all that differs of a key of which nothing is known, or whose policy only reports", () => {
    expect(told(accepting({ policies, live })).accepted).toEqual({ name: "b" });
    const reporting = [own(1, { name: "a" }, "report")];
    const ledger = { name: confirmed("before") };
    expect(told(accepting({ policies: reporting, live, ledger })).accepted).toEqual({ name: "b" });
  });

  test("not what our last write replaced a moment ago, not even where it is named: reads may lag", () => {
    const ledger = { name: { ...confirmed("a", now - 1), replaced: ["b"] } };
    const plan = accepting({ policies, live, ledger, named: ["name"] });
    expect(told(plan)).toEqual({ accepted: {}, left: ["name"] });
  });

  test("a group that is named means its parts", () => {
    const budget = [
      own(1, { name: "a", usage_limits: { type: "cost", credit_limit: 5, alert_threshold: 1 } }),
    ];
    const usage = { name: "b", usage_limits: { type: "cost", credit_limit: 9, alert_threshold: 2 } };
    expect(told(accepting({ policies: budget, live: usage, named: ["usage_limits"] })).accepted).toEqual({
      "usage_limits.credit_limit": 9,
      "usage_limits.alert_threshold": 2,
    });
  });
});

describe("a field that an override in force sets", () => {
  const until = "2027-01-01T00:00:00Z";
  const budget = { type: "cost", credit_limit: 5, alert_threshold: 1 };
  const overridden = (key: JsonObject): Pick<Parts, "policies"> => ({
    policies: [
      policy({ keyIds: [keyId(1)], key: { name: "a", usage_limits: budget }, overrides: [{ until, key }] }),
    ],
  });

  test("is left, and the others are accepted, parts of the same group too", () => {
    const parts = overridden({ usage_limits: { credit_limit: 7 } });
    const live = { name: "b", usage_limits: { ...budget, credit_limit: 9, alert_threshold: 2 } };
    const plan = accepting({ ...parts, live });
    expect(told(plan)).toEqual({
      accepted: { name: "b", "usage_limits.alert_threshold": 2 },
      left: ["usage_limits.credit_limit"],
    });
    expect(plan).toMatchObject({
      left: [{ reason: expect.stringContaining(`policies/team.yaml:101 sets it until ${until}`) as string }],
    });
    expect(told(accepting({ ...parts, live, named: ["usage_limits.credit_limit"] })).accepted).toEqual({});
  });

  test("is left with its whole group where the group is gone", () => {
    const parts = overridden({ usage_limits: { credit_limit: 7 } });
    expect(told(accepting({ ...parts, live: { name: "a", usage_limits: null } }))).toEqual({
      accepted: {},
      left: ["usage_limits.type", "usage_limits.credit_limit", "usage_limits.alert_threshold"],
    });
  });

  test("is left with the other way of resetting that it implies", () => {
    const reset = { type: "cost", credit_limit: 5, periodic_reset: "monthly" };
    const weekly = { usage_limits: { periodic_reset: "weekly" } };
    const policies = [policy({ key: { usage_limits: reset }, overrides: [{ until, key: weekly }] })];
    const live = { usage_limits: { type: "cost", credit_limit: 5, periodic_reset_days: 3 } };
    expect(told(accepting({ policies, live }))).toEqual({
      accepted: {},
      left: ["usage_limits.periodic_reset", "usage_limits.periodic_reset_days"],
    });
  });

  test("is accepted before the override begins and once it is over: then the policy's own block says it", () => {
    for (const [from, end] of [
      ["2026-12-01T00:00:00Z", until],
      [undefined, "2026-08-01T00:00:00Z"],
    ]) {
      const overrides = [{ ...(from === undefined ? {} : { from }), until: end!, key: { name: "c" } }];
      const policies = [policy({ key: { name: "a" }, overrides })];
      expect(told(accepting({ policies, live: { name: "b" } })).accepted).toEqual({ name: "b" });
    }
  });
});

describe("what is said", () => {
  const rotating = (rotation_policy: JsonObject): Pick<Parts, "policies"> => ({
    policies: [own(1, { rotation_policy })],
  });

  test("a date instead of a period: the period goes, and the date is said", () => {
    const live = { rotation_policy: { next_rotation_at: "2099-01-01T00:00:00Z" } };
    expect(told(accepting({ ...rotating({ rotation_period: "weekly" }), live })).accepted).toEqual({
      "rotation_policy.rotation_period": null,
      "rotation_policy.next_rotation_at": "2099-01-01T00:00:00Z",
    });
  });

  test("a period instead of a date: the date beside it is the server's", () => {
    const live = { rotation_policy: { rotation_period: "weekly", next_rotation_at: "2099-03-01T00:00:00Z" } };
    const parts = { ...rotating({ next_rotation_at: "2099-01-01T00:00:00Z" }), live };
    expect(told(accepting(parts)).accepted).toEqual({
      "rotation_policy.rotation_period": "weekly",
      "rotation_policy.next_rotation_at": null,
    });
  });

  test("a switch that was never set is true, which has the same effect", () => {
    const policies = [own(1, { defaults: { allow_config_override: false } })];
    const plan = accepting({ policies, live: { allow_config_override: null } });
    expect(told(plan).accepted).toEqual({ "defaults.allow_config_override": true });
  });
});

describe("where it is said", () => {
  const base = profile({ name: "base", key: { description: "x" } });
  const user = policy({ name: "user", profiles: ["base"], keyIds: [keyId(1)] });
  const live = { description: "y" };

  function ownerOf(parts: SetParts): [owner: string, shared: string | null] | undefined {
    const plan = accepting({ ...parts, live });
    const [first] = plan.kind === "plan" ? plan.accepted : [];
    return first === undefined ? undefined : [first.owner.name, first.shared];
  }

  test("in the profile, where nobody else is built on it", () => {
    expect(ownerOf({ policies: [user], profiles: [base] })).toEqual(["base", null]);
  });

  test("in the policy, where another policy or a profile beside is built on it", () => {
    const other = policy({ name: "other", profiles: ["base"], keyIds: [keyId(2)] });
    expect(ownerOf({ policies: [user, other], profiles: [base] })).toEqual(["user", "base"]);
    const beside = profile({ name: "beside", profiles: ["base"], key: {} });
    expect(ownerOf({ policies: [user], profiles: [base, beside] })).toEqual(["user", "base"]);
  });

  test("nowhere, where the policy governs several keys or the field is nobody's", () => {
    const several = policy({ name: "user", keyIds: [keyId(1), keyId(2)], key: { description: "x" } });
    expect(accepting({ policies: [several], live })).toMatchObject({ kind: "refused" });
    const nobodys = accepting({ policies: [own(1, { name: "a" })], live, named: ["scopes"] });
    expect(nobodys).toMatchObject({ kind: "refused", reason: expect.stringContaining("scopes") as string });
    expect(accepting({ policies: [], live })).toMatchObject({ kind: "refused" });
  });

  test("nowhere, where policies select the key: all of them are named", () => {
    const policies = ["one", "two"].map((name) =>
      policy({ name, match: { type: "workspace-service" }, key: { description: "x" } }),
    );
    const key = liveKey(1, live);
    const plan = accepting({ policies, live, context: { live: [key], seen: [key] } });
    expect(plan).toMatchObject({ kind: "refused" });
    expect(plan.kind === "refused" && plan.reason).toContain('is selected by "one" and "two"');
  });

  test("nowhere, where a guardrail cannot be read or selectors contradict each other, which is told", () => {
    const place = at(3, "policies/rules.yaml");
    const blind = accepting({
      policies: [own(1, { name: "a" })],
      brokenGuardrails: [{ name: "rule", place }],
      live,
    });
    expect(blind.kind === "refused" && blind.reason).toContain('the guardrail "rule" cannot be read here');
    const policies = ["one", "two"].map((name) =>
      policy({ name, match: { type: "workspace-service" }, key: { description: name } }),
    );
    const key = liveKey(1, live);
    const torn = accepting({ policies, live, context: { live: [key], seen: [key] } });
    expect(torn.kind === "refused" && torn.reason).toContain("cannot be followed together");
  });
});
