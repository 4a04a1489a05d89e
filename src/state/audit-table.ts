import type { ChainMark } from "../core/history.ts";
import type { AuditEntry } from "../ports.ts";
import { hashOf, readMarks, storable } from "./audit-chain.ts";
import type { Clean } from "./clean.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";

/** How much of the audit trail is kept. */
export interface AuditBounds {
  /** Lines older than this are taken off the front; milliseconds. */
  readonly keepMs: number;
  /** At most this many lines are kept. */
  readonly most: number;
}

/** The end of the audit trail: the only place that adds to it, and the only one that takes off its front. */
export interface AuditTable {
  /** Adds a line to the chain. Must run inside a transaction. */
  append(entry: AuditEntry): void;
  /** The last line that is to go, with its hash; undefined when all are within the bounds. */
  excess(bounds: AuditBounds, now: number): ChainMark | undefined;
  /** Takes off the lines up to this one and notes it. Must run inside a transaction. */
  takeOff(last: ChainMark): void;
}

export function createAuditTable(db: SqlDatabase, clean: Clean): AuditTable {
  const insert = db.prepare(
    `INSERT INTO audit (seq, at, pass, key_id, policy, file, line, event, detail, commit_id, author, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const last = db.prepare("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
  const head = db.prepare("SELECT seq, hash FROM audit_mark WHERE name = 'head'");
  const mark = db.prepare("UPDATE audit_mark SET seq = ?, hash = ? WHERE name = ?");
  const firstSince = db.prepare("SELECT seq FROM audit WHERE at >= ? ORDER BY seq LIMIT 1");
  const lastUpTo = db.prepare("SELECT seq, hash FROM audit WHERE seq <= ? ORDER BY seq DESC LIMIT 1");
  const remove = db.prepare("DELETE FROM audit WHERE seq <= ?");
  return {
    append(entry) {
      const end = last.get();
      // Where somebody took the mark away the trail still goes on; `history verify` tells of it.
      const before = head.get() ?? end;
      // A line that somebody put behind the head keeps its number, and is found by that.
      const seq = Math.max(Number(before?.["seq"] ?? 0), Number(end?.["seq"] ?? 0)) + 1;
      const line = {
        seq,
        at: entry.at,
        pass: storable(entry.pass),
        key_id: storable(entry.keyId),
        policy: storable(clean(entry.policy)),
        file: storable(clean(entry.file)),
        line: entry.line,
        event: entry.event,
        detail: storable(clean(JSON.stringify(entry.detail))),
        commit_id: entry.commit === null ? null : storable(entry.commit),
        author: entry.author === null ? null : storable(clean(entry.author)),
      };
      const hash = hashOf(String(before?.["hash"] ?? ""), line);
      insert.run(...Object.values(line), hash);
      mark.run(seq, hash, "head");
    },
    excess({ keepMs, most }, now) {
      const { head: end, anchor } = readMarks(db);
      if (end === undefined || anchor === undefined) return undefined;
      const young = firstSince.get(now - keepMs)?.["seq"];
      const old = young === undefined ? end.seq : Number(young) - 1;
      const row = lastUpTo.get(Math.min(end.seq, Math.max(old, end.seq - most)));
      return row === undefined ? undefined : { seq: Number(row["seq"]), hash: String(row["hash"]) };
    },
    takeOff({ seq, hash }) {
      mark.run(seq, hash, "anchor");
      remove.run(seq);
    },
  };
}
