import { basename } from "node:path";
import { checkoutMarkers, describeCheckoutUnderWay, findGitDirectory } from "./checkout.ts";
import { defaultLimits } from "./limits.ts";
import { listPolicyFiles, type Listing } from "./listing.ts";
import { findSignposts, type Signposts } from "./signposts.ts";
import { isSameStamp } from "./stamp.ts";

/** The policy directory and what it hangs from, as it was at one moment. */
export interface Surroundings {
  readonly listing: Listing;
  readonly signposts: Signposts;
  readonly gitDirectory: string | undefined;
  readonly underWay: string | undefined;
  /** Real paths of the directories whose events matter. */
  readonly watched: ReadonlySet<string>;
  /** Differs when what is to be watched differs: other directories, others in their places, other links. */
  readonly shape: string;
}

/** Looks at everything, reads no file. Ten thousand files take some 50 ms. */
export function lookAround(directory: string): Surroundings {
  const signposts = findSignposts(directory);
  const listing = listPolicyFiles(directory, defaultLimits);
  const gitDirectory = listing.realRoot === undefined ? undefined : findGitDirectory(listing.realRoot);
  const underWay = gitDirectory === undefined ? undefined : describeCheckoutUnderWay(gitDirectory);
  const posts = [...signposts.names].map(([parent, names]) => [parent, ...names]);
  const directories = listing.directories.map((one) => [one.realPath, one.identity]);
  const git = gitDirectory === undefined ? [] : [gitDirectory];
  const watched = new Set([
    ...signposts.names.keys(),
    ...git,
    ...listing.directories.map((one) => one.realPath),
  ]);
  const shape = JSON.stringify([signposts.realRoot, gitDirectory, posts, directories]);
  return { listing, signposts, gitDirectory, underWay, watched, shape };
}

/** Whether a reading of the policies could tell the two moments apart. */
export function looksTheSame(a: Surroundings, b: Surroundings): boolean {
  return (
    a.shape === b.shape &&
    a.underWay === b.underWay &&
    a.listing.files.length === b.listing.files.length &&
    a.listing.files.every((file, index) => {
      const other = b.listing.files[index];
      return other !== undefined && file.file === other.file && isSameStamp(file.stamp, other.stamp);
    }) &&
    JSON.stringify(a.listing.problems) === JSON.stringify(b.listing.problems)
  );
}

/** What an event tells: nothing of interest, that files may have changed, or that directories may have been replaced. */
export type Hint = "nothing" | "look" | "changed" | "replaced";

/** Judges a raw file system event: a name in a watched directory, or no name where the system gives none. */
export function judgeEvent(around: Surroundings, watched: string, name: string | null): Hint {
  const { gitDirectory, listing, signposts } = around;
  if (watched === gitDirectory) {
    // Git writes its own files all the time, also for `git status`: only a look tells whether that matters.
    return name === null || checkoutMarkers.includes(name) ? "look" : "nothing";
  }
  const posts = signposts.names.get(watched);
  if (name === null || posts?.has(name) === true) {
    return "replaced";
  }
  if (!listing.directories.some((one) => one.realPath === watched)) {
    return "nothing";
  }
  // A directory that goes away says so under its own name.
  return name === basename(watched) ? "replaced" : isWorthALook(name) ? "changed" : "nothing";
}

/** `..data` is where Kubernetes swaps a ConfigMap; other hidden names, and editors' temporary files, are not read. */
function isWorthALook(name: string): boolean {
  const hidden = (name.startsWith(".") && !name.startsWith("..")) || name.startsWith("_");
  return !hidden && !name.endsWith("~") && !/^#.*#$/.test(name) && name !== "4913";
}
