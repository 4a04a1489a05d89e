import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { basename, dirname, isAbsolute, join, parse, resolve, sep } from "node:path";

const mostLinks = 40;

/** The places that decide where a path leads: directories, and the names in them that matter. */
export interface Signposts {
  /** The directory without links; undefined while there is none. */
  readonly realRoot: string | undefined;
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Walks a path as the system does and notes each turn: every link on the way (a checkout is published by pointing one
 * elsewhere), the name of the directory itself in its parent (it may be removed, made again or swapped by rename), or
 * the first name that is not there yet.
 */
export function findSignposts(directory: string): Signposts {
  const names = new Map<string, Set<string>>();
  let current = parse(resolve(directory)).root;
  let pending = partsOf(resolve(directory));
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === "..") {
      current = dirname(current);
      continue;
    }
    const next = join(current, name);
    const stats = look(next);
    if (stats === undefined) {
      addName(names, current, name);
      return { realRoot: undefined, names };
    }
    if (!stats.isSymbolicLink()) {
      current = next;
      continue;
    }
    addName(names, current, name);
    links += 1;
    if (links > mostLinks) {
      return { realRoot: undefined, names };
    }
    const target = targetOf(next);
    current = isAbsolute(target) ? parse(target).root : current;
    pending = [...partsOf(target), ...pending];
  }
  addName(names, dirname(current), basename(current));
  return { realRoot: look(current)?.isDirectory() === true ? current : undefined, names };
}

function addName(names: Map<string, Set<string>>, directory: string, name: string): void {
  names.set(directory, (names.get(directory) ?? new Set()).add(name));
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== "" && part !== ".");
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // Gone since it was looked at: the name is noted, so that whatever takes its place is heard of.
    return "";
  }
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // Not allowed to look, or a file where a directory was expected: as good as not there.
    return undefined;
  }
}
