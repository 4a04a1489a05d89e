import { readFileSync } from "node:fs";

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One option of the configuration and every way to give it. */
export interface Option {
  /** Its dotted path in the file. */
  readonly key: string;
  readonly path: readonly string[];
  /** The variables that give it; the first that is set counts. */
  readonly variables: readonly string[];
  readonly flag: string | undefined;
  /** As it would stand in the file; undefined where the option has none. */
  readonly default: unknown;
  readonly integer: boolean;
}

interface SchemaNode {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

const schemaUrl = new URL("../../schema/config.schema.json", import.meta.url);

/** The schema of the file, which is where options, defaults and bounds are defined. */
export const configSchema = JSON.parse(readFileSync(schemaUrl, "utf8")) as SchemaNode;

const flagNames: Readonly<Record<string, string>> = {
  policies: "--policies",
  state: "--state",
  "portkey.baseUrl": "--base-url",
  logLevel: "--log-level",
};

/** Variables that users of Portkey's own tools know. They come after the variable that starts with KEYSTEWARD_. */
const familiarVariables: Readonly<Record<string, string>> = {
  "portkey.baseUrl": "PORTKEY_BASE_URL",
  "portkey.apiKeyFile": "PORTKEY_API_KEY_FILE",
};

/** Every option, in the order of the schema. */
export const options: readonly Option[] = leavesOf(configSchema, []);

/** Names the options and sections of one level of the file. */
export function namesUnder(path: readonly string[]): readonly string[] {
  let node: SchemaNode | undefined = configSchema;
  for (const name of path) {
    node = node?.properties?.[name];
  }
  return Object.keys(node?.properties ?? {});
}

/** The variable of an option: `watch.debounce` is KEYSTEWARD_WATCH_DEBOUNCE. */
function variableOf(path: readonly string[]): string {
  const words = path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return ["KEYSTEWARD", ...words].join("_");
}

function leavesOf(node: SchemaNode, path: readonly string[]): readonly Option[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const childPath = [...path, name];
    return child.properties === undefined ? [optionOf(child, childPath)] : leavesOf(child, childPath);
  });
}

function optionOf(node: SchemaNode, path: readonly string[]): Option {
  const key = path.join(".");
  const familiar = familiarVariables[key];
  return {
    key,
    path,
    variables: familiar === undefined ? [variableOf(path)] : [variableOf(path), familiar],
    flag: flagNames[key],
    default: node.default,
    integer: node.type === "integer",
  };
}
