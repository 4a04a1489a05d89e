/*
 * A line does not follow from the one before it. What was done to the trail is told from what still fits:
 *
 *   the true next line is found ...                                        the wrong line ...          it is
 *   not looked for: the front taken off ends, or the trail ends, here                                  inserted
 *   under another number                                                   is a true one elsewhere     reordered
 *   under another number                                                   fits nowhere                inserted
 *   under its own number, behind the wrong line                                                        inserted
 *   nowhere, and there is a gap in the numbers                                                         missing
 *   nowhere, and the wrong line fits before the next, both renumbered                                  missing
 *   nowhere, otherwise                                                                                 changed
 *
 * Whether a line is true can be tried: its hash is right for the hash of the line before and for its old number. This
 * reads the trail a few times more, which only a broken one costs.
 */
import type { ChainBreak, ChainMark } from "../core/history.ts";
import { hashOf } from "./audit-chain.ts";
import type { SqlDatabase, SqlRow } from "./sqlite-driver.ts";

interface Finding {
  /** The last line that holds. */
  readonly last: ChainMark;
  /** The line that does not follow from it. */
  readonly wrong: SqlRow;
  /** The last line that was written. */
  readonly head: ChainMark;
}

export function explainBreak(db: SqlDatabase, finding: Finding): ChainBreak {
  const { last, wrong, head } = finding;
  const seq = last.seq + 1;
  const found = Number(wrong["seq"]);
  if (found < seq) {
    return { seq: found, how: "inserted", message: `lines up to ${last.seq} were taken off the front` };
  }
  if (last.seq === head.seq) {
    return { seq: found, how: "inserted", message: `the last line that was written is ${head.seq}` };
  }
  const moved = trueNext(db, last);
  if (moved !== undefined) {
    const number = Number(moved["seq"]);
    if (found === seq && !(isTrueElsewhere(db, wrong) || fits(wrong, hashIn(moved), seq + 1))) {
      return { seq, how: "inserted", message: `the line that belongs here stands at ${number}` };
    }
    return { seq, how: "reordered", message: `the line that belongs here stands at ${number}` };
  }
  if (found > seq) {
    const gone = found - seq === 1 ? `line ${seq} is` : `lines ${seq} to ${found - 1} are`;
    return { seq, how: "missing", message: `${gone} not there` };
  }
  if (skipsTo(db, last)) {
    return { seq, how: "inserted", message: "the chain goes past it" };
  }
  const shift = renumberedBy(db, wrong, head);
  if (shift > 0) {
    const gone = shift === 1 ? "a line is" : `${shift} lines are`;
    return { seq, how: "missing", message: `${gone} not there, and those behind were renumbered` };
  }
  const message = "it, or the line before it, is not what was written";
  return { seq, how: "changed", message };
}

/** The line that was written after `last`, under another number than its own. */
function trueNext(db: SqlDatabase, last: ChainMark): SqlRow | undefined {
  const seq = last.seq + 1;
  return find(db, (row) => row["seq"] !== seq && fits(row, last.hash, seq));
}

/** Whether a line further on, under its own number, was written right after `last`. */
function skipsTo(db: SqlDatabase, last: ChainMark): boolean {
  return (
    find(db, (row) => Number(row["seq"]) > last.seq + 1 && row["hash"] === hashOf(last.hash, row)) !==
    undefined
  );
}

/** Whether the line was written after some line that is there, before that one or those around it were renumbered. */
function isTrueElsewhere(db: SqlDatabase, line: SqlRow): boolean {
  const isBefore = (row: SqlRow): boolean => {
    const seq = Number(row["seq"]);
    return fits(line, hashIn(row), seq + 1) || fits(line, hashIn(row), seq);
  };
  return find(db, isBefore) !== undefined;
}

/** By how much the numbers from this line on are too low, where the line itself is a true one; else 0. */
function renumberedBy(db: SqlDatabase, line: SqlRow, head: ChainMark): number {
  const end = Number(db.prepare("SELECT max(seq) AS seq FROM audit").get()?.["seq"]);
  const shift = head.seq - end;
  if (shift <= 0) return 0;
  const seq = Number(line["seq"]) + 1;
  const next = db.prepare("SELECT * FROM audit WHERE seq = ?").get(seq);
  const isTrue = next === undefined ? hashIn(line) === head.hash : fits(next, hashIn(line), seq + shift);
  return isTrue ? shift : 0;
}

function find(db: SqlDatabase, isIt: (row: SqlRow) => boolean): SqlRow | undefined {
  for (const row of db.prepare("SELECT * FROM audit ORDER BY seq").iterate()) if (isIt(row)) return row;
  return undefined;
}

/** Whether the line is one that was written with this number after a line with the hash `previous`. */
function fits(line: SqlRow, previous: string, seq: number): boolean {
  return hashIn(line) !== "" && hashIn(line) === hashOf(previous, { ...line, seq });
}

function hashIn(line: SqlRow): string {
  return String(line["hash"]);
}
