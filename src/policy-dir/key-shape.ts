import { isObject } from "../core/canonical.ts";
import type { Json, JsonObject } from "../core/policy.ts";
import { policySchema } from "./policy-schema.ts";

/** What the policy schema says of a key or of a part of it; undefined where it says nothing. */
export type Shape = JsonObject | undefined;

/** The shape of a `key` block. */
export function keyShape(): Shape {
  return followed({ $ref: "#/$defs/Key" });
}

/** The names that a mapping of this shape may have; undefined where they are free. */
export function fieldNames(shape: Shape): readonly string[] | undefined {
  const fields = shape?.["properties"];
  return isObject(fields) && shape?.["additionalProperties"] === false ? Object.keys(fields) : undefined;
}

export function fieldShape(shape: Shape, name: string): Shape {
  const fields = shape?.["properties"];
  return isObject(fields) && Object.hasOwn(fields, name) ? followed(fields[name]) : undefined;
}

export function itemShape(shape: Shape): Shape {
  return followed(shape?.["items"]);
}

/** Whether `null`, "must be empty", is a value of this shape. */
export function mayBeNull(shape: Shape): boolean {
  const type = shape?.["type"];
  return Array.isArray(type) && type.includes("null");
}

function followed(node: Json | undefined): Shape {
  if (!isObject(node)) return undefined;
  const reference = node["$ref"];
  const name = typeof reference === "string" ? reference.replace("#/$defs/", "") : undefined;
  const target = name === undefined ? node : policySchema().definitions[name];
  return isObject(target) ? target : undefined;
}
