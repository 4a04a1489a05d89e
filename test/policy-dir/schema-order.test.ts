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

test("the order inside of a list's items and of groups is known, that of free names is not", () => {
  const key = documentShape(schema, "KeyPolicy").inside("spec").inside("key");
  expect(key.inside("rate_limits").item().names).toEqual(["type", "unit", "value"]);
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
