import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileLayer } from "./config/config-file.ts";
import { chooseCredential, type CredentialSource } from "./config/credential-source.ts";
import {
  type ConfigFlags,
  defaultLayer,
  environmentLayer,
  type Fault,
  flagLayer,
  type Layer,
  unknownVariables,
} from "./config/layer.ts";
import type { Environment } from "./config/options.ts";
import * as read from "./config/readers.ts";
import { createPicker } from "./config/picker.ts";
import { AppError } from "./errors.ts";

/** The request budget. `headroom` is the share of it, from 0 to below 1, that is left for people and other tools. */
export interface RateConfig {
  readonly requests: number;
  readonly perMs: number;
  readonly concurrency: number;
  readonly headroom: number;
}

/** What the program runs with: plain frozen data, durations in milliseconds, without the secret. */
export interface Config {
  /** Relative to the working directory unless it was given as absolute: messages name files by it. */
  readonly policies: string;
  /** `sqlite:` and an absolute path. */
  readonly stateUrl: string;
  readonly portkey: { readonly baseUrl: string; readonly timeoutMs: number; readonly pageSize: number };
  readonly schedule: { readonly cron: string; readonly timezone: string; readonly jitterMs: number };
  readonly watch: { readonly debounceMs: number; readonly pollMs: number };
  readonly rate: RateConfig;
  /** Shares of 1; null where the rule is off. */
  readonly guard: {
    readonly changed: number | null;
    readonly loosened: number | null;
    readonly floor: number;
    readonly shrunk: number | null;
  };
  /** The daemon's socket, an absolute path; null when it has none. */
  readonly control: { readonly socket: string | null };
  readonly settleMs: number;
  /** How much of the audit trail is kept. */
  readonly audit: { readonly keepMs: number; readonly most: number };
  readonly logLevel: read.LogLevel;
  readonly credential: CredentialSource;
  /** What is allowed but most likely not wanted, as sentences. */
  readonly warnings: readonly string[];
}

export interface ConfigInput {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  /** The working directory, absolute. */
  readonly cwd: string;
  readonly readFile?: (path: string) => string;
}

/**
 * The configuration: flags beat the environment, the environment beats the file, the file beats the defaults. Throws
 * CONFIG_INVALID with every fault of every layer at once, each with its place.
 */
export function loadConfig(input: ConfigInput): Config {
  const { flags, env, cwd, readFile = (path: string) => readFileSync(path, "utf8") } = input;
  const faults: Fault[] = [];
  const file = fileLayer({ flags, env, cwd, readFile }, faults);
  faults.push(...unknownVariables(env));
  const layers = [
    flagLayer(flags),
    environmentLayer(env),
    ...(file === undefined ? [] : [file]),
    defaultLayer(env),
  ];
  const config = assemble({ layers, env, cwd }, faults);
  if (faults.length > 0) {
    throw new AppError("CONFIG_INVALID", messageFor(faults), {
      hint: "docs/configuration.md describes every option and the ways to give it.",
    });
  }
  return freeze(config);
}

/** How many requests a window really gets: the budget less its headroom, and never less than one. */
export function effectiveRequests(rate: Pick<RateConfig, "requests" | "headroom">): number {
  // The small term undoes what binary fractions lose: 100 * (1 - 0.9) is 9.999999999999998.
  return Math.max(1, Math.floor(rate.requests * (1 - rate.headroom) + 1e-9));
}

interface Sources {
  readonly layers: readonly Layer[];
  readonly env: Environment;
  readonly cwd: string;
}

function assemble({ layers, env, cwd }: Sources, faults: Fault[]): Config {
  const { find, need, finish } = createPicker(layers, cwd, faults);
  const apiKeyFile = find("portkey.apiKeyFile", read.secretPath);
  const settings = {
    policies: need("policies", read.shortPath),
    stateUrl: need("state", read.stateUrl),
    logLevel: need("logLevel", read.logLevel),
    settleMs: need("settle", read.duration("0s", "1h")),
    portkey: {
      baseUrl: need("portkey.baseUrl", read.baseUrl),
      timeoutMs: need("portkey.timeout", read.duration("10ms", "10m")),
      pageSize: need("portkey.pageSize", read.integer),
    },
    schedule: {
      cron: need("schedule.cron", read.cron),
      timezone: need("schedule.timezone", read.timeZone),
      jitterMs: need("schedule.jitter", read.duration("0s", "1h")),
    },
    watch: {
      debounceMs: need("watch.debounce", read.duration("0s", "1m")),
      pollMs: need("watch.poll", read.duration("10ms", "1h")),
    },
    rate: {
      requests: need("rate.requests", read.integer),
      perMs: need("rate.per", read.duration("10ms", "1h")),
      concurrency: need("rate.concurrency", read.integer),
      headroom: need("rate.headroom", read.share),
    },
    audit: {
      keepMs: need("audit.keep", read.duration("1d", "36500d")),
      most: need("audit.most", read.integer),
    },
    guard: {
      changed: need("guard.changed", read.shareOrOff),
      loosened: need("guard.loosened", read.shareOrOff),
      floor: need("guard.floor", read.integer),
      shrunk: need("guard.shrunk", read.shareOrOff),
    },
  };
  const socket = find("control.socket", read.socketPath);
  finish();
  const file = apiKeyFile === undefined ? undefined : { path: apiKeyFile.value, from: apiKeyFile.place };
  const credential = chooseCredential(env, file);
  const warnings = warningsFor(settings.portkey.baseUrl, credential, file?.from);
  const usual = usualSocket(env, settings.stateUrl);
  if (socket === undefined && usual.socket === null) warnings.push(usual.warning);
  const control = { socket: socket === undefined ? usual.socket : socket.value };
  return { ...settings, control, credential, warnings };
}

function warningsFor(
  baseUrl: string,
  credential: CredentialSource,
  apiKeyFrom: string | undefined,
): string[] {
  const { protocol, hostname } = new URL(baseUrl);
  const warnings: string[] = [];
  if (protocol === "http:" && !/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) {
    warnings.push(`portkey.baseUrl: the admin key goes to ${hostname} unencrypted; use https`);
  }
  if (credential.kind === "env" && apiKeyFrom !== undefined) {
    warnings.push(`${credential.name} is set, so the file that ${apiKeyFrom} names is not read`);
  }
  return warnings;
}

type UsualSocket = { readonly socket: string } | { readonly socket: null; readonly warning: string };

/** In the directory that systemd names, which may be a list, else beside the state. */
function usualSocket(env: Environment, stateUrl: string): UsualSocket {
  const runtime = env["RUNTIME_DIRECTORY"]?.split(":")[0] ?? "";
  const folder = runtime === "" ? dirname(stateUrl.slice("sqlite:".length)) : runtime;
  const socket = join(folder, "control.sock");
  const bytes = Buffer.byteLength(socket);
  if (bytes <= read.longestSocketPath) return { socket };
  const warning =
    `control.socket: ${socket} has ${bytes} bytes, and a socket's path has at most ${read.longestSocketPath}: ` +
    "there is no socket; name a shorter path, or off";
  return { socket: null, warning };
}

function messageFor(faults: readonly Fault[]): string {
  const { compare } = new Intl.Collator("en", { numeric: true });
  const lines = faults.map(({ place, message }) => `${place}: ${message}`).sort(compare);
  return lines.length === 1
    ? `The configuration has a fault: ${lines.join("")}`
    : `The configuration has ${lines.length} faults:\n  ${lines.join("\n  ")}`;
}

function freeze<T extends object>(value: T): Readonly<T> {
  for (const child of Object.values(value)) {
    if (typeof child === "object" && child !== null) {
      freeze(child as object);
    }
  }
  return Object.freeze(value);
}
