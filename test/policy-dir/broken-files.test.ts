import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { problemRules, type Problem, type ProblemCode } from "../../src/core/problem.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import type { PolicyContent } from "../../src/core/policy.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";
import { brokenFiles, brokenText, brokenTrees, problemsIn, unshown, writeBrokenFile } from "./broken.ts";
import { problemPage } from "./problem-page.ts";
import { temporaryDirectory } from "./support.ts";

/** Each broken file has one fault: its code, line, column and path. */
const expected: readonly (readonly [string, ProblemCode, number, number, string])[] = [
  ["KS1008-not-utf8", "KS1008", 1, 1, ""],
  ["KS1008-nul", "KS1008", 1, 1, ""],
  ["KS1011-comment-alone", "KS1011", 1, 1, ""],
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
  ["KS1201-match-labels", "KS1201", 5, 30, "spec.match.labels"],
  ["KS1201-not-managed", "KS1201", 7, 21, "spec.key.usage_limits.next_usage_reset_at"],
  ["KS1201-override-flat", "KS1201", 11, 7, "spec.overrides[0].rate_limits"],
  ["KS1201-unknown-field", "KS1201", 7, 5, "spec.key.rate_limit"],
  ["KS1202-match-empty", "KS1202", 5, 10, "spec.match"],
  ["KS1202-match-metadata-empty", "KS1202", 5, 22, "spec.match.metadata"],
  ["KS1202-missing-field", "KS1202", 8, 9, "spec.key.rate_limits[0].value"],
  ["KS1202-override-without-reason", "KS1202", 8, 7, "spec.overrides[0].reason"],
  ["KS1202-test-expects-nothing", "KS1202", 8, 15, "spec.cases[0].expect"],
  ["KS1202-no-key", "KS1202", 4, 7, "spec"],
  ["KS1203-match-metadata-null", "KS1203", 5, 30, "spec.match.metadata.team"],
  ["KS1203-merge-of-text", "KS1203", 7, 9, 'spec.key["<<"]'],
  ["KS1203-metadata-list", "KS1203", 7, 35, "spec.key.defaults.metadata.team"],
  ["KS1203-wrong-type", "KS1203", 7, 11, "spec.key.name"],
  ["KS1204-override-blank-reason", "KS1204", 9, 15, "spec.overrides[0].reason"],
  ["KS1204-name-and-select", "KS1204", 5, 3, "spec"],
  ["KS1204-priority-without-match", "KS1204", 6, 3, "spec.priority"],
  ["KS1204-same-key-twice", "KS1204", 7, 7, "spec.keyIds[1]"],
  ["KS1204-test-given-twice", "KS1204", 8, 9, "spec.cases[0].given"],
  ["KS1204-two-ways-to-name-keys", "KS1204", 5, 3, "spec"],
  ["KS1204-wrong-value", "KS1204", 7, 43, "spec.key.rate_limits[0].unit"],
  ["KS1205-acknowledge-until", "KS1205", 8, 28, "spec.acknowledge[0].until"],
  ["KS1205-match-workspace-slug", "KS1205", 5, 26, "spec.match.workspace_id"],
  ["KS1205-no-such-day", "KS1205", 7, 17, "spec.key.expires_at"],
  ["KS1205-override-without-zone", "KS1205", 8, 14, "spec.overrides[0].until"],
  ["KS1205-urn", "KS1205", 5, 10, "spec.keyId"],
  ["KS1206-unknown-kind", "KS1206", 2, 7, "kind"],
  ["KS1207-unknown-scope", "KS1207", 7, 14, "spec.key.scopes[0]"],
  ["KS1207-unknown-scope-in-override", "KS1207", 10, 42, "spec.overrides[0].key.scopes[1]"],
  ["KS1301-name-twice", "KS1301", 1, 1, "metadata.name"],
  ["KS1302-two-policies-for-a-key", "KS1302", 6, 10, "spec.keyId"],
  ["KS1303-profile-missing", "KS1303", 7, 14, "spec.profiles"],
  ["KS1304-profiles-in-a-circle", "KS1304", 6, 14, "spec.profiles"],
  ["KS1311-selects-by-what-it-sets", "KS1311", 8, 5, "spec.key.name"],
  ["KS1331-acknowledged-no-field", "KS1331", 10, 13, "spec.acknowledge[0].path"],
  ["KS1332-acknowledged-unmanaged", "KS1332", 10, 13, "spec.acknowledge[0].path"],
  ["KS1333-acknowledged-over", "KS1333", 11, 14, "spec.acknowledge[0].until"],
  ["KS1340-above-the-guardrail", "KS1340", 9, 33, "spec.key.usage_limits.credit_limit"],
  ["KS1342-guardrail-nobody-knows", "KS1342", 11, 1, ""],
  ["KS1344-guardrail-for-nobody", "KS1344", 11, 1, "spec.match.labels"],
  ["KS1345-guardrail-keyword", "KS1345", 24, 9, "spec.schema.properties.usage_limits.maxium"],
  ["KS1346-guardrail-lets-null-pass", "KS1346", 20, 16, "spec.schema.required[0]"],
  ["KS1350-override-ends-first", "KS1350", 11, 7, "spec.overrides[0].until"],
  ["KS1351-override-empty", "KS1351", 10, 7, "spec.overrides[0].key"],
  ["KS1352-override-without-return", "KS1352", 12, 14, "spec.overrides[0].key.rate_limits"],
  ["KS1353-overrides-meet", "KS1353", 15, 14, "spec.overrides[1].key.rate_limits"],
  ["KS1354-override-over", "KS1354", 10, 7, "spec.overrides[0].until"],
  ["KS1355-override-ends-soon", "KS1355", 10, 7, "spec.overrides[0].until"],
  ["KS1360-reset-without-budget", "KS1360", 7, 15, "spec.resetUsage"],
  ["KS1370-no-such-field", "KS1370", 8, 29, "spec.cases[0].expect.unmanaged[0]"],
  ["KS1371-no-such-code", "KS1371", 9, 20, "spec.cases[0].expect.problems[0]"],
  ["KS1401-two-resets", "KS1401", 12, 7, "spec.key.usage_limits.periodic_reset_days"],
  ["KS1402-two-rotations", "KS1402", 10, 7, "spec.key.rotation_policy.next_rotation_at"],
  ["KS1403-alert-above-limit", "KS1403", 8, 52, "spec.key.usage_limits.alert_threshold"],
  ["KS1404-no-limit", "KS1404", 8, 21, "spec.key.usage_limits"],
  ["KS1405-no-period", "KS1405", 8, 24, "spec.key.rotation_policy"],
  ["KS1406-transition-too-long", "KS1406", 8, 49, "spec.key.rotation_policy.key_transition_period_ms"],
  ["KS1407-rate-limit-twice", "KS1407", 8, 5, "spec.key.rate_limits"],
];

/** Codes that cost nothing. */
const warnings: ReadonlySet<ProblemCode> = new Set([
  "KS1207",
  "KS1353",
  "KS1354",
  "KS1355",
  "KS1344",
  "KS1346",
  "KS1332",
  "KS1333",
  "KS1360",
]);

/** What else is told: a fault that stands in two places at both, and what follows from it. */
const alsoTold: Readonly<Partial<Record<ProblemCode, ProblemCode>>> = {
  KS1301: "KS1301",
  KS1302: "KS1302",
  KS1304: "KS1304",
  KS1342: "KS1345",
  KS1345: "KS1342",
};

function parse(name: string): PolicyContent {
  return parsePolicies(`${name}.yaml`, brokenText(name), defaultLimits);
}

/** What a directory of this one file is said to have. */
function found(name: string): readonly Problem[] {
  const directory = join(temporaryDirectory(), "policies");
  writeBrokenFile(directory, name);
  return problemsIn(directory);
}

test("every broken file is looked at", () => {
  expect(brokenFiles()).toEqual(expected.map(([name]) => name).sort());
});

test("every code has a broken file, a directory that has it, or a reason why there is none", () => {
  const files = brokenFiles().map((name) => name.slice(0, 6));
  const all = new Set([...files, ...Object.keys(brokenTrees), ...Object.keys(unshown)]);
  expect([...all].sort()).toEqual(Object.keys(problemRules).sort());
});

test.each(Object.entries(brokenTrees))("%s: a directory made by `$commands`", (code, { make }) => {
  const directory = join(temporaryDirectory(), "policies");
  make(directory);
  expect(problemsIn(directory).map((problem) => problem.code)).toEqual([code]);
});

test("docs/problems.md says what the program says (`npm run problems` writes it)", () => {
  expect(readFileSync(new URL("../../docs/problems.md", import.meta.url), "utf8")).toBe(problemPage());
});

test.each(expected)("%s: one fault %s at %i:%i, %s", (name, code, line, column, path) => {
  const problems = found(name);
  const problem = problems.find((one) => one.code === code);
  expect([problem!.code, problem!.line, problem!.column, problem!.path]).toEqual([code, line, column, path]);
  expect(problem!.severity).toBe(warnings.has(code) ? "warning" : "error");
  const others = problems.filter((other) => other !== problem);
  expect(others.map((other) => other.code)).toEqual([alsoTold[code] ?? []].flat());
  if (!/^KS1[34]/.test(code)) expect(parse(name).policies).toHaveLength(warnings.has(code) ? 1 : 0);
});

test.each([
  ["KS1201-unknown-field", 'unknown field "rate_limit" in spec.key. Did you mean "rate_limits"?'],
  [
    "KS1206-unknown-kind",
    'unknown kind "Keypolicy"; expected KeyPolicy, Profile, Guardrail or PolicyTest. Did you mean "KeyPolicy"?',
  ],
  [
    "KS1202-test-expects-nothing",
    "spec.cases[0].expect is empty, so nothing could fail; add key, policy, mode, unmanaged or problems",
  ],
  ["KS1204-test-given-twice", "spec.cases[0].given has both policy and key; keep one of them"],
  [
    "KS1370-no-such-field",
    'spec.cases[0].expect.unmanaged[0] is "expire_at", and there is no such field; expected the path of a field of a key block, such as usage_limits.credit_limit or defaults.metadata.team. Did you mean "expires_at"?',
  ],
  [
    "KS1371-no-such-code",
    'spec.cases[0].expect.problems[0] is "ks1404", and no problem has this code; expected one such as KS1340. Did you mean "KS1404"?',
  ],
  [
    "KS1204-wrong-value",
    'spec.key.rate_limits[0].unit is "rpmm"; expected rps, rpm, rph, rpd or rpw. Did you mean "rpm"?',
  ],
  [
    "KS1201-override-flat",
    'unknown field "rate_limits" in spec.overrides[0]. It belongs one level down: move it to spec.overrides[0].key.',
  ],
  [
    "KS1204-override-blank-reason",
    'spec.overrides[0].reason is " "; it must say why the exception is there: fill it in',
  ],
  ["KS1203-wrong-type", "spec.key.name must be text, found 5; put it in quotes"],
  [
    "KS1201-match-labels",
    'unknown field "labels" in spec.match: labels are what policies have, and keys do not; only a guardrail matches by them. Select keys by type, workspace_id, name, metadata, status.',
  ],
  [
    "KS1202-match-empty",
    'spec.match is empty and would select every key; give an attribute, or name: "*" where every key is meant',
  ],
  [
    "KS1203-match-metadata-null",
    "spec.match.metadata.team must be text, a number or true or false, found null; leave the field out to say nothing about it",
  ],
  ["KS1204-name-and-select", "spec has both keyId and match; keep one of them"],
  ["KS1204-priority-without-match", "spec.priority means something only beside match; delete it"],
  [
    "KS1205-match-workspace-slug",
    'spec.match.workspace_id is "ws-search-1a2b", which is not a UUID, and reads show a workspace by nothing else; give its UUID, not its slug',
  ],
  ["KS1202-missing-field", 'the field "value" is missing in spec.key.rate_limits[0]; add it'],
  ["KS1102-field-twice", '"name" is given twice in one mapping, first on line 7; keep one of them'],
])("%s says what was found, what was expected and what to do", (name, message) => {
  const { problems, testProblems } = parse(name);
  expect([...problems, ...testProblems][0]!.message).toBe(message);
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
