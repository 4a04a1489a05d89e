import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject, KeyBlock } from "../../src/core/policy.ts";
import { isObject } from "../../src/core/canonical.ts";
import { isSamePlace } from "../../src/core/problem.ts";
import { holds, timeFor } from "../property.ts";
import { policy, profile, resolve } from "./build.ts";
import { guardrail } from "./guardrail-build.ts";

/*
 * Whatever policies, profiles and guardrails say: a problem is told exactly where the effective key breaks the schema. The
 * effective key is made here by merging objects, and judged by a validator of its own.
 */

const amount = fc.constantFrom(1, 5, 10);
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const filled = (value: JsonObject): boolean => Object.values(value).length > 0;

/** An object of the parts that are given; never an empty one, which says nothing. */
function group(parts: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> {
  return fc
    .record(parts, { requiredKeys: [] })
    .filter((value) => filled(value as JsonObject)) as fc.Arbitrary<JsonObject>;
}

/** In canonical form, and without fields that exclude each other: those have tests of their own. */
const block = fc
  .record({
    name: some(fc.constantFrom("a", "bb")),
    description: some(fc.constantFrom(null, "x")),
    scopes: some(fc.constantFrom(["a"], ["a", "b"])),
    rate_limits: some(fc.constantFrom(null, [{ type: "requests", unit: "rpm", value: 5 }])),
    usage_limits: some(
      fc.option(
        group({
          credit_limit: amount,
          type: fc.constantFrom("cost", "tokens"),
          periodic_reset: fc.constantFrom("monthly", "weekly"),
        }),
      ),
    ),
    defaults: some(
      group({
        allow_config_override: fc.boolean(),
        metadata: fc.option(group({ team: fc.constantFrom("s", null), "a.b": fc.constantFrom("t") })),
      }),
    ),
    expires_at: some(fc.constantFrom(null, "2027-01-01T00:00:00Z")),
  })
  .map(
    (fields) =>
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject,
  );

const names = ["name", "description", "scopes", "rate_limits", "usage_limits", "defaults", "expires_at"];
const leaf: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.subarray(names, { minLength: 1, maxLength: 3 }).map((required) => ({ required })),
  fc
    .constantFrom(...names)
    .map((name) => ({ properties: { [name]: { type: ["string", "array", "object"] } } })),
  fc.constantFrom(...names).map((name) => ({ properties: { [name]: false } })),
  amount.map((maximum) => ({
    properties: { usage_limits: { required: ["credit_limit"], properties: { credit_limit: { maximum } } } },
  })),
  fc.constant({
    properties: {
      usage_limits: { required: ["periodic_reset"], not: { required: ["periodic_reset_days"] } },
    },
  }),
  fc.constant({ properties: { scopes: { maxItems: 1 }, name: { maxLength: 1 } } }),
  fc.constant({ properties: { rate_limits: { items: { properties: { value: { exclusiveMinimum: 5 } } } } } }),
  fc.constant({
    properties: {
      defaults: {
        required: ["metadata"],
        properties: { metadata: { additionalProperties: { type: "string" } } },
      },
    },
  }),
  fc.constant({
    properties: { defaults: { properties: { metadata: { type: "object", required: ["team"] } } } },
  }),
);
const { schema } = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    fc.tuple(tie("schema"), tie("schema")).map(([a, b]) => ({ allOf: [a, b] })),
    fc.tuple(tie("schema"), tie("schema")).map(([a, b]) => ({ anyOf: [a, b] })),
    tie("schema").map((not) => ({ not })),
    fc.tuple(tie("schema"), tie("schema")).map(([a, b]) => ({ if: a, then: b })),
  ),
}));

function merged(below: JsonObject, above: JsonObject): JsonObject {
  const result: Record<string, JsonObject[string]> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const old = result[name];
    result[name] = isObject(value) ? merged(isObject(old) ? old : {}, value) : value;
  }
  return result;
}

test(
  "an effective key offends exactly when there is a problem, at something that was said or at the key block",
  async (context) => {
    const ajv = new Ajv2020({ strict: false, ownProperties: true });
    let offended = 0;
    const property = fc.property(
      fc.array(block, { maxLength: 2 }),
      block,
      fc.array(schema, { minLength: 1, maxLength: 3 }),
      (below, key, schemas) => {
        const profiles = below.map((value, index) => profile({ name: `base${index}`, key: value }));
        const one = policy({ profiles: profiles.map(({ name }) => name), key });
        const guardrails = schemas.map((own, index) => guardrail({ name: `rule${index}`, schema: own }));
        const { problems, held, desired } = resolve({ policies: [one], profiles, guardrails });
        const found = problems.filter(({ code }) => code === "KS1340");

        const effective = [...below, key].reduce(merged, {});
        for (const [index, own] of schemas.entries()) {
          const isBroken = !ajv.validate(own, effective);
          const told = found.some(({ message }) => message.includes(`"rule${index}"`));
          expect([index, told]).toEqual([index, isBroken]);
          if (isBroken) offended += 1;
        }
        expect(held.length > 0).toBe(desired.size === 0);
        if (found.length > 0) expect(held).toHaveLength(1);
        const places = [one.key, ...profiles.map((base) => base.key)].flatMap((said: KeyBlock) => [
          ...said.places,
        ]);
        for (const problem of found) {
          expect(
            places.some(
              ([pointer, place]) =>
                isSamePlace(place, problem) && (pointer !== "" || place === one.key.places.get("")),
            ),
          ).toBe(true);
        }
      },
    );
    await holds(context, "guardrails: what offends", property);
    expect(offended).toBeGreaterThan(0);
  },
  timeFor("guardrails: what offends"),
);
