import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { AppError, messageOf } from "../errors.ts";

/** Everybody may read it. */
const plainMode = 0o644;

/**
 * Writes a file that is not there yet, whole or not at all: under another name first, one that is not read as a policy,
 * then by a link, which takes no name that is taken. `exists`: the name is taken, and nothing was written. Throws
 * POLICY_WRITE_FAILED.
 */
export function writeNewFile(path: string, text: string, mode = plainMode): "written" | "exists" {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, "wx", mode);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return putInPlace(temporary, path);
  } catch (thrown) {
    throw new AppError("POLICY_WRITE_FAILED", `${path} could not be written: ${messageOf(thrown)}`, {
      hint: "What was written before it is whole; the same command goes on with the rest.",
      cause: thrown,
    });
  } finally {
    remove(temporary);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder could not be made, or is gone: the failure that led here is the one worth telling.
  }
}

function putInPlace(temporary: string, path: string): "written" | "exists" {
  try {
    linkSync(temporary, path);
    return "written";
  } catch (thrown) {
    const code = (thrown as { readonly code?: string }).code ?? "";
    if (code === "EEXIST") return "exists";
    if (!withoutLinks.has(code)) throw thrown;
    if (existsSync(path)) return "exists";
    renameSync(temporary, path);
    return "written";
  }
}

/** How file systems say that they know no links. */
const withoutLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** The names of files below a directory in small letters, without `.yaml` and `.yml`; none where there is no directory. */
export function fileWords(directory: string): ReadonlySet<string> {
  if (!existsSync(directory)) return new Set();
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return new Set(
    names.map((name) =>
      basename(name)
        .toLowerCase()
        .replace(/\.ya?ml$/, ""),
    ),
  );
}
