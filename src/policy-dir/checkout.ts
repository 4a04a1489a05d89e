import { existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What git leaves in its directory while it, or a person in the middle of something, is changing the files. */
const markers: Readonly<Record<string, string>> = {
  "index.lock":
    "a git command is changing the files; wait for it, or delete the lock if no git command is running",
  "rebase-merge": "a rebase is under way; finish it (git rebase --continue) or give it up (--abort)",
  "rebase-apply": "a rebase or git am is under way; finish it (--continue) or give it up (--abort)",
  MERGE_HEAD: "a merge is under way; finish it (git merge --continue) or give it up (--abort)",
  CHERRY_PICK_HEAD:
    "a cherry-pick is under way; finish it (git cherry-pick --continue) or give it up (--abort)",
  REVERT_HEAD: "a revert is under way; finish it (git revert --continue) or give it up (--abort)",
  BISECT_LOG: "a bisect is under way; end it (git bisect reset)",
};

/** The names in git's directory that say that something is under way. */
export const checkoutMarkers: readonly string[] = Object.keys(markers);

/** Git's directory for the files in a real path, found upwards as git does; undefined outside of a checkout. */
export function findGitDirectory(realPath: string): string | undefined {
  for (let folder = realPath; ; folder = dirname(folder)) {
    const found = gitDirectoryIn(folder);
    if (found !== undefined || folder === dirname(folder)) {
      return found;
    }
  }
}

/** Says which operation is in the middle of changing the checkout, and what to do; undefined when there is none. */
export function describeCheckoutUnderWay(gitDirectory: string): string | undefined {
  const marker = checkoutMarkers.find((name) => existsSync(join(gitDirectory, name)));
  return marker === undefined ? undefined : `${join(gitDirectory, marker)} exists: ${markers[marker] ?? ""}`;
}

/** Changes whenever git has changed, or only refreshed, the checkout. */
export function checkoutVersion(gitDirectory: string): string {
  return ["HEAD", "index"].map((name) => versionOf(join(gitDirectory, name))).join(" ");
}

function versionOf(path: string): string {
  try {
    const stats = lstatSync(path);
    return `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
  } catch {
    return "none";
  }
}

function gitDirectoryIn(folder: string): string | undefined {
  const path = join(folder, ".git");
  try {
    const stats = lstatSync(path);
    const directory = stats.isFile() ? linkedDirectory(folder, readFileSync(path, "utf8")) : path;
    return directory !== undefined && existsSync(join(directory, "HEAD")) ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** A worktree or submodule has a file `.git` that says `gitdir: <path>`. */
function linkedDirectory(folder: string, text: string): string | undefined {
  const path = /^gitdir: (.+)$/m.exec(text)?.[1];
  return path === undefined ? undefined : resolve(folder, path);
}
