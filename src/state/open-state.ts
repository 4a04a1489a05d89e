import type { Clean } from "./clean.ts";
import type { State } from "../ports.ts";
import { readAuditTable } from "./audit-table.ts";
import type { AuditFilter, RecordedEntry } from "./audit-table.ts";
import { emptyReader, readOnly, ReadingState } from "./reading-state.ts";
import { loadDriver } from "./sqlite-driver.ts";
import type { SqlDriver } from "./sqlite-driver.ts";
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

/**
 * Opens the state; `write` creates it where it is missing, and holds it alone until it is closed or the process
 * ends. Throws an `AppError`: `CONFIG_INVALID` for the URL, `STATE_…` for whatever is wrong with the file.
 */
export function openState(options: OpenStateOptions): State {
  const { path } = parseStateUrl(options.url);
  const driver = loadDriver();
  return options.mode === "write" ? openWriter(driver, path, options) : readOnly(openReader(driver, path));
}

/** The latest lines of the audit trail, the latest first; none where there is no state. */
export function readAudit(url: string, filter: AuditFilter): readonly RecordedEntry[] {
  const { path } = parseStateUrl(url);
  const db = lookAt(path) === "filled" ? openForReading(loadDriver(), path) : undefined;
  if (db === undefined) return [];
  try {
    return guarded(path, () => readAuditTable(db, filter));
  } finally {
    db.close();
  }
}

function openReader(driver: SqlDriver, path: string): ReadingState | typeof emptyReader {
  const db = lookAt(path) === "filled" ? openForReading(driver, path) : undefined;
  return db === undefined ? emptyReader : new ReadingState({ db, path });
}

function openWriter(driver: SqlDriver, path: string, options: OpenStateOptions): State {
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
