import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { formatText } from "../../src/policy-dir/format-text.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";

const root = resolve(import.meta.dirname, "../..");

function formatted(text: string): string {
  const result = formatText("a.yaml", Buffer.from(text), defaultLimits);
  if (result.kind !== "text") throw new Error(JSON.stringify(result));
  return result.text;
}

const policy = (spec: string): string =>
  `apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: a }\nspec:\n  keyId: f47ac10b-58cc-4372-a567-0e02b2c3d479\n${spec}`;

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(folder, name));
}

describe("every file that we ship or test with", () => {
  test.each(files("policies"))("%s is in canonical order and layout", (file) => {
    const text = readFileSync(join(root, file), "utf8");
    expect(formatted(text)).toBe(text);
  });

  test.each(files("test/fixtures/policies"))("%s is formatted once, or is left with its problems", (file) => {
    const bytes = readFileSync(join(root, file));
    const { problems, testProblems } = parsePolicies(file, bytes, defaultLimits);
    const errors = [...problems, ...testProblems].filter(({ severity }) => severity === "error");
    const result = formatText(file, bytes, defaultLimits);
    if (errors.length > 0) expect(result).toEqual({ kind: "broken", problems: errors });
    else if (result.kind === "text") expect(formatted(result.text)).toBe(result.text);
    else expect.unreachable(result.kind);
  });
});

describe("order", () => {
  test("what the head of a file says stays on top, whichever field was first", () => {
    const text =
      "# yaml-language-server: $schema=x.json\n# what for\nspec: { key: { name: a } }\nmetadata: { name: a }\nkind: Profile\napiVersion: keysteward/v1\n";
    expect(formatted(text)).toBe(
      "# yaml-language-server: $schema=x.json\n# what for\napiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: a }\nspec: { key: { name: a } }\n",
    );
  });

  test("labels and metadata are the writer's own and are not sorted", () => {
    const text = policy("  key: { defaults: { metadata: { zeta: a, alpha: b } } }\n");
    expect(formatted(text)).toBe(text);
  });

  test("selectors, priorities and exceptions have their places", () => {
    const head = "apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: a }\n";
    const text = `${head}spec:
  overrides:
    # launch
    - key: { name: b }
      reason: launch # why
      until: 2099-02-01T00:00:00Z
      from: 2099-01-01T00:00:00Z
  key: { name: a }
  mode: report
  priority: 10
  match: { name: a-*, type: workspace-user }
`;
    expect(formatted(text)).toBe(`${head}spec:
  match: { type: workspace-user, name: a-* }
  priority: 10
  mode: report
  key: { name: a }
  overrides:
    # launch
    - from: 2099-01-01T00:00:00Z
      until: 2099-02-01T00:00:00Z
      reason: launch # why
      key: { name: b }
`);
  });

  test("a guardrail's fields are sorted, and nothing inside of its schema is", () => {
    const head = "apiVersion: keysteward/v1\nkind: Guardrail\nmetadata: { name: a }\n";
    const schema =
      "  schema:\n    required: [usage_limits, name]\n    properties:\n      usage_limits: { required: [type], minProperties: 1 }\n      name: { pattern: a, type: string }\n    type: object\n";
    const match = "  match: { labels: { zeta: x, alpha: y }, type: workspace-user }\n";
    const rest = "  severity: warning\n  message: no\n  appliesTo: live\n";
    expect(
      formatted(`${head}spec:\n${schema}  appliesTo: live\n  message: no\n${match}  severity: warning\n`),
    ).toBe(`${head}spec:\n${match}${rest}${schema}`);
  });

  test("a document of a kind that is not known is left as it is", () => {
    const bytes = Buffer.from("kind: PolicyOther\nspec: { b: 1, a: 2 }\n");
    expect(formatText("a.yaml", bytes, defaultLimits).kind).toBe("broken");
  });

  test("an alias never comes before its anchor", () => {
    const text = policy("  key:\n    alert_emails: &who [a@example.com]\n    scopes: *who\n");
    expect(formatted(text)).toBe(text);
  });

  test("an alias that would come to mean another anchor of the same name keeps its place", () => {
    const text = policy(
      "  key:\n    alert_emails: &who [a@example.com]\n    scopes: *who\n    name: &who b\n    description: *who\n",
    );
    expect(formatted(text)).toBe(text);
  });

  test("a mapping with a merge key stays as it is", () => {
    const text = policy(
      "  key:\n    rate_limits:\n      - &one { type: requests, unit: rpm, value: 1 }\n      - { value: 2, <<: *one, unit: rph }\n",
    );
    expect(formatted(text)).toBe(text);
  });
});

describe("layout", () => {
  test("lists are indented, brackets of lists have no blanks inside, those of mappings have", () => {
    const text = policy(
      "  key:\n    scopes:\n    - logs.view\n    rate_limits: [{type: tokens, unit: rpm, value: 1}]\n",
    );
    expect(formatted(text)).toContain(
      "    rate_limits: [{ type: tokens, unit: rpm, value: 1 }]\n    scopes:\n      - logs.view\n",
    );
  });

  test("what does not fit on a line of flow style becomes a block, and what is said behind it goes behind its name", () => {
    const mails = Array.from({ length: 6 }, (_, index) => `somebody-${index}@example.com`);
    const text = policy(`  key:\n    alert_emails: [${mails.join(", ")}] # whom to tell\n`);
    expect(formatted(text)).toContain(
      `    alert_emails: # whom to tell\n${mails.map((mail) => `      - ${mail}\n`).join("")}`,
    );
  });

  test("scalars stay as they were written: quotes, escapes, notation of numbers", () => {
    const key = `{ name: "a\\u202eb", description: 'it''s', usage_limits: { credit_limit: 0x10 } }`;
    expect(formatted(policy(`  key:   ${key}\n`))).toBe(policy(`  key: ${key}\n`));
  });

  test("lines end as the first line of the file does", () => {
    const text = policy("  key: {name: a}\n").replaceAll("\n", "\r\n");
    expect(formatted(text)).toBe(policy("  key: { name: a }\n").replaceAll("\n", "\r\n"));
  });

  test("documents stay apart, empty ones and comments between them included", () => {
    const text = `${policy("  key: { name: a }\n")}# end\n---\n# nothing here\n---\n# second\napiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: p }\nspec: {}\n`;
    const after = formatted(text);
    expect(after.match(/^---$/gm)).toHaveLength(2);
    for (const comment of ["# end", "# nothing here", "# second"]) expect(after).toContain(comment);
    expect(formatted(after)).toBe(after);
  });

  test("a file of comments alone is not touched, as it says nothing", () => {
    const result = formatText("a.yaml", Buffer.from("# one\n\n# two\n"), defaultLimits);
    expect(result).toMatchObject({ kind: "broken", problems: [{ code: "KS1011" }] });
  });
});

describe("comments in odd places stay in the file", () => {
  test.each([
    "    alert_emails: [ # c\n      ]\n",
    "    ? name # c\n    : a\n",
    "    name: # c\n      # d\n      a # e\n",
    "    usage_limits: { # c\n      type # d\n      : # e\n      cost }\n",
    "    scopes: [ a # c\n      , b ]\n",
    "    name: &a # c\n      a\n",
    "    usage_limits: &u # c\n      credit_limit: 5 # d\n      type: cost\n",
    "    rate_limits:\n      - # c\n        value: 5\n        unit: rpm # d\n        type: requests\n",
    "    scopes: [a, b] # c\n          # d\n    name: x\n",
    "    usage_limits: {type: cost, # c\n      # d\n      }\n",
    "    description: | # c\n      # text\n    name: a\n",
  ])("%j", (key) => {
    const text = `apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: p }\nspec:\n  key:\n${key}`;
    const after = formatted(text);
    for (const [comment] of text.matchAll(/# \w+/g)) expect(after).toContain(comment);
    expect(formatted(after)).toBe(after);
  });
});
