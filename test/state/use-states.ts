import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach } from "vitest";

import type { State } from "../../src/ports.ts";
import { openState } from "../../src/state/open-state.ts";

/** Temporary directories and open states of one test, gone after it. */
export function useStates(): {
  directory(): string;
  /** A path for a state, in a directory of its own. */
  path(): string;
  open(path: string, mode?: "write" | "read", options?: { maxPages?: number; lockOwner?: string }): State;
} {
  const directories: string[] = [];
  const states: State[] = [];
  afterEach(() => {
    for (const state of states.splice(0)) state.close();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });
  function directory(): string {
    const made = mkdtempSync(join(tmpdir(), "keysteward-state-"));
    directories.push(made);
    return made;
  }
  return {
    directory,
    path: () => join(directory(), "state.db"),
    open(path, mode = "write", options = {}) {
      const state = openState({ url: `sqlite:${path}`, mode, ...options });
      states.push(state);
      return state;
    },
  };
}
