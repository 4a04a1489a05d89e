import { isObject } from "../core/canonical.ts";
import type { Json, JsonObject } from "../core/policy.ts";
import { fieldShape, itemShape, type Shape } from "./key-shape.ts";

/** A schema inside of a schema, and what it judges. */
export interface SchemaNode {
  /** Where, as a JSON pointer into the guardrail's schema. */
  readonly pointer: string;
  readonly schema: JsonObject;
  /** What is known of the values that it judges; undefined where nothing is. */
  readonly shape: Shape;
  /** Whether what it demands is demanded of every key: not in a choice, a condition or a negation. */
  readonly demanded: boolean;
}

type Step = (node: SchemaNode, name: string) => Pick<SchemaNode, "shape" | "demanded">;

const same: Step = ({ shape, demanded }) => ({ shape, demanded });
const choice: Step = ({ shape }) => ({ shape, demanded: false });
const free: Step = () => ({ shape: undefined, demanded: false });
const item: Step = ({ shape }) => ({ shape: itemShape(shape), demanded: false });
const property: Step = ({ shape, demanded }, name) => ({ shape: fieldShape(shape, name), demanded });

/** The keywords that hold schemas: one, a list of them, or some by name. */
const one: Readonly<Record<string, Step>> = {
  additionalProperties: free,
  unevaluatedProperties: free,
  propertyNames: free,
  contentSchema: free,
  unevaluatedItems: item,
  items: item,
  contains: item,
  not: choice,
  if: choice,
  then: choice,
  else: choice,
};
const list: Readonly<Record<string, Step>> = { allOf: same, anyOf: choice, oneOf: choice, prefixItems: item };
const byName: Readonly<Record<string, Step>> = {
  properties: property,
  patternProperties: free,
  dependentSchemas: choice,
  $defs: free,
};

/** The schemas right inside of one. What is none, though it stands where one belongs, is left out. */
export function schemasIn(node: SchemaNode): readonly SchemaNode[] {
  return Object.entries(node.schema).flatMap(([keyword, value]) => {
    const pointer = `${node.pointer}/${keyword}`;
    const at = (name: string, inner: Json, step: Step): SchemaNode[] =>
      isObject(inner)
        ? [
            {
              pointer: name === "" ? pointer : `${pointer}/${escaped(name)}`,
              schema: inner,
              ...step(node, name),
            },
          ]
        : [];
    const [single, several, named] = [one, list, byName].map((table) =>
      Object.hasOwn(table, keyword) ? table[keyword] : undefined,
    );
    if (single !== undefined) return at("", value, single);
    if (several !== undefined && Array.isArray(value)) {
      return value.flatMap((inner: Json, index) => at(String(index), inner, several));
    }
    if (named !== undefined && isObject(value)) {
      return Object.entries(value).flatMap(([name, inner]) => at(name, inner, named));
    }
    return [];
  });
}

/** A schema and all that are inside of it, each after what it is in. */
export function* walkSchema(node: SchemaNode): Generator<SchemaNode> {
  yield node;
  for (const inner of schemasIn(node)) yield* walkSchema(inner);
}

/**
 * As `walkSchema`, and what is referred to as well, as judging what the schema that refers to it judges. Each schema comes
 * once for each shape, so that circles end and there are never more than shapes times schemas.
 */
export function* walkReferences(
  root: SchemaNode,
  targetOf: (reference: string) => Json | undefined,
): Generator<SchemaNode> {
  const seen = new Map<JsonObject, SchemaNode[]>();
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { schema, shape, demanded } = node;
    const before = seen.get(schema) ?? [];
    if (before.some((one) => one.shape === shape && one.demanded === demanded)) continue;
    seen.set(schema, [...before, node]);
    yield node;
    const { $ref: reference } = schema;
    const target = typeof reference === "string" ? targetOf(reference) : undefined;
    if (typeof reference === "string" && isObject(target)) {
      waiting.push({ pointer: reference.slice(1), schema: target, shape, demanded });
    }
    waiting.push(...schemasIn(node).toReversed());
  }
}

export function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
