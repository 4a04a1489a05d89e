import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { problemAt, type Problem, type ProblemCode } from "../core/problem.ts";
import { codeOf, type ListedFile } from "./listing.ts";
import type { Limits } from "./limits.ts";
import { isSameStamp, stampOf, type Stamp } from "./stamp.ts";

export interface FileBytes {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly stamp: Stamp;
  /** When the reading began, by the system's clock: a change after it may bear the same time as one before. */
  readonly readAt: number;
}

const attempts = 3;

/**
 * The bytes of a file that held still while it was read. A file above the bound is not read at all, nor is what stopped
 * being a regular file since it was listed.
 */
export function readBytes(listed: ListedFile, limits: Limits): FileBytes | Problem {
  const problem = (code: ProblemCode, message: string): Problem =>
    problemAt(code, { file: listed.file, line: 1, column: 1 }, { message });
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const read = readOnce(listed.realPath, limits);
      if (read === "not a file") {
        return problem(
          "KS1005",
          `${listed.file} is not a regular file, so it is not read; replace it by a file`,
        );
      }
      if (typeof read === "number") {
        return problem(
          "KS1007",
          `${listed.file} has ${read} bytes; at most ${limits.fileBytes} are read: split the file`,
        );
      }
      if (read !== "changed") {
        return read;
      }
    }
    return problem("KS1006", `${listed.file} kept changing while it was read; it is looked at again`);
  } catch (thrown) {
    const code = codeOf(thrown);
    return code === "ENOENT" || code === "ENOTDIR"
      ? problem("KS1006", `${listed.file} went away while the directory was read; it is looked at again`)
      : problem(
          "KS1005",
          `${listed.file} cannot be read (${code}); give the user of this process the right to read it`,
        );
  }
}

function readOnce(path: string, limits: Limits): FileBytes | "changed" | "not a file" | number {
  const readAt = Date.now();
  // Not blocking: a pipe put in the file's place would otherwise hold the process for ever.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) {
      return "not a file";
    }
    if (stats.size > limits.fileBytes) {
      return stats.size;
    }
    const buffer = Buffer.allocUnsafe(stats.size + 1);
    let length = 0;
    for (let part = -1; part !== 0 && length < buffer.length; length += part) {
      part = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    const stamp = stampOf(stats);
    if (length !== stats.size || !isSameStamp(stampOf(fstatSync(descriptor)), stamp)) {
      return "changed";
    }
    const bytes = buffer.subarray(0, length);
    return { bytes, digest: createHash("sha256").update(bytes).digest("base64"), stamp, readAt };
  } finally {
    closeSync(descriptor);
  }
}
