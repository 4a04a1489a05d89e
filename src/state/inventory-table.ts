import type { Clean } from "./clean.ts";
import { hash } from "node:crypto";

import type { LiveKey } from "../core/key.ts";
import type { Json, JsonObject, KeyId } from "../core/policy.ts";
import type { InventoryKey } from "../ports.ts";
import type { SqlDatabase, SqlRow } from "./sqlite-driver.ts";

/*
 * The inventory on disk, never held in memory. Every pass sees every key again, and almost always unchanged: so the
 * bulk of a row (the key as JSON, twice) stands in a table of its own and is written only when its digest differs,
 * and the narrow table beside it takes the times at which the key was seen.
 *
 * A key that is about to be written is outdated from then on: nobody is told its values any more. Its row stays, since it
 * is still the same key, in its workspace and under its name: policies that select keys go by that until it is read again.
 */
export interface InventoryTable {
  /** Replaces everything. Must run inside a transaction. */
  replace(keys: readonly InventoryKey[]): void;
  /** Must run inside a transaction. */
  put(key: InventoryKey): void;
  /** What was seen of the key is not to be believed any more. Must run inside a transaction. */
  outdate(id: KeyId): void;
}

export function createInventoryTable(db: SqlDatabase, clean: Clean): InventoryTable {
  const all = db.prepare("SELECT key_id, seen_at, rotation_read_at, digest FROM inventory");
  const one = db.prepare("SELECT seen_at, rotation_read_at, digest FROM inventory WHERE key_id = ?");
  const remove = db.prepare("DELETE FROM inventory WHERE key_id = ?");
  // Without its digest the row is written again, whatever is seen next.
  const outdate = db.prepare("UPDATE inventory SET outdated = 1, digest = '' WHERE key_id = ?");
  const upsert = db.prepare(
    `INSERT INTO inventory (key_id, seen_at, rotation_read_at, digest) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_id) DO UPDATE
     SET seen_at = excluded.seen_at, rotation_read_at = excluded.rotation_read_at, digest = excluded.digest,
         outdated = 0`,
  );
  const upsertContent = db.prepare(
    `INSERT INTO inventory_content (key_id, live, raw) VALUES (?, ?, ?)
     ON CONFLICT (key_id) DO UPDATE SET live = excluded.live, raw = excluded.raw`,
  );

  function write(record: InventoryKey, known: SqlRow | undefined): void {
    const { key, seenAt, rotationReadAt } = record;
    const live = clean(JSON.stringify({ ...key, fields: [...key.fields] }));
    const raw = clean(JSON.stringify(record.raw));
    const digest = hash("sha256", `${live}\n${raw}`, "base64");
    const same = known?.["digest"] === digest;
    if (!same || known["seen_at"] !== seenAt || known["rotation_read_at"] !== rotationReadAt) {
      upsert.run(key.id, seenAt, rotationReadAt, digest);
    }
    if (!same) upsertContent.run(key.id, live, raw);
  }

  return {
    replace(records) {
      const known = new Map<KeyId, SqlRow>();
      for (const row of all.iterate()) known.set(String(row["key_id"]), row);
      const present = new Set<KeyId>();
      for (const record of records) {
        const { id } = record.key;
        // A key listed twice is written twice: the last one stays.
        write(record, present.has(id) ? undefined : known.get(id));
        present.add(id);
      }
      for (const id of known.keys()) if (!present.has(id)) remove.run(id);
    },
    put(record) {
      write(record, one.get(record.key.id));
    },
    outdate(id) {
      outdate.run(id);
    },
  };
}

/** Reads one key of the inventory from the disk. */
export function createInventoryReader(db: SqlDatabase): (id: KeyId) => InventoryKey | undefined {
  const select = db.prepare(
    `SELECT seen_at, rotation_read_at, live, raw
     FROM inventory JOIN inventory_content USING (key_id) WHERE key_id = ? AND outdated = 0`,
  );
  return (id) => {
    const row = select.get(id);
    if (row === undefined) return undefined;
    return {
      key: liveFrom(String(row["live"])),
      raw: JSON.parse(String(row["raw"])) as JsonObject,
      seenAt: Number(row["seen_at"]),
      rotationReadAt: nullable(row["rotation_read_at"]),
    };
  };
}

/** Finds the keys of the inventory by name, on the disk: every row is looked at, as only people ask. */
export function createNameFinder(db: SqlDatabase): (name: string) => readonly KeyId[] {
  const select = db.prepare(
    `SELECT key_id FROM inventory_content WHERE json_extract(live, '$.name') = ? ORDER BY key_id`,
  );
  return (name) => select.all(name).map((row) => String(row["key_id"]));
}

const pageSize = 500;

/**
 * Every key of the inventory as it was seen last, outdated ones too, from the disk: a page at a time, so that other
 * statements may run meanwhile.
 */
export function createLiveKeys(db: SqlDatabase, guard: <T>(work: () => T) => T): () => Iterable<LiveKey> {
  const page = db.prepare(
    `SELECT key_id, live FROM inventory_content WHERE key_id > ? ORDER BY key_id LIMIT ${pageSize}`,
  );
  function* read(): Generator<LiveKey> {
    let last = "";
    for (;;) {
      const rows = guard(() => page.all(last));
      for (const row of rows) yield liveFrom(String(row["live"]));
      if (rows.length < pageSize) return;
      last = String(rows.at(-1)?.["key_id"]);
    }
  }
  return () => ({ [Symbol.iterator]: read });
}

function liveFrom(text: string): LiveKey {
  const stored = JSON.parse(text) as Omit<LiveKey, "fields"> & { readonly fields: [string, Json][] };
  return { ...stored, fields: new Map(stored.fields) };
}

function nullable(value: string | number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
