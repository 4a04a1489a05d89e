import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { loadDriver } from "../../src/state/sqlite-driver.ts";
import { openForWriting } from "../../src/state/state-file.ts";
import { auditOf, claimOf, keyA } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

describe("opening for writing", () => {
  it("creates missing directories and files for their owner alone, whatever the umask", () => {
    const umask = process.umask(0);
    try {
      const path = join(states.directory(), "a", "b", "state.db");
      const state = states.open(path);
      state.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed"));
      const names = readdirSync(dirname(path)).sort();
      expect(names).toEqual([".gitignore", "state.db", "state.db-shm", "state.db-wal", "state.db.lock"]);
      for (const name of names) expect([name, modeOf(join(dirname(path), name))]).toEqual([name, 0o600]);
      expect(modeOf(dirname(path))).toBe(0o700);
      expect(modeOf(dirname(dirname(path)))).toBe(0o700);
    } finally {
      process.umask(umask);
    }
  });

  it("leaves the mode of a directory and of a state that were there before", () => {
    const path = states.filled();
    chmodSync(path, 0o640);
    chmodSync(dirname(path), 0o750);
    states.open(path).close();
    expect([modeOf(path), modeOf(dirname(path))]).toEqual([0o640, 0o750]);
  });

  it("makes each step durable: write-ahead log, synced at every commit", () => {
    const path = states.path();
    writeFileSync(path, "");
    const db = openForWriting(loadDriver(), path);
    expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(db.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
    expect(db.prepare("PRAGMA foreign_keys").get()).toEqual({ foreign_keys: 1 });
    db.close();
  });

  it("takes an empty file as a new state, and makes it private", () => {
    const path = states.path();
    writeFileSync(path, "", { mode: 0o644 });
    states.open(path).saveFact("reconciled", { at: 1 });
    expect(modeOf(path)).toBe(0o600);
  });

  it("keeps everything across closing, and closes twice without harm", () => {
    const path = states.path();
    const state = states.open(path);
    state.saveFact("budget", { until: 5, nested: { b: [1, null], a: "x" } });
    state.close();
    state.close();
    expect(states.open(path).fact("budget")).toEqual({ until: 5, nested: { a: "x", b: [1, null] } });
  });
});

describe("a directory that is made for the state", () => {
  it("asks git to leave it alone; one that was there is left as it is", () => {
    const there = states.directory();
    states.open(join(there, "made", "state.db"));
    expect(readFileSync(join(there, "made", ".gitignore"), "utf8")).toBe("*\n");
    states.open(join(there, "state.db"));
    expect(existsSync(join(there, ".gitignore"))).toBe(false);
  });
});
