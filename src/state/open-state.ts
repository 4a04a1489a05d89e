import type { Clean } from "./clean.ts";
import type { ChainReport, HistoryEntry, HistoryFilter, HistoryLine, TrailStart } from "../core/history.ts";
import type { State } from "../ports.ts";
import { lastLine, lineTime, readAuditTable, readHistoryTable, trailStart } from "./audit-history.ts";
import type { AuditBounds } from "./audit-table.ts";
import { verifyAuditTable } from "./audit-verify.ts";
import { emptyReader, readOnly, ReadingState } from "./reading-state.ts";
import { loadDriver } from "./sqlite-driver.ts";
import type { SqlDatabase, SqlDriver } from "./sqlite-driver.ts";
import { explain, guarded } from "./sqlite-fault.ts";
import { createPrivately, lookAt, openForReading, openForWriting } from "./state-file.ts";
import { parseStateUrl } from "./state-url.ts";
import { lockForWriting, noteWriter } from "./writer-lock.ts";
import { WritingState } from "./writing-state.ts";

export interface OpenStateOptions {
  /** `sqlite:PATH`. */
  readonly url: string;
  /** `read` creates and changes nothing: a state that is not there is empty, and its writing half throws. */
  readonly mode: "write" | "read";
  /** How a second writer is told about this one. */
  readonly lockOwner?: string;
  /** Takes secrets out of what came from outside before it is stored; nothing when left out. */
  readonly clean?: Clean;
  /** Upper bound of the file's size, in pages of 4 KiB: beyond it, writing fails as on a full disk. */
  readonly maxPages?: number;
}

/** An open state, and what only its owner may do with it. */
export interface OwnState extends State {
  /**
   * Takes lines beyond the bounds off the front of the audit trail. Cheap when there are none; nothing where the state
   * was opened for reading.
   */
  trimAudit(bounds: AuditBounds, now: number): void;
}

/**
 * Opens the state; `write` creates it where it is missing, and holds it alone until it is closed or the process
 * ends. Throws an `AppError`: `CONFIG_INVALID` for the URL, `STATE_…` for whatever is wrong with the file.
 */
export function openState(options: OpenStateOptions): OwnState {
  const { path } = parseStateUrl(options.url);
  const driver = loadDriver();
  if (options.mode === "write") return openWriter(driver, path, options);
  return { ...readOnly(openReader(driver, path)), trimAudit: () => undefined };
}

/** The latest lines of the audit trail, the latest first; none where there is no state. */
export function readAudit(
  url: string,
  filter: Pick<HistoryFilter, "keyId" | "limit">,
): readonly HistoryLine[] {
  return lookInto(url, (db) => readAuditTable(db, filter)) ?? [];
}

/** The latest entries of the audit trail, the latest first; none where there is no state. */
export function readHistory(url: string, filter: HistoryFilter): readonly HistoryEntry[] {
  return lookInto(url, (db) => readHistoryTable(db, filter)) ?? [];
}

/** The first line that is left of the audit trail, where earlier ones were taken off; null where none were. */
export function readTrailStart(url: string): TrailStart | null {
  return lookInto(url, trailStart) ?? null;
}

/** When the latest line up to this number was written; undefined where none is left. */
export function readLineTime(url: string, seq: number): number | undefined {
  return lookInto(url, (db) => lineTime(db, seq));
}

/** The number of the latest line that was ever written to the audit trail; 0 for none. */
export function readLastLine(url: string): number {
  return lookInto(url, lastLine) ?? 0;
}

const emptyTrail: ChainReport = { lines: 0, before: 0, trimmed: null, last: null, broken: null };

/** Checks the audit trail line by line. A state that is not there has none. */
export function verifyAudit(url: string): ChainReport {
  return lookInto(url, verifyAuditTable) ?? emptyTrail;
}

/** Looks into the state beside its writer; undefined where there is none. */
function lookInto<T>(url: string, look: (db: SqlDatabase) => T): T | undefined {
  const { path } = parseStateUrl(url);
  const db = lookAt(path) === "filled" ? openForReading(loadDriver(), path) : undefined;
  if (db === undefined) return undefined;
  try {
    return guarded(path, () => look(db));
  } finally {
    db.close();
  }
}

function openReader(driver: SqlDriver, path: string): ReadingState | typeof emptyReader {
  const db = lookAt(path) === "filled" ? openForReading(driver, path) : undefined;
  return db === undefined ? emptyReader : new ReadingState({ db, path });
}

function openWriter(driver: SqlDriver, path: string, options: OpenStateOptions): OwnState {
  if (lookAt(path) !== "filled") createPrivately(path);
  const lock = lockForWriting(driver, path);
  try {
    const db = openForWriting(driver, path);
    try {
      if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
      noteWriter(db, options.lockOwner ?? "keysteward");
      return new WritingState({ db, path, lock, clean: options.clean ?? ((text) => text) });
    } catch (thrown) {
      db.close();
      throw explain(path, thrown, "open");
    }
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}
