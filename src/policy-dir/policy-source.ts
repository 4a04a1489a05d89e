import { realpathSync } from "node:fs";
import type { PolicyContent, PolicySet } from "../core/policy.ts";
import { problemAt, sortProblems, type Problem } from "../core/problem.ts";
import type { PolicySource } from "../ports.ts";
import { checkoutVersion, describeCheckoutUnderWay, findGitDirectory } from "./checkout.ts";
import { createFileCache } from "./file-cache.ts";
import type { Handover } from "./handover.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { listPolicyFiles, type Listing } from "./listing.ts";
import { joinContents } from "./parse-policies.ts";

export interface PolicySourceOptions {
  /** As the user named it; places begin with it. */
  readonly directory: string;
  readonly limits?: Partial<Limits>;
  /** Where the watch leaves what it found just before it rang; it keeps the default limits. */
  readonly handover?: Handover;
}

/** One reading of the directory before it is made into a set. */
interface Reading {
  readonly listing: Listing;
  readonly contents: readonly PolicyContent[];
  /** What is in the middle of changing the directory, as a sentence. */
  readonly underWay: string | undefined;
}

/** Reads everything; told the version of the checkout before. */
type ReadAll = (checkout: string | undefined) => Omit<Reading, "underWay">;

const attempts = 3;

/**
 * The policies of a directory. Every `load` looks at the whole directory and parses what changed; what did not change
 * comes as the same objects, and when nothing did, so does the whole set.
 */
export function createPolicySource(options: PolicySourceOptions): PolicySource {
  const { directory, handover } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const cache = createFileCache(limits);
  let last: { readonly reading: Reading; readonly set: PolicySet } | undefined;

  function read(checkout: string | undefined): Omit<Reading, "underWay"> {
    const listing = handover?.take(checkout) ?? listPolicyFiles(directory, limits);
    // A directory that is away for a moment does not cost what is known of its files.
    return { listing, contents: listing.trusted ? cache.read(listing.files) : [] };
  }

  function load(): PolicySet {
    const reading = readStill(directory, read);
    if (last === undefined || !isSameReading(last.reading, reading)) {
      last = { reading, set: toPolicySet(directory, reading) };
    }
    return last.set;
  }

  return { load };
}

/** Reads until git did not touch the checkout meanwhile, a few times; a checkout under way is not waited for. */
function readStill(directory: string, read: ReadAll): Reading {
  const git = gitDirectoryOf(directory);
  if (git === undefined) {
    return { ...read(undefined), underWay: undefined };
  }
  for (let attempt = 1; ; attempt += 1) {
    const version = checkoutVersion(git);
    const before = describeCheckoutUnderWay(git);
    const reading = read(version);
    const underWay = before ?? describeCheckoutUnderWay(git);
    if (underWay !== undefined || checkoutVersion(git) === version) {
      return { ...reading, underWay };
    }
    if (attempt === attempts) {
      return { ...reading, underWay: `${git} kept changing while the policies were read; wait for git` };
    }
  }
}

function gitDirectoryOf(directory: string): string | undefined {
  try {
    return findGitDirectory(realpathSync(directory));
  } catch {
    // What is wrong with the directory is told by its listing.
    return undefined;
  }
}

function isSameReading(a: Reading, b: Reading): boolean {
  return (
    a.underWay === b.underWay &&
    a.listing.trusted === b.listing.trusted &&
    a.contents.length === b.contents.length &&
    a.contents.every((content, index) => content === b.contents[index]) &&
    JSON.stringify(a.listing.problems) === JSON.stringify(b.listing.problems)
  );
}

function toPolicySet(directory: string, reading: Reading): PolicySet {
  const { contents, listing, underWay } = reading;
  const content = joinContents(contents);
  const problems: Problem[] = [...listing.problems, ...content.problems];
  if (underWay !== undefined) {
    const message = `a checkout of ${directory} is under way, so nothing is changed on its strength: ${underWay}`;
    problems.push(problemAt("KS1004", { file: directory, line: 1, column: 1 }, { message }));
  }
  return {
    ...content,
    trusted: listing.trusted && underWay === undefined,
    problems: sortProblems(problems),
    files: listing.files.length,
  };
}
