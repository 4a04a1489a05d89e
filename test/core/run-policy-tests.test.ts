import { describe, expect, test } from "vitest";
import { checkPolicies } from "../../src/core/check-policies.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { runPolicyTests } from "../../src/core/run-policy-tests.ts";
import { deepFreeze, keyId, liveKey, now } from "./build.ts";
import {
  caseText,
  failuresOf,
  guardrailText,
  policyText,
  profileText,
  runTests,
  setOf,
} from "./policy-test-build.ts";

const baseline = profileText("baseline", "key: { usage_limits: { type: cost, credit_limit: 100 } }");
const chatbot = policyText(
  "chatbot",
  `keyId: ${keyId(1)}`,
  "mode: report",
  "profiles: [baseline]",
  "key:",
  "  rate_limits: [{ type: requests, unit: rpm, value: 600 }]",
  "  scopes: [logs.view, completions.write]",
  "  expires_at: 2027-06-30T23:59:59Z",
);
const budget = guardrailText(
  "budget",
  "schema:",
  "  required: [usage_limits]",
  "  properties:",
  "    usage_limits: { type: object, properties: { credit_limit: { maximum: 1000 } } }",
);

describe("what is expected of a policy's key", () => {
  const given = "{ policy: chatbot }";
  const found = (expected: string): string[] => failuresOf(baseline, chatbot, caseText(given, expected));

  test.each([
    ["its own value", "{ key: { rate_limits: [{ type: requests, unit: rpm, value: 600 }] } }"],
    ["a value of its profile", "{ key: { usage_limits: { credit_limit: 100 } } }"],
    ["the same scopes in another order", "{ key: { scopes: [completions.write, logs.view] } }"],
    ["the same instant in another zone", '{ key: { expires_at: "2027-07-01T01:59:59+02:00" } }'],
    ["its mode and name", "{ mode: report, policy: chatbot }"],
    ["that nobody speaks of a field", "{ unmanaged: [description, usage_limits.alert_threshold] }"],
    ["that nobody speaks of a group", "{ unmanaged: [defaults, rotation_policy, defaults.metadata.team] }"],
  ])("passes with %s", (_what, expected) => {
    expect(found(expected)).toEqual([]);
  });

  test("fails with another value, at the line that expects it, and says who says what where", () => {
    expect(
      found("{ key: { usage_limits: { credit_limit: 50 }, rate_limits: null, name: x }, mode: enforce }"),
    ).toEqual([
      "26:90 expected mode enforce, found report (p/a.yaml:11)",
      "26:40 expected usage_limits.credit_limit to be 50, found 100 (baseline, p/a.yaml:5)",
      '26:60 expected rate_limits to be null, found [{"type":"requests","unit":"rpm","value":600}] (chatbot, p/a.yaml:15)',
      '26:79 expected name to be "x", found that no policy says anything of it',
    ]);
  });

  test("fails where a group must be empty and something is said of its parts", () => {
    expect(found("{ key: { usage_limits: null } }")).toEqual([
      '26:24 expected usage_limits to be null, found usage_limits.type "cost" (baseline, p/a.yaml:5), ' +
        "usage_limits.credit_limit 100 (baseline, p/a.yaml:5)",
    ]);
  });

  test("takes a group that must be empty for what its parts are", () => {
    const none = policyText("chatbot", `keyId: ${keyId(1)}`, "key: { usage_limits: null }");
    expect(failuresOf(none, caseText(given, "{ key: { usage_limits: { alert_threshold: null } } }"))).toEqual(
      [],
    );
    expect(failuresOf(none, caseText(given, "{ key: { usage_limits: { credit_limit: 5 } } }"))).toEqual([
      "15:40 expected usage_limits.credit_limit to be 5, found usage_limits null (chatbot, p/a.yaml:6)",
    ]);
  });

  test("fails where somebody speaks of what nobody may, in a group too", () => {
    expect(found("{ unmanaged: [expires_at, usage_limits] }")).toEqual([
      '26:29 expected nobody to say anything of expires_at, found "2027-06-30T23:59:59Z" (chatbot, p/a.yaml:17)',
      '26:41 expected nobody to say anything of usage_limits.type, found "cost" (baseline, p/a.yaml:5)',
      "26:41 expected nobody to say anything of usage_limits.credit_limit, found 100 (baseline, p/a.yaml:5)",
    ]);
  });

  test("fails for a policy that is not there, with the one that was probably meant", () => {
    expect(failuresOf(baseline, chatbot, caseText("{ policy: chatbto }", "{ mode: report }"))).toEqual([
      '25:16 there is no policy "chatbto" that could be read. Did you mean "chatbot"?',
    ]);
  });
});

describe("a policy that a case is about", () => {
  test("stands for its keys also where it selects them, with a priority or without", () => {
    const select = policyText("s", "match: { name: x* }", "priority: 3", "key: { description: d }");
    expect(failuresOf(select, caseText("{ policy: s }", "{ key: { description: d }, policy: s }"))).toEqual(
      [],
    );
  });

  test("is refused for what it would lose its keys by", () => {
    const leaving = policyText("s", "match: { name: x* }", "key: { name: y }");
    expect(failuresOf(leaving, caseText("{ policy: s }", "{ problems: [KS1311] }"))).toEqual([]);
    expect(failuresOf(leaving, caseText("{ policy: s }", "{ key: { name: y } }"))[0]).toContain("KS1311");
  });

  test("sees nothing of what is wrong with others, nor of who else names its key", () => {
    const other = policyText("other", `keyId: ${keyId(1)}`, "profiles: [missing]");
    expect(
      failuresOf(baseline, chatbot, other, caseText("{ policy: chatbot }", "{ policy: chatbot }")),
    ).toEqual([]);
  });

  test.each([
    [now, 2000],
    [Date.parse("2026-12-01T00:00:00Z") - 1, 2000],
    [Date.parse("2026-12-01T00:00:00Z"), 300],
  ])("is looked at when the case runs (%i: %i)", (at, limit) => {
    const launch = policyText(
      "launch",
      `keyId: ${keyId(1)}`,
      "key: { usage_limits: { credit_limit: 300 } }",
      "overrides:",
      '  - { until: "2026-12-01T00:00:00Z", reason: r, key: { usage_limits: { credit_limit: 2000 } } }',
    );
    const expected = `{ key: { usage_limits: { credit_limit: ${limit} } } }`;
    const [atRun] = runTests(setOf(launch, caseText("{ policy: launch }", expected)), at);
    const written = `{ policy: launch, at: "${new Date(at).toISOString()}" }`;
    const [atMoment] = runTests(setOf(launch, caseText(written, expected)), 0);
    expect([atRun!.failures, atMoment!.failures]).toEqual([[], []]);
  });
});

describe("problems", () => {
  const tooMuch = "{ sample: { key: { usage_limits: { type: cost, credit_limit: 1001 } } } }";

  test("that a guardrail finds in a sample can be expected, and fail a case that does not", () => {
    expect(failuresOf(budget, caseText(tooMuch, "{ problems: [KS1340] }"))).toEqual([]);
    expect(
      failuresOf(budget, caseText(tooMuch, "{ key: { usage_limits: { credit_limit: 1001 } } }")),
    ).toEqual([
      "16:7 expected no such problem, found KS1340 at p/a.yaml:17, a rule: usage_limits.credit_limit is 1001; " +
        'expected at most 1000 (guardrail "budget", p/a.yaml:1)',
    ]);
  });

  test("that a guardrail finds in a policy can be expected", () => {
    const rich = policyText("rich", `keyId: ${keyId(1)}`, "key: { usage_limits: { credit_limit: 5000 } }");
    expect(failuresOf(budget, rich, caseText("{ policy: rich }", "{ problems: [KS1340] }"))).toEqual([]);
  });

  test("that are expected and not found fail a case, with those that were", () => {
    const fine = "{ sample: { key: { usage_limits: { credit_limit: 1000 } } } }";
    expect(failuresOf(budget, caseText(fine, "{ problems: [KS1340] }"))).toEqual([
      "18:28 expected the problem KS1340, found none",
    ]);
    expect(failuresOf(budget, caseText(tooMuch, "{ problems: [KS1407] }"))[0]).toContain(
      "expected the problem KS1407, found KS1340 at p/a.yaml:17",
    );
  });

  test("must each be expected: one that is does not excuse another", () => {
    const two =
      "{ sample: { key: { usage_limits: { type: cost, credit_limit: 1001, alert_threshold: 2000 } } } }";
    expect(failuresOf(budget, caseText(two, "{ problems: [KS1340] }"))[0]).toContain("found KS1403");
    expect(failuresOf(budget, caseText(two, "{ problems: [KS1340, KS1403] }"))).toEqual([]);
  });

  test("of guardrails by labels are about samples that have them", () => {
    const prod = guardrailText("prod", "match: { labels: { env: prod } }", "schema: { required: [name] }");
    const sample = (labels: string): string => `{ sample: { labels: { ${labels} } } }`;
    expect(failuresOf(prod, caseText(sample("env: prod"), "{ problems: [KS1340] }"))).toEqual([]);
    expect(failuresOf(prod, caseText(sample("env: dev"), "{ policy: sample }"))).toEqual([]);
  });

  test("that only warn fail no case, can be expected, and leave the key to be looked at", () => {
    const soft = guardrailText("soft", "severity: warning", "schema: { required: [name] }");
    const sample = "{ sample: { key: { description: d } } }";
    expect(failuresOf(soft, caseText(sample, "{ key: { description: d } }"))).toEqual([]);
    expect(failuresOf(soft, caseText(sample, "{ problems: [KS1340], key: { description: d } }"))).toEqual([]);
    expect(
      failuresOf(soft, caseText(sample, "{ problems: [KS1340], key: { description: e } }")),
    ).toHaveLength(1);
  });

  test("of overrides, and of a profile by itself, can be expected of a policy that has them", () => {
    const over = policyText(
      "over",
      `keyId: ${keyId(1)}`,
      "key: { description: d }",
      'overrides: [{ until: "2020-01-01T00:00:00Z", reason: r, key: { description: e } }]',
    );
    expect(failuresOf(over, caseText("{ policy: over }", "{ problems: [KS1354] }"))).toEqual([]);
    const twice = profileText(
      "twice",
      "key: { usage_limits: { credit_limit: 1, periodic_reset: monthly, periodic_reset_days: 3 } }",
    );
    const on = "{ sample: { profiles: [twice] } }";
    expect(failuresOf(twice, caseText(on, "{ problems: [KS1401] }"))).toEqual([]);
    expect(failuresOf(twice, caseText(on, "{ key: { usage_limits: { credit_limit: 1 } } }"))[0]).toContain(
      'the policy "sample" is refused: KS1401 at p/a.yaml:',
    );
  });

  test("say nothing of what a refused policy asks: a case that wants to know that fails", () => {
    expect(failuresOf(budget, caseText(tooMuch, "{ problems: [KS1340], mode: enforce }"))[0]).toContain(
      "no policy governs the key: the policy",
    );
    expect(failuresOf(budget, caseText(tooMuch, "{ problems: [KS1340], policy: sample }"))[0]).toContain(
      'expected the policy "sample" to govern the key, found no policy: the policy "sample" is refused: KS1340',
    );
  });
});

describe("a live key", () => {
  const wide = policyText("wide", "match: { type: workspace-service }", "key: { description: wide }");
  const search = policyText(
    "search",
    "match: { name: search-*, metadata: { team: search } }",
    "priority: 10",
    "key: { description: search }",
  );
  const one = policyText("one", `keyId: ${keyId(1)}`, "key: { description: one }");
  const found = (given: string, expected: string, ...more: readonly string[]): string[] =>
    failuresOf(wide, search, one, ...more, caseText(`{ key: ${given} }`, expected));

  test.each([
    ["{ type: workspace-service, name: x }", "{ policy: wide, key: { description: wide } }"],
    [
      "{ type: workspace-service, name: search-1, metadata: { team: search } }",
      "{ policy: search, key: { description: search } }",
    ],
    ["{ type: workspace-service, name: search-1 }", "{ policy: wide }"],
    [
      `{ type: workspace-service, id: ${keyId(1).toUpperCase()} }`,
      "{ policy: one, key: { description: one } }",
    ],
    ["{ type: workspace-user, name: x }", "{ policy: null }"],
    ["{ name: search-1, metadata: { team: search } }", "{ policy: search }"],
  ])("%s comes to %s", (given, expected) => {
    expect(found(given, expected)).toEqual([]);
  });

  test("fails where another policy governs it, at the place where that selects it", () => {
    expect(found("{ type: workspace-service }", "{ policy: search }")).toEqual([
      '30:17 expected the policy "search" to govern the key, found the policy "wide" (p/a.yaml:5)',
    ]);
    expect(found("{ type: workspace-service }", "{ policy: null }")[0]).toContain(
      'expected no policy to govern the key, found the policy "wide"',
    );
  });

  test("fails where no policy governs it and nothing was said of that", () => {
    expect(found("{ type: workspace-user }", "{ unmanaged: [name] }")).toEqual([
      "28:7 no policy governs the key; where that is meant, expect policy: null",
    ]);
    expect(found("{ type: workspace-user }", "{ policy: null, mode: enforce }")).toHaveLength(1);
  });

  test("shows what selectors want against each other, and only where they meet", () => {
    const same = policyText("same", "match: { name: a* }", "key: { description: same }");
    const both = "{ type: workspace-service, name: ab }";
    expect(found(both, "{ problems: [KS1310] }", same)).toEqual([]);
    expect(found("{ type: workspace-service, name: b }", "{ policy: wide }", same)).toEqual([]);
  });

  test("is judged by guardrails about live keys, which policies and samples are not", () => {
    const users = guardrailText(
      "users",
      "match: { type: workspace-user }",
      "schema: { properties: { description: { maxLength: 3 } } }",
    );
    const user = policyText("user", `keyId: ${keyId(2)}`, "key: { description: long }");
    const given = (type: string): string => `{ id: ${keyId(2)}, type: ${type} }`;
    expect(found(given("workspace-user"), "{ problems: [KS1340] }", user, users)).toEqual([]);
    expect(found(given("workspace-service"), "{ policy: user }", user, users)).toEqual([]);
    expect(failuresOf(user, users, caseText("{ policy: user }", "{ policy: user }"))).toEqual([]);
  });

  test("is not judged by what is not known of the other keys of its policy", () => {
    const users = guardrailText(
      "users",
      "match: { type: workspace-user }",
      "schema: { properties: { description: { maxLength: 3 } } }",
    );
    const two = policyText("two", `keyIds: [${keyId(4)}, ${keyId(5)}]`, "key: { description: long }");
    const given = (type: string): string => `{ id: ${keyId(5)}, type: ${type} }`;
    expect(found(given("workspace-service"), "{ policy: two }", two, users)).toEqual([]);
    expect(found(given("workspace-user"), "{ problems: [KS1340] }", two, users)).toEqual([]);
  });

  test("has the problems of the policy that names it", () => {
    const broken = policyText("broken", `keyId: ${keyId(3)}`, "profiles: [nowhere]");
    expect(found(`{ id: ${keyId(3)} }`, "{ problems: [KS1303], policy: null }", broken)).toEqual([]);
  });
});

describe("where something cannot be read", () => {
  test("a guardrail that nobody knows refuses everything, and a case says so", () => {
    const unknown = guardrailText("unknown", "schema: { maxium: 3 }");
    const [said] = failuresOf(unknown, caseText("{ sample: { key: { name: x } } }", "{ key: { name: x } }"));
    expect(said).toContain('the policy "sample" is refused: KS1342 at p/a.yaml:1');
  });

  test("a broken policy does not keep keys of others from being looked at", () => {
    const wide = policyText("wide", "match: { type: t }", "key: { description: d }");
    const broken = policyText("broken", "keyId: x");
    const set = setOf(wide, broken, caseText("{ key: { type: t } }", "{ policy: wide }"));
    expect(set.problems.map(({ code }) => code)).toEqual(["KS1205"]);
    expect(runTests(set).map(({ failures }) => failures)).toEqual([[]]);
  });
});

describe("tests are nothing to what governs keys", () => {
  const selecting = policyText("s", "match: { name: x* }", "key: { usage_limits: { credit_limit: 1 } }");
  const fine = caseText("{ policy: chatbot }", "{ mode: report }");
  const broken = caseText("{ policy: chatbot }", "{}");
  const live = [liveKey(4, { name: "x4" })];

  test.each([
    ["a sound test", fine],
    ["a test that fails", caseText("{ policy: chatbot }", "{ mode: paused }")],
    ["a broken test", broken],
    ["a test with a name taken", `${fine}---\napiVersion: keysteward/v1\n${fine}`],
  ])("with %s everything is resolved as without, to the same objects", (_what, test_) => {
    const bare = setOf(baseline, chatbot, budget, selecting);
    const parsed = setOf(baseline, chatbot, budget, selecting, test_);
    // As the file cache hands them over where only the tests' file was changed.
    const set = { ...bare, tests: parsed.tests, testProblems: parsed.testProblems };
    expect(parsed.problems).toEqual(bare.problems);
    const resolver = createResolver();
    // Seen for the first time: where something could hide a policy, it would wait.
    const context = { ...nothingLive(now), live };
    const before = resolver(bare, context);
    deepFreeze(set.tests);
    runPolicyTests(set, createResolver(), now);
    const after = resolver(set, context);
    expect(after).toEqual(before);
    expect(after.desired.size).toBe(2);
    for (const [id, desired] of after.desired) expect(desired).toBe(before.desired.get(id));
  });

  test("what is wrong with them is told where policies are checked", () => {
    const codes = (...documents: readonly string[]): string[] =>
      checkPolicies(setOf(baseline, chatbot, ...documents), now).map(({ code }) => code);
    expect(codes(broken)).toEqual(["KS1202"]);
    expect(codes(fine, fine)).toEqual(["KS1301", "KS1301"]);
    expect(codes(fine)).toEqual([]);
  });
});
