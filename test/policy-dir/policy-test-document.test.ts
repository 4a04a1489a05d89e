import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import type { PolicyContent } from "../../src/core/policy.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";
import { policy, temporaryDirectory, writeTree } from "./support.ts";

const id = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

function parse(text: string): PolicyContent {
  return parsePolicies("p/a.test.yaml", Buffer.from(text), defaultLimits);
}

function withCases(...lines: readonly string[]): string {
  return [
    "apiVersion: keysteward/v1",
    "kind: PolicyTest",
    "metadata: { name: t }",
    "spec:",
    "  cases:",
    ...lines.map((line) => `    ${line}`),
    "",
  ].join("\n");
}

test("a test gives its cases, with the places that failures point to", () => {
  const { tests, documents, problems, testProblems } = parse(
    withCases(
      "- name: one",
      "  given:",
      "    policy: chatbot",
      '    at: "2026-12-01T00:00:00+01:00"',
      "  expect:",
      "    policy: null",
      "    mode: paused",
      "    key:",
      "      description: x",
      "    unmanaged: [expires_at,",
      "      defaults.metadata.a.b]",
      "    problems: [KS1340]",
    ),
  );
  expect([problems, testProblems, documents]).toEqual([[], [], 1]);
  expect(tests).toMatchObject([
    {
      kind: "PolicyTest",
      name: "t",
      place: { file: "p/a.test.yaml", line: 1, column: 1 },
      cases: [
        {
          name: "one",
          place: { line: 6 },
          given: { kind: "policy", policy: { value: "chatbot", place: { line: 8, column: 9 } } },
          at: Date.parse("2026-11-30T23:00:00Z"),
          expect: {
            policy: { value: null, place: { line: 11 } },
            mode: { value: "paused", place: { line: 12 } },
            key: { value: { description: "x" } },
            unmanaged: [
              { value: "expires_at", place: { line: 15, column: 21 } },
              { value: "defaults.metadata.a.b", place: { line: 16 } },
            ],
            problems: [{ value: "KS1340", place: { line: 17 } }],
          },
        },
      ],
    },
  ]);
  expect(tests[0]!.cases[0]!.expect.key.places.get("/description")).toMatchObject({ line: 14 });
});

test("a sample key has the attributes that are written, and of others nothing is known", () => {
  const keys = [
    `{ id: ${id.toUpperCase()}, name: n, type: t, workspace_id: ${id}, status: active, metadata: { a: 1 } }`,
    "{ name: n }",
  ];
  const { tests } = parse(
    withCases(
      ...keys.flatMap((key) => ["- name: c", `  given: { key: ${key} }`, "  expect: { policy: null }"]),
    ),
  );
  const [full, bare] = tests[0]!.cases.map(({ given }) => given);
  expect(full).toMatchObject({
    kind: "key",
    key: {
      id,
      name: "n",
      type: "t",
      workspaceId: id,
      status: "active",
      fields: new Map([["defaults.metadata", { a: 1 }]]),
    },
  });
  expect(bare).toMatchObject({
    key: { name: "n", type: "", status: "", workspaceId: null, fields: new Map() },
  });
});

test("a sample is a policy, with the places of its values", () => {
  const { tests } = parse(
    withCases(
      "- name: c",
      "  given:",
      "    sample:",
      "      labels: { env: prod }",
      "      profiles: [base]",
      "      key:",
      "        description: x",
      "      overrides:",
      '        - { until: "2026-12-01T00:00:00Z", reason: r, key: { description: y } }',
      "  expect: { mode: enforce }",
    ),
  );
  const [{ given }] = tests[0]!.cases as [(typeof tests)[0]["cases"][0]];
  expect(given).toMatchObject({
    kind: "sample",
    policy: {
      labels: { env: "prod" },
      mode: "enforce",
      profiles: [{ value: "base", place: { line: 10 } }],
      key: { value: { description: "x" } },
      overrides: [{ until: Date.parse("2026-12-01T00:00:00Z"), place: { line: 14 } }],
    },
  });
});

describe("what is wrong with a test is told at its place, and costs it alone", () => {
  const given = "given: { policy: a }";
  const expected = "expect: { mode: enforce }";

  test.each([
    ["no case", withCases("[]"), "KS1204", 6, "spec.cases"],
    [
      "nothing given",
      withCases("- { name: c, given: {}, expect: { mode: enforce } }"),
      "KS1202",
      6,
      "spec.cases[0].given",
    ],
    [
      "two things given",
      withCases("- name: c", "  given: { policy: a, sample: {} }", `  ${expected}`),
      "KS1204",
      7,
      "spec.cases[0].given",
    ],
    [
      "a key of which nothing is said",
      withCases("- name: c", "  given: { key: {} }", `  ${expected}`),
      "KS1202",
      7,
      "spec.cases[0].given.key",
    ],
    [
      "a blank name",
      withCases('- name: " "', `  ${given}`, `  ${expected}`),
      "KS1204",
      6,
      "spec.cases[0].name",
    ],
    [
      "a moment without a zone",
      withCases("- name: c", "  given: { policy: a, at: 2026-12-01 }", `  ${expected}`),
      "KS1205",
      7,
      "spec.cases[0].given.at",
    ],
    [
      "a wrong value in an expected key",
      withCases("- name: c", `  ${given}`, "  expect: { key: { usage_limits: 5 } }"),
      "KS1203",
      8,
      "spec.cases[0].expect.key.usage_limits",
    ],
    [
      "an expected key of which nothing is said",
      withCases("- name: c", `  ${given}`, "  expect: { key: {} }"),
      "KS1204",
      8,
      "spec.cases[0].expect.key",
    ],
    [
      "a group of an expected key of which nothing is said",
      withCases("- name: c", `  ${given}`, "  expect: { key: { name: n, defaults: { metadata: {} } } }"),
      "KS1204",
      8,
      "spec.cases[0].expect.key.defaults.metadata",
    ],
    [
      "two values in one mapping",
      withCases("- name: c", `  ${given}`, "  expect: { mode: enforce, mode: report }"),
      "KS1102",
      8,
      "spec.cases[0].expect.mode",
    ],
  ])("%s", (_what, text, code, line, path) => {
    const { tests, problems, testProblems, brokenGuardrails, documents } = parse(text);
    expect([tests, problems, brokenGuardrails, documents]).toEqual([[], [], [], 1]);
    expect(testProblems).toMatchObject([{ code, line, path, severity: "error" }]);
  });

  test("a field of a key that stands a level too high is told where it belongs", () => {
    const { testProblems } = parse(withCases("- name: c", `  ${given}`, "  expect: { rate_limits: null }"));
    expect(testProblems[0]!.message).toBe(
      'unknown field "rate_limits" in spec.cases[0].expect. It belongs one level down: move it to spec.cases[0].expect.key.',
    );
  });

  test("where its kind is in doubt a document is not taken for a test", () => {
    const { problems, testProblems } = parse(
      `kind: KeyPolicy\n${withCases("- name: c", `  ${given}`, `  ${expected}`)}`,
    );
    expect([problems.map(({ code }) => code), testProblems]).toEqual([["KS1102"], []]);
  });

  test("documents beside it are read", () => {
    const { policies, testProblems } = parse(`${withCases("[]")}---\n${policy("a", 1)}`);
    expect([policies.map(({ name }) => name), testProblems.length]).toEqual([["a"], 1]);
  });
});

test("a directory gives its tests and what is wrong with them apart from all else", () => {
  const directory = temporaryDirectory();
  const fine = withCases("- name: c", "  given: { policy: a }", "  expect: { mode: enforce }");
  writeTree(directory, { "a.yaml": policy("a", 1), "a.test.yaml": fine, "b.test.yaml": withCases("[]") });
  const source = createPolicySource({ directory });
  const first = source.load();
  expect(first).toMatchObject({ trusted: true, problems: [], files: 3, documents: 3 });
  expect(first.tests.map(({ name }) => name)).toEqual(["t"]);
  expect(first.testProblems.map(({ code }) => code)).toEqual(["KS1204"]);
  writeTree(directory, { "b.test.yaml": "" });
  const second = source.load();
  expect(second.testProblems).toEqual([]);
  expect(second.policies[0]).toBe(first.policies[0]);
  expect(second.tests[0]).toBe(first.tests[0]);
});
