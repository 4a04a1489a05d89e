import { dirname, resolve } from "node:path";
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
} from "yaml";
import { messageOf } from "../errors.ts";
import { type ConfigFlags, type Fault, isRecord, isSet, type Layer } from "./layer.ts";
import { type Environment, namesUnder } from "./options.ts";

const defaultConfigFile = "keysteward.yaml";

const quoteHint = 'a value that begins with * must be quoted: cron: "*/15 * * * *"';

export interface ConfigFileInput {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  readonly cwd: string;
  /** Reads a file as text; throws an error with the system's code when it cannot. */
  readonly readFile: (path: string) => string;
}

/** The file's layer, or undefined where there is no file; what is wrong with it as YAML is added to `faults`. */
export function fileLayer(input: ConfigFileInput, faults: Fault[]): Layer | undefined {
  const named = namedFile(input);
  const file = named?.path ?? defaultConfigFile;
  let text: string;
  try {
    text = input.readFile(resolve(input.cwd, file));
  } catch (error) {
    const code = codeOf(error);
    if (named !== undefined) {
      const message = code === "ENOENT" ? "there is no such file" : "cannot be read";
      faults.push({ place: named.place, message: `${file}: ${message} (${code})` });
    } else if (code !== "ENOENT") {
      faults.push({ place: file, message: `cannot be read (${code})` });
    }
    return undefined;
  }
  return parseFile({ file, text }, faults);
}

function namedFile({
  flags,
  env,
}: ConfigFileInput): { readonly path: string; readonly place: string } | undefined {
  if (flags.config !== undefined) {
    return { path: flags.config, place: "--config" };
  }
  const path = env["KEYSTEWARD_CONFIG"];
  return isSet(path) ? { path, place: "KEYSTEWARD_CONFIG" } : undefined;
}

/** The document as a layer, or undefined and faults when it cannot be trusted as a whole. */
function parseFile({ file, text }: { file: string; text: string }, faults: Fault[]): Layer | undefined {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems = yamlProblems(parsed);
  faults.push(...problems.map(({ offset, message }) => ({ place: placeAt(offset), message })));
  if (problems.length > 0) {
    return undefined;
  }
  const document: unknown = parsed.toJS({ maxAliasCount: 100 });
  if (document !== null && !isRecord(document)) {
    faults.push({ place: placeAt(0), message: "expected options, each with its name" });
    return undefined;
  }
  return {
    document: withoutEmptySections(document ?? {}),
    base: dirname(file),
    place: (path, part) => placeAt(offsetOf(parsed, path, part)),
  };
}

interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/** Errors, warnings (an unknown tag is only a warning), a version directive, and what no option needs. */
function yamlProblems(parsed: Document.Parsed): readonly YamlProblem[] {
  const [first] = [...parsed.errors, ...parsed.warnings];
  if (first !== undefined) {
    const hint = first.message.includes("alias") ? `; ${quoteHint}` : "";
    return [{ offset: first.pos[0], message: `not valid YAML: ${first.message}${hint}` }];
  }
  if (parsed.directives.yaml.explicit === true) {
    return [{ offset: 0, message: "a %YAML directive changes what values mean; remove it" }];
  }
  const problems: YamlProblem[] = [];
  visit(parsed, {
    Alias: (_, alias) => {
      problems.push({ offset: alias.range?.[0] ?? 0, message: `an alias is not allowed here; ${quoteHint}` });
    },
    Pair: (_, { key }) => {
      if (isCollection(key)) {
        problems.push({ offset: key.range?.[0] ?? 0, message: "the name of an option must be a word" });
      }
    },
  });
  return problems;
}

/** A section whose options are all commented out is null in YAML: it says nothing. */
function withoutEmptySections(document: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).filter(([name, value]) => value !== null || namesUnder([name]).length === 0),
  );
}

function offsetOf(parsed: Document.Parsed, path: readonly string[], part: "name" | "value"): number {
  let node: unknown = parsed.contents;
  let offset = 0;
  for (const [index, name] of path.entries()) {
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name)
      : undefined;
    if (pair === undefined) {
      break;
    }
    node = pair.value;
    const wanted = index === path.length - 1 && part === "value" && hasRange(node) ? node : pair.key;
    offset = hasRange(wanted) ? (wanted.range?.[0] ?? offset) : offset;
  }
  return offset;
}

function hasRange(node: unknown): node is { readonly range?: readonly [number, number, number] | null } {
  return isScalar(node) || isCollection(node) || isAlias(node);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : messageOf(error);
}
