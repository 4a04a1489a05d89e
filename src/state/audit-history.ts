import {
  requestEnds,
  type AuditEvent,
  type HistoryEntry,
  type HistoryFilter,
  type HistoryLine,
  type TrailStart,
} from "../core/history.ts";
import type { JsonObject } from "../core/policy.ts";
import { readMarks } from "./audit-chain.ts";
import type { SqlDatabase, SqlRow, SqlValue } from "./sqlite-driver.ts";

/** The lines that tell how something went on that another line of the same key began. */
const goesOn = [...requestEnds, "read-back"].map((event) => `'${event}'`).join(", ");

/** The latest entries that the filter lets through, the latest first. */
export function readHistoryTable(db: SqlDatabase, filter: HistoryFilter): HistoryEntry[] {
  const { where, values } = conditions(filter);
  const firsts = db
    .prepare(`SELECT * FROM audit WHERE event NOT IN (${goesOn})${where} ORDER BY seq DESC LIMIT ?`)
    .all(...values, filter.limit);
  const rest = db.prepare(
    `SELECT * FROM audit WHERE key_id = ? AND seq > ? AND seq < ? AND event IN (${goesOn}) ORDER BY seq`,
  );
  const nextClaim = db.prepare(
    "SELECT seq FROM audit WHERE key_id = ? AND seq > ? AND event = 'claimed' ORDER BY seq LIMIT 1",
  );
  const restOf = ({ keyId, seq, event }: HistoryLine): HistoryLine[] => {
    if (event !== "claimed") return [];
    const end = nextClaim.get(keyId, seq)?.["seq"] ?? Number.MAX_SAFE_INTEGER;
    return rest.all(keyId, seq, end).map(lineFrom);
  };
  return firsts.map(lineFrom).map((first) => ({ first, rest: restOf(first) }));
}

/** The latest lines, the latest first; of one key where it is given. */
export function readAuditTable(
  db: SqlDatabase,
  { keyId, limit }: Pick<HistoryFilter, "keyId" | "limit">,
): HistoryLine[] {
  const { where, values } = conditions(keyId === undefined ? { limit } : { keyId, limit });
  return db
    .prepare(`SELECT * FROM audit WHERE true${where} ORDER BY seq DESC LIMIT ?`)
    .all(...values, limit)
    .map(lineFrom);
}

/** The first line that is left, where earlier ones were taken off; null where none were. */
export function trailStart(db: SqlDatabase): TrailStart | null {
  const first = db.prepare("SELECT seq, at FROM audit ORDER BY seq LIMIT 1").get();
  if (first === undefined) {
    const taken = readMarks(db).head?.seq ?? 0;
    return taken === 0 ? null : { seq: taken + 1, at: null };
  }
  const seq = Number(first["seq"]);
  return seq <= 1 ? null : { seq, at: Number(first["at"]) };
}

/** When the latest line up to this number was written; undefined where none is left. */
export function lineTime(db: SqlDatabase, seq: number): number | undefined {
  const line = db.prepare("SELECT at FROM audit WHERE seq <= ? ORDER BY seq DESC LIMIT 1").get(seq);
  return line === undefined ? undefined : Number(line["at"]);
}

/** The number of the latest line that was ever written, also where it was taken off; 0 for none. */
export function lastLine(db: SqlDatabase): number {
  const last = db.prepare("SELECT MAX(seq) AS seq FROM audit").get()?.["seq"] ?? 0;
  return Math.max(Number(last), readMarks(db).head?.seq ?? 0);
}

function conditions(filter: HistoryFilter): { readonly where: string; readonly values: SqlValue[] } {
  const { keyId, policy, commit, since, until } = filter;
  const parts: (readonly [string, readonly SqlValue[]])[] = [];
  if (keyId !== undefined) parts.push(["key_id = ?", [keyId]]);
  if (policy !== undefined) parts.push(["policy = ?", [policy]]);
  if (commit !== undefined) {
    parts.push(["(commit_id LIKE ? OR detail LIKE ?)", [`${commit}%`, `%"commit":"${commit}%`]]);
  }
  if (since !== undefined) parts.push(["at >= ?", [since]]);
  if (until !== undefined) parts.push(["at < ?", [until]]);
  return {
    where: parts.map(([sql]) => ` AND ${sql}`).join(""),
    values: parts.flatMap(([, values]) => values),
  };
}

function lineFrom(row: SqlRow): HistoryLine {
  const { commit_id: commit = null, author = null } = row;
  return {
    seq: Number(row["seq"]),
    at: Number(row["at"]),
    pass: String(row["pass"]),
    keyId: String(row["key_id"]),
    policy: String(row["policy"]),
    file: String(row["file"]),
    line: Number(row["line"]),
    commit: commit === null ? null : String(commit),
    author: author === null ? null : String(author),
    event: String(row["event"]) as AuditEvent,
    detail: detailFrom(String(row["detail"])),
    hash: String(row["hash"]),
  };
}

/** What somebody else made of the detail is shown as it is. */
function detailFrom(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return { unreadable: text };
  }
}
