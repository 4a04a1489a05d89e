import { lstatSync, realpathSync, statSync } from "node:fs";
import type { Problem } from "../core/problem.ts";
import { AppError, messageOf } from "../errors.ts";
import { formatText } from "./format-text.ts";
import { defaultLimits } from "./limits.ts";
import { listPolicyFiles, type ListedFile, type Listing } from "./listing.ts";
import { readBytes } from "./read-bytes.ts";
import { replaceFile, type Replacement } from "./replace-file.ts";
import { stampOf } from "./stamp.ts";

/** A file that is not in canonical order and layout. */
export interface FormattedFile {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

export interface Formatting {
  /** Files that were looked at. */
  readonly files: number;
  readonly changed: readonly FormattedFile[];
  /** Files that are left as they are although they are sound, and why. */
  readonly refused: readonly { readonly file: string; readonly reason: string }[];
  /** Errors of files, which are left as they are, and of directories. */
  readonly problems: readonly Problem[];
}

/**
 * Puts policy files in canonical order and layout: those named, and those in the directories named. With `write: false`
 * nothing is written. A file that cannot be written is refused, and costs no other one.
 */
export function formatFiles(paths: readonly string[], { write }: { readonly write: boolean }): Formatting {
  const listed = paths.map(listPath);
  const files = onlyOnce(listed.flatMap(({ files: some }) => some));
  const problems = listed.flatMap((listing) => [...listing.problems]);
  const changed: FormattedFile[] = [];
  const refused: { file: string; reason: string }[] = [];
  for (const file of files) {
    const read = readBytes(file, defaultLimits);
    if ("code" in read) {
      problems.push(read);
      continue;
    }
    const formatted = formatText(file.file, read.bytes, defaultLimits);
    switch (formatted.kind) {
      case "broken":
        problems.push(...formatted.problems);
        break;
      case "refused":
        refused.push({ file: file.file, reason: formatted.reason });
        break;
      case "text": {
        if (Buffer.from(formatted.text).equals(read.bytes)) break;
        const fault = write ? writeFault(file, { ...formatted, before: read.bytes }) : null;
        if (fault !== null) refused.push({ file: file.file, reason: fault });
        else changed.push({ file: file.file, before: formatted.before, after: formatted.text });
        break;
      }
      default:
        formatted satisfies never;
    }
  }
  return { files: files.length, changed, refused, problems };
}

/** Why a file was not written; null when it was. */
function writeFault({ realPath }: ListedFile, replacement: Replacement): string | null {
  try {
    return replaceFile(realPath, replacement) === "changed" ? "it changed while it was formatted" : null;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return `it could not be written: ${messageOf(thrown.cause)}`;
  }
}

function listPath(path: string): Pick<Listing, "files" | "problems"> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    const { files, problems } = listPolicyFiles(path, defaultLimits);
    // What a link of one folder leads to is formatted where it is.
    return { files, problems: problems.filter(({ code }) => code !== "KS1009") };
  }
  const realPath = realpathSync(path);
  return { files: [{ file: path, realPath, stamp: stampOf(lstatSync(realPath)) }], problems: [] };
}

/** A file that is named in more than one way is one file. */
function onlyOnce(files: readonly ListedFile[]): readonly ListedFile[] {
  return [...new Map(files.map((file) => [file.realPath, file])).values()];
}
