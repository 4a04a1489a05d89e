import { randomUUID } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { dirname, join } from "node:path";
import { AppError, messageOf } from "../errors.ts";

export interface Replacement {
  /** What the file held when it was decided what to write. */
  readonly before: Uint8Array;
  readonly text: string;
}

/** One of several, and which file it is for. */
export interface FileReplacement extends Replacement {
  readonly path: string;
}

/**
 * Puts a text in the place of what a file holds, whole or not at all; its mode and owner stay, and so do links that lead to
 * it. It is written first under a name that is not read as a policy, in the folder of the file itself. `changed`: the
 * file does not hold any more what it was thought to, and nothing was written. Throws POLICY_WRITE_FAILED.
 */
export function replaceFile(path: string, replacement: Replacement): "written" | "changed" {
  return replaceFiles([{ path, ...replacement }]) === null ? "written" : "changed";
}

/**
 * The same for files that belong together: no file is touched before each text is written beside its file and each file
 * is what it was thought to be. The path of the first one that is not; null when all are written.
 */
export function replaceFiles(replacements: readonly FileReplacement[]): string | null {
  const prepared: Prepared[] = [];
  const written: string[] = [];
  const attempt = <T>(path: string, act: () => T): T => trying(act, { path, written });
  try {
    for (const one of replacements) attempt(one.path, () => prepare(one, prepared));
    for (const { path, real, before } of prepared) {
      if (!attempt(path, () => readFileSync(real).equals(before))) return path;
    }
    for (const { path, real, temporary } of prepared) {
      attempt(path, () => renameSync(temporary, real));
      written.push(path);
    }
    return null;
  } finally {
    for (const { temporary } of prepared) remove(temporary);
  }
}

interface Prepared extends FileReplacement {
  readonly real: string;
  readonly temporary: string;
}

function prepare(one: FileReplacement, prepared: Prepared[]): void {
  const real = realpathSync(one.path);
  // Nothing of the file's own name, which may be as long as names can be.
  const temporary = join(dirname(real), `.${randomUUID()}.tmp`);
  prepared.push({ ...one, real, temporary });
  writeLike(temporary, one.text, statSync(real));
}

interface Attempt {
  readonly path: string;
  /** Files that have their new text already. */
  readonly written: readonly string[];
}

function trying<T>(act: () => T, { path, written }: Attempt): T {
  try {
    return act();
  } catch (thrown) {
    throw new AppError("POLICY_WRITE_FAILED", `${path} could not be written: ${messageOf(thrown)}`, {
      hint: written.length === 0 ? "Nothing was written." : `Written before it: ${written.join(", ")}.`,
      cause: thrown,
    });
  }
}

function writeLike(path: string, text: string, { mode, uid, gid }: Stats): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, text);
    try {
      fchownSync(file, uid, gid);
    } catch {
      // Only the superuser may give a file away; the file is ours then, with the same rights.
    }
    fchmodSync(file, mode & 0o7777);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is gone: the failure that led here is the one worth telling.
  }
}
