import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ProblemCode } from "../../src/core/problem.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";

const folder = new URL("../fixtures/policies/", import.meta.url);

/** Each broken file has one fault: its code, line, column and path. */
const expected: readonly (readonly [string, ProblemCode, number, number, string])[] = [
  ["KS1008-not-utf8", "KS1008", 1, 1, ""],
  ["KS1008-nul", "KS1008", 1, 1, ""],
  ["KS1101-quote-not-closed", "KS1101", 7, 1, ""],
  ["KS1101-tab-as-indent", "KS1101", 4, 1, ""],
  ["KS1102-field-twice", "KS1102", 8, 5, "spec.key.name"],
  ["KS1102-number-and-text", "KS1102", 10, 9, 'spec.key.defaults.metadata["1"]'],
  ["KS1103-binary-tag", "KS1103", 7, 20, "spec.key.name"],
  ["KS1103-unknown-tag", "KS1103", 7, 11, ""],
  ["KS1104-directive", "KS1104", 1, 1, ""],
  ["KS1105-alias-bomb", "KS1105", 11, 49, "spec.key.a4[7]"],
  ["KS1105-alias-circular", "KS1105", 8, 17, "spec.key.defaults.metadata"],
  ["KS1105-alias-unknown", "KS1105", 7, 11, "spec.key.name"],
  ["KS1106-too-deep", "KS1106", 7, 72, ""],
  ["KS1108-infinite", "KS1108", 7, 35, "spec.key.usage_limits.credit_limit"],
  ["KS1108-large-number", "KS1108", 7, 55, "spec.key.rate_limits[0].value"],
  ["KS1201-not-managed", "KS1201", 7, 21, "spec.key.usage_limits.next_usage_reset_at"],
  ["KS1201-unknown-field", "KS1201", 7, 5, "spec.key.rate_limit"],
  ["KS1202-missing-field", "KS1202", 8, 9, "spec.key.rate_limits[0].value"],
  ["KS1202-no-key", "KS1202", 4, 7, "spec"],
  ["KS1203-merge-of-text", "KS1203", 7, 9, 'spec.key["<<"]'],
  ["KS1203-metadata-list", "KS1203", 7, 35, "spec.key.defaults.metadata.team"],
  ["KS1203-wrong-type", "KS1203", 7, 11, "spec.key.name"],
  ["KS1204-same-key-twice", "KS1204", 7, 7, "spec.keyIds[1]"],
  ["KS1204-two-ways-to-name-keys", "KS1204", 5, 3, "spec"],
  ["KS1204-wrong-value", "KS1204", 7, 43, "spec.key.rate_limits[0].unit"],
  ["KS1205-acknowledge-until", "KS1205", 8, 28, "spec.acknowledge[0].until"],
  ["KS1205-no-such-day", "KS1205", 7, 17, "spec.key.expires_at"],
  ["KS1205-urn", "KS1205", 5, 10, "spec.keyId"],
  ["KS1206-unknown-kind", "KS1206", 2, 7, "kind"],
  ["KS1207-unknown-scope", "KS1207", 7, 14, "spec.key.scopes[0]"],
];

function parse(name: string): ReturnType<typeof parsePolicies> {
  const file = `${name}.yaml`;
  return parsePolicies(file, readFileSync(new URL(file, folder)), defaultLimits);
}

test("every broken file is looked at", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  expect(files.sort()).toEqual(expected.map(([name]) => `${name}.yaml`).sort());
});

test.each(expected)("%s: one problem %s at %i:%i, %s", (name, code, line, column, path) => {
  const { policies, problems } = parse(name);
  expect(problems.map((one) => [one.code, one.line, one.column, one.path])).toEqual([
    [code, line, column, path],
  ]);
  expect(problems[0]!.severity).toBe(code === "KS1207" ? "warning" : "error");
  expect(policies).toHaveLength(code === "KS1207" ? 1 : 0);
});

test.each([
  ["KS1201-unknown-field", 'unknown field "rate_limit" in spec.key. Did you mean "rate_limits"?'],
  [
    "KS1206-unknown-kind",
    'unknown kind "Keypolicy"; expected KeyPolicy or Profile. Did you mean "KeyPolicy"?',
  ],
  [
    "KS1204-wrong-value",
    'spec.key.rate_limits[0].unit is "rpmm"; expected rps, rpm, rph, rpd or rpw. Did you mean "rpm"?',
  ],
  ["KS1203-wrong-type", "spec.key.name must be text, found 5; put it in quotes"],
  ["KS1202-missing-field", 'the field "value" is missing in spec.key.rate_limits[0]; add it'],
  ["KS1102-field-twice", '"name" is given twice in one mapping, first on line 7; keep one of them'],
])("%s says what was found, what was expected and what to do", (name, message) => {
  expect(parse(name).problems[0]!.message).toBe(message);
});

test("an unknown scope is told, with the known one that a slip away is", () => {
  expect(parse("KS1207-unknown-scope").problems[0]!.message).toContain('Did you mean "completions.write"?');
});

test("a frame shows the line before and after, and a caret below the place", () => {
  expect(parse("KS1204-two-ways-to-name-keys").problems[0]!.frame).toBe(
    [
      "  4 | spec:",
      "> 5 |   keyId: f47ac10b-58cc-4372-a567-0e02b2c3d479",
      "    |   ^",
      "  6 |   keyIds: [7d444840-9dc0-41d1-b245-5ffdce74fad2]",
    ].join("\n"),
  );
});
