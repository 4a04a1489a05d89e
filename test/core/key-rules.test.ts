import { describe, expect, test } from "vitest";
import { checkKey } from "../../src/core/key-rules.ts";
import { effectiveFields } from "../../src/core/effective.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { at, block, dayMs, desiredFields } from "./build.ts";

const limit = { type: "requests", unit: "rpm", value: 600 };
const date = "2027-01-01T00:00:00Z";

interface Row {
  readonly rule: string;
  readonly key: JsonObject;
  /** Code, path below `spec.key`, and the line within a block that begins at line 10. */
  readonly found: readonly (readonly [string, string, number])[];
}

const rows: readonly Row[] = [
  {
    rule: "a reset has a name or a number of days",
    key: { usage_limits: { credit_limit: 5, periodic_reset: "weekly", periodic_reset_days: 7 } },
    found: [["KS1401", "usage_limits.periodic_reset_days", 14]],
  },
  {
    rule: "a rotation has a name or a number of days",
    key: { rotation_policy: { rotation_period: "weekly", rotation_period_days: 7 } },
    found: [["KS1402", "rotation_policy.rotation_period_days", 13]],
  },
  {
    rule: "a rotation has a period or a date",
    key: { rotation_policy: { rotation_period: "weekly", next_rotation_at: date } },
    found: [["KS1402", "rotation_policy.next_rotation_at", 13]],
  },
  {
    rule: "a rotation has days or a date",
    key: { rotation_policy: { rotation_period_days: 7, next_rotation_at: date } },
    found: [["KS1402", "rotation_policy.next_rotation_at", 13]],
  },
  {
    rule: "an alert threshold is not above the limit",
    key: { usage_limits: { credit_limit: 5, alert_threshold: 5.01 } },
    found: [["KS1403", "usage_limits.alert_threshold", 13]],
  },
  {
    rule: "a budget has a limit",
    key: { name: "x", usage_limits: { periodic_reset: "weekly" } },
    found: [["KS1404", "usage_limits", 13]],
  },
  {
    rule: "a budget whose limit is emptied has no other part",
    key: { usage_limits: { credit_limit: null, alert_threshold: 4 } },
    found: [["KS1404", "usage_limits", 13]],
  },
  {
    rule: "a rotation policy has a period or a date",
    key: { rotation_policy: { key_transition_period_ms: 3_600_000 } },
    found: [["KS1405", "rotation_policy", 12]],
  },
  {
    rule: "a rotation policy whose times are all emptied is none",
    key: { rotation_policy: { rotation_period: null, rotation_period_days: null, next_rotation_at: null } },
    found: [["KS1405", "rotation_policy", 12]],
  },
  {
    rule: "a transition is shorter than a period in days",
    key: { rotation_policy: { rotation_period_days: 2, key_transition_period_ms: 2 * dayMs } },
    found: [["KS1406", "rotation_policy.key_transition_period_ms", 13]],
  },
  {
    rule: "a transition is shorter than a week",
    key: { rotation_policy: { rotation_period: "weekly", key_transition_period_ms: 7 * dayMs } },
    found: [["KS1406", "rotation_policy.key_transition_period_ms", 13]],
  },
  {
    rule: "a transition is shorter than the shortest month",
    key: { rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 28 * dayMs } },
    found: [["KS1406", "rotation_policy.key_transition_period_ms", 13]],
  },
  {
    rule: "one rate limit for each type and unit",
    key: { rate_limits: [limit, { ...limit, unit: "rpd" }, { ...limit, value: 5 }] },
    found: [["KS1407", "rate_limits", 11]],
  },
];

describe("rules between fields", () => {
  test.each(rows)("$rule", ({ key, found }) => {
    const problems = checkKey(desiredFields(key));
    expect(problems.map(({ code, path, line }) => [code, path, line])).toEqual(
      found.map(([code, path, line]) => [code, `spec.key.${path}`, line]),
    );
    expect(problems.every(({ severity, file }) => severity === "error" && file === at(1).file)).toBe(true);
  });

  test.each([
    {},
    { usage_limits: null, rotation_policy: null, rate_limits: null, defaults: { metadata: null } },
    { usage_limits: { credit_limit: 5, alert_threshold: 5 } },
    { usage_limits: { credit_limit: null } },
    { usage_limits: { credit_limit: 5, periodic_reset: null, periodic_reset_days: 7 } },
    { usage_limits: { credit_limit: 0 } },
    { rotation_policy: { rotation_period: "weekly", rotation_period_days: null, next_rotation_at: null } },
    { rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 28 * dayMs - 1 } },
    { rotation_policy: { next_rotation_at: date, key_transition_period_ms: 400 * dayMs } },
    { rate_limits: [limit, { ...limit, type: "tokens" }, { ...limit, unit: "rpd" }] },
    { rate_limits: [], alert_emails: [], description: "" },
  ] as JsonObject[])("%j keeps them all", (key) => {
    expect(checkKey(desiredFields(key))).toEqual([]);
  });

  test("two places are named where two layers contradict each other", () => {
    const layers = [
      {
        source: "base",
        block: block({ usage_limits: { credit_limit: 5, periodic_reset: "weekly" } }, at(1, "base.yaml")),
      },
      { source: "team", block: block({ usage_limits: { periodic_reset_days: 7 } }, at(1, "team.yaml")) },
    ];
    const [problem] = checkKey(effectiveFields(layers));
    expect(problem).toMatchObject({ code: "KS1401", ...at(3, "team.yaml") });
    expect(problem?.message).toContain("base.yaml:4");
  });

  test("all faults of a key are told at once", () => {
    const key = {
      expires_at: "soon",
      rate_limits: [limit, limit],
      usage_limits: { alert_threshold: 5 },
      rotation_policy: { key_transition_period_ms: 5 },
    };
    expect(checkKey(desiredFields(key)).map(({ code }) => code)).toEqual([
      "KS1408",
      "KS1404",
      "KS1405",
      "KS1407",
    ]);
  });
});

describe("a value without a canonical form is a fault, never a wish for emptiness", () => {
  test.each([
    [{ expires_at: "tomorrow" }, "expires_at"],
    [{ expires_at: "2027-02-30T25:00:00Z" }, "expires_at"],
    [{ name: "   " }, "name"],
    [{ description: " " }, "description"],
    [{ scopes: [" "] }, "scopes"],
    [{ alert_emails: "ops@example.com" }, "alert_emails"],
    [{ rate_limits: [5] }, "rate_limits"],
    [{ rate_limits: "none" }, "rate_limits"],
    [{ usage_limits: "none" }, "usage_limits"],
    [{ usage_limits: { credit_limit: "a lot" } }, "usage_limits.credit_limit"],
    [{ usage_limits: { credit_limit: 1e308 } }, "usage_limits.credit_limit"],
    [{ usage_limits: { credit_limit: 5, periodic_reset: 5 } }, "usage_limits.periodic_reset"],
    [{ defaults: { allow_config_override: "yes" } }, "defaults.allow_config_override"],
    [{ defaults: { config_id: 5 } }, "defaults.config_id"],
    [{ defaults: { metadata: "none" } }, "defaults.metadata"],
    [{ rotation_policy: false }, "rotation_policy"],
    [
      { rotation_policy: { rotation_period: "weekly", next_rotation_at: "soon" } },
      "rotation_policy.next_rotation_at",
    ],
  ] as [JsonObject, string][])("%j", (key, path) => {
    const unreadable = checkKey(desiredFields(key)).filter(({ code }) => code === "KS1408");
    expect(unreadable.map((problem) => problem.path)).toEqual([`spec.key.${path}`]);
  });
});
