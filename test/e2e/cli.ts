import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { PlainControlPlane } from "./plain-control-plane.ts";

/* The built command as a child process, as a user runs it. `npm test` builds it first. */

export const root = resolve(import.meta.dirname, "../..");
const cli = join(root, "dist/cli.js");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What the log said so far. */
  readonly log: Record<string, unknown>[];
  readonly output: () => string;
  ended: Promise<Ended>;
}

export interface Place {
  readonly folder: string;
  readonly policies: string;
  state: string;
  env: Record<string, string>;
  write(file: string, text: string): void;
  start(...args: string[]): Running;
  run(...args: string[]): Promise<Ended>;
  /** Ends whatever still runs and removes the folder. */
  remove(): Promise<void>;
}

export function makePlace(plane?: PlainControlPlane): Place {
  const folder = mkdtempSync(join(tmpdir(), "keysteward-e2e-"));
  const policies = join(folder, "policies");
  mkdirSync(policies);
  const children = new Set<Running>();
  const place: Place = {
    folder,
    policies,
    state: `sqlite:${join(folder, "state.db")}`,
    env: {
      PATH: process.env["PATH"] ?? "",
      ...(plane === undefined ? {} : { PORTKEY_API_KEY: plane.adminKey, PORTKEY_BASE_URL: plane.baseUrl }),
      KEYSTEWARD_RATE_REQUESTS: "500",
      KEYSTEWARD_RATE_CONCURRENCY: "8",
    },
    write(file, text) {
      mkdirSync(dirname(join(policies, file)), { recursive: true });
      writeFileSync(join(policies, file), text);
    },
    start(...args) {
      const child = spawn(process.execPath, [cli, ...args], {
        cwd: folder,
        env: { ...place.env, KEYSTEWARD_STATE: place.state },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const log: Record<string, unknown>[] = [];
      let stdout = "";
      let stderr = "";
      let rest = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
        const lines = (rest + chunk.toString()).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines)
          if (line.startsWith("{")) log.push(JSON.parse(line) as Record<string, unknown>);
      });
      const ended = once(child, "close").then(([exitCode]) => ({
        exitCode: exitCode as number | null,
        stdout,
        stderr,
      }));
      const running = { child, log, output: () => stdout + stderr, ended };
      children.add(running);
      void ended.then(() => children.delete(running));
      return running;
    },
    run: (...args) => place.start(...args).ended,
    async remove() {
      const running = [...children];
      for (const { child } of running) child.kill("SIGKILL");
      await Promise.all(running.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return place;
}

/** Waits until something is so; fails with what was waited for, and with what `detail` says. */
export async function until(
  condition: () => boolean,
  what: string,
  detail: () => string = () => "",
): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}\n${detail()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function keyPolicy(name: string, keyId: string, key: string): string {
  return `apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: ${name} }\nspec:\n  keyId: ${keyId}\n  key: ${key}\n`;
}

/** A UUID for a small number. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** Whether the last that was said of reading back is that nothing is open any more. */
export function isReadBack(daemon: Running): boolean {
  return daemon.log.findLast((line) => line["msg"] === "read back")?.["open"] === 0;
}
