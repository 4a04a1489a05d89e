import { lstatSync, readdirSync, realpathSync, statSync, type Dirent } from "node:fs";
import { join, sep } from "node:path";
import { problemAt, type Problem, type ProblemCode } from "../core/problem.ts";
import type { Limits } from "./limits.ts";
import { identityOf, stampOf, type Stamp } from "./stamp.ts";

/*
 * Which files of the policy directory are read, and as what.
 *
 *   entry                                        what happens
 *   name begins with . or _                      left out, and all that is below it
 *   directory                                    entered
 *   regular file, .yaml or .yml                  listed
 *   link to a file or directory inside the root  listed or entered under the link's name, once: not where its target was
 *                                                met already. The target may be hidden (`a.yaml -> ..data/a.yaml`, as
 *                                                Kubernetes lays a ConfigMap out)
 *   link that leads outside                      KS1009, as one could publish any file of the machine by a commit
 *   link that leads nowhere, or in a circle      KS1005
 *   anything else called .yaml or .yml           KS1005 (a socket, a pipe)
 *
 * Real entries are met before links, so that a file keeps its real name whatever the links are called. The root itself
 * may be reached through links.
 */

export interface ListedFile {
  /** As a person would open it: the directory as given, then the path inside it. */
  readonly file: string;
  /** Without links. */
  readonly realPath: string;
  readonly stamp: Stamp;
}

interface ListedDirectory {
  readonly realPath: string;
  /** What tells a directory from another one made in its place. */
  readonly identity: string;
}

export interface Listing {
  /** False when the directory as a whole cannot be believed. */
  readonly trusted: boolean;
  /** The root without links; undefined when there is none. */
  readonly realRoot: string | undefined;
  readonly files: readonly ListedFile[];
  /** Every directory that was entered, the root first. */
  readonly directories: readonly ListedDirectory[];
  readonly problems: readonly Problem[];
}

interface Walk {
  readonly realRoot: string;
  readonly limits: Limits;
  readonly files: ListedFile[];
  readonly directories: ListedDirectory[];
  readonly problems: Problem[];
  /** Real paths met so far. */
  readonly met: Set<string>;
  readonly links: Visit[];
}

interface Visit {
  readonly file: string;
  readonly realPath: string;
}

/** Lists the policy files below a directory, sorted by path. Never throws for what is on the disk. */
export function listPolicyFiles(directory: string, limits: Limits): Listing {
  let realRoot: string;
  try {
    realRoot = realpathSync(directory);
    const stats = statSync(realRoot);
    if (!stats.isDirectory()) {
      return distrusted(
        undefined,
        problem(
          "KS1001",
          directory,
          `the policy directory ${directory} is not a directory; name the folder that holds the policies`,
        ),
      );
    }
    // Read here already, as only for the root does a failure cost everything.
    const entries = readdirSync(realRoot, { withFileTypes: true });
    const walk: Walk = {
      realRoot,
      limits,
      files: [],
      directories: [],
      problems: [],
      met: new Set(),
      links: [],
    };
    walk.directories.push({ realPath: realRoot, identity: identityOf(stats) });
    walk.met.add(realRoot);
    visitEntries(walk, { file: join(directory), realPath: realRoot }, entries);
    followLinks(walk);
    return judge(directory, walk);
  } catch (thrown) {
    return distrusted(undefined, rootProblem(directory, thrown));
  }
}

/** Whether a name is a policy file's. Hidden ones are not: editors and git keep their own files that way. */
function isPolicyName(name: string): boolean {
  return !isHiddenName(name) && (name.endsWith(".yaml") || name.endsWith(".yml"));
}

function isHiddenName(name: string): boolean {
  return name.startsWith(".") || name.startsWith("_");
}

function visitDirectory(walk: Walk, visit: Visit): void {
  if (walk.met.has(visit.realPath)) {
    return;
  }
  walk.met.add(visit.realPath);
  try {
    const stats = lstatSync(visit.realPath);
    const entries = readdirSync(visit.realPath, { withFileTypes: true });
    walk.directories.push({ realPath: visit.realPath, identity: identityOf(stats) });
    visitEntries(walk, visit, entries);
  } catch (thrown) {
    const gone = codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ENOTDIR";
    const message = gone
      ? `the folder ${visit.file} went away while it was read; it is looked at again`
      : `the folder ${visit.file} cannot be read (${codeOf(thrown)}); give the user of this process the right to read and enter it`;
    walk.problems.push(problem(gone ? "KS1006" : "KS1002", visit.file, message));
  }
}

function visitEntries(walk: Walk, parent: Visit, entries: readonly Dirent[]): void {
  // Plain strings: `join` for each of ten thousand files takes as long as looking at them.
  const file = join(parent.file, "x").slice(0, -1);
  const realPath = join(parent.realPath, "x").slice(0, -1);
  for (const entry of entries) {
    const { name } = entry;
    if (isHiddenName(name)) {
      continue;
    }
    const visit = { file: file + name, realPath: realPath + name };
    if (entry.isDirectory()) {
      visitDirectory(walk, visit);
    } else if (entry.isSymbolicLink()) {
      walk.links.push(visit);
    } else if (isPolicyName(name)) {
      visitFile(walk, visit);
    }
  }
}

function visitFile(walk: Walk, visit: Visit): void {
  // Beyond the bound nothing is used, so that nothing more need be looked at.
  if (walk.files.length > walk.limits.files || walk.met.has(visit.realPath)) {
    return;
  }
  walk.met.add(visit.realPath);
  const stats = lstatSync(visit.realPath, { throwIfNoEntry: false });
  if (stats === undefined) {
    const message = `the file ${visit.file} went away while the directory was read; it is looked at again`;
    walk.problems.push(problem("KS1006", visit.file, message));
  } else if (stats.isFile()) {
    walk.files.push({ file: visit.file, realPath: visit.realPath, stamp: stampOf(stats) });
  } else {
    const message = `${visit.file} is not a regular file, so it is not read; replace it by a file or rename it`;
    walk.problems.push(problem("KS1005", visit.file, message));
  }
}

/** Follows the links that were met, in order of their names, and those met behind them. */
function followLinks(walk: Walk): void {
  for (let batch = walk.links.splice(0); batch.length > 0; batch = walk.links.splice(0)) {
    for (const link of batch.sort((a, b) => compare(a.file, b.file))) {
      followLink(walk, link);
    }
  }
}

function followLink(walk: Walk, link: Visit): void {
  try {
    const realPath = realpathSync(link.realPath);
    if (!isInside(walk.realRoot, realPath)) {
      const message = `the link ${link.file} leads out of the policy directory, so it is not followed; put the file itself into the directory`;
      walk.problems.push(problem("KS1009", link.file, message));
    } else if (lstatSync(realPath).isDirectory()) {
      visitDirectory(walk, { file: link.file, realPath });
    } else if (isPolicyName(link.file.slice(link.file.lastIndexOf(sep) + 1))) {
      visitFile(walk, { file: link.file, realPath });
    }
  } catch (thrown) {
    const message = `the link ${link.file} leads nowhere that can be read (${codeOf(thrown)}); repair or delete it`;
    walk.problems.push(problem("KS1005", link.file, message));
  }
}

function judge(directory: string, walk: Walk): Listing {
  const { directories, files, limits, problems, realRoot } = walk;
  if (files.length > limits.files) {
    const message = `the policy directory ${directory} holds more than ${limits.files} policy files, the most that are read; split it, or raise the bound`;
    return distrusted(realRoot, problem("KS1010", directory, message));
  }
  if (files.length === 0) {
    const message = `the policy directory ${directory} holds no policy file (*.yaml, *.yml); nothing is changed on the strength of an empty directory: check the path and the checkout`;
    return {
      trusted: false,
      realRoot,
      files,
      directories,
      problems: [...problems, problem("KS1003", directory, message)],
    };
  }
  files.sort((a, b) => compare(a.file, b.file));
  return { trusted: true, realRoot, files, directories, problems };
}

function rootProblem(directory: string, thrown: unknown): Problem {
  const code = codeOf(thrown);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const message = `the policy directory ${directory} does not exist; create it, check out the policies, or name another one`;
    return problem("KS1001", directory, message);
  }
  const message = `the policy directory ${directory} cannot be read (${code}); give the user of this process the right to read and enter it`;
  return problem("KS1002", directory, message);
}

function distrusted(realRoot: string | undefined, cause: Problem): Listing {
  return { trusted: false, realRoot, files: [], directories: [], problems: [cause] };
}

function problem(code: ProblemCode, file: string, message: string): Problem {
  return problemAt(code, { file, line: 1, column: 1 }, { message });
}

function isInside(realRoot: string, realPath: string): boolean {
  return realPath === realRoot || realPath.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep);
}

/** The system's code of a failure, such as EACCES. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
