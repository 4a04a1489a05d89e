import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { expect } from "vitest";

const file = new URL("../../schema/results.schema.json", import.meta.url);
const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
formats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(file, "utf8")) as object);

/** A result as read from what a command printed, once it is known to keep its schema. */
export function checkedResult(name: string, text: string): Record<string, any> {
  const result = JSON.parse(text) as Record<string, any>;
  const validate = ajv.getSchema(`urn:keysteward:results:v1#/$defs/${name}`)!;
  expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
  return result;
}
