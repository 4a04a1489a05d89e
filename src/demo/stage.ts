import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPolicySource } from "../policy-dir/policy-source.ts";
import { startSimulator, type Simulator } from "../simulator/simulator.ts";
import { carelessKeys } from "./careless-keys.ts";

/** Where the demo plays: a copy of the example policies, a control plane in which no key is as they say, and a state. */
export interface Stage {
  readonly policies: string;
  readonly simulator: Simulator;
  /** Runs a command of the real program to its end. */
  run(args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** Starts the real daemon. */
  daemon(): Running;
  close(): Promise<void>;
}

export interface Running {
  /** The pass log's lines so far, as data. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  signal(name: "SIGHUP" | "SIGTERM"): void;
  /** Resolves with the exit code. */
  ended(): Promise<number>;
}

export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "keysteward-demo-"));
  const policies = join(folder, "policies");
  cpSync(fileURLToPath(new URL("../../policies", import.meta.url)), policies, { recursive: true });
  const simulator = await startSimulator({
    keys: carelessKeys(createPolicySource({ directory: policies }).load()),
  });
  const environment = {
    PATH: process.env["PATH"],
    PORTKEY_API_KEY: simulator.adminKey,
    PORTKEY_BASE_URL: simulator.baseUrl,
    KEYSTEWARD_POLICIES: "policies",
    KEYSTEWARD_STATE: `sqlite:${join(folder, "state.db")}`,
    // Everything at the pace of a demo: the server's reads never lag here, so nothing has to settle.
    KEYSTEWARD_SETTLE: "0s",
    KEYSTEWARD_WATCH_DEBOUNCE: "50ms",
    KEYSTEWARD_RATE_REQUESTS: "20",
    KEYSTEWARD_RATE_PER: "200ms",
  };
  const children = new Set<ReturnType<typeof start>>();

  function start(args: readonly string[]) {
    const name = import.meta.url.endsWith(".ts") ? "../cli.ts" : "../cli.js";
    const cli = fileURLToPath(new URL(name, import.meta.url));
    const child = spawn(process.execPath, [...process.execArgv, cli, ...args], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  }

  return {
    policies,
    simulator,
    async run(args) {
      const child = start(args);
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      const [exitCode] = (await once(child, "close")) as [number];
      return { exitCode, output };
    },
    daemon() {
      const child = start(["daemon"]);
      const lines: Record<string, unknown>[] = [];
      let rest = "";
      child.stderr.on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split("\n");
        rest = parts.pop() ?? "";
        for (const part of parts) lines.push(JSON.parse(part) as Record<string, unknown>);
      });
      const exit = once(child, "close") as Promise<[number]>;
      return {
        lines,
        signal: (signal) => void child.kill(signal),
        ended: async () => (await exit)[0],
      };
    },
    async close() {
      for (const child of children) child.kill("SIGKILL");
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
