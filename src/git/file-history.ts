/*
 * The last commit that touched a file, as `git log -1 -- FILE` says, for as many files as a push has changes.
 *
 * For the first few files git is asked just that. It ends where it finds the answer, so an edit that was just committed costs
 * next to nothing. A process a file would be thousands of them for a large push, and each would walk down the same
 * history. So for more the history of the whole directory is walked once, with all files at the same time, by git's own
 * rule:
 *
 *   a file at a commit that ...                                goes to
 *   is the same in a parent                                    the first such parent
 *   differs from every parent, or there is none                nowhere: this is the commit that touched it last
 *
 * One process lists the commits that matter to the directory, each with the next such ones above it as its parents; a few
 * compare them, twice as many each time, and only as deep as the files lie that are asked for.
 *
 * One of these is for one checked-out commit.
 */
import type { Checkout, Snapshot } from "./checkout.ts";
import { logFormat, readLog, type Commit, type Node } from "./log-format.ts";
import { GitFailure, type Git } from "./run-git.ts";

export interface FileHistory {
  /**
   * Undefined for a file that the commit does not have, or that lies too deep. Throws a GitFailure. `path` is from the
   * checkout's root.
   */
  commitOf(path: string): Promise<Commit | undefined>;
}

/** For how many files git is asked one by one. */
const few = 3;

/** No more commits are walked: what lies deeper stays unknown. */
const mostCommits = 50_000;

export function createFileHistory(git: Git, checkout: Checkout, snapshot: Snapshot): FileHistory {
  const known = new Map<string, Commit>();
  let asked = 0;
  let walk: Promise<Walk> | undefined;
  let walking: Promise<boolean> | undefined;

  async function log(args: readonly string[], path: string): Promise<Node[]> {
    return readLog(await git.run(checkout.root, [...logFormat, ...args, snapshot.head, "--", path]));
  }

  async function deeper(): Promise<boolean> {
    walk ??= log(["--full-history", "--parents", "--topo-order", `-n${mostCommits}`], below(checkout)).then(
      (nodes) => createWalk({ git, checkout, nodes, files: new Set(snapshot.blobs.keys()), known }),
    );
    return (await walk).deeper();
  }

  return {
    async commitOf(path) {
      if (!snapshot.blobs.has(path)) return undefined;
      if (!known.has(path) && asked < few) {
        asked += 1;
        const [node] = await log(["-1"], path);
        if (node !== undefined) known.set(path, node.commit);
      }
      while (!known.has(path)) {
        walking ??= deeper().finally(() => (walking = undefined));
        if (!(await walking)) break;
      }
      return known.get(path);
    },
  };
}

interface Walk {
  /** Goes on, some commits deeper; false when there are no more. */
  deeper(): Promise<boolean>;
}

interface WalkParts {
  readonly git: Git;
  readonly checkout: Checkout;
  /** Children before their parents; the first one holds all files. */
  readonly nodes: readonly Node[];
  readonly files: Set<string>;
  /** Where what is found is put. */
  readonly known: Map<string, Commit>;
}

function createWalk({ git, checkout, nodes, files, known }: WalkParts): Walk {
  const waiting = new Map<string, Set<string>>();
  const [top] = nodes;
  if (top !== undefined) waiting.set(top.commit.id, files);
  let done = 0;
  let step = 8;

  function send(parent: string, going: Set<string>): void {
    const there = waiting.get(parent) ?? new Set();
    const [smaller, larger] = there.size < going.size ? [there, going] : [going, there];
    for (const path of smaller) larger.add(path);
    waiting.set(parent, larger);
  }

  function settle({ commit, parents }: Node, differences: readonly (readonly string[])[]): void {
    let here = waiting.get(commit.id) ?? new Set<string>();
    waiting.delete(commit.id);
    for (const [index, parent] of parents.entries()) {
      const differing = new Set((differences[index] ?? []).filter((path) => here.delete(path)));
      if (here.size > 0) send(parent, here);
      here = differing;
    }
    for (const path of here) if (!known.has(path)) known.set(path, commit);
  }

  return {
    async deeper() {
      const next = nodes.slice(done, done + step);
      if (next.length === 0) return false;
      const differences = await compare(git, checkout, next);
      for (const node of next) settle(node, differences.splice(0, node.parents.length));
      done += next.length;
      step = Math.min(1_000, step * 2);
      return true;
    },
  };
}

/** The paths that differ between each commit and each of its parents, in their order. */
async function compare(git: Git, checkout: Checkout, nodes: readonly Node[]): Promise<string[][]> {
  const input = nodes
    .flatMap(({ commit, parents }) => parents.map((parent) => `${commit.id} ${parent}\n`))
    .join("");
  const what = ["diff-tree", "--stdin", "--always", "-r", "-z", "--raw", "--no-renames", "--no-relative"];
  const said = await git.run(checkout.root, [...what, "--", below(checkout)], input);
  const differences: string[][] = [];
  let isPath = false;
  for (const field of said.split("\0").slice(0, -1)) {
    if (isPath) differences.at(-1)?.push(field);
    // A commit, then for each file a field that begins with a colon, and one with its path.
    else if (!field.startsWith(":")) differences.push([]);
    isPath = !isPath && field.startsWith(":");
  }
  if (differences.length !== input.split("\n").length - 1)
    throw new GitFailure("git compares other than it was asked");
  return differences;
}

function below({ inside }: Checkout): string {
  return inside === "" ? "." : inside;
}
