import type { Clean } from "./clean.ts";
import type { AuditEntry } from "../ports.ts";
import type { JsonObject } from "../core/policy.ts";
import type { SqlDatabase, SqlRow, SqlValue } from "./sqlite-driver.ts";

/** A line of the audit trail with its number; numbers rise by one, from 1, without gaps. */
export interface RecordedEntry extends AuditEntry {
  readonly seq: number;
}

export interface AuditFilter {
  readonly keyId?: string;
  /** At most this many lines, the latest. */
  readonly limit: number;
}

/** The end of the audit trail: the only place that adds to it. */
export interface AuditTable {
  /** Must run inside a transaction. */
  append(entry: AuditEntry): void;
}

export function createAuditTable(db: SqlDatabase, clean: Clean): AuditTable {
  const insert = db.prepare(
    `INSERT INTO audit (at, pass, key_id, policy, file, line, event, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    append({ at, pass, keyId, policy, file, line, event, detail }) {
      insert.run(at, pass, keyId, policy, file, line, event, clean(JSON.stringify(detail)));
    },
  };
}

/** The latest lines of the audit trail, the latest first. */
export function readAuditTable(db: SqlDatabase, { keyId, limit }: AuditFilter): RecordedEntry[] {
  const where = keyId === undefined ? "" : "WHERE key_id = ?";
  const values: SqlValue[] = keyId === undefined ? [limit] : [keyId, limit];
  return db
    .prepare(`SELECT * FROM audit ${where} ORDER BY seq DESC LIMIT ?`)
    .all(...values)
    .map(entryFrom);
}

function entryFrom(row: SqlRow): RecordedEntry {
  return {
    seq: Number(row["seq"]),
    at: Number(row["at"]),
    pass: String(row["pass"]),
    keyId: String(row["key_id"]),
    policy: String(row["policy"]),
    file: String(row["file"]),
    line: Number(row["line"]),
    event: String(row["event"]) as AuditEntry["event"],
    detail: JSON.parse(String(row["detail"])) as JsonObject,
  };
}
