import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { AppError } from "../../src/errors.ts";
import { openState } from "../../src/state/open-state.ts";
import { thrownBy } from "./fixtures.ts";
import { migrations } from "../../src/state/schema.ts";
import { behind, useStates } from "./use-states.ts";

const states = useStates();

function refusal(path: string, mode: "write" | "read" = "write"): AppError {
  const error = thrownBy(() => openState({ url: `sqlite:${path}`, mode }));
  expect(error).toBeInstanceOf(AppError);
  const refused = error as AppError;
  expect(refused.exitCode).toBe(4);
  expect(refused.message).toContain(path);
  expect(refused.hint).toMatch(/^[A-Z].*\.$/);
  return refused;
}

describe("what cannot be a state", () => {
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
    const path = states.filled();
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
    const path = states.filled(300);
    damage(path);
    const before = readFileSync(path);
    const error = refusal(path);
    expect(error).toMatchObject({ code: "STATE_CORRUPT" });
    expect(error.hint).toContain("backup");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("refuses a row of the ledger that is no longer JSON", () => {
    const path = states.filled();
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
    const path = states.filled();
    behind(path, (db) => db.exec("PRAGMA user_version = 99"));
    for (const mode of ["write", "read"] as const) {
      const error = refusal(path, mode);
      expect(error).toMatchObject({ code: "STATE_NEWER" });
      expect(error.message).toContain("version 99;");
      expect(error.message).toContain(`up to ${migrations.length}.`);
    }
  });

  it("lets the next writer in after a refusal", () => {
    const path = states.filled();
    behind(path, (db) => db.exec("PRAGMA user_version = 99"));
    refusal(path);
    behind(path, (db) => db.exec(`PRAGMA user_version = ${migrations.length}`));
    expect(states.open(path).applied().size).toBe(1);
  });
});

describe("the same state under another name", () => {
  it("has the same lock", () => {
    const path = states.filled();
    const link = join(states.directory(), "link.db");
    symlinkSync(path, link);
    states.open(path);
    expect(refusal(link)).toMatchObject({ code: "STATE_LOCKED" });
  });

  it("is another state when it is a copy", () => {
    const path = states.filled();
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
