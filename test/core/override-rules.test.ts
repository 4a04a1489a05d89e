import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/policy.ts";
import type { Problem } from "../../src/core/problem.ts";
import { keyId, policy, resolve, type OverrideParts } from "./build.ts";

const ms = (text: string): number => Date.parse(text);
const day = (n: number): string => `2026-09-${String(n).padStart(2, "0")}T00:00:00Z`;
const budget = (limit: number): JsonObject => ({ usage_limits: { credit_limit: limit } });

function problemsOf(
  overrides: readonly OverrideParts[],
  key: JsonObject = { ...budget(500), name: "a" },
  at?: number,
): readonly Problem[] {
  const { problems, desired, held } = resolve({ policies: [policy({ key, overrides })] }, at);
  const isBroken = problems.some(({ severity }) => severity === "error");
  expect(desired.has(keyId(1))).toBe(!isBroken);
  expect(held.length).toBe(isBroken ? 1 : 0);
  return problems;
}

describe("an override is refused, and its policy held", () => {
  test.each([
    ["before", day(9)],
    ["when", day(10)],
  ])("that ends %s it begins", (_word, until) => {
    const [problem, ...rest] = problemsOf([{ from: day(10), until, key: { name: "b" } }]);
    expect(rest).toEqual([]);
    expect(problem).toMatchObject({ code: "KS1350", line: 102, path: "spec.overrides[0].until" });
    expect(problem?.message).toContain(`begins 2026-09-10T00:00:00Z`);
  });

  test.each<[string, JsonObject]>([
    ["nothing at all", {}],
    ["nothing but an empty group", { usage_limits: {} }],
  ])("that sets %s", (_what, key) => {
    const problems = problemsOf([
      { until: day(9), key: { name: "b" } },
      { until: day(9), key },
    ]);
    expect(problems).toMatchObject([{ code: "KS1351", line: 201, path: "spec.overrides[1].key" }]);
  });

  test.each<[string, JsonObject, string]>([
    ["a field", { expires_at: "2027-01-01T00:00:00Z" }, "expires_at"],
    ["a part of a group", { usage_limits: { alert_threshold: 5 } }, "usage_limits.alert_threshold"],
    ["a name in metadata", { defaults: { metadata: { team: "x" } } }, "defaults.metadata.team"],
    ["a whole group", { rotation_policy: null }, "rotation_policy"],
  ])("that sets %s for which nobody says what is to hold after it", (_what, key, path) => {
    const [problem, ...rest] = problemsOf([{ until: day(9), key }]);
    expect(rest).toEqual([]);
    expect(problem).toMatchObject({ code: "KS1352", path: `spec.overrides[0].key.${path}` });
    expect(problem?.line).toBeGreaterThan(103);
  });

  test.each<[string, JsonObject, JsonObject]>([
    ["null", { expires_at: null }, { expires_at: "2027-01-01T00:00:00Z" }],
    ["null for the group", { usage_limits: null }, budget(5)],
    ["a part of it, for the group", budget(5), { usage_limits: null }],
    [
      "what another part implies",
      { usage_limits: { credit_limit: 5, periodic_reset: "monthly" } },
      { usage_limits: { periodic_reset: null, periodic_reset_days: 3 } },
    ],
  ])("but not where the policy says %s", (_what, base, key) => {
    expect(problemsOf([{ until: day(9), key }], base)).toEqual([]);
  });

  test("and told of all that is wrong with all of them at once", () => {
    const codes = problemsOf([
      { from: day(9), until: day(8), key: { name: "b" } },
      { until: day(9), key: {} },
      { until: day(9), key: { description: "x" } },
    ]).map(({ code }) => code);
    expect(codes).toEqual(["KS1350", "KS1351", "KS1352"]);
  });
});

describe("the rules between fields are judged on every stretch to come", () => {
  const key = { usage_limits: { credit_limit: 500, alert_threshold: 400 } };

  test("an override that would break the key in two weeks is refused today, with its time and both places", () => {
    const [problem, ...rest] = problemsOf([{ from: day(15), until: day(16), key: budget(100) }], key);
    expect(rest).toEqual([]);
    expect(problem).toMatchObject({
      code: "KS1403",
      path: "spec.key.usage_limits.alert_threshold",
      line: 14,
    });
    expect(problem?.message).toContain("the credit_limit of 100 (policies/team.yaml:106)");
    expect(problem?.message).toContain(
      "from 2026-09-15T00:00:00Z until 2026-09-16T00:00:00Z, while the override at policies/team.yaml:101 is in force",
    );
  });

  test("a fault inside of an override stands at its own path", () => {
    const twice = ["requests", "requests"].map((type) => ({ type, unit: "rpm", value: 1 }));
    const override = { until: day(16), key: { rate_limits: twice } };
    expect(problemsOf([override], { rate_limits: null })).toMatchObject([
      { code: "KS1407", path: "spec.overrides[0].key.rate_limits", line: 105 },
    ]);
  });

  test("two overrides that are sound by themselves, and not together", () => {
    const raised = {
      from: day(10),
      until: day(20),
      key: { usage_limits: { alert_threshold: 900, credit_limit: 1000 } },
    };
    const lowered = { from: day(15), until: day(25), key: { usage_limits: { credit_limit: 450 } } };
    expect(problemsOf([raised], key)).toEqual([]);
    expect(problemsOf([lowered], key)).toEqual([]);
    const errors = problemsOf([raised, lowered], key).filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([{ code: "KS1403", line: 106 }]);
    expect(errors[0]?.message).toContain("from 2026-09-15T00:00:00Z until 2026-09-20T00:00:00Z");
  });

  test("and with them the policy alone, though an override hides its fault now", () => {
    const broken = { usage_limits: { credit_limit: 500, alert_threshold: 600 } };
    const [problem, ...rest] = problemsOf([{ until: day(9), key: budget(700) }], broken);
    expect(rest).toEqual([]);
    expect(problem?.message).toMatch(/expected at most 500$/);
  });

  test("one fault in several stretches is told once", () => {
    const overrides = [
      { until: day(20), key: budget(100) },
      { from: day(10), until: day(12), key: { name: "b" } },
    ];
    expect(problemsOf(overrides, { ...key, name: "a" }).map(({ code }) => code)).toEqual(["KS1403"]);
  });

  test("what is over breaks nothing any more", () => {
    const override = { until: day(9), key: budget(100) };
    expect(problemsOf([override], key, ms(day(9)) - 1)).toHaveLength(1);
    expect(problemsOf([override], key, ms(day(9)))).toEqual([]);
  });
});

describe("two overrides that are in force at once are told", () => {
  const first = { until: day(20), key: budget(600) };

  test("where they set one field to different values: the later in the list wins", () => {
    const [problem, ...rest] = problemsOf([first, { from: day(10), until: day(30), key: budget(700) }]);
    expect(rest).toEqual([]);
    expect(problem).toMatchObject({
      code: "KS1353",
      severity: "warning",
      line: 206,
      path: "spec.overrides[1].key.usage_limits.credit_limit",
    });
    expect(problem?.message).toContain("policies/team.yaml:106");
    expect(problem?.message).toContain("from 2026-09-10T00:00:00Z until 2026-09-20T00:00:00Z");
  });

  test("where one sets a group and the other a part of it", () => {
    const codes = problemsOf([first, { until: day(30), key: { usage_limits: null } }]).map(
      ({ code }) => code,
    );
    expect(codes).toEqual(["KS1353"]);
  });

  test.each<[string, OverrideParts]>([
    ["where they set it to one value, however it is written", { until: day(30), key: budget(600) }],
    ["where they set different fields", { until: day(30), key: { name: "b" } }],
    ["where one begins when the other ends", { from: day(20), until: day(30), key: budget(700) }],
  ])("but not %s", (_why, second) => {
    expect(problemsOf([first, second])).toEqual([]);
  });

  test("nor once one of them is over", () => {
    const overrides = [first, { until: day(30), key: budget(700) }];
    expect(problemsOf(overrides, undefined, ms(day(20)))).toEqual([]);
  });
});
