import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { Clock } from "../../src/ports.ts";

/** A directory that is gone when the test is over; its path has no links in it. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "keysteward-policies-")));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

export function writeTree(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** The UUID with this number in it. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

export function policy(name: string, number: number): string {
  return [
    "apiVersion: keysteward/v1",
    "kind: KeyPolicy",
    `metadata: { name: ${name} }`,
    `spec: { keyId: ${uuid(number)}, key: { name: ${name} } }`,
    "",
  ].join("\n");
}

/** Waits for a condition, looking often; fails after a time that only a broken program needs. */
export async function waitUntil(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`waited in vain until ${what}`);
    }
    await delay(5);
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

/** A clock that stands still until it is moved on. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted === true) {
        abort();
      }
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** How many sleep for exactly this long from now. */
  sleeping(ms: number): number {
    return [...this.#sleepers].filter((sleeper) => sleeper.until === this.#now + ms).length;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until <= this.#now) {
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
    }
  }
}

/** Runs git as somebody, without the configuration of the machine. */
export function git(directory: string, ...args: readonly string[]): void {
  execFileSync("git", ["-c", "init.defaultBranch=main", "-c", "core.fsync=none", ...args], {
    cwd: directory,
    stdio: "ignore",
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@example.com",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@example.com",
    },
  });
}

/** Does something without the rights of the superuser, whom no permission stops. */
export async function unprivileged<T>(act: () => T | Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  if (user === 0) {
    process.seteuid?.(65_534);
  }
  try {
    return await act();
  } finally {
    if (user === 0) {
      process.seteuid?.(0);
    }
  }
}
