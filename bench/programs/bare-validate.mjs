import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

let validate;

function compile() {
  const ajv = new Ajv2020({ discriminator: true, strictRequired: false });
  addFormats.default(ajv);
  const file = new URL("../../schema/policy.schema.json", import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(file, "utf8")));
}

/** How many files of the directory are valid documents. */
export function validateAll(directory) {
  validate ??= compile();
  let valid = 0;
  for (const name of readdirSync(directory, { recursive: true })) {
    if (name.endsWith(".yaml") && validate(parse(readFileSync(join(directory, name), "utf8")))) valid += 1;
  }
  return valid;
}
