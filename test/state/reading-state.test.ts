import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import type { AppError } from "../../src/errors.ts";
import { readAudit } from "../../src/state/open-state.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import { migrations } from "../../src/state/schema.ts";
import { openForReading } from "../../src/state/state-file.ts";
import { auditOf, claimOf, inventoryKey, keyA, keyB, thrownBy } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

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
    const path = states.filled();
    const before = readFileSync(path);
    const reader = states.open(path, "read");
    expect(reader.applied().size).toBe(1);
    reader.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("has no writing half", () => {
    const reader = states.open(states.filled(), "read");
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
    const path = states.filled();
    const before = readFileSync(path);
    const error = thrownBy(() => openForReading(loadDriver(), path, migrations.length + 1)) as AppError;
    expect(error).toMatchObject({ code: "STATE_UNUSABLE", exitCode: 4 });
    expect(error.message).toContain(
      `schema version ${migrations.length}; reading it takes version ${migrations.length + 1}`,
    );
    expect(error.hint).toContain("apply");
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
