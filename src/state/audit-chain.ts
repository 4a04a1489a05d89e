/*
 * The audit trail as a chain. Each line carries a hash over everything else that is stored of it and over the hash of the
 * line before. So no line can be changed, taken out, put in or moved without every later hash being wrong.
 *
 * Three marks stand beside the lines, and move in the same transactions as they do:
 *
 *   mark     what it is                                          what it is for
 *   began    the number of the first line that has a hash        older lines are told as such, and only those
 *   anchor   the last line that was taken off the front          the rest verifies from it on; a lost front shows
 *   head     the last line that was written                      lines cut off the end show
 *
 * A column that is NULL is left out of what is hashed: a later version can add a column, and old lines still verify.
 * Hashed is what the database gives back, so texts are first made into what it can give back.
 *
 * What this proves, and to whom, is in docs/decisions/0006-audit-chain.md.
 */
import { createHash } from "node:crypto";
import { stableJson } from "../core/canonical.ts";
import type { ChainMark } from "../core/history.ts";
import type { SqlDatabase, SqlRow } from "./sqlite-driver.ts";

type MarkName = "began" | "anchor" | "head";

/** The marks that are there; one that is not was taken away behind the state's back. */
export type Marks = Partial<Readonly<Record<MarkName, ChainMark>>>;

/** The hash of a line, given by its columns, after a line with the hash `previous`; empty for none. */
export function hashOf(previous: string, line: SqlRow): string {
  const content = Object.entries(line).filter(([name, value]) => name !== "hash" && value !== null);
  const json = stableJson({ previous, line: Object.fromEntries(content) });
  return createHash("sha256").update(json).digest("hex");
}

/** The text as SQLite gives it back: sound Unicode without NUL, at which one of the drivers would stop reading. */
export function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll("\0", "\ufffd");
}

export function readMarks(db: SqlDatabase): Marks {
  const rows = db.prepare("SELECT name, seq, hash FROM audit_mark").all();
  return Object.fromEntries(
    rows.map((row) => [String(row["name"]), { seq: Number(row["seq"]), hash: String(row["hash"]) }]),
  );
}
