import { describe, expect, test } from "vitest";
import { overdueProblems } from "../../src/core/acknowledged.ts";
import { explainKey } from "../../src/core/explain.ts";
import { nextAcknowledgedEnd } from "../../src/core/acknowledged-end.ts";
import type { Plan } from "../../src/core/plan.ts";
import type { JsonObject, KeyPolicy } from "../../src/core/policy.ts";
import type { DesiredKey } from "../../src/core/resolve.ts";
import { unenforcedDifferences } from "../../src/core/unenforced.ts";
import {
  applied,
  at,
  confirmed,
  dayMs,
  keyId,
  live,
  now,
  plan,
  policy,
  policySet,
  resolve,
  seen,
  settleMs,
  type PlanParts,
} from "./build.ts";

const end = now + dayMs;

function known(path: string, until = end): KeyPolicy["acknowledge"][number] {
  return { path: { value: path, place: at(30) }, until: { value: until, place: at(31) }, reason: "OPS-412" };
}

/** A policy that acknowledges these paths. */
function knowing(key: JsonObject, ...paths: readonly string[]): KeyPolicy {
  return policy({ key, acknowledge: paths.map((path) => known(path)) });
}

const budget = { usage_limits: { credit_limit: 50, alert_threshold: 5, periodic_reset: "monthly" } };
const raised = {
  usage_limits: { type: "cost", credit_limit: 900, alert_threshold: 5, periodic_reset: "monthly" },
};

function planOf(of: KeyPolicy, own: JsonObject, parts: PlanParts = {}): Plan {
  return plan({ policies: [of], sightOf: seen(live(own)), ...parts });
}

describe("a difference that is known", () => {
  test("is told with its end and its reason, and not mended", () => {
    const made = planOf(knowing(budget, "usage_limits.credit_limit"), raised);
    expect(made.changes).toEqual([]);
    expect(made.notices).toEqual([
      {
        kind: "acknowledged",
        keyId: keyId(1),
        policy: "team",
        message:
          "usage_limits.credit_limit is 900, wanted 50; known, and left so until 2026-09-02T12:00:00.000Z: OPS-412",
      },
    ]);
  });

  test("is enforced as before from its end on, in both passes", () => {
    const of = knowing(budget, "usage_limits.credit_limit");
    const ledger = applied({ "usage_limits.credit_limit": confirmed(50) });
    const before = planOf(of, raised, { now: end - 1, applied: ledger });
    expect(before.changes).toEqual([]);
    const after = planOf(of, raised, { now: end, applied: ledger });
    expect(after.changes).toMatchObject([
      { fields: [{ path: "usage_limits.credit_limit", to: 50, why: "drift" }] },
    ]);
    expect(after.notices).toEqual([]);
  });

  test("is not set by an edit either, however the policy changes, until its end", () => {
    const of = knowing({ description: "x" }, "description");
    const resolution = resolve({ policies: [of] });
    const ledger = applied({ description: confirmed("former") });
    const parts = { resolution, applied: ledger, pass: "edit" } as const;
    expect(plan({ ...parts, now: end - 1 }).changes).toEqual([]);
    expect(plan({ ...parts, now: end }).changes).toMatchObject([
      { fields: [{ path: "description", to: "x" }] },
    ]);
  });

  test("stays in the ledger: it is neither released nor forgotten", () => {
    const ledger = applied({ description: confirmed("x") });
    const made = planOf(
      knowing({ description: "x" }, "description"),
      { description: "y" },
      { applied: ledger },
    );
    expect([made.adoptions, made.notices.map(({ kind }) => kind)]).toEqual([[], ["acknowledged"]]);
  });

  test("is told where there is one, and only where it was seen", () => {
    const of = knowing({ description: "x" }, "description");
    expect(planOf(of, { description: "x" }).notices).toEqual([]);
    expect(plan({ policies: [of], pass: "edit" }).notices).toEqual([]);
  });

  test("is sent along as it is live when another part of its group is set", () => {
    const of = knowing(
      { usage_limits: { credit_limit: 50, alert_threshold: 40 } },
      "usage_limits.credit_limit",
    );
    const [change] = planOf(of, raised).changes;
    expect(change?.fields.map(({ path }) => path)).toEqual(["usage_limits.alert_threshold"]);
    expect(change?.body).toEqual({
      usage_limits: { type: "cost", credit_limit: 900, alert_threshold: 40, periodic_reset: "monthly" },
    });
  });

  test("of a budget's limit leaves the whole budget where there is none: no part can stand without it", () => {
    const made = planOf(knowing(budget, "usage_limits.credit_limit"), { usage_limits: null });
    expect(made.changes).toEqual([]);
    expect(made.notices).toHaveLength(3);
  });

  test("of a group is that of each of its parts, and of no other field", () => {
    const key = { defaults: { metadata: { team: "a" }, allow_config_override: false }, description: "x" };
    const made = planOf(knowing(key, "defaults"), { description: "y" });
    expect(made.changes.flatMap(({ fields }) => fields.map(({ path }) => path))).toEqual(["description"]);
    expect(made.notices.map(({ message }) => message.split(" ")[0]).sort()).toEqual([
      "defaults.allow_config_override",
      "defaults.metadata.team",
    ]);
  });

  test("is no drift of a policy that only reports", () => {
    const of: KeyPolicy = { ...knowing({ description: "x", name: "n" }, "description"), mode: "report" };
    const made = planOf(of, { description: "y", name: "n" });
    expect(made.notices.map(({ kind }) => kind)).toEqual(["acknowledged"]);
    const both = planOf(of, { description: "y", name: "m" });
    expect(both.notices.map(({ kind }) => kind)).toEqual(["acknowledged", "drift"]);
    expect(both.notices[1]?.message).not.toContain("description");
  });

  test("is counted among what is not enforced, with its end and its reason, until then", () => {
    const { desired } = resolve({ policies: [knowing({ description: "x", name: "n" }, "description")] });
    const sightOf = seen(live({ description: "y", name: "m" }));
    expect(unenforcedDifferences(desired.values(), sightOf, now)).toMatchObject([
      {
        keyId: keyId(1),
        mode: "acknowledged",
        fields: [
          {
            path: "description",
            live: "y",
            wanted: "x",
            until: "2026-09-02T12:00:00.000Z",
            reason: "OPS-412",
          },
        ],
      },
    ]);
    expect(unenforcedDifferences(desired.values(), sightOf, end)).toEqual([]);
  });

  test("is explained with where it is said", () => {
    const set = policySet({ policies: [knowing({ description: "x", name: "n" }, "description")] });
    const resolution = resolve(set);
    const sight = seen(live({ description: "y" }))(keyId(1));
    const { fields } = explainKey({
      keyId: keyId(1),
      set,
      resolution,
      applied: new Map(),
      sight,
      now,
      settleMs,
    });
    expect(fields.map(({ path, acknowledged }) => [path, acknowledged])).toEqual([
      ["description", { until: end, reason: "OPS-412", place: at(30) }],
      ["name", null],
    ]);
  });
});

describe("what is said of a difference is refused", () => {
  test.each([
    [
      "usage_limits.credit_limt",
      'there is no field "usage_limits.credit_limt"',
      'Did you mean "usage_limits.credit_limit"?',
    ],
    ["limits", 'there is no field "limits"', "such as usage_limits.credit_limit or rate_limits"],
    [
      "defaults.metadata.",
      'there is no field "defaults.metadata."',
      "expected the path of a field or a group",
    ],
  ])("where %s is no field", (path, what, hint) => {
    const { problems, desired, held } = resolve({ policies: [knowing(budget, path)] });
    expect(problems).toMatchObject([
      { code: "KS1331", severity: "error", ...at(30), path: "spec.acknowledge[0].path" },
    ]);
    expect(problems[0]?.message).toContain(what);
    expect(problems[0]?.message).toContain(hint);
    expect([desired.size, held.length]).toEqual([0, 1]);
  });

  test.each([
    ["usage_limits", "usage_limits"],
    ["usage_limits", "usage_limits.credit_limit"],
    ["usage_limits.credit_limit", "usage_limits"],
  ])("where it is said twice: %s and %s", (first, second) => {
    const { problems } = resolve({ policies: [knowing(budget, first, second)] });
    expect(problems).toMatchObject([{ code: "KS1331", path: "spec.acknowledge[1].path" }]);
    expect(problems[0]?.message).toContain(`by "${first}" on line 30`);
  });
});

describe("what is said of a difference is a warning", () => {
  test("where the policy asks nothing of the field", () => {
    const { problems, desired } = resolve({ policies: [knowing(budget, "usage_limits", "expires_at")] });
    expect(problems).toMatchObject([
      { code: "KS1332", severity: "warning", path: "spec.acknowledge[1].path" },
    ]);
    expect(desired.size).toBe(1);
  });

  test("once it is over, at its end: a policy does not break by the time", () => {
    const set = policySet({ policies: [knowing(budget, "usage_limits")] });
    expect(overdueProblems(set, end - 1)).toEqual([]);
    expect(overdueProblems(set, end)).toMatchObject([
      { code: "KS1333", severity: "warning", ...at(31), path: "spec.acknowledge[0].until" },
    ]);
  });
});

test("the next end is the first one that is to come", () => {
  function of(...ends: readonly number[]): readonly DesiredKey[] {
    const acknowledge = ends.map((until, index) => known(["name", "description", "scopes"][index]!, until));
    const key = { name: "n", description: "d", scopes: ["logs.view"] };
    return [...resolve({ policies: [policy({ key, acknowledge })] }).desired.values()];
  }
  expect(nextAcknowledgedEnd(of(now + 5, now + 3, now - 1), now)).toBe(now + 3);
  expect(nextAcknowledgedEnd(of(now), now)).toBeNull();
  expect(nextAcknowledgedEnd(of(), now)).toBeNull();
});
