import { lstatSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Git } from "./run-git.ts";

/** A checkout around the policies, as git found it. */
export interface Checkout {
  /** Real path of its root. */
  readonly root: string;
  /** Git's directory for this worktree. */
  readonly gitDirectory: string;
  /** The one that all its worktrees share. */
  readonly commonDirectory: string;
  /** The policy directory inside the root, empty for the root itself. */
  readonly inside: string;
}

/** What is checked out. */
export interface Snapshot {
  readonly head: string;
  /** What each file below the policy directory is in that commit: object ids by path from the root. */
  readonly blobs: ReadonlyMap<string, string>;
  /** Commits at which a shallow clone ends: they seem to have made everything that is older. */
  readonly shallow: ReadonlySet<string>;
}

/** Throws a GitFailure where there is no checkout that git would touch. */
export async function findCheckout(git: Git, realDirectory: string): Promise<Checkout> {
  const args = ["rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir"];
  const [root = "", gitDirectory = "", common = ""] = (await git.run(realDirectory, args)).split("\n");
  return {
    root,
    gitDirectory,
    commonDirectory: resolve(realDirectory, common),
    inside: relative(root, realDirectory),
  };
}

/** Changes whenever something else is checked out; asked for each change that is sent, so it only looks at files. */
export function signatureOf({ gitDirectory, commonDirectory }: Checkout): string {
  const head = textOf(join(gitDirectory, "HEAD"));
  const ref = /^ref: (refs\/.+)$/m.exec(head)?.[1];
  const names = [
    join(gitDirectory, "index"),
    join(gitDirectory, "logs/HEAD"),
    join(commonDirectory, "packed-refs"),
    join(commonDirectory, "reftable/tables.list"),
    join(commonDirectory, "shallow"),
    ...(ref === undefined ? [] : [join(commonDirectory, ref)]),
  ];
  return [head, ...names.map(stampOf)].join("\n");
}

/** What is checked out now; `before` itself when that is still the same. */
export async function takeSnapshot(git: Git, checkout: Checkout, before?: Snapshot): Promise<Snapshot> {
  const { root, inside, commonDirectory } = checkout;
  const head = (await git.run(root, ["rev-parse", "--verify", "--end-of-options", "HEAD^{commit}"])).trim();
  const shallow = textOf(join(commonDirectory, "shallow"))
    .split("\n")
    .filter((line) => line !== "");
  if (before?.head === head && [...before.shallow].join() === shallow.join()) return before;
  const below = inside === "" ? [] : ["--", `${inside}/`];
  const tree = await git.run(root, ["ls-tree", "-r", "-z", "--full-tree", head, ...below]);
  const blobs = new Map<string, string>();
  for (const entry of tree.split("\0")) {
    const [, id, path] = /^\d+ blob ([0-9a-f]+)\t(.+)$/s.exec(entry) ?? [];
    if (id !== undefined && path !== undefined) blobs.set(path, id);
  }
  return { head, blobs, shallow: new Set(shallow) };
}

function textOf(path: string): string {
  try {
    // Reading anything else, a pipe say, may never end.
    if (!statSync(path).isFile()) return "";
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = lstatSync(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return "none";
  }
}
