import { didYouMean, suggest } from "../core/suggest.ts";
import { type Environment, options } from "./options.ts";

/** One place that gives options: the flags, the environment, the file, or the defaults. */
export interface Layer {
  /** Nested as in the file; what it does not say is absent. */
  readonly document: Readonly<Record<string, unknown>>;
  /** The directory that relative paths in this layer are relative to, itself relative to the working directory. */
  readonly base: string;
  /** Names the place of an option, or of its name when that is what is wrong. */
  place(path: readonly string[], part: "name" | "value"): string;
}

/** What is wrong with the configuration, and where. */
export interface Fault {
  readonly place: string;
  readonly message: string;
}

export interface ConfigFlags {
  readonly policies?: string;
  readonly state?: string;
  readonly config?: string;
  readonly baseUrl?: string;
  readonly logLevel?: string;
}

/** The flags as a layer. */
export function flagLayer(flags: ConfigFlags): Layer {
  const given = {
    ...(flags.policies === undefined ? {} : { policies: flags.policies }),
    ...(flags.state === undefined ? {} : { state: flags.state }),
    ...(flags.logLevel === undefined ? {} : { logLevel: flags.logLevel }),
    ...(flags.baseUrl === undefined ? {} : { portkey: { baseUrl: flags.baseUrl } }),
  };
  const flagOf = new Map(options.map((option) => [option.key, option.flag]));
  return { document: given, base: ".", place: (path) => flagOf.get(path.join(".")) ?? "a flag" };
}

/** The environment as a layer. An empty variable counts as one that is not set. */
export function environmentLayer(environment: Environment): Layer {
  const document: Record<string, unknown> = {};
  const places = new Map<string, string>();
  for (const option of options) {
    const variable = option.variables.find((name) => isSet(environment[name]));
    const text = variable === undefined ? undefined : environment[variable];
    if (variable === undefined || text === undefined) {
      continue;
    }
    places.set(option.key, variable);
    put(document, option.path, option.integer && /^\d{1,15}$/.test(text) ? Number(text) : text);
  }
  return { document, base: ".", place: (path) => places.get(path.join(".")) ?? "the environment" };
}

/** A fault for each variable that starts with KEYSTEWARD_ and gives nothing: most likely a typo. */
export function unknownVariables(environment: Environment): readonly Fault[] {
  const known = ["KEYSTEWARD_CONFIG", ...options.flatMap((option) => option.variables)];
  return Object.keys(environment)
    .filter((name) => name.startsWith("KEYSTEWARD_") && isSet(environment[name]) && !known.includes(name))
    .sort()
    .map((name) => ({ place: name, message: `no such option.${didYouMean(suggest(name, known))}` }));
}

/** The defaults as a layer. systemd names the directory for state in STATE_DIRECTORY, which may be a list. */
export function defaultLayer(environment: Environment): Layer {
  const document: Record<string, unknown> = {};
  for (const option of options) {
    if (option.default !== undefined) {
      put(document, option.path, option.default);
    }
  }
  const stateDirectory = environment["STATE_DIRECTORY"]?.split(":")[0];
  const state = isSet(stateDirectory) ? { state: `sqlite:${stateDirectory}/state.db` } : {};
  return { document: { ...document, ...state }, base: ".", place: () => "the default" };
}

/** What a layer says about an option, or undefined. */
export function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const name of path) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = value[name];
  }
  return value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a variable is set to something. */
export function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

function put(document: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) {
    return;
  }
  if (rest.length === 0) {
    document[name] = value;
    return;
  }
  const section = document[name];
  const child = isRecord(section) ? section : {};
  document[name] = child;
  put(child, rest, value);
}
