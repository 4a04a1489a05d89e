/**
 * From what stands in a layer to what the program uses. A reader answers with a value or with a sentence: what was
 * found and what was expected. It never quotes what may hold a password.
 */
import { isAbsolute, join, normalize, resolve } from "node:path";
import { cronFault } from "./cron.ts";

type Reading<T> = { readonly value: T } | { readonly fault: string };

/** Where relative paths of a layer begin. */
interface Origin {
  readonly cwd: string;
  /** The layer's directory, relative to `cwd` unless absolute. */
  readonly base: string;
}

export type Reader<T> = (raw: unknown, origin: Origin) => Reading<T>;

const logLevels = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration with its unit, as milliseconds. */
export function duration(least: string, most: string): Reader<number> {
  return (raw) => {
    if (typeof raw === "number") {
      return { fault: `${raw} has no unit; write a duration such as "30s" (units: ms, s, m, h, d)` };
    }
    const ms = millisecondsOf(raw);
    if (ms === undefined) {
      return { fault: `found ${show(raw)}, expected a duration such as "300ms", "30s", "15m" or "1h"` };
    }
    const inRange = ms >= (millisecondsOf(least) ?? 0) && ms <= (millisecondsOf(most) ?? 0);
    return inRange
      ? { value: ms }
      : { fault: `found ${show(raw)}, expected a duration from ${least} to ${most}` };
  };
}

/** A percentage from 0% to 99%, as a share of 1. */
export const share: Reader<number> = (raw) => {
  const match = typeof raw === "string" ? /^(\d+(?:\.\d+)?)%$/.exec(raw) : null;
  if (match === null) {
    return { fault: `found ${show(raw)}, expected a percentage such as "20%"` };
  }
  const percent = Number(match[1]);
  return percent <= 99
    ? { value: percent / 100 }
    : { fault: `found ${show(raw)}, expected a percentage from 0% to 99%` };
};

/** A percentage from 0% to 100%, as a share of 1, or null for `off`. */
export const shareOrOff: Reader<number | null> = (raw) => {
  if (raw === "off") return { value: null };
  const match = typeof raw === "string" ? /^(\d+(?:\.\d+)?)%$/.exec(raw) : null;
  const percent = Number(match?.[1] ?? NaN);
  return percent <= 100
    ? { value: percent / 100 }
    : { fault: `found ${show(raw)}, expected a percentage from 0% to 100% such as "30%", or off` };
};

/** What the name of a unix socket can hold (Linux: 108 bytes with the NUL at its end). */
export const longestSocketPath = 107;

/** The path of a unix socket, made absolute, or null for `off`. */
export const socketPath: Reader<string | null> = (raw, { cwd, base }) => {
  if (raw === "off") return { value: null };
  if (typeof raw !== "string" || raw === "") return { fault: `found ${show(raw)}, expected a path, or off` };
  const path = resolve(cwd, base, raw);
  const bytes = Buffer.byteLength(path);
  return bytes <= longestSocketPath
    ? { value: path }
    : { fault: `${path} has ${bytes} bytes, and a socket's path has at most ${longestSocketPath}` };
};

/** A whole number; its bounds stand in the schema. */
export const integer: Reader<number> = (raw) =>
  Number.isInteger(raw) ? { value: raw as number } : { fault: `found ${show(raw)}, expected a whole number` };

export const logLevel: Reader<LogLevel> = (raw) => {
  const level = logLevels.find((name) => name === raw);
  return level === undefined
    ? { fault: `found ${show(raw)}, expected one of ${logLevels.join(", ")}` }
    : { value: level };
};

/** A path in the short form that messages use: relative to the working directory unless given as absolute. */
export const shortPath: Reader<string> = (raw, { base }) =>
  typeof raw === "string" && raw !== ""
    ? { value: isAbsolute(raw) ? normalize(raw) : join(base, raw) }
    : { fault: `found ${show(raw)}, expected a path` };

/** A path, made absolute. What was found is not quoted: somebody may have put the secret itself there. */
export const secretPath: Reader<string> = (raw, { cwd, base }) =>
  typeof raw === "string" && raw !== ""
    ? { value: resolve(cwd, base, raw) }
    : { fault: "expected the path of a file that holds the key" };

/** `sqlite:PATH`, the path made absolute. */
export const stateUrl: Reader<string> = (raw, { cwd, base }) => {
  const match = typeof raw === "string" ? /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(raw) : null;
  const path = match?.[1];
  if (path === undefined) {
    const found = typeof raw === "string" ? `the scheme ${show(/^[\w+.-]*:?/.exec(raw)?.[0])}` : show(raw);
    return {
      fault: `found ${found}, expected sqlite: and a path, such as sqlite:/var/lib/keysteward/state.db`,
    };
  }
  if (path === ":memory:") {
    return {
      fault: "found a database in memory, which forgets what was applied; expected sqlite: and a path",
    };
  }
  return { value: `sqlite:${resolve(cwd, base, path)}` };
};

/** An http or https address without its trailing slash. User, query and fragment are refused and never quoted. */
export const baseUrl: Reader<string> = (raw) => {
  if (typeof raw !== "string" || !/^https?:\/\//i.test(raw) || !URL.canParse(raw)) {
    return {
      fault: "expected an address that begins with https:// or http://, such as https://api.portkey.ai/v1",
    };
  }
  const url = new URL(raw);
  if (url.username !== "" || url.password !== "") {
    return { fault: "the address must not carry a user or a password" };
  }
  if (raw.includes("?") || raw.includes("#")) {
    return { fault: "the address must not carry a query or a fragment" };
  }
  return { value: `${url.origin}${url.pathname.replace(/\/+$/, "")}` };
};

export const cron: Reader<string> = (raw) => {
  if (typeof raw !== "string") {
    return { fault: `found ${show(raw)}, expected a cron expression such as "*/15 * * * *"` };
  }
  const fault = cronFault(raw);
  return fault === undefined ? { value: raw.trim() } : { fault: `found ${show(raw)}; ${fault}` };
};

export const timeZone: Reader<string> = (raw) => {
  const fault = { fault: `found ${show(raw)}, expected a time zone such as UTC or Europe/Berlin` };
  if (typeof raw !== "string") {
    return fault;
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone: raw });
    return { value: raw };
  } catch {
    return fault;
  }
};

/** A found value as a message shows it. */
export function show(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}

/** A duration with its unit in milliseconds; undefined for anything else. */
export function millisecondsOf(raw: unknown): number | undefined {
  const match = typeof raw === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(raw) : null;
  const factor = units[match?.[2] ?? ""];
  return factor === undefined ? undefined : Math.round(Number(match?.[1]) * factor);
}
