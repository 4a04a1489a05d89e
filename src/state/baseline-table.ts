import type { Canonical, FieldPath } from "../core/key.ts";
import type { Baseline, Claim } from "../core/ledger.ts";
import type { KeyId } from "../core/policy.ts";
import type { Clean } from "./clean.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";

/** What fields were before the first write to each: once kept, never changed. */
export interface BaselineTable {
  /** Keeps what the fields of a claim are before it, where nothing is kept yet. Must run inside a transaction. */
  keep(claim: Claim): void;
}

export function createBaselineTable(db: SqlDatabase, clean: Clean): BaselineTable {
  const insert = db.prepare("INSERT OR IGNORE INTO baseline (key_id, path, value, at) VALUES (?, ?, ?, ?)");
  return {
    keep({ keyId, at, fields, groups = [] }) {
      const before = [...fields.map(({ path, from }) => ({ path, value: from })), ...groups];
      for (const { path, value } of before) {
        if (value !== undefined) insert.run(keyId, clean(path), clean(JSON.stringify(value)), at);
      }
    },
  };
}

/** Reads the baseline of one key from the disk. */
export function createBaselineReader(db: SqlDatabase): (id: KeyId) => ReadonlyMap<FieldPath, Baseline> {
  const select = db.prepare("SELECT path, value, at FROM baseline WHERE key_id = ?");
  return (id) =>
    new Map(
      select
        .all(id)
        .map((row) => [
          String(row["path"]),
          { value: JSON.parse(String(row["value"])) as Canonical, at: Number(row["at"]) },
        ]),
    );
}
