/*
 * The last commit that touched a file, as `git log -1 -- FILE` would say, for as many files as a push has changes.
 *
 * A process a file would be thousands of them. But as long as history is a line, one walk down it passes every file's last
 * commit, and what it passes is remembered: a first walk goes down to the file that is asked for, each further one at
 * least twice as deep as the one before, so that a handful is enough for any number of files.
 *
 * At a merge that joins two versions of the policies it is no longer a line: which side a file comes from differs from file
 * to file. From there on each file is asked for by itself, two at a time, when its change is sent.
 *
 * One of these is for one checked-out commit.
 */
import type { Checkout, Snapshot } from "./checkout.ts";
import { createLogReader, logHeader, type Commit, type LogItem } from "./log-reader.ts";
import type { Git } from "./run-git.ts";

export interface FileHistory {
  /** Undefined for a file that the commit does not have. Throws a GitFailure. `path` is from the checkout's root. */
  commitOf(path: string): Promise<Commit | undefined>;
}

const log = [
  "log",
  "-z",
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--encoding=UTF-8",
  "--no-relative",
];

/** What is below this is asked for file by file. */
const deepestWalk = 50_000;

export function createFileHistory(git: Git, checkout: Checkout, snapshot: Snapshot): FileHistory {
  const known = new Map<string, Commit>();
  const wanted = new Set<string>();
  const inTurn = createTurns(2);
  let walking: Promise<void> | undefined;
  let isLine = true;
  let deepest = 0;

  async function walk(): Promise<void> {
    const least = 2 * deepest;
    const read = createLogReader();
    let commit: Commit | undefined;
    let commits = 0;
    const walked = { isOver: false };

    function take(item: LogItem): void {
      if (walked.isOver) return;
      if (typeof item !== "string") {
        commit = item.commit;
        commits += 1;
        isLine = !item.isMerge;
        walked.isOver = item.isMerge || (wanted.size === 0 && commits > least);
        return;
      }
      wanted.delete(item);
      if (commit !== undefined && snapshot.blobs.has(item) && !known.has(item)) known.set(item, commit);
    }

    const where = checkout.inside === "" ? "." : checkout.inside;
    const what = ["--raw", "--no-renames", "--no-abbrev", `-n${deepestWalk}`, `--format=${logHeader}`];
    await git.run(checkout.root, [...log, ...what, snapshot.head, "--", where], (piece) => {
      read(piece).forEach(take);
      return walked.isOver;
    });
    deepest = Math.max(deepest, commits);
    // The walk came to its end, and passed all there is to pass.
    if (!walked.isOver) isLine = false;
  }

  async function ask(path: string): Promise<Commit | undefined> {
    const what = ["--no-patch", "-1", `--format=${logHeader}`, snapshot.head, "--", path];
    const [first] = createLogReader()(`${await git.run(checkout.root, [...log, ...what])}\0`);
    if (first === undefined || typeof first === "string") return undefined;
    known.set(path, first.commit);
    return first.commit;
  }

  return {
    async commitOf(path) {
      if (!snapshot.blobs.has(path)) return undefined;
      while (isLine && !known.has(path)) {
        wanted.add(path);
        walking ??= walk().finally(() => (walking = undefined));
        await walking;
      }
      return known.get(path) ?? (await inTurn(async () => known.get(path) ?? (await ask(path))));
    },
  };
}

/** Runs what it is given, so many at a time, in the order in which it came. */
function createTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (work) => {
    if (busy >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}
