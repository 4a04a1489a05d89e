import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { didYouMean, suggest } from "../core/suggest.ts";
import { type Fault, type Layer, valueAt } from "./layer.ts";
import { configSchema, namesUnder, options } from "./options.ts";
import { show } from "./readers.ts";

const ajv = new Ajv2020({ strict: true, allErrors: true });
const validate = ajv.compile(configSchema);

/**
 * What the schema has against a layer. `told` holds the keys of options that are known to be faulty already, so that
 * each is named once.
 */
export function schemaFaults(layer: Layer, told: ReadonlySet<string>): readonly Fault[] {
  validate(layer.document);
  return (validate.errors ?? []).flatMap((error) => {
    const path = pathOf(error);
    return told.has(path.join(".")) ? [] : [faultOf(error, layer)];
  });
}

function faultOf(error: ErrorObject, layer: Layer): Fault {
  const path = pathOf(error);
  if (error.keyword === "additionalProperties") {
    const name = String(error.params["additionalProperty"]);
    return { place: layer.place([...path, name], "name"), message: unknownOption(path, name) };
  }
  const key = path.join(".");
  const value = valueAt(layer.document, path);
  const message =
    error.keyword === "type" && error.params["type"] === "object"
      ? `expected a section with the options ${namesUnder(path).join(", ")}`
      : `found ${show(value)}, which ${error.message ?? "is not allowed"}`;
  return { place: layer.place(path, "value"), message: `${key}: ${message}` };
}

function unknownOption(section: readonly string[], name: string): string {
  const key = [...section, name].join(".");
  const sibling = suggest(name, namesUnder(section));
  const elsewhere = options.find((option) => option.path.at(-1) === name)?.key;
  const meant = sibling === undefined ? elsewhere : [...section, sibling].join(".");
  return `${key}: no such option.${didYouMean(meant)}`;
}

function pathOf(error: ErrorObject): readonly string[] {
  return error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
