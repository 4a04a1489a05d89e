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
import { basename, dirname, join } from "node:path";
import { AppError, messageOf } from "../errors.ts";

export interface Replacement {
  /** What the file held when it was decided what to write. */
  readonly before: Uint8Array;
  readonly text: string;
}

/**
 * Puts a text in the place of what a file holds, whole or not at all; its mode and owner stay, and so do links that lead to
 * it. It is written first under a name that is not read as a policy, in the folder of the file itself. `changed`: the
 * file does not hold any more what it was thought to, and nothing was written. Throws POLICY_WRITE_FAILED.
 */
export function replaceFile(path: string, { before, text }: Replacement): "written" | "changed" {
  let temporary: string | undefined;
  try {
    const real = realpathSync(path);
    temporary = join(dirname(real), `.${basename(real)}.${randomUUID()}.tmp`);
    writeLike(temporary, text, statSync(real));
    if (!readFileSync(real).equals(before)) return "changed";
    renameSync(temporary, real);
    return "written";
  } catch (thrown) {
    throw new AppError("POLICY_WRITE_FAILED", `${path} could not be written: ${messageOf(thrown)}`, {
      hint: "The file is as it was; the same command goes on with the rest.",
      cause: thrown,
    });
  } finally {
    if (temporary !== undefined) remove(temporary);
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
