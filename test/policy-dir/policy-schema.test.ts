import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import type { Json } from "../../src/core/policy.ts";
import { isEmail, isInstant, isUuid } from "../../src/policy-dir/formats.ts";
import { policySchema } from "../../src/policy-dir/policy-schema.ts";

interface Node {
  readonly [keyword: string]: unknown;
}

const schema = JSON.parse(
  readFileSync(new URL("../../schema/policy.schema.json", import.meta.url), "utf8"),
) as Node;
const definitions = schema["$defs"] as Record<string, Node>;

function* objects(node: unknown, path: string): Generator<readonly [string, Node]> {
  if (typeof node === "object" && node !== null && !Array.isArray(node)) {
    yield [path, node as Node];
    for (const [name, value] of Object.entries(node)) {
      yield* objects(value, `${path}/${name}`);
    }
  }
}

function properties(): [string, Node][] {
  return [...objects(schema, "")].flatMap(([path, node]) =>
    typeof node["properties"] === "object"
      ? Object.entries(node["properties"] as Record<string, Node>).map(([name, property]): [string, Node] => [
          `${path}/${name}`,
          property,
        ])
      : [],
  );
}

/** A property, or what it refers to. */
function resolved(property: Node): Node {
  const reference = property["$ref"];
  return typeof reference === "string" ? definitions[reference.replace("#/$defs/", "")]! : property;
}

test("every property says what it is and shows an example", () => {
  const named = properties();
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(([, one]) => typeof resolved(one)["description"] !== "string")).toEqual([]);
  expect(named.filter(([, one]) => !Array.isArray(resolved(one)["examples"])).map(([path]) => path)).toEqual(
    [],
  );
});

test("every default is a value that the property takes", () => {
  const defaults = [...objects(schema, "")].filter(([, node]) => "default" in node);
  expect(defaults.length).toBeGreaterThan(0);
  for (const [path, node] of defaults) {
    const accepts = new Ajv2020({ strict: false }).compile(node);
    expect(accepts(node["default"]), path).toBe(true);
  }
});

test("every example is valid where it stands", () => {
  const ajv = new Ajv2020({
    strict: false,
    discriminator: true,
    formats: { uuid: isUuid, "date-time": isInstant, email: isEmail },
  });
  let examples = 0;
  for (const [path, node] of objects(schema, "")) {
    for (const example of Array.isArray(node["examples"]) ? (node["examples"] as unknown[]) : []) {
      const validate = ajv.compile({ ...node, $defs: definitions });
      expect([path, validate(example), validate.errors]).toEqual([path, true, null]);
      examples += 1;
    }
  }
  expect(examples).toBeGreaterThan(25);
});

test("no mapping takes unknown fields but labels, metadata and a schema", () => {
  const open = [...objects(schema, "")]
    .filter(([, node]) => typeof node["properties"] === "object" && node["additionalProperties"] !== false)
    .map(([path]) => path);
  expect(open).toEqual([]);
  const free = [...objects(schema, "")]
    .filter(([, node]) => typeof node["additionalProperties"] === "object")
    .map(([, node]) => node["title"]);
  expect(free).toEqual([
    "Labels",
    "GuardrailLabels",
    "MatchLabels",
    "GuardrailMatchMetadata",
    "SampleMetadata",
    "SampleLabels",
    "MatchMetadata",
    "DefaultMetadata",
  ]);
});

const base = { apiVersion: "keysteward/v1", kind: "Profile", metadata: { name: "p" } };

function accepts(key: Json): boolean {
  return policySchema().judge({ ...base, spec: { key } }).ok;
}

test.each([
  [{ description: null, rate_limits: null, usage_limits: null, alert_emails: null, expires_at: null }, true],
  [{ rotation_policy: null, defaults: { metadata: null, config_id: null } }, true],
  [{ name: null }, false],
  [{ name: "" }, false],
  [{ name: "x".repeat(100) }, true],
  [{ name: "x".repeat(101) }, false],
  [{ description: "😀".repeat(200) }, true],
  [{ description: "x".repeat(201) }, false],
  [{ scopes: null }, false],
  [{ scopes: [] }, false],
  [{ defaults: null }, false],
  [{ defaults: { allow_config_override: null } }, false],
  [{ rate_limits: [] }, true],
  [{ rate_limits: [{ type: "requests", unit: "rpw", value: 0 }] }, true],
  [{ rate_limits: [{ type: "requests", unit: "rpm", value: -1 }] }, false],
  [{ usage_limits: { credit_limit: 0.5 } }, true],
  [{ usage_limits: { credit_limit: -1 } }, false],
  [{ usage_limits: { periodic_reset_days: 365 } }, true],
  [{ usage_limits: { periodic_reset_days: 366 } }, false],
  [{ usage_limits: { periodic_reset_days: 0 } }, false],
  [{ usage_limits: { periodic_reset: "daily" } }, false],
  [{ rotation_policy: { key_transition_period_ms: 1_800_000 } }, true],
  [{ rotation_policy: { key_transition_period_ms: 1_799_999 } }, false],
  [{ rotation_policy: { key_transition_period_ms: null } }, false],
] as const)("key %j: %s", (key, expected) => {
  expect(accepts(key as Json)).toBe(expected);
});
