/*
 * A guardrail's own schema: from what a document says to something that judges keys.
 *
 * It is compiled when its file is read, so that what is wrong with it is told at its place, and never in the middle of a
 * pass. It is checked in steps, and each goes before the next:
 *
 *   1. bounds            size and depth
 *   2. what it may say   known keywords and formats; references to its own #/$defs/NAME alone, none in a circle, and not so
 *                        many that following them takes long; patterns that end; fields that keys have
 *   3. its own schema    JSON Schema 2020-12
 *   4. compiling         whatever the validator's strict mode finds beyond that
 *
 * A misspelt field in `properties` or `required` would make a rule that nobody breaks or everybody does, so fields are
 * checked as those of a policy are.
 *
 * A sound guardrail may still not say what its author meant: `null`, which empties a field, passes `required` and every
 * bound. Where a field that may be null is required and its schema does not look at that, it is a warning.
 */
import { Ajv2020, type ErrorObject, type Options } from "ajv/dist/2020.js";
import type { Guardrail } from "../core/guardrail.ts";
import type { JsonObject } from "../core/policy.ts";
import { isEmail, isInstant, isUuid } from "./formats.ts";
import { checkSchema, rootOf, type SchemaFault, type Vocabulary } from "./guardrail-faults.ts";
import { boundedPattern } from "./guardrail-pattern.ts";
import { walkSchema } from "./guardrail-walk.ts";
import { offencesFrom } from "./guardrail-words.ts";

type Judge = Guardrail["judge"];

export interface CompiledSchema {
  /** Undefined when the schema is not sound. */
  readonly judge: Judge | undefined;
  readonly faults: readonly SchemaFault[];
}

const formats = { uuid: isUuid, "date-time": isInstant, email: isEmail };

const options: Options = {
  strict: true,
  // Whoever writes a rule for one field need not say that a key is an object.
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allErrors: true,
  verbose: true,
  // A name like `constructor` must not be found where nobody set it.
  ownProperties: true,
  logger: false,
  formats,
  code: { regExp: boundedPattern },
};

/** The keywords of JSON Schema 2020-12, less those that `guardrail-faults.ts` refuses. */
const keywords =
  "type const enum minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern format minItems maxItems uniqueItems items prefixItems contains minContains maxContains properties required additionalProperties patternProperties propertyNames minProperties maxProperties dependentRequired dependentSchemas unevaluatedProperties unevaluatedItems allOf anyOf oneOf not if then else title description examples default deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema $comment $defs $ref $schema".split(
    " ",
  );

const vocabulary: Vocabulary = { keywords, formats: Object.keys(formats) };

let inspector: Ajv2020 | undefined;

/** Never throws. */
export function compileSchema(schema: JsonObject): CompiledSchema {
  const found = checkSchema(schema, vocabulary);
  if (found.some(({ warning }) => warning !== true)) return { judge: undefined, faults: found };
  inspector ??= new Ajv2020(options);
  if (inspector.validateSchema(schema) !== true) {
    return { judge: undefined, faults: metaFaults(inspector.errors ?? []) };
  }
  try {
    return { judge: judgeOf(compile(schema)), faults: found };
  } catch (error) {
    return { judge: undefined, faults: [strictFault(schema, messageOf(error))] };
  }
}

/** A validator of its own for each: one that is shared keeps all that it ever compiled. */
function compile(schema: JsonObject): ReturnType<Ajv2020["compile"]> {
  return new Ajv2020({ ...options, meta: false, validateSchema: false }).compile(schema);
}

function judgeOf(validate: ReturnType<typeof compile>): Judge {
  return (key) => {
    try {
      return validate(key) ? none : offencesFrom(validate.errors ?? []);
    } catch (error) {
      return [{ pointer: "", missing: false, message: `the key cannot be judged: ${messageOf(error)}` }];
    }
  };
}

const none: ReturnType<Judge> = [];

/** The first that is said of each place. */
function metaFaults(errors: readonly ErrorObject[]): readonly SchemaFault[] {
  const byPlace = new Map<string, SchemaFault>();
  for (const { instancePath, message = "is not accepted" } of errors) {
    const what = instancePath === "" ? "the schema" : (instancePath.split("/").at(-1) ?? "");
    const fault = {
      pointer: instancePath,
      message: `${what} ${message.replaceAll(",", " or ")} in JSON Schema 2020-12`,
    };
    if (!byPlace.has(instancePath)) byPlace.set(instancePath, fault);
  }
  return [...byPlace.values()];
}

/** What only compiling finds has no place: it is that of the smallest part that cannot be compiled either, alone. */
function strictFault(schema: JsonObject, message: string): SchemaFault {
  const definitions = schema["$defs"] ?? {};
  const nodes = [...walkSchema(rootOf(schema))].sort((a, b) => b.pointer.length - a.pointer.length);
  const part = nodes.find(({ schema: inner }) => {
    try {
      compile({ ...inner, $defs: definitions });
      return false;
    } catch (error) {
      return messageOf(error) === message;
    }
  });
  return { pointer: part?.pointer ?? "", message: `the schema cannot be used: ${message}; correct it` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
