import type { Stats } from "node:fs";
import type { ListedFile } from "./listing.ts";
import type { Limits } from "./limits.ts";
import { fileWithProblem, parsePolicies, type FileContent } from "./parse-policies.ts";
import { readBytes } from "./read-bytes.ts";

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
  readonly signature: Signature;
  readonly digest: string;
  readonly fresh: boolean;
  readonly content: FileContent;
}

type Signature = Pick<Stats, "dev" | "ino" | "size" | "mtimeMs" | "ctimeMs">;

export interface FileCache {
  /** What the listed files hold, in their order; the same objects as before for what is the same. */
  read(files: readonly ListedFile[]): readonly FileContent[];
}

export function createFileCache(limits: Limits): FileCache {
  let entries = new Map<string, Entry>();
  return {
    read(files) {
      const next = new Map<string, Entry>();
      const contents = files.map((listed) => {
        const before = entries.get(listed.file);
        if (before !== undefined && !before.fresh && isSame(before.signature, listed.stats)) {
          next.set(listed.file, before);
          return before.content;
        }
        const entry = readEntry(listed, before, limits);
        if ("content" in entry) {
          next.set(listed.file, entry);
          return entry.content;
        }
        return entry;
      });
      entries = next;
      return contents;
    },
  };
}

/** A new entry, or, where the file could not be read, only what to say of that: the next reading tries again. */
function readEntry(listed: ListedFile, before: Entry | undefined, limits: Limits): Entry | FileContent {
  const read = readBytes(listed, limits);
  if ("code" in read) {
    return fileWithProblem(read);
  }
  const { bytes, digest, readAt, stats } = read;
  const fresh = Math.max(stats.mtimeMs, stats.ctimeMs) > readAt - freshMs;
  const content = before?.digest === digest ? before.content : parsePolicies(listed.file, bytes, limits);
  return { signature: stats, digest, fresh, content };
}

function isSame(a: Signature, b: Signature): boolean {
  return (
    a.mtimeMs === b.mtimeMs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.ctimeMs === b.ctimeMs &&
    a.dev === b.dev
  );
}
