import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { AppError } from "../../src/errors.ts";
import { openState, readAudit } from "../../src/state/open-state.ts";
import { migrate, schemaVersion } from "../../src/state/schema.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import type { SqlDatabase } from "../../src/state/sqlite-driver.ts";
import { openForReading, openForWriting } from "../../src/state/state-file.ts";
import { auditOf, claimOf, inventoryKey, keyA, keyB, thrownBy } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

/** Works on the file behind the state's back. */
function behind<T>(path: string, work: (db: SqlDatabase) => T): T {
  const db = loadDriver().open(path, { readOnly: false });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** A closed state with something in it. */
function filled(keys = 1): string {
  const path = states.path();
  const state = states.open(path);
  state.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed"));
  const inventory = Array.from({ length: keys }, (_, index) => inventoryKey(`key-${index}`, `name ${index}`));
  state.saveInventory(inventory);
  state.close();
  return path;
}

function refusal(path: string, mode: "write" | "read" = "write"): AppError {
  const error = thrownBy(() => openState({ url: `sqlite:${path}`, mode }));
  expect(error).toBeInstanceOf(AppError);
  const refused = error as AppError;
  expect(refused.exitCode).toBe(4);
  expect(refused.message).toContain(path);
  expect(refused.hint).toMatch(/^[A-Z].*\.$/);
  return refused;
}

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
      expect(names).toEqual(["state.db", "state.db-shm", "state.db-wal", "state.db.lock"]);
      for (const name of names) expect([name, modeOf(join(dirname(path), name))]).toEqual([name, 0o600]);
      expect(modeOf(dirname(path))).toBe(0o700);
      expect(modeOf(dirname(dirname(path)))).toBe(0o700);
    } finally {
      process.umask(umask);
    }
  });

  it("leaves the mode of a directory and of a state that were there before", () => {
    const path = filled();
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

  it("refuses a directory", () => {
    const path = states.directory();
    expect(refusal(path)).toMatchObject({ code: "STATE_UNUSABLE" });
    expect(refusal(path, "read")).toMatchObject({ code: "STATE_UNUSABLE" });
  });

  it("refuses a path below a file", () => {
    const file = states.path();
    writeFileSync(file, "text");
    const error = refusal(join(file, "sub", "state.db"));
    expect(error).toMatchObject({ code: "STATE_UNUSABLE" });
    expect(error.message).toContain("is a file, not a directory");
    expect(refusal(join(file, "state.db"), "read")).toMatchObject({ code: "STATE_UNUSABLE" });
  });

  it("refuses where the user may not write, and where the user may not look", () => {
    const directory = states.directory();
    const closed = join(directory, "closed");
    mkdirSync(closed, { mode: 0o555 });
    const hidden = join(directory, "hidden");
    mkdirSync(hidden, { mode: 0o000 });
    chmodSync(directory, 0o755);
    asOrdinaryUser(() => {
      for (const path of [join(closed, "state.db"), join(hidden, "state.db"), join(closed, "a", "b.db")]) {
        const error = refusal(path);
        expect(error).toMatchObject({ code: "STATE_UNUSABLE" });
        expect(error.message).toMatch(/denied|permitted|unable to open/);
      }
      expect(refusal(join(hidden, "state.db"), "read").message).toContain("permission denied");
    });
    chmodSync(hidden, 0o700);
  });

  it("refuses a file that the user may read but not write", () => {
    const path = filled();
    chmodSync(path, 0o444);
    chmodSync(`${path}.lock`, 0o666);
    chmodSync(dirname(path), 0o755);
    asOrdinaryUser(() => {
      expect(refusal(path)).toMatchObject({ code: "STATE_UNUSABLE" });
    });
  });

  it.each([
    ["text", (path: string) => writeFileSync(path, "kind: KeyPolicy\n".repeat(1_000))],
    ["an empty page", (path: string) => writeFileSync(path, Buffer.alloc(4_096, 7))],
    ["a state cut off in the middle", (path: string) => cutOff(path, 0.5)],
    ["a state cut off within its first page", (path: string) => cutOff(path, 0.001)],
    ["a state with pages overwritten", overwrite],
  ])("refuses %s as damaged, and leaves it as it is", (_name, damage) => {
    const path = filled(300);
    damage(path);
    const before = readFileSync(path);
    const error = refusal(path);
    expect(error).toMatchObject({ code: "STATE_CORRUPT" });
    expect(error.hint).toContain("backup");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("refuses a row of the ledger that is no longer JSON", () => {
    const path = filled();
    behind(path, (db) => db.exec("UPDATE ledger SET fields = '{\"name\": '"));
    expect(refusal(path)).toMatchObject({ code: "STATE_CORRUPT" });
    const reader = states.open(path, "read");
    expect(thrownBy(() => reader.applied())).toMatchObject({ code: "STATE_CORRUPT" });
  });

  it("refuses the database of another program, and leaves it as it is", () => {
    const path = states.path();
    behind(path, (db) => db.exec("CREATE TABLE customers (name TEXT)"));
    const before = readFileSync(path);
    for (const mode of ["write", "read"] as const) {
      const error = refusal(path, mode);
      expect(error).toMatchObject({ code: "STATE_UNUSABLE" });
      expect(error.message).toContain("another program");
    }
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("refuses a newer schema, for reading too, and names both versions", () => {
    const path = filled();
    behind(path, (db) => db.exec("PRAGMA user_version = 99"));
    for (const mode of ["write", "read"] as const) {
      const error = refusal(path, mode);
      expect(error).toMatchObject({ code: "STATE_NEWER" });
      expect(error.message).toMatch(/version 99;.*up to 1\./);
    }
  });

  it("lets the next writer in after a refusal", () => {
    const path = filled();
    behind(path, (db) => db.exec("PRAGMA user_version = 99"));
    refusal(path);
    behind(path, (db) => db.exec("PRAGMA user_version = 1"));
    expect(states.open(path).applied().size).toBe(1);
  });
});

describe("opening for reading", () => {
  it("shows a state that does not exist as empty, and creates nothing", () => {
    const path = join(states.directory(), "sub", "state.db");
    const state = states.open(path, "read");
    expect(state.applied().size).toBe(0);
    expect(state.inventoryOf(keyA)).toBeUndefined();
    expect(state.fact("reconciled")).toBeUndefined();
    expect(readAudit(`sqlite:${path}`, { limit: 1 })).toEqual([]);
    state.close();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it("shows an empty file as an empty state, and leaves it empty", () => {
    const path = states.path();
    writeFileSync(path, "");
    expect(states.open(path, "read").applied().size).toBe(0);
    expect(statSync(path).size).toBe(0);
  });

  it("follows a writer at work, and changes not a byte", () => {
    const path = states.path();
    const writer = states.open(path);
    const reader = states.open(path, "read");
    expect(reader.applied().size).toBe(0);
    writer.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed"));
    writer.saveInventoryKey(inventoryKey(keyB, "two"));
    writer.saveFact("reconciled", { at: 7 });
    const files = [path, `${path}-wal`].map((file) => readFileSync(file));

    const seen = reader.applied();
    expect(seen.get(keyA)).toEqual(writer.applied().get(keyA));
    expect(reader.applied()).toBe(seen);
    expect(reader.inventoryOf(keyB)).toEqual(inventoryKey(keyB, "two"));
    expect(reader.fact("reconciled")).toEqual({ at: 7 });
    expect(readAudit(`sqlite:${path}`, { limit: 5 })).toHaveLength(1);
    reader.close();

    expect([path, `${path}-wal`].map((file) => readFileSync(file))).toEqual(files);
    writer.confirm(keyA, 2, auditOf(keyA, "applied"));
    expect(writer.applied().get(keyA)?.fields.get("name")?.confirmed?.at).toBe(2);
  });

  it("reads a state at rest without changing it", () => {
    const path = filled();
    const before = readFileSync(path);
    const reader = states.open(path, "read");
    expect(reader.applied().size).toBe(1);
    reader.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("has no writing half", () => {
    const reader = states.open(filled(), "read");
    const audit = auditOf(keyA, "applied");
    for (const write of [
      () => reader.claim(claimOf(keyA, []), audit),
      () => reader.confirm(keyA, 1, audit),
      () => reader.refuse(keyA, 1, audit),
      () => reader.leaveClaimed(keyA, audit),
      () => reader.adopt([]),
      () => reader.saveInventory([]),
      () => reader.saveInventoryKey(inventoryKey(keyA, "one")),
      () => reader.saveFact("budget", { until: 1 }),
    ]) {
      expect(write).toThrow(/opened for reading/);
    }
  });

  it("refuses an older schema rather than to bring it forward", () => {
    const path = filled();
    const before = readFileSync(path);
    const error = thrownBy(() => openForReading(loadDriver(), path, 2)) as AppError;
    expect(error).toMatchObject({ code: "STATE_UNUSABLE", exitCode: 4 });
    expect(error.message).toMatch(/schema version 1;.*version 2/);
    expect(error.hint).toContain("apply");
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe("the schema", () => {
  const steps = ["CREATE TABLE one (a)", "INSERT INTO one VALUES (1); CREATE TABLE two (a)"];

  it("goes forward from wherever it stands, each step once", () => {
    behind(states.path(), (db) => {
      migrate(db, 0, steps.slice(0, 1));
      expect(schemaVersion(db, "here")).toBe(1);
      migrate(db, schemaVersion(db, "here"), steps);
      migrate(db, schemaVersion(db, "here"), steps);
      expect(schemaVersion(db, "here")).toBe(2);
      expect(db.prepare("SELECT count(*) AS count FROM one").get()).toEqual({ count: 1 });
    });
  });

  it("takes all of its steps or none", () => {
    behind(states.path(), (db) => {
      expect(() => migrate(db, 0, [...steps, "CREATE TABLE two (a)"])).toThrow(/already exists/);
      expect(schemaVersion(db, "here")).toBe(0);
      expect(db.prepare("SELECT count(*) AS count FROM sqlite_schema").get()).toEqual({ count: 0 });
    });
  });
});

describe("the same state under another name", () => {
  it("has the same lock", () => {
    const path = filled();
    const link = join(states.directory(), "link.db");
    symlinkSync(path, link);
    states.open(path);
    expect(refusal(link)).toMatchObject({ code: "STATE_LOCKED" });
  });

  it("is another state when it is a copy", () => {
    const path = filled();
    const copy = states.path();
    cpSync(path, copy);
    states.open(path);
    expect(states.open(copy).applied().size).toBe(1);
  });
});

function cutOff(path: string, share: number): void {
  truncateSync(path, Math.ceil(statSync(path).size * share));
}

function overwrite(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 8_192, bytes.length - 4_096);
  writeFileSync(path, bytes);
}

/** The superuser may do everything, so the work is done as nobody where the tests run as the superuser. */
function asOrdinaryUser(work: () => void): void {
  if (process.geteuid?.() !== 0) {
    work();
    return;
  }
  process.seteuid?.(65_534);
  try {
    work();
  } finally {
    process.seteuid?.(0);
  }
}
