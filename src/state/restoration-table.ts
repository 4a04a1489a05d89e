import type { Restoration } from "../core/ledger.ts";
import type { KeyId } from "../core/policy.ts";
import type { Clean } from "./clean.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";

/** The keys that are left alone since a person has put them back. */
export interface RestorationTable {
  /** Must run inside a transaction. */
  set(id: KeyId, restoration: Restoration | null): void;
}

export function createRestorationTable(db: SqlDatabase, clean: Clean): RestorationTable {
  const upsert = db.prepare(
    `INSERT INTO restoration (key_id, at, point) VALUES (?, ?, ?)
     ON CONFLICT (key_id) DO UPDATE SET at = excluded.at, point = excluded.point`,
  );
  const remove = db.prepare("DELETE FROM restoration WHERE key_id = ?");
  return {
    set(id, restoration) {
      if (restoration === null) remove.run(id);
      else upsert.run(id, restoration.at, clean(restoration.point));
    },
  };
}

/** Reads them all from the disk: they are few. */
export function createRestorationReader(db: SqlDatabase): () => ReadonlyMap<KeyId, Restoration> {
  const select = db.prepare("SELECT key_id, at, point FROM restoration");
  return () =>
    new Map(
      select
        .all()
        .map((row) => [String(row["key_id"]), { at: Number(row["at"]), point: String(row["point"]) }]),
    );
}
