import { readFileSync } from "node:fs";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import type { Json, JsonObject } from "../core/policy.ts";
import { isEmail, isInstant, isUuid } from "./formats.ts";
import type { PolicyDocument } from "./policy-schema.types.ts";

/** What the schema says of one document: the document, or every way in which it breaks the schema. */
type Verdict =
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly errors: readonly ErrorObject[] };

export interface PolicySchema {
  readonly judge: (value: Json) => Verdict;
  /** The names of the fields of a `key` block. */
  readonly keyFields: readonly string[];
  /** The parts of the schema, by name. */
  readonly definitions: JsonObject;
  /** The schema itself. */
  readonly schema: JsonObject;
}

type SchemaFile = JsonObject & {
  readonly $defs: JsonObject & { readonly Key: { readonly properties: JsonObject } };
};

let compiled: PolicySchema | undefined;

/** The policy schema, ready to judge documents; compiled at its first use, which takes some 50 ms. */
export function policySchema(): PolicySchema {
  compiled ??= compile();
  return compiled;
}

function compile(): PolicySchema {
  const file = new URL("../../schema/policy.schema.json", import.meta.url);
  const schema = JSON.parse(readFileSync(file, "utf8")) as SchemaFile;
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    discriminator: true,
    allErrors: true,
    verbose: true,
    formats: { uuid: isUuid, "date-time": isInstant, email: isEmail },
  });
  const validate = ajv.compile<PolicyDocument>(schema);
  return {
    judge(value) {
      const candidate: unknown = value;
      return validate(candidate)
        ? { ok: true, document: candidate }
        : { ok: false, errors: validate.errors ?? [] };
    },
    keyFields: Object.keys(schema.$defs.Key.properties),
    schema,
    definitions: schema.$defs,
  };
}
