import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { InventoryKey, StateReader } from "../../src/ports.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import { auditOf, claimOf, inventoryKey, keyA, keyB } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

/** Times each key's content was written, counted by the database itself. */
function countContentWrites(path: string): () => number {
  const db = loadDriver().open(path, { readOnly: false });
  db.exec(`
    CREATE TABLE written (key_id TEXT);
    CREATE TRIGGER one AFTER INSERT ON inventory_content BEGIN INSERT INTO written VALUES (NEW.key_id); END;
    CREATE TRIGGER two AFTER UPDATE ON inventory_content BEGIN INSERT INTO written VALUES (NEW.key_id); END;
  `);
  db.close();
  return () => {
    const reader = loadDriver().open(path, { readOnly: true });
    const count = Number(reader.prepare("SELECT count(*) AS count FROM written").get()?.["count"]);
    reader.close();
    return count;
  };
}

describe("the inventory", () => {
  it("gives back each key as it was noted, fields and raw answer included", () => {
    const path = states.path();
    const state = states.open(path);
    state.saveInventory([inventoryKey(keyA, "one"), { ...inventoryKey(keyB, "two"), rotationReadAt: 9 }]);
    state.close();
    const again = states.open(path);
    expect(again.inventoryOf(keyA)).toEqual(inventoryKey(keyA, "one"));
    expect(again.inventoryOf(keyB)).toEqual({ ...inventoryKey(keyB, "two"), rotationReadAt: 9 });
    expect(again.inventoryOf("nobody")).toBeUndefined();
  });

  it("finds the keys that have exactly a name, for the writer and for who reads beside it", () => {
    const path = states.path();
    const state = states.open(path);
    const odd = 'a "b" \\ \u0001 \u00e9 %';
    state.saveInventory([inventoryKey(keyB, "twin"), inventoryKey(keyA, "twin"), inventoryKey("c", odd)]);
    for (const reader of [state, states.open(path, "read")]) {
      expect(reader.keysNamed("twin")).toEqual([keyA, keyB]);
      expect(reader.keysNamed(odd)).toEqual(["c"]);
      expect(reader.keysNamed("twi%")).toEqual([]);
    }
    expect(states.open(states.path(), "read").keysNamed("twin")).toEqual([]);
  });

  it("is replaced whole by a list: what is not in it is gone", () => {
    const state = states.open(states.path());
    state.saveInventory([inventoryKey(keyA, "one"), inventoryKey(keyB, "two")]);
    state.saveInventory([inventoryKey(keyB, "two")]);
    expect(state.inventoryOf(keyA)).toBeUndefined();
    expect(state.inventoryOf(keyB)?.key.name).toBe("two");
    state.saveInventory([]);
    expect(state.inventoryOf(keyB)).toBeUndefined();
  });

  it("takes one key by itself and leaves the others", () => {
    const state = states.open(states.path());
    state.saveInventory([inventoryKey(keyA, "one")]);
    state.saveInventoryKey(inventoryKey(keyB, "two"));
    state.saveInventoryKey(inventoryKey(keyA, "renamed", 2_000));
    expect(state.inventoryOf(keyA)).toEqual(inventoryKey(keyA, "renamed", 2_000));
    expect(state.inventoryOf(keyB)?.key.name).toBe("two");
  });

  it("writes only what changed, and still moves the time at which a key was seen", () => {
    const path = states.path();
    const writes = countContentWrites((states.open(path).close(), path));
    const state = states.open(path);
    state.saveInventory([inventoryKey(keyA, "one"), inventoryKey(keyB, "two")]);
    expect(writes()).toBe(2);
    state.saveInventory([inventoryKey(keyA, "one", 2_000), inventoryKey(keyB, "two", 2_000)]);
    expect(writes()).toBe(2);
    expect(state.inventoryOf(keyA)?.seenAt).toBe(2_000);
    state.saveInventory([inventoryKey(keyA, "one", 3_000), inventoryKey(keyB, "renamed", 3_000)]);
    expect(writes()).toBe(3);
    expect(state.inventoryOf(keyB)).toEqual(inventoryKey(keyB, "renamed", 3_000));
  });

  it("forgets a key that is claimed: what was seen before a write is not what is there after it", () => {
    const path = states.filled();
    const state = states.open(path);
    state.saveInventory([inventoryKey(keyA, "one"), inventoryKey(keyB, "two")]);
    state.claim(claimOf(keyA, [{ path: "name", value: "new" }]), auditOf(keyA, "claimed"));
    expect([state.inventoryOf(keyA), state.inventoryOf(keyB)?.key.name]).toEqual([undefined, "two"]);
    state.saveInventory([inventoryKey(keyA, "new")]);
    expect(state.inventoryOf(keyA)?.key.name).toBe("new");
  });

  it("still knows that a claimed key is there, and what it was called, until it is seen again or gone", () => {
    const path = states.filled();
    const state = states.open(path);
    state.saveInventory([inventoryKey(keyA, "one"), inventoryKey(keyB, "two")]);
    state.claim(claimOf(keyA, [{ path: "name", value: "new" }]), auditOf(keyA, "claimed"));
    const known = (from: StateReader): string[] => [...from.liveKeys()].map(({ name }) => name);
    expect(known(state)).toEqual(["one", "two"]);
    expect(known(states.open(path, "read"))).toEqual(["one", "two"]);
    state.saveInventoryKey(inventoryKey(keyA, "new"));
    expect(known(state)).toEqual(["new", "two"]);
    expect(state.inventoryOf(keyA)?.key.name).toBe("new");
    state.claim(claimOf(keyA, [{ path: "name", value: "newer" }]), auditOf(keyA, "claimed"));
    state.saveInventory([inventoryKey(keyB, "two")]);
    expect(known(state)).toEqual(["two"]);
  });

  it("gives every key, however many there are, and to who reads beside a writer", () => {
    const path = states.path();
    const state = states.open(path);
    const ids = Array.from({ length: 1_203 }, (_, index) => `key-${String(index).padStart(5, "0")}`);
    state.saveInventory(ids.map((id) => inventoryKey(id, id)));
    for (const reader of [state, states.open(path, "read")]) {
      expect([...reader.liveKeys()].map(({ id }) => id)).toEqual(ids);
    }
  });

  it("gives the same object until something is noted: what was computed from it holds that long", () => {
    const state = states.open(states.path());
    state.saveInventory([inventoryKey(keyA, "one")]);
    const before = state.liveKeys();
    state.saveFact("paused", { since: 1 });
    expect(state.liveKeys()).toBe(before);
    state.saveInventoryKey(inventoryKey(keyA, "two"));
    expect(state.liveKeys()).not.toBe(before);
  });

  it("agrees with a plain map over any lists, with repeats, across reopening", () => {
    const record: fc.Arbitrary<InventoryKey> = fc
      .record({
        id: fc.constantFrom("a", "b", "c", "d"),
        name: fc.constantFrom("one", "two"),
        seenAt: fc.integer({ min: 0, max: 2 }),
        rotationReadAt: fc.constantFrom(null, 1, 2),
      })
      .map(({ id, name, seenAt, rotationReadAt }) => ({ ...inventoryKey(id, name, seenAt), rotationReadAt }));
    const step = fc.oneof(
      fc.record({ list: fc.array(record, { maxLength: 6 }) }),
      fc.record({ one: record }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const path = states.path();
        let state = states.open(path);
        let model = new Map<string, InventoryKey>();
        for (const given of steps) {
          if ("list" in given) {
            state.saveInventory(given.list);
            model = new Map(given.list.map((key) => [key.key.id, key]));
          } else {
            state.saveInventoryKey(given.one);
            model.set(given.one.key.id, given.one);
          }
          for (const id of ["a", "b", "c", "d"]) expect(state.inventoryOf(id)).toEqual(model.get(id));
          state.close();
          state = states.open(path);
          for (const id of ["a", "b", "c", "d"]) expect(state.inventoryOf(id)).toEqual(model.get(id));
        }
        state.close();
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
