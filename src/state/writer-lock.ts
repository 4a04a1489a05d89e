import { realpathSync } from "node:fs";

import { AppError } from "../errors.ts";
import type { SqlDatabase, SqlDriver } from "./sqlite-driver.ts";
import { explain, faultOf } from "./sqlite-fault.ts";
import { createPrivately, lookAt, openForReading } from "./state-file.ts";
import { transact } from "./transaction.ts";

/*
 * One writer at a time. The ledger is held in memory by its writer, so a second one would write from a stale copy.
 *
 * The lock is an exclusive transaction on a second, empty database beside the state, open as long as the writer
 * lives. It is the kernel's lock on that file: it ends with the process, however it ends, so there is never a stale
 * lock to clean up, and the file itself means nothing and stays. The state cannot hold the lock itself, or nobody
 * could read beside its writer.
 *
 * Who holds it is written in the state, where the second one can read it.
 */

export interface WriterLock {
  release(): void;
}

/** The locks of this process. A connection nobody refers to is closed by the garbage collector, and its lock is lost. */
const held = new Set<SqlDatabase>();

/** Takes the lock or throws `STATE_LOCKED`, which names the holder. Waits a quarter of a second at most. */
export function lockForWriting(driver: SqlDriver, path: string): WriterLock {
  // The same state under another name, through a link, has the same lock.
  const lockPath = `${realpathSync(path)}.lock`;
  let lock: SqlDatabase | undefined;
  try {
    if (lookAt(lockPath) === "missing") createPrivately(lockPath);
    const db = driver.open(lockPath, { readOnly: false });
    lock = db;
    // A writer that was told to stop a moment ago may still be closing its files.
    db.exec("PRAGMA busy_timeout = 250");
    // Nothing is ever written into it: no journal beside it either.
    db.exec("PRAGMA journal_mode = MEMORY");
    db.exec("BEGIN EXCLUSIVE");
    held.add(db);
    return {
      release() {
        held.delete(db);
        db.close();
      },
    };
  } catch (thrown) {
    lock?.close();
    throw faultOf(thrown) === "SQLITE_BUSY" ? locked(driver, path) : explain(lockPath, thrown, "open");
  }
}

/** Notes who holds the lock from now on. */
export function noteWriter(db: SqlDatabase, owner: string): void {
  const note = db.prepare("INSERT OR REPLACE INTO writer (one, pid, owner, since) VALUES (1, ?, ?, ?)");
  transact(db, () => note.run(process.pid, owner, Date.now()));
}

function locked(driver: SqlDriver, path: string): AppError {
  return new AppError("STATE_LOCKED", `The state ${path} is in use by ${holderOf(driver, path)}.`, {
    hint: "Only one process at a time writes a state. Where that is the daemon, ask it: keysteward sync --wait; or stop it first. Reading is free.",
  });
}

function holderOf(driver: SqlDriver, path: string): string {
  try {
    const db = lookAt(path) === "filled" ? openForReading(driver, path) : undefined;
    const row = db?.prepare("SELECT pid, owner, since FROM writer").get();
    db?.close();
    if (row !== undefined) {
      const since = new Date(Number(row["since"])).toISOString();
      return `process ${Number(row["pid"])} (${String(row["owner"])}, since ${since})`;
    }
  } catch {
    // Whatever is wrong with the state itself is told to the one who gets the lock.
  }
  return "another process, which has only just begun";
}
