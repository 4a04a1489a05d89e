import { describe, expect, test } from "vitest";
import type { Json } from "../../src/core/policy.ts";
import { editValue } from "../../src/policy-dir/edit-value.ts";
import { policySchema } from "../../src/policy-dir/policy-schema.ts";
import { documentShape } from "../../src/policy-dir/schema-order.ts";

const shape = documentShape(policySchema().schema, "KeyPolicy");

function edited(text: string, path: string, value: Json): string {
  const result = editValue(
    text,
    { document: 0, shape },
    { names: ["spec", "key", ...path.split(".")], value },
  );
  return result.kind === "text" ? result.text : `refused: ${result.reason}`;
}

const block = `# head
spec:
  keyId: f47ac10b-58cc-4372-a567-0e02b2c3d479
  key: # inline
    name: 'old'   # kept
    rate_limits: # agreed
      # per minute
      - { type: requests, unit: rpm, value: 600 } # first
      - type: tokens
        unit: rph
        value: 5 # second
      # end of limits
    # above usage
    usage_limits:
      credit_limit: 500  # dollars
      # alert_threshold: 400

    scopes: [ "logs.view",  completions.write ] # both
    alert_emails:
    - a@example.com # a
    - b@example.com # b
# tail
`;

/** The lines that an edit takes away and puts in, in the order of the text. */
function changed(path: string, value: Json, text = block): string[] {
  const [before, after] = [text.split("\n"), edited(text, path, value).split("\n")];
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ];
}

describe("the smallest edit", () => {
  test.each<[what: string, path: string, value: Json, lines: string[]]>([
    ["a text keeps its quotes", "name", "new", ["-    name: 'old'   # kept", "+    name: 'new'   # kept"]],
    [
      "a number in its place",
      "usage_limits.credit_limit",
      50,
      ["-      credit_limit: 500  # dollars", "+      credit_limit: 50  # dollars"],
    ],
    [
      "a part that is not there, before the comments that end its group",
      "usage_limits.periodic_reset",
      "monthly",
      ["+      periodic_reset: monthly"],
    ],
    [
      "a field that is not there, in the order of the schema",
      "description",
      null,
      ["+    description: null"],
    ],
    [
      "a group that is not there",
      "defaults.metadata.a b",
      "x",
      ["+    defaults:", "+      metadata: { a b: x }"],
    ],
    [
      "the amount of a limit",
      "rate_limits",
      [
        { type: "requests", unit: "rpm", value: 600 },
        { type: "tokens", unit: "rph", value: 7 },
      ],
      ["-        value: 5 # second", "+        value: 7 # second"],
    ],
    [
      "a limit more and one less",
      "rate_limits",
      [
        { type: "tokens", unit: "rph", value: 5 },
        { type: "tokens", unit: "rpd", value: 9 },
      ],
      [
        "-      - { type: requests, unit: rpm, value: 600 } # first",
        "+      - { type: tokens, unit: rpd, value: 9 }",
      ],
    ],
    [
      "no limit any more",
      "rate_limits",
      null,
      [
        "-    rate_limits: # agreed",
        "-      - { type: requests, unit: rpm, value: 600 } # first",
        "-      - type: tokens",
        "-        unit: rph",
        "-        value: 5 # second",
        "+    rate_limits: null # agreed",
      ],
    ],
    [
      "an item of a list in brackets",
      "scopes",
      ["logs.list", "logs.view"],
      [
        '-    scopes: [ "logs.view",  completions.write ] # both',
        '+    scopes: [ "logs.view", logs.list ] # both',
      ],
    ],
    ["an item of a list of dashes", "alert_emails", ["b@example.com"], ["-    - a@example.com # a"]],
    [
      "a whole budget less",
      "usage_limits",
      null,
      ["-    usage_limits:", "-      credit_limit: 500  # dollars", "+    usage_limits: null"],
    ],
  ])("%s", (_what, path, value, lines) => {
    expect(changed(path, value)).toEqual(lines);
  });

  test("a value that is there already changes nothing", () => {
    expect(edited(block, "usage_limits.credit_limit", 500)).toBe(block);
    expect(edited(block, "scopes", ["completions.write", "logs.view"])).toBe(block);
  });

  test("null becomes a mapping where a part is asked for", () => {
    const text = "spec: { key: { usage_limits: null, name: a } }\n";
    expect(edited(text, "usage_limits.credit_limit", 5)).toBe(
      "spec: { key: { usage_limits: { credit_limit: 5 }, name: a } }\n",
    );
  });

  test("what is missing on the way is made, in the style around it", () => {
    expect(edited("spec: { keyId: x, mode: report }\n", "name", "a")).toBe(
      "spec: { keyId: x, mode: report, key: { name: a } }\n",
    );
    expect(edited("spec:\n  keyId: x", "rate_limits", null)).toBe(
      "spec:\n  keyId: x\n  key: { rate_limits: null }\n",
    );
    expect(edited("spec: { key: {} }\n", "name", "a")).toBe("spec: { key: { name: a } }\n");
  });

  test("lines end as those of the file", () => {
    expect(edited("spec:\r\n  key:\r\n    name: a\r\n", "description", "b")).toBe(
      "spec:\r\n  key:\r\n    name: a\r\n    description: b\r\n",
    );
  });

  test("a text over many lines is one value", () => {
    const text = "spec:\n  key:\n    description: |\n      one\n      two\n    scopes: [a]\n";
    expect(edited(text, "description", "three")).toBe(
      "spec:\n  key:\n    description: three\n    scopes: [a]\n",
    );
  });

  test("an entry of a mapping beats what is merged in", () => {
    const text = "spec:\n  key:\n    usage_limits:\n      <<: *shared\n      type: cost\n    name: &x a\n";
    expect(edited(text, "usage_limits.credit_limit", 5)).toContain(
      "      type: cost\n      credit_limit: 5\n    name",
    );
  });

  test("an alias on the way is not followed: others would change", () => {
    const text = "spec:\n  key:\n    usage_limits: *shared\n";
    expect(edited(text, "usage_limits.credit_limit", 5)).toContain(
      "refused: it stands behind the alias *shared",
    );
  });
});
