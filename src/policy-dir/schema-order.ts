import { isObject } from "../core/canonical.ts";
import type { Json, JsonObject } from "../core/policy.ts";

/** In which order the names of a mapping stand, and what is known of what is inside. */
export interface Shape {
  /** Empty where the names are free. */
  readonly names: readonly string[];
  readonly inside: (name: string) => Shape;
  /** The items of a list. */
  readonly item: () => Shape;
}

/** The shape of the documents of a kind, as the schema lists their properties; a free one for a kind that is unknown. */
export function documentShape(schema: JsonObject, kind: string): Shape {
  const document = alternatives(schema, schema).find((one) => {
    const said = propertiesOf(schema, one)["kind"];
    return isObject(said) && said["const"] === kind;
  });
  return shapeOf(schema, document ?? {});
}

function shapeOf(schema: JsonObject, node: JsonObject): Shape {
  const properties = propertiesOf(schema, node);
  return {
    names: Object.keys(properties),
    inside: (name) => {
      const inner = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return shapeOf(schema, isObject(inner) ? inner : {});
    },
    item: () => {
      const items = [resolved(schema, node), ...alternatives(schema, node)].map((one) => one["items"]);
      return shapeOf(schema, items.find(isObject) ?? {});
    },
  };
}

/** The properties of a node and of what it is put together from, each at its first place. */
function propertiesOf(schema: JsonObject, node: JsonObject): JsonObject {
  const own = resolved(schema, node)["properties"];
  const others = alternatives(schema, node).map((one) => propertiesOf(schema, one));
  return Object.assign({}, ...[own, ...others].filter(isObject)) as JsonObject;
}

function alternatives(schema: JsonObject, node: JsonObject): JsonObject[] {
  const whole = resolved(schema, node);
  return ["allOf", "anyOf", "oneOf"]
    .flatMap((word): readonly Json[] => (Array.isArray(whole[word]) ? (whole[word] as Json[]) : []))
    .filter(isObject)
    .map((one) => resolved(schema, one));
}

/** What `$ref` names; every reference of the schema leads into its own `$defs`. */
function resolved(schema: JsonObject, node: JsonObject): JsonObject {
  const reference = node["$ref"];
  const defs = schema["$defs"];
  if (typeof reference !== "string" || !isObject(defs)) return node;
  const target = defs[reference.slice("#/$defs/".length)];
  return isObject(target) ? target : node;
}
