import { chmodSync, closeSync, mkdirSync, openSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { AppError, messageOf } from "../errors.ts";
import { migrate, refuseDamaged, refuseNewer, schemaVersion, migrations } from "./schema.ts";
import type { SqlDatabase, SqlDriver } from "./sqlite-driver.ts";
import { explain, full } from "./sqlite-fault.ts";

/**
 * What is at the path: a file with something in it, an empty one, or nothing. Throws `STATE_UNUSABLE` for a
 * directory and for a path that cannot be looked at.
 */
export function lookAt(path: string): "filled" | "empty" | "missing" {
  try {
    const found = statSync(path);
    if (found.isFile()) return found.size === 0 ? "empty" : "filled";
  } catch (thrown) {
    if ((thrown as { readonly code?: string }).code === "ENOENT") return "missing";
    throw unusable(path, thrown);
  }
  throw new AppError("STATE_UNUSABLE", `The state ${path} is not a file.`, {
    hint: "Name a file; it is created when it is missing.",
  });
}

/**
 * Creates the file empty, readable by its owner alone, and the directories above it likewise. SQLite gives the
 * files that it adds beside it (-wal, -shm) the same mode.
 */
export function createPrivately(path: string): void {
  try {
    const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // A directory of our own, most likely in a checkout of policies: the state is nobody's to commit.
    if (made !== undefined) writeFileSync(join(dirname(path), ".gitignore"), "*\n", { mode: 0o600 });
    if (lookAt(path) === "missing") closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  } catch (thrown) {
    throw unusable(path, thrown);
  }
}

/** Opens the file for the one writer: ours, sound, and brought to the present schema. */
export function openForWriting(driver: SqlDriver, path: string): SqlDatabase {
  return opened(driver, { path, readOnly: false }, (db) => {
    const version = schemaVersion(db, path);
    refuseNewer(version, path);
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL");
    db.exec("PRAGMA foreign_keys = ON");
    db.exec("PRAGMA journal_size_limit = 4194304");
    refuseDamaged(db, path);
    migrate(db, version);
  });
}

/**
 * Opens the file for reading, beside a writer or without one. Undefined when nothing has been created in it yet.
 * A reader never migrates: it refuses an older schema too.
 */
export function openForReading(
  driver: SqlDriver,
  path: string,
  known = migrations.length,
): SqlDatabase | undefined {
  let version = 0;
  const db = opened(driver, { path, readOnly: true }, (opening) => {
    version = schemaVersion(opening, path);
    refuseNewer(version, path, known);
    if (version > 0 && version < known) throw older(path, version, known);
  });
  if (version > 0) return db;
  db.close();
  return undefined;
}

function opened(
  driver: SqlDriver,
  { path, readOnly }: { readonly path: string; readonly readOnly: boolean },
  prepare: (db: SqlDatabase) => void,
): SqlDatabase {
  let db: SqlDatabase | undefined;
  try {
    db = driver.open(path, { readOnly });
    db.exec("PRAGMA busy_timeout = 250");
    // In KiB when negative. The working set is small: single rows, and one scan when the state is opened.
    db.exec("PRAGMA cache_size = -4000");
    prepare(db);
    return db;
  } catch (thrown) {
    db?.close();
    throw explain(path, thrown, "open");
  }
}

function older(path: string, version: number, known: number): AppError {
  return new AppError(
    "STATE_UNUSABLE",
    `The state ${path} has schema version ${version}; reading it takes version ${known}, and reading never changes it.`,
    { hint: "Start the daemon or run `keysteward apply` once with this version: that brings it up to date." },
  );
}

const reasons: Readonly<Record<string, string>> = {
  ENOTDIR: "a part of its path is a file, not a directory",
  EEXIST: "a part of its path is a file, not a directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
};

function unusable(path: string, thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown;
  const { code } = thrown as { readonly code?: string };
  if (code === "ENOSPC") return full(path, "no space left on the device", thrown);
  const reason = reasons[code ?? ""] ?? messageOf(thrown);
  return new AppError("STATE_UNUSABLE", `The state ${path} cannot be used: ${reason}.`, {
    hint: "Name a file in a directory that the user who runs keysteward may write to.",
    cause: thrown,
  });
}
