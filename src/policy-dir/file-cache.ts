import type { PolicyContent } from "../core/policy.ts";
import type { ListedFile } from "./listing.ts";
import type { Limits } from "./limits.ts";
import { fileWithProblem, parsePolicies } from "./parse-policies.ts";
import { readBytes } from "./read-bytes.ts";
import { isSameStamp, type Stamp } from "./stamp.ts";

/*
 * What a file gave is kept until the file changes, because parsing is where the time goes (ten thousand files: two
 * seconds) and because the same objects tell the core that nothing changed.
 *
 * The question is how to know without reading. Path, size, times and inode are enough with one exception, which git
 * calls "racily clean": a file written twice within one tick of the clock, with a reading in between, looks the same
 * both times. So a file that was still fresh when it was read (changed less than two seconds before) is read again the
 * next time and compared by content, until a reading finds it old enough.
 */

const freshMs = 2_000;

interface Entry {
  readonly stamp: Stamp;
  readonly digest: string;
  readonly fresh: boolean;
  readonly content: PolicyContent;
}

export interface FileCache {
  /** What the listed files hold, in their order; the same objects as before for what is the same. */
  read(files: readonly ListedFile[]): readonly PolicyContent[];
}

export function createFileCache(limits: Limits): FileCache {
  const entries = new Map<string, Entry>();

  function readOne(listed: ListedFile): PolicyContent {
    const before = entries.get(listed.file);
    if (before !== undefined && !before.fresh && isSameStamp(before.stamp, listed.stamp)) {
      return before.content;
    }
    const entry = readEntry(listed, before, limits);
    if (!("digest" in entry)) {
      entries.delete(listed.file);
      return entry;
    }
    entries.set(listed.file, entry);
    return entry.content;
  }

  function forgetOthers(files: readonly ListedFile[]): void {
    const listed = new Set(files.map((one) => one.file));
    for (const file of entries.keys()) {
      if (!listed.has(file)) {
        entries.delete(file);
      }
    }
  }

  return {
    read(files) {
      const contents = files.map(readOne);
      if (entries.size !== files.length) {
        forgetOthers(files);
      }
      return contents;
    },
  };
}

/** A new entry, or, where the file could not be read, only what to say of that: the next reading tries again. */
function readEntry(listed: ListedFile, before: Entry | undefined, limits: Limits): Entry | PolicyContent {
  const read = readBytes(listed, limits);
  if ("code" in read) {
    return fileWithProblem(read);
  }
  const { bytes, digest, readAt, stamp } = read;
  const fresh = Math.max(stamp.mtimeMs, stamp.ctimeMs) > readAt - freshMs;
  const content = before?.digest === digest ? before.content : parsePolicies(listed.file, bytes, limits);
  return { stamp, digest, fresh, content };
}
