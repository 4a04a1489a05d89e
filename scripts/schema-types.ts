import { readFileSync, writeFileSync } from "node:fs";
import { compile, type JSONSchema } from "json-schema-to-typescript";

const schemaFile = new URL("../schema/policy.schema.json", import.meta.url);
const typesFile = new URL("../src/policy-dir/policy-schema.types.ts", import.meta.url);

/** Writes the TypeScript types of the policy schema; with `--check`, fails when they are not what would be written. */
async function main(check: boolean): Promise<void> {
  const schema = JSON.parse(readFileSync(schemaFile, "utf8"), withoutExclusions) as JSONSchema;
  const wanted = await compile(schema, "PolicyDocument", {
    additionalProperties: false,
    bannerComment: "/* Generated from schema/policy.schema.json by `npm run types`; do not edit. */",
    ignoreMinAndMaxItems: true,
    style: { printWidth: 110 },
  });
  if (!check) {
    writeFileSync(typesFile, wanted);
    return;
  }
  if (read(typesFile) !== wanted) {
    console.error(
      "src/policy-dir/policy-schema.types.ts does not match schema/policy.schema.json: run `npm run types`.",
    );
    process.exitCode = 1;
  }
}

/**
 * Leaves out what has no counterpart in a type: "exactly one of these fields", and a type beside a reference (which is
 * there for the validator's speed alone).
 */
function withoutExclusions(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  const drop = "properties" in value ? "oneOf" : "$ref" in value ? "type" : undefined;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== drop));
}

function read(file: URL): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

await main(process.argv.includes("--check"));
