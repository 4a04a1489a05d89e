import type { ChainBreak, ChainMark, ChainReport } from "../core/history.ts";
import { hashOf, readMarks, type Marks } from "./audit-chain.ts";
import { explainBreak } from "./audit-break.ts";
import type { SqlDatabase, SqlRow } from "./sqlite-driver.ts";

const nothing: ChainMark = { seq: 0, hash: "" };

/** Checks every line, one at a time, as the trail stands at one moment; a writer beside it is not held up. */
export function verifyAuditTable(db: SqlDatabase): ChainReport {
  db.exec("BEGIN");
  try {
    return verify(db, readMarks(db));
  } finally {
    db.exec("COMMIT");
  }
}

function verify(db: SqlDatabase, marks: Marks): ChainReport {
  const { began, anchor, head } = marks;
  let last = anchor ?? nothing;
  let lines = 0;
  let before = 0;
  const report = (broken: ChainBreak | null): ChainReport => ({
    lines,
    before,
    trimmed: anchor === undefined || anchor.seq === 0 ? null : anchor,
    last: last.seq === 0 ? null : last,
    broken,
  });
  if (began === undefined || anchor === undefined || head === undefined) {
    const message = "the marks of its beginning and its end, which are stored beside it, are gone";
    return report({ seq: last.seq, how: "missing", message });
  }
  let wrong: SqlRow | undefined;
  try {
    for (const row of db.prepare("SELECT * FROM audit ORDER BY seq").iterate()) {
      if (!follows(row, last, began.seq)) {
        wrong = row;
        break;
      }
      last = { seq: last.seq + 1, hash: String(row["hash"]) };
      lines += 1;
      if (last.seq < began.seq) before += 1;
    }
    const broken = wrong === undefined ? endBreak(last, head) : explainBreak(db, { last, wrong, head });
    return report(broken);
  } catch (thrown) {
    if (!isUnreadableNumber(thrown)) throw thrown;
    const message = "it, or a line after it, holds a number that was never written";
    return report({ seq: last.seq + 1, how: "changed", message });
  }
}

function follows(row: SqlRow, last: ChainMark, began: number): boolean {
  if (row["seq"] !== last.seq + 1) return false;
  return last.seq + 1 < began ? row["hash"] === "" : row["hash"] === hashOf(last.hash, row);
}

/** The lines hold together; whether they are all of them is what the stored head tells. */
function endBreak(last: ChainMark, head: ChainMark): ChainBreak | null {
  const seq = Math.min(last.seq, head.seq) + 1;
  if (last.seq < head.seq) {
    return { seq, how: "truncated", message: `lines ${seq} to ${head.seq} are cut off the end` };
  }
  if (last.seq > head.seq) {
    return { seq, how: "inserted", message: `the last line that was written is ${head.seq}` };
  }
  if (last.hash === head.hash) return null;
  const message = "the stored head has another hash for this line: it, or lines before it, were written anew";
  return { seq: last.seq, how: "changed", message };
}

/** One of the drivers refuses to read an integer that no number can hold. */
function isUnreadableNumber(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown as { readonly code?: unknown }).code === "ERR_OUT_OF_RANGE";
}
