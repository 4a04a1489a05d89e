import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach } from "vitest";

import type { State } from "../../src/ports.ts";
import { openState, type OwnState } from "../../src/state/open-state.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import type { SqlDatabase } from "../../src/state/sqlite-driver.ts";
import { auditOf, claimOf, inventoryKey, keyA } from "./fixtures.ts";

/** Temporary directories and open states of one test, gone after it. */
export function useStates(): {
  directory(): string;
  /** A path for a state, in a directory of its own. */
  path(): string;
  /** The path of a closed state with one claim and this many keys of inventory in it. */
  filled(keys?: number): string;
  open(
    path: string,
    mode?: "write" | "read",
    options?: { maxPages?: number; lockOwner?: string; clean?: (text: string) => string },
  ): OwnState;
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
    filled(keys = 1) {
      const path = join(directory(), "state.db");
      const state = openState({ url: `sqlite:${path}`, mode: "write" });
      state.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed"));
      state.saveInventory(
        Array.from({ length: keys }, (_, index) => inventoryKey(`key-${index}`, `name ${index}`)),
      );
      state.close();
      return path;
    },
    open(path, mode = "write", options = {}) {
      const state = openState({ url: `sqlite:${path}`, mode, ...options });
      states.push(state);
      return state;
    },
  };
}

/** Works on the file behind the state's back. */
export function behind<T>(path: string, work: (db: SqlDatabase) => T): T {
  const db = loadDriver().open(path, { readOnly: false });
  try {
    return work(db);
  } finally {
    db.close();
  }
}
