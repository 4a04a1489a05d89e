import { isObject } from "../core/canonical.ts";
import type { Json, JsonObject } from "../core/policy.ts";
import { didYouMean, suggest } from "../core/suggest.ts";
import { describeValue, spellList } from "./describe.ts";
import { patternFault } from "./guardrail-pattern.ts";
import { escaped, schemasIn, walkReferences, walkSchema, type SchemaNode } from "./guardrail-walk.ts";
import { fieldNames, fieldShape, keyShape, mayBeNull } from "./key-shape.ts";
import { clip } from "./yaml-stream.ts";

/** Something wrong in a guardrail's schema. */
export interface SchemaFault {
  /** Where, as a JSON pointer into the schema. */
  readonly pointer: string;
  readonly message: string;
  /** Set where it is about the name that the pointer ends with, and not about its value. */
  readonly atName?: true;
  /** Set where it is sound all the same, and probably not what was meant. */
  readonly warning?: true;
}

/** What of a schema is accepted. */
export interface Vocabulary {
  readonly keywords: readonly string[];
  readonly formats: readonly string[];
}

const dialect = "https://json-schema.org/draft/2020-12/schema";
const mostValues = 2_000;
const deepest = 30;
/** Schemas that a judgement may come by once references are followed. */
const mostWeight = 5_000;

const refused: Readonly<Record<string, string>> = {
  $id: "a guardrail's schema has no address: delete it",
  $anchor: "name the schema in $defs, and refer to it as #/$defs/NAME",
  $dynamicAnchor: "name the schema in $defs, and refer to it as #/$defs/NAME",
  $dynamicRef: "refer to a schema as #/$defs/NAME with $ref",
  $recursiveRef: "refer to a schema as #/$defs/NAME with $ref",
  $recursiveAnchor: "name the schema in $defs, and refer to it as #/$defs/NAME",
  $vocabulary: "delete it",
  $async: "delete it",
  definitions: "JSON Schema 2020-12 calls it $defs",
  dependencies: "JSON Schema 2020-12 calls it dependentRequired or dependentSchemas",
  additionalItems: "JSON Schema 2020-12 calls it items, beside prefixItems",
  nullable: 'write type: [..., "null"]',
};

/** Keywords that look at whether a value is null. */
const looksAtNull = ["type", "const", "enum", "$ref", "not", "allOf", "anyOf", "oneOf", "if"];

/** The schema as the root of a walk. */
export function rootOf(schema: JsonObject): SchemaNode {
  return { pointer: "", schema, shape: keyShape(), demanded: true };
}

/** What can be told of a schema before it is compiled. */
export function checkSchema(schema: JsonObject, vocabulary: Vocabulary): readonly SchemaFault[] {
  const bounds = boundsFault(schema);
  if (bounds !== undefined) return [{ pointer: "", message: bounds }];
  const nodes = [...walkSchema(rootOf(schema))];
  const faults = nodes.flatMap((node) =>
    Object.entries(node.schema).flatMap(([name, value]) =>
      keywordFaults({ node, name, value, root: schema, vocabulary }),
    ),
  );
  const judging = [...walkReferences(rootOf(schema), (reference) => targetOf(schema, reference))];
  faults.push(...onceEach(judging.flatMap(fieldFaults)));
  if (faults.length > 0) return faults;
  const circle = referenceFault(schema);
  return circle === undefined ? onceEach(judging.flatMap(emptyPasses)) : [circle];
}

/** A schema that is referred to from several places judges values of several shapes, and may say the same of each. */
function onceEach(faults: readonly SchemaFault[]): readonly SchemaFault[] {
  return [...new Map(faults.map((fault) => [`${fault.pointer} ${fault.message}`, fault])).values()];
}

function boundsFault(schema: JsonObject): string | undefined {
  let values = 0;
  let depth = 0;
  function count(value: Json, level: number): void {
    values += 1;
    depth = Math.max(depth, level);
    if (values > mostValues || level > deepest || typeof value !== "object" || value === null) return;
    for (const inner of Object.values<Json>(value)) count(inner, level + 1);
  }
  count(schema, 1);
  if (depth > deepest) return `the schema is nested deeper than ${deepest} levels; expected fewer`;
  return values > mostValues ? `the schema has more than ${mostValues} values; expected fewer` : undefined;
}

interface Found {
  readonly node: SchemaNode;
  /** The keyword, and what it is given. */
  readonly name: string;
  readonly value: Json;
  readonly root: JsonObject;
  readonly vocabulary: Vocabulary;
}

function keywordFaults({ node, name, value, root, vocabulary }: Found): readonly SchemaFault[] {
  const pointer = `${node.pointer}/${escaped(name)}`;
  const fault = (message: string): SchemaFault[] => [{ pointer, message }];
  const misnamed = (message: string): SchemaFault[] => [{ pointer, message, atName: true }];
  if (Object.hasOwn(refused, name)) return misnamed(`${name} is not accepted: ${refused[name] ?? ""}`);
  if (!vocabulary.keywords.includes(name)) {
    const hint = didYouMean(suggest(name, vocabulary.keywords));
    return misnamed(`"${clip(name)}" is no keyword of JSON Schema 2020-12: correct or delete it.${hint}`);
  }
  switch (name) {
    case "$schema":
      return value === dialect && node.pointer === ""
        ? []
        : fault(`$schema is ${describeValue(value)}; expected ${dialect} at the top, or none`);
    case "$ref": {
      const isKnown = typeof value === "string" && targetOf(root, value) !== undefined;
      return isKnown
        ? []
        : fault(
            `$ref is ${describeValue(value)}; expected #/$defs/NAME with a NAME that is in this schema's $defs`,
          );
    }
    case "pattern": {
      const why = typeof value === "string" ? patternFault(value) : undefined;
      return why === undefined ? [] : fault(`the pattern ${describeValue(value)} is not accepted: ${why}`);
    }
    case "patternProperties":
      return Object.keys(isObject(value) ? value : {}).flatMap((pattern) => {
        const why = patternFault(pattern);
        const message = `the pattern ${describeValue(pattern)} is not accepted: ${why ?? ""}`;
        return why === undefined
          ? []
          : [{ pointer: `${pointer}/${escaped(pattern)}`, message, atName: true }];
      });
    case "format":
      return typeof value === "string" && !vocabulary.formats.includes(value)
        ? fault(`the format ${describeValue(value)} is not known; expected ${spellList(vocabulary.formats)}`)
        : [];
    default:
      return [];
  }
}

/** Fields that no key has: a rule about them would hold nobody back. */
function fieldFaults({ schema, pointer, shape }: SchemaNode): readonly SchemaFault[] {
  const names = fieldNames(shape);
  if (names === undefined) return [];
  const { properties, required } = schema;
  const asked = [
    ...Object.keys(isObject(properties) ? properties : {}).map((name) => ({
      name,
      at: `${pointer}/properties/${escaped(name)}`,
    })),
    ...(Array.isArray(required) ? required : []).map((name: Json, index) => ({
      name,
      at: `${pointer}/required/${index}`,
    })),
  ];
  return asked.flatMap(({ name, at }) => {
    if (typeof name !== "string" || names.includes(name)) return [];
    const message = `no key has the field "${clip(name)}" here; expected one of ${names.join(", ")}.`;
    return [{ pointer: at, message: message + didYouMean(suggest(name, names)), atName: true }];
  });
}

function emptyPasses({ schema, pointer, shape, demanded }: SchemaNode): readonly SchemaFault[] {
  const { properties, required } = schema;
  if (!demanded || !Array.isArray(required)) return [];
  return required.flatMap((name: Json, index): SchemaFault[] => {
    if (typeof name !== "string" || !mayBeNull(fieldShape(shape, name))) return [];
    const inner = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : {};
    if (!isObject(inner) || looksAtNull.some((keyword) => Object.hasOwn(inner, keyword))) return [];
    const message =
      `"${name}: null", which empties the field, passes this schema: say which type ${name} must have, ` +
      'or allow it with type: [..., "null"]';
    return [{ pointer: `${pointer}/required/${index}`, message, warning: true }];
  });
}

function targetOf(root: JsonObject, reference: string): Json | undefined {
  const name = /^#\/\$defs\/([^/]+)$/.exec(reference)?.[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
  const definitions = root["$defs"];
  return name !== undefined && isObject(definitions) && Object.hasOwn(definitions, name)
    ? definitions[name]
    : undefined;
}

/** A reference that leads back to where it stands, or so many that following them takes too long. */
function referenceFault(root: JsonObject): SchemaFault | undefined {
  const weights = new Map<JsonObject, number>();
  const open = new Set<JsonObject>();
  let circle: SchemaFault | undefined;

  function weigh(node: SchemaNode): number {
    const known = weights.get(node.schema);
    if (known !== undefined) return known;
    open.add(node.schema);
    let weight = schemasIn(node).reduce((sum, inner) => sum + weigh(inner), 1);
    const { $ref: reference } = node.schema;
    const target = typeof reference === "string" ? targetOf(root, reference) : undefined;
    if (isObject(target) && open.has(target)) {
      const message = "$ref leads back to where it stands, and no key goes on for ever: take it out";
      circle ??= { pointer: `${node.pointer}/$ref`, message };
    } else if (isObject(target) && typeof reference === "string") {
      weight += weigh({ pointer: reference.slice(1), schema: target, shape: undefined, demanded: false });
    }
    open.delete(node.schema);
    weights.set(node.schema, weight);
    return weight;
  }

  const weight = weigh(rootOf(root));
  if (circle !== undefined || weight <= mostWeight) return circle;
  return {
    pointer: "",
    message: `the schema's references make it too large to be judged quickly; use fewer`,
  };
}
