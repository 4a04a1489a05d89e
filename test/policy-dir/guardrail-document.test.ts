import { describe, expect, test } from "vitest";
import type { JsonObject, PolicyContent } from "../../src/core/policy.ts";
import { keptGuardrail } from "../../src/core/guardrail.ts";
import { rememberedGuardrail } from "../../src/policy-dir/guardrail-document.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";

function parse(text: string): PolicyContent {
  return parsePolicies("p/g.yaml", Buffer.from(text), defaultLimits);
}

function withSchema(...lines: readonly string[]): string {
  return [
    "apiVersion: keysteward/v1",
    "kind: Guardrail",
    "metadata: { name: rule }",
    "spec:",
    "  message: a rule",
    "  schema:",
    ...lines.map((line) => `    ${line}`),
    "",
  ].join("\n");
}

test("a guardrail gives its parts, with the defaults of what is left out, and keeps the document", () => {
  const { guardrails, brokenGuardrails, problems, documents } = parse(withSchema("required: [name]"));
  expect(problems).toEqual([]);
  expect(brokenGuardrails).toEqual([]);
  expect(documents).toBe(1);
  expect(guardrails).toMatchObject([
    {
      name: "rule",
      place: { file: "p/g.yaml", line: 1, column: 1 },
      match: {},
      severity: "error",
      appliesTo: "policies",
      message: "a rule",
      source: { kind: "Guardrail", spec: { schema: { required: ["name"] } } },
    },
  ]);
});

test("what it matches is divided into the labels of policies and attributes of live keys", () => {
  const match =
    "  match: { labels: { env: prod }, type: workspace-user, workspace_id: AB, name: p*, metadata: { tier: 1 }, status: active }";
  const text = withSchema("required: [name]").replace("spec:\n", `spec:\n${match}\n`);
  expect(parse(text).guardrails[0]!.match).toEqual({
    labels: { env: "prod" },
    key: { type: "workspace-user", workspaceId: "AB", name: "p*", metadata: { tier: 1 }, status: "active" },
  });
});

describe("each way to offend is told with what was found and what was expected", () => {
  const long = "x".repeat(301);
  test.each<[string, string, JsonObject, string, string]>([
    ["required", "required: [name]", {}, "/name", "name is missing; expected it to be given"],
    [
      "type",
      "properties: { expires_at: { type: string } }",
      { expires_at: null },
      "/expires_at",
      "expires_at is null; expected text",
    ],
    [
      "maximum",
      "properties: { usage_limits: { properties: { credit_limit: { maximum: 10 } } } }",
      { usage_limits: { credit_limit: 11 } },
      "/usage_limits/credit_limit",
      "usage_limits.credit_limit is 11; expected at most 10",
    ],
    ["const", "properties: { name: { const: a } }", { name: "b" }, "/name", 'name is "b"; expected "a"'],
    [
      "enum",
      "properties: { name: { enum: [a, c] } }",
      { name: "b" },
      "/name",
      'name is "b"; expected "a" or "c"',
    ],
    [
      "pattern",
      "properties: { name: { pattern: ^a } }",
      { name: "b" },
      "/name",
      'name is "b"; expected text that matches ^a',
    ],
    [
      "a text that is too long for a pattern",
      "properties: { name: { pattern: ^x } }",
      { name: long },
      "",
      "the key cannot be judged: a text of 301 characters is too long for a pattern; expected at most 300",
    ],
    [
      "an item of a list",
      "properties: { rate_limits: { items: { properties: { value: { maximum: 5 } } } } }",
      { rate_limits: [{ type: "requests", unit: "rpm", value: 9 }] },
      "/rate_limits/0/value",
      "rate_limits.value is 9; expected at most 5",
    ],
    [
      "contains",
      "properties: { scopes: { contains: { const: logs.view } } }",
      { scopes: ["a"] },
      "/scopes",
      'scopes is ["a"]; expected a list with an item that fits {"const":"logs.view"}',
    ],
    [
      "not",
      "properties: { scopes: { not: { contains: { const: a } } } }",
      { scopes: ["a"] },
      "/scopes",
      'scopes is ["a"]; expected anything that does not fit {"contains":{"const":"a"}}',
    ],
    [
      "false",
      "properties: { expires_at: false }",
      { expires_at: null },
      "/expires_at",
      "expires_at is given; expected it to be left out",
    ],
    [
      "additionalProperties",
      "additionalProperties: false",
      { name: "a" },
      "/name",
      "name is given; expected it to be left out",
    ],
    [
      "anyOf, once",
      "anyOf: [{ required: [name] }, { required: [scopes] }]",
      {},
      "",
      'the key is {}; expected what fits {"anyOf":[{"required":["name"]},{"required":["scopes"]}]}',
    ],
    [
      "then, without the if",
      "{ if: { required: [name] }, then: { required: [scopes] } }",
      { name: "a" },
      "/scopes",
      "scopes is missing; expected it to be given",
    ],
    [
      "a reference",
      "{ $defs: { low: { maximum: 5 } }, properties: { usage_limits: { properties: { credit_limit: { $ref: '#/$defs/low' } } } } }",
      { usage_limits: { credit_limit: 6 } },
      "/usage_limits/credit_limit",
      "usage_limits.credit_limit is 6; expected at most 5",
    ],
    [
      "what nobody set and every object has",
      "properties: { defaults: { properties: { metadata: { required: [constructor] } } } }",
      { defaults: { metadata: {} } },
      "/defaults/metadata/constructor",
      "defaults.metadata.constructor is missing; expected it to be given",
    ],
  ])("%s", (_what, schema, key, pointer, message) => {
    const { guardrails, problems } = parse(withSchema(schema));
    expect(problems).toEqual([]);
    expect(guardrails[0]!.judge(key)).toEqual([{ pointer, missing: message.includes(" missing;"), message }]);
  });

  test("and a key that keeps to it is told nothing of", () => {
    expect(parse(withSchema("required: [name]")).guardrails[0]!.judge({ name: "a" })).toEqual([]);
  });
});

const deep = `${"{ not: ".repeat(31)}{}${" }".repeat(31)}`;
const doubling = Array.from(
  { length: 14 },
  (_, n) => `d${n}: { allOf: [{ $ref: '#/$defs/d${n + 1}' }, { $ref: '#/$defs/d${n + 1}' }] }`,
);

describe("a schema that is not sound is a problem at the part that is wrong", () => {
  test.each<[string, readonly string[], number, number, string]>([
    [
      "a keyword that is none",
      ["properties:", "  name: { maxLenght: 5 }"],
      8,
      15,
      'Did you mean "maxLength"?',
    ],
    [
      "a field that no key has",
      ["properties:", "  usage_limit: { type: object }"],
      8,
      7,
      'Did you mean "usage_limits"?',
    ],
    [
      "a required field that no key has",
      ["required: [name, usage_limit]"],
      7,
      22,
      'Did you mean "usage_limits"?',
    ],
    [
      "a field of a group that it has not",
      ["properties: { usage_limits: { required: [limit] } }"],
      7,
      46,
      "expected one of type, credit_limit",
    ],
    [
      "a field of a list's items",
      ["properties: { rate_limits: { items: { required: [rpm] } } }"],
      7,
      54,
      "expected one of type, unit, value",
    ],
    ["a type that is none", ["properties: { name: { type: text } }"], 7, 33, "type must be"],
    ["a bound that is none", ["properties: { name: { maxLength: -1 } }"], 7, 38, "maxLength must be >= 0"],
    [
      "a format that nobody knows",
      ["properties: { name: { format: color } }"],
      7,
      35,
      "expected uuid, date-time or email",
    ],
    ["a pattern that is none", ["properties: { name: { pattern: '(' } }"], 7, 36, "Unterminated group"],
    ["a pattern that may take for ever", ["properties: { name: { pattern: (a+)+ } }"], 7, 36, "for ever"],
    [
      "such a pattern for names",
      ["properties: { defaults: { properties: { metadata: { patternProperties: { (a+)+: {} } } } } }"],
      7,
      78,
      "for ever",
    ],
    ["a reference to somewhere else", ["$ref: https://example.com/x"], 7, 11, "expected #/$defs/NAME"],
    ["a reference to nothing", ["$ref: '#/$defs/x'"], 7, 11, "expected #/$defs/NAME"],
    ["a circle", ["$defs: { a: { not: { $ref: '#/$defs/a' } } }"], 7, 32, "leads back"],
    [
      "a circle of several",
      ["$defs: { a: { $ref: '#/$defs/b' }, b: { anyOf: [{ $ref: '#/$defs/a' }] } }"],
      7,
      61,
      "leads back",
    ],
    [
      "references without end",
      ["$defs:", ...doubling.map((line) => `  ${line}`), "  d14: {}", "$ref: '#/$defs/d0'"],
      7,
      5,
      "too large",
    ],
    [
      "a misspelt field in what is referred to",
      [
        "$defs: { budget: { properties: { credit_limitt: { maximum: 5 } } } }",
        "properties: { usage_limits: { $ref: '#/$defs/budget' } }",
      ],
      7,
      38,
      'Did you mean "credit_limit"',
    ],
    [
      "a misspelt field behind several references, told once",
      [
        "$defs: { a: { $ref: '#/$defs/b' }, b: { required: [credit_limitt] } }",
        "properties: { usage_limits: { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] } }",
      ],
      7,
      56,
      'Did you mean "credit_limit"',
    ],
    ["a name of its own", ["$id: https://example.com/x"], 7, 5, "$id is not accepted"],
    ["another dialect", ["$schema: http://json-schema.org/draft-07/schema#"], 7, 14, "2020-12"],
    ["a word of an earlier dialect", ["definitions: {}"], 7, 5, "calls it $defs"],
    ["a promise", ["$async: true"], 7, 5, "$async is not accepted"],
    [
      "what strict mode finds, at the smallest part",
      ["properties: { name: { then: { type: string } } }"],
      7,
      25,
      '"then" without "if"',
    ],
    ["too much nesting", [deep], 7, 5, "deeper than 30 levels"],
    [
      "too many values",
      [`properties: { name: { enum: [${"a, ".repeat(2_000)}b] } }`],
      7,
      5,
      "more than 2000 values",
    ],
  ])("%s", (_what, lines, line, column, message) => {
    const { guardrails, brokenGuardrails, problems } = parse(withSchema(...lines));
    expect(problems).toMatchObject([{ code: "KS1345", severity: "error", line, column }]);
    expect(problems[0]!.message).toContain(message);
    expect(guardrails).toEqual([]);
    expect(brokenGuardrails).toMatchObject([{ name: "rule", place: { file: "p/g.yaml", line: 1 } }]);
  });

  test("all of them at once", () => {
    const { problems } = parse(withSchema("requird: [name]", "properties: { nam: {} }"));
    expect(problems.map(({ line }) => line)).toEqual([7, 8]);
  });
});

describe("a required field that null would satisfy is a warning", () => {
  test.each([
    ["without a look at it", "required: [expires_at]", 1],
    [
      "with a look at its parts alone",
      "{ required: [usage_limits], properties: { usage_limits: { properties: { credit_limit: { maximum: 5 } } } } }",
      1,
    ],
    ["in a group", "properties: { usage_limits: { type: object, required: [periodic_reset] } }", 1],
    [
      "in what is referred to",
      "{ $defs: { all: { required: [expires_at] } }, allOf: [{ $ref: '#/$defs/all' }] }",
      1,
    ],
    [
      "not in what is referred to in a condition",
      "{ $defs: { all: { required: [expires_at] } }, anyOf: [{ $ref: '#/$defs/all' }] }",
      0,
    ],
    [
      "not where its type is said",
      "{ required: [expires_at], properties: { expires_at: { type: [string, 'null'] } } }",
      0,
    ],
    [
      "not where its value is said",
      "{ required: [expires_at], properties: { expires_at: { const: null } } }",
      0,
    ],
    ["not for what is never null", "required: [name, scopes, defaults]", 0],
    ["not in a condition", "{ if: { required: [expires_at] }, then: { required: [name] } }", 0],
  ])("%s", (_what, schema, count) => {
    const { guardrails, problems } = parse(withSchema(schema));
    expect(guardrails).toHaveLength(1);
    expect(problems).toHaveLength(count);
    for (const problem of problems)
      expect(problem).toMatchObject({ code: "KS1346", severity: "warning", line: 7 });
  });
});

describe("what cannot be read and may be a guardrail is told as one", () => {
  const policy = "apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: p }\nspec: { keyIdd: x }\n";
  test.each<[string, string, readonly (string | null)[]]>([
    [
      "a field that no guardrail has",
      withSchema("required: [name]").replace("message:", "mesage:"),
      ["rule"],
    ],
    ["its kind is misspelt", withSchema("{}").replace("kind: Guardrail", "kind: Guardrial"), ["rule"]],
    ["its kind is missing", withSchema("{}").replace("kind: Guardrail\n", ""), ["rule"]],
    ["its name is none", withSchema("{}").replace("{ name: rule }", "5"), [null]],
    ["a field twice", withSchema("required: [name]", "required: [scopes]"), ["rule"]],
    ["no YAML, with two of them", `${withSchema("{}")}---\n${withSchema("{}")}a: [\n`, [null, null]],
    ["a policy is none", policy, []],
    ["a policy beside a sound one is none", `${withSchema("{}")}---\n${policy}`, []],
    ["another kind is none", policy.replace("KeyPolicy", "Team"), []],
    ["no YAML without one", `${policy}a: [\n`, []],
    ["one in a comment is none", "# kind: Guardrail\na: [\n", []],
  ])("%s", (_what, text, names) => {
    const { brokenGuardrails, problems } = parse(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(brokenGuardrails.map(({ name }) => name)).toEqual(names);
  });
});

describe("a guardrail that is remembered", () => {
  test("judges as it did", () => {
    const [guardrail] = parse(withSchema("required: [name]")).guardrails;
    const kept = keptGuardrail(guardrail!);
    const again = rememberedGuardrail(JSON.parse(JSON.stringify(kept)) as typeof kept);
    expect({ ...again, judge: undefined }).toEqual({ ...guardrail, judge: undefined });
    expect(again.judge({})).toEqual(guardrail!.judge({}));
    expect(again.judge({ name: "a" })).toEqual([]);
  });

  test("and cannot be judged by this version forbids everything", () => {
    const source = { kind: "Guardrail", spec: { schema: { futureKeyword: 1 } } };
    const again = rememberedGuardrail({ name: "rule", source, file: "p/g.yaml", line: 3 });
    expect(again).toMatchObject({ name: "rule", match: {}, severity: "error", place: { line: 3 } });
    expect(again.judge({ name: "a" })).toHaveLength(1);
  });
});
