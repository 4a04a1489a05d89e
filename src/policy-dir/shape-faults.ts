import type { ErrorObject } from "ajv/dist/2020.js";
import type { ProblemCode } from "../core/problem.ts";
import { describeTypes, describeValue, spellList } from "./describe.ts";
import { describeEmptyMatch, describeNoKey, describeSeveralWays, describeWorkspace } from "./key-ways.ts";
import { itemPath, joinPath } from "./document-path.ts";
import { didYouMean, suggest } from "../core/suggest.ts";
import {
  caseName,
  casePart,
  describeBlankName,
  describeEmptyPart,
  describeNothingGiven,
  describeSeveralGiven,
  givenPath,
} from "./test-ways.ts";
import { describeUnknownField } from "./unknown-field.ts";
import type { Spot } from "./yaml-reading.ts";
import type { Fault } from "./yaml-stream.ts";

/*
 * From the schema validator's errors to sentences with a place.
 *
 *   the validator says                where it is shown            code
 *   additionalProperties              at the field's name          KS1201 unknown-field
 *   required, oneOf (ways to keys)    at the mapping it lacks in   KS1202 missing-field
 *   minProperties (match)             at the mapping               KS1202 missing-field
 *   dependentRequired (priority)      at the field's name          KS1204 wrong-value
 *   type, anyOf (plain values)        at the value                 KS1203 wrong-type
 *   enum, const, bounds, pattern      at the value                 KS1204 wrong-value
 *   format, pattern of a config's id  at the value                 KS1205 wrong-format
 *   discriminator                     at the value of `kind`       KS1206 unknown-kind
 *
 * The validator reports each branch of a choice too: those echoes are left out, and so is what it says of a value whose
 * type is wrong already.
 */

/** The kinds of documents there are. */
export const kinds = ["KeyPolicy", "Profile", "Guardrail", "PolicyTest"];
const echo = /\/(?:oneOf|anyOf)\/\d+\//;

const formats: Readonly<Record<string, string>> = {
  uuid: "a UUID such as f47ac10b-58cc-4372-a567-0e02b2c3d479; copy the key's id from Portkey",
  "date-time":
    "an RFC 3339 instant with time and zone that exists in the calendar, such as 2027-06-30T23:59:59Z",
  email: "an email address such as team@example.com",
};

/** The schema errors of one document as faults, in no particular order. */
export function shapeFaults(
  errors: readonly ErrorObject[],
  root: Spot,
  keyFields: readonly string[],
): readonly Fault[] {
  const told = errors.filter((error) => !echo.test(error.schemaPath));
  const mistyped = new Set(
    told.filter((error) => error.keyword === "type").map((error) => error.instancePath),
  );
  return told
    .filter((error) => error.keyword === "type" || !mistyped.has(error.instancePath))
    .flatMap((error) => shapeFault(error, locate(root, error.instancePath), keyFields));
}

interface Located {
  readonly spot: Spot;
  readonly path: string;
  /** Where its name stands; undefined for an item of a list, and for the document. */
  readonly keyOffset: number | undefined;
}

function shapeFault(error: ErrorObject, located: Located, keyFields: readonly string[]): readonly Fault[] {
  const { spot, path } = located;
  const at = (code: ProblemCode, message: string): Fault[] => [{ code, offset: spot.offset, path, message }];
  switch (error.keyword) {
    case "additionalProperties":
      return [unknownField(error, located, keyFields)];
    case "required": {
      const name = String(error.params["missingProperty"]);
      const message = `the field "${name}" is missing in ${path === "" ? "the document" : path}; add it`;
      return [{ code: "KS1202", offset: spot.offset, path: joinPath(path, name), message }];
    }
    case "oneOf":
      return at(...choiceFault(error, path));
    case "minProperties":
      return at("KS1202", casePart.test(path) ? describeEmptyPart(path) : describeEmptyMatch(path));
    case "dependentRequired":
      return [misplacedField(error, located)];
    case "discriminator":
      return discriminatorFault(error, located);
    case "type":
    case "anyOf":
      return at("KS1203", wrongType(error, path));
    case "format":
      return at("KS1205", wrongFormat(error, path));
    case "pattern":
      return path.endsWith(".config_id")
        ? at("KS1205", slugInPlaceOfId(error, path))
        : at("KS1204", wrongText(error, path));
    case "uniqueItems":
      return [repeatedItem(error, located)];
    default:
      return at("KS1204", wrongValue(error, path));
  }
}

/** None, or several, of the ways to say which keys are meant, or what a case is about. */
function choiceFault(error: ErrorObject, path: string): [ProblemCode, string] {
  const isGiven = givenPath.test(path);
  if (error.params["passingSchemas"] === null)
    return ["KS1202", isGiven ? describeNothingGiven(path) : describeNoKey(path)];
  const describe = isGiven ? describeSeveralGiven : describeSeveralWays;
  return ["KS1204", describe(path, error.data)];
}

function misplacedField(error: ErrorObject, { spot, path }: Located): Fault {
  const name = String(error.params["property"]);
  const needed = String(error.params["missingProperty"]);
  return {
    code: "KS1204",
    offset: spot.entries?.get(name)?.keyOffset ?? spot.offset,
    path: joinPath(path, name),
    message: `${joinPath(path, name)} means something only beside ${needed}; delete it`,
  };
}

function unknownField(error: ErrorObject, { spot, path }: Located, keyFields: readonly string[]): Fault {
  const name = String(error.params["additionalProperty"]);
  const allowed = Object.keys((error.parentSchema?.["properties"] ?? {}) as object);
  return {
    code: "KS1201",
    offset: spot.entries?.get(name)?.keyOffset ?? spot.offset,
    path: joinPath(path, name),
    message: describeUnknownField({ name, parent: path, allowed, keyFields }),
  };
}

function repeatedItem(error: ErrorObject, { spot, path }: Located): Fault {
  const [first = 0, second = 0] = [Number(error.params["i"]), Number(error.params["j"])].sort(
    (a, b) => a - b,
  );
  return {
    code: "KS1204",
    offset: spot.items?.[second]?.offset ?? spot.offset,
    path: itemPath(path, second),
    message: `${itemPath(path, second)} is the same as ${itemPath(path, first)}; delete one`,
  };
}

function discriminatorFault(error: ErrorObject, { spot }: Located): readonly Fault[] {
  const kind: unknown = error.params["tagValue"];
  if (kind === undefined) {
    return [];
  }
  const hint = typeof kind === "string" ? didYouMean(suggest(kind, kinds)) : "";
  const offset = spot.entries?.get("kind")?.spot.offset ?? spot.offset;
  const message = `unknown kind ${describeValue(kind)}; expected ${spellList(kinds)}.${hint}`;
  return [{ code: "KS1206", offset, path: "kind", message }];
}

function wrongType(error: ErrorObject, path: string): string {
  const types = error.keyword === "anyOf" ? branchTypes(error) : typesOf(error);
  const what = path === "" ? "a document" : path;
  const found = `${what} must be ${describeTypes(types)}, found ${describeValue(error.data)}`;
  return `${found}; ${typeHint(types, error.data, path)}`;
}

/** Each branch of a choice of plain values is one type. */
function branchTypes(error: ErrorObject): readonly string[] {
  return (error.schema as readonly { readonly type: string }[]).map(({ type }) => type);
}

function typesOf(error: ErrorObject): readonly string[] {
  const type: unknown = error.params["type"];
  return Array.isArray(type) ? type.map(String) : [String(type)];
}

function typeHint(types: readonly string[], found: unknown, path: string): string {
  if (path === "") {
    return "begin with apiVersion, kind, metadata and spec";
  }
  if (found === null) {
    return "leave the field out to say nothing about it";
  }
  if (types.includes("string") && typeof found !== "object") {
    return "put it in quotes";
  }
  if (types.includes("array") && typeof found === "string") {
    return "write a list: [value]";
  }
  const numeric = types.includes("number") || types.includes("integer");
  if (numeric && typeof found === "string" && found.trim() !== "" && Number.isFinite(Number(found))) {
    return "remove the quotes";
  }
  return "correct the value";
}

/** Reads show a config by its UUID alone (observed): a policy with its slug could never be in sync. */
function slugInPlaceOfId(error: ErrorObject, path: string): string {
  const found = `${path} is ${describeValue(error.data)}, a config's slug, which Portkey's answers never show`;
  return `${found}; give the UUID of the config`;
}

function wrongText(error: ErrorObject, path: string): string {
  if (caseName.test(path)) return describeBlankName(path, error.data);
  return path.endsWith("].reason") ? saysNothing(error, path) : wrongValue(error, path);
}

function saysNothing(error: ErrorObject, path: string): string {
  return `${path} is ${describeValue(error.data)}; it must say why the exception is there: fill it in`;
}

function wrongFormat(error: ErrorObject, path: string): string {
  if (path === "spec.match.workspace_id") return describeWorkspace(path, error.data);
  const expected = formats[String(error.params["format"])] ?? String(error.params["format"]);
  return `${path} is ${describeValue(error.data)}, which is not ${expected}`;
}

function wrongValue(error: ErrorObject, path: string): string {
  const found = describeValue(error.data);
  const bound = String(error.params["limit"]);
  switch (error.keyword) {
    case "enum":
    case "const":
      return wrongChoice(error, path);
    case "minimum":
      return `${path} is ${found}; it must be at least ${bound}: raise it`;
    case "maximum":
      return `${path} is ${found}; it must be at most ${bound}: lower it`;
    case "minLength":
      return `${path} is empty; it must have at least ${bound} character: fill it in`;
    case "maxLength":
      return `${path} has ${Array.from(String(error.data)).length} characters; at most ${bound} are accepted: shorten it`;
    case "maxItems":
      return `${path} has ${Array.isArray(error.data) ? error.data.length : "too many"} items; at most ${bound} are accepted: delete some`;
    case "minItems":
      return `${path} is an empty list; it must have at least ${bound} item: add one, or leave the field out`;
    case "minProperties":
      return `${path} is an empty mapping; it must have at least ${bound} field: add one, or leave it out`;
    default:
      return `${path} is ${found}; it must be 1 to 100 of a-z, 0-9, dot, dash and underscore: rename it`;
  }
}

function wrongChoice(error: ErrorObject, path: string): string {
  const allowed: unknown = error.params["allowedValues"] ?? [error.params["allowedValue"]];
  const choices = Array.isArray(allowed) ? allowed.map(String) : [];
  const hint = typeof error.data === "string" ? didYouMean(suggest(error.data, choices)) : "";
  return `${path} is ${describeValue(error.data)}; expected ${spellList(choices)}.${hint}`;
}

/** The deepest value on the way of a JSON pointer that has a place, and the pointer as a dotted path. */
export function locate(root: Spot, pointer: string): Located {
  let spot = root;
  let path = "";
  let keyOffset: number | undefined;
  for (const token of pointer.split("/").slice(1)) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    const isItem = spot.items !== undefined;
    keyOffset = spot.entries?.get(name)?.keyOffset;
    path = isItem ? itemPath(path, Number(name)) : joinPath(path, name);
    spot = (isItem ? spot.items?.[Number(name)] : spot.entries?.get(name)?.spot) ?? spot;
  }
  return { spot, path, keyOffset };
}
