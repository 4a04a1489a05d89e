import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bareEnvironment, cli } from "./child.ts";

/** A line of the daemon's log about a pass, as far as it is used here. */
export interface PassLine {
  readonly kind: "edit" | "reconcile";
  readonly changes: number;
  readonly applied: number;
  readonly desired: number;
  readonly unfinished: number;
  readonly problems: number;
  readonly ms: number;
}

export interface DaemonOptions {
  readonly policies: string;
  /** An empty directory for the state. */
  readonly folder: string;
  readonly baseUrl: string;
  /** Options of the configuration by their variables, without `KEYSTEWARD_`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Memory {
  /** Kilobytes now. */
  readonly now: number;
  /** Kilobytes at most so far. */
  readonly peak: number;
}

export interface Daemon {
  /** The next pass that ends, or ended since the last one was taken. Throws when it failed. */
  nextPass(): Promise<PassLine>;
  /** Asks for a reconcile pass. */
  reconcile(): void;
  memory(): Memory;
  stop(): Promise<void>;
}

/** Nothing here is to be limited by the budget, held by the guard or woken by the schedule. */
export const freeSettings = {
  SCHEDULE_CRON: "0 0 29 2 *",
  RATE_REQUESTS: "10000",
  RATE_PER: "1s",
  RATE_CONCURRENCY: "16",
  RATE_HEADROOM: "0%",
  GUARD_CHANGED: "off",
  GUARD_LOOSENED: "off",
};

export function settingsAsVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`KEYSTEWARD_${name}`, value]));
}

export function startDaemon(options: DaemonOptions): Daemon {
  const { folder } = options;
  const settings = settingsAsVariables({ ...freeSettings, ...options.settings });
  const where = ["--policies", options.policies, "--state", `sqlite:${join(folder, "state.db")}`];
  const child = spawn(process.execPath, [cli, "daemon", ...where, "--base-url", options.baseUrl], {
    cwd: folder,
    env: { ...bareEnvironment(), ...settings, PORTKEY_API_KEY: "bench-admin-key-0001" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const passes = passesOf(child);
  return {
    async nextPass() {
      const { value, done } = await passes.next();
      if (done === true) throw new Error("the daemon ended");
      return value;
    },
    reconcile: () => void child.kill("SIGHUP"),
    memory() {
      const status = readFileSync(`/proc/${child.pid ?? "self"}/status`, "utf8");
      return { now: kilobytes(status, "VmRSS"), peak: kilobytes(status, "VmHWM") };
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function* passesOf(child: ChildProcess): AsyncGenerator<PassLine, void> {
  if (child.stderr === null) return;
  for await (const line of createInterface({ input: child.stderr })) {
    const entry = parse(line);
    if (entry?.["msg"] === "pass ended") yield entry as unknown as PassLine;
    else if (entry === undefined || entry["level"] === "error") throw new Error(`the daemon says: ${line}`);
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
}
