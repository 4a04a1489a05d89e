import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program, runNode } from "./child.ts";

/** Where a run keeps its files; made directories are used again by later parts. */
export interface Workshop {
  /** A policy directory with this many files, for reading only. */
  policies(files: number): Promise<string>;
  /** The same, and twenty guardrails that all of them keep to. */
  guardedPolicies(files: number): Promise<string>;
  /** One to change. */
  ownPolicies(files: number): Promise<string>;
  /** An empty directory. */
  folder(): string;
  clear(): void;
}

export function createWorkshop(): Workshop {
  const root = mkdtempSync(join(tmpdir(), "keysteward-bench-"));
  const made = new Map<number, Promise<string>>();
  let folders = 0;

  function folder(): string {
    folders += 1;
    const path = join(root, String(folders));
    mkdirSync(path);
    return path;
  }

  async function make(files: number, ...more: readonly string[]): Promise<string> {
    const directory = join(folder(), "policies");
    await runNode([program("make-policies"), directory, String(files), ...more]);
    return directory;
  }

  return {
    folder,
    ownPolicies: (files) => make(files),
    guardedPolicies: (files) => make(files, "with-guardrails"),
    policies(files) {
      const known = made.get(files) ?? make(files);
      made.set(files, known);
      return known;
    },
    clear: () => rmSync(root, { recursive: true, force: true }),
  };
}
