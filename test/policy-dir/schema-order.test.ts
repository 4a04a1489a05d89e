import { expect, test } from "vitest";
import { policySchema } from "../../src/policy-dir/policy-schema.ts";
import { documentShape } from "../../src/policy-dir/schema-order.ts";

const { schema } = policySchema();

/** The order in which people read a policy: what it is about, how it is kept, what is wanted, what is special. */
const spec = [
  "keyId",
  "keyIds",
  "match",
  "priority",
  "mode",
  "profiles",
  "key",
  "overrides",
  "acknowledge",
  "resetUsage",
];

test("the schema lists the fields of a document in the order in which they are read", () => {
  for (const kind of ["KeyPolicy", "Profile"]) {
    const shape = documentShape(schema, kind);
    expect(shape.names).toEqual(["apiVersion", "kind", "metadata", "spec"]);
    expect(shape.inside("metadata").names[0]).toBe("name");
    const { names } = shape.inside("spec");
    expect(names).toEqual(spec.filter((name) => names.includes(name)));
  }
});

test("the fields of a guardrail are in an order, and its schema's own names are not", () => {
  const guardrail = documentShape(schema, "Guardrail").inside("spec");
  expect(guardrail.names).toEqual(["match", "severity", "message", "appliesTo", "schema"]);
  const own = guardrail.inside("schema");
  expect([own.names, own.inside("properties").names, own.inside("allOf").item().names]).toEqual([[], [], []]);
});

test("the order inside of a list's items and of groups is known, that of free names is not", () => {
  const key = documentShape(schema, "KeyPolicy").inside("spec").inside("key");
  expect(key.inside("rate_limits").item().names).toEqual(["type", "unit", "value"]);
  const exception = documentShape(schema, "KeyPolicy").inside("spec").inside("overrides").item();
  expect(exception.names).toEqual(["from", "until", "reason", "key"]);
  expect(exception.inside("key").names).toEqual(key.names);
  expect(key.inside("usage_limits").names.slice(0, 2)).toEqual(["type", "credit_limit"]);
  expect(key.inside("defaults").inside("metadata").names).toEqual([]);
  expect(documentShape(schema, "Nothing").names).toEqual([]);
});

test("what a node is put together from counts as its own", () => {
  const split = {
    oneOf: [{ $ref: "#/$defs/A" }],
    $defs: {
      A: {
        properties: {
          kind: { const: "A" },
          b: { allOf: [{ $ref: "#/$defs/B" }, { properties: { y: {} } }] },
        },
      },
      B: { properties: { x: {} } },
    },
  };
  expect(documentShape(split, "A").inside("b").names).toEqual(["x", "y"]);
});
