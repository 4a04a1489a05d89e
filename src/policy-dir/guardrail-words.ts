import type { ErrorObject } from "ajv/dist/2020.js";
import type { Offence } from "../core/guardrail.ts";
import { describeTypes, spellList } from "./describe.ts";
import { joinPath } from "./document-path.ts";
import { clip } from "./yaml-stream.ts";

/*
 * From what the validator says of a key to offences: a place in the key, what was found, what was expected.
 *
 * The branches of a choice (`anyOf`, `oneOf`, `not`, …) each report by themselves; those echoes are left out, and so is
 * `if`, which only repeats that `then` or `else` failed.
 */
const echo = /\/(?:anyOf|oneOf|not|contains|propertyNames|if)\//;
const choices = new Set(["anyOf", "oneOf", "not", "contains", "propertyNames"]);

/** The errors of a key that does not fit, at least one, as at least one offence. */
export function offencesFrom(errors: readonly ErrorObject[]): readonly Offence[] {
  const chosen = errors.filter(({ keyword }) => choices.has(keyword)).map(({ instancePath }) => instancePath);
  // Behind a reference the path in the schema begins anew.
  const isEcho = ({ keyword, schemaPath, instancePath }: ErrorObject): boolean =>
    echo.test(schemaPath) ||
    (!choices.has(keyword) &&
      schemaPath.startsWith("#/$defs/") &&
      chosen.some((path) => instancePath.startsWith(path)));
  const told = errors.filter((error) => !isEcho(error));
  const others = told.filter(({ keyword }) => keyword !== "if");
  const shown = others.length > 0 ? others : told.length > 0 ? told : errors;
  return shown.map(offenceFrom);
}

function offenceFrom(error: ErrorObject): Offence {
  const missing: unknown = error.params["missingProperty"];
  if (typeof missing === "string") {
    const pointer = inside(error.instancePath, missing);
    return { pointer, missing: true, message: `${pathText(pointer)} is missing; expected it to be given` };
  }
  const extra: unknown = error.params["additionalProperty"] ?? error.params["unevaluatedProperty"];
  const pointer = typeof extra === "string" ? inside(error.instancePath, extra) : error.instancePath;
  if (typeof extra === "string" || error.keyword === "false schema") {
    return { pointer, missing: false, message: `${pathText(pointer)} is given; expected it to be left out` };
  }
  const found = `${pathText(pointer)} is ${valueText(error.data)}`;
  return { pointer, missing: false, message: `${found}; expected ${expectedText(error)}` };
}

function expectedText(error: ErrorObject): string {
  const { keyword, params, schema } = error;
  const limit = String(params["limit"]);
  switch (keyword) {
    case "type":
      return describeTypes([params["type"] as string | readonly string[]].flat());
    case "const":
      return valueText(params["allowedValue"]);
    case "enum":
      return spellList((params["allowedValues"] as readonly unknown[]).map(valueText));
    case "minimum":
      return `at least ${limit}`;
    case "maximum":
      return `at most ${limit}`;
    case "exclusiveMinimum":
      return `more than ${limit}`;
    case "exclusiveMaximum":
      return `less than ${limit}`;
    case "multipleOf":
      return `a multiple of ${String(params["multipleOf"])}`;
    case "minLength":
      return `at least ${limit} characters`;
    case "maxLength":
      return `at most ${limit} characters`;
    case "minItems":
      return `at least ${limit} items`;
    case "maxItems":
      return `at most ${limit} items`;
    case "pattern":
      return `text that matches ${String(params["pattern"])}`;
    case "format":
      return `a text of the format ${String(params["format"])}`;
    case "contains":
      return `a list with an item that fits ${valueText(schema)}`;
    case "not":
      return `anything that does not fit ${valueText(schema)}`;
    default:
      return `what fits ${valueText({ [keyword]: schema })}`;
  }
}

function valueText(value: unknown): string {
  return clip(JSON.stringify(value));
}

function inside(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** A pointer into a key as people write it: `usage_limits.credit_limit`. */
function pathText(pointer: string): string {
  const names = pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  // The order of a list means nothing, so an item has no number either.
  const path = names.reduce((outer, name) => (/^\d+$/.test(name) ? outer : joinPath(outer, name)), "");
  return path === "" ? "the key" : path;
}
