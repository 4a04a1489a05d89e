/*
 * What a pass has to know of the passes before it, so that a broken file does not change what other files mean.
 *
 * A file that cannot be read hides what is in it, and what is seen of the rest may then mean something else:
 *
 *   - a profile that stood in it may stand in another file too. As long as both were read, that was a name taken twice,
 *     and nobody's; with the one hidden, the other would be believed. So a profile is not taken from another file
 *     while the one that it stood in is broken and does not show it.
 *   - a policy that is gone may have gone into it: a file that was renamed while it was broken looks like one that was
 *     deleted and another one that was never read. So it matters which files are hidden only since a moment ago.
 *
 * The rest, what a key's own policy said last, is for `last-good.ts`.
 */
import { isHiding } from "./coverage.ts";
import { isObject } from "./canonical.ts";
import { repeatedNames } from "./names.ts";
import type { JsonObject, PolicySet, Profile } from "./policy.ts";
import { placeText, problemAt, sortProblems, type Problem } from "./problem.ts";

/** What a pass leaves to the next one. */
export interface Sources {
  /** Files that could not be read as a whole. */
  readonly hidden: ReadonlySet<string>;
  /** By name: the file in which the profile was read last. */
  readonly profiles: ReadonlyMap<string, string>;
}

/** The problem that hides what a file says, or what a folder above it holds; undefined for a file that was read. */
export type Hiding = (file: string) => Problem | undefined;

export function hidingIn(problems: readonly Problem[]): Hiding {
  const byFile = new Map<string, Problem>();
  for (const problem of problems) {
    if (isHiding(problem) && !byFile.has(problem.file)) byFile.set(problem.file, problem);
  }
  return (file) => {
    if (byFile.size === 0) return undefined;
    for (let end = file.length; end > 0; end = file.lastIndexOf("/", end - 1)) {
      const found = byFile.get(file.slice(0, end));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** The set without profiles that stand in for one whose own file is broken, and a problem at each of them. */
export function withoutStandIns(set: PolicySet, before: Sources): PolicySet {
  const hiding = hidingIn(set.problems);
  const seen = new Set(set.profiles.map(({ name, place }) => `${name} ${place.file}`));
  const problems: Problem[] = [];
  const profiles = set.profiles.filter((profile) => {
    const stood = before.profiles.get(profile.name);
    if (stood === undefined || seen.has(`${profile.name} ${stood}`)) return true;
    const hidden = hiding(stood);
    if (hidden !== undefined) problems.push(standInProblem(profile, stood, hidden));
    return hidden === undefined;
  });
  return problems.length === 0
    ? set
    : { ...set, profiles, problems: sortProblems([...set.problems, ...problems]) };
}

function standInProblem({ name, place }: Profile, stood: string, hidden: Problem): Problem {
  const message =
    `the profile "${name}" stood in ${stood}, which cannot be read (${placeText(hidden)}), and is not taken from here ` +
    `until that file is mended, or deleted`;
  return problemAt("KS1330", place, { path: "metadata.name", message });
}

/** What the next pass has to know; `set` as it is without stand-ins. */
export function sourcesOf(set: PolicySet, before: Sources): Sources {
  const hiding = hidingIn(set.problems);
  const twice = repeatedNames(set.profiles).names;
  const seen = set.profiles.filter(({ name }) => !twice.has(name));
  // A name that is taken twice stays with the file that had it alone.
  const stays = [...before.profiles].filter(([name, file]) => twice.has(name) || hiding(file) !== undefined);
  return {
    hidden: new Set(set.problems.filter(isHiding).map(({ file }) => file)),
    profiles: new Map([...stays, ...seen.map(({ name, place }) => [name, place.file] as const)]),
  };
}

/** Sources as JSON; the same text for the same sources. */
export function sourcesFact({ hidden, profiles }: Sources): JsonObject {
  return { hidden: [...hidden].sort(), profiles: Object.fromEntries([...profiles].sort()) };
}

/** Reads back what `sourcesFact` wrote; nothing where there is nothing. */
export function readSources(fact: JsonObject | undefined): Sources {
  const hidden = fact?.["hidden"];
  const profiles = fact?.["profiles"];
  const files = isObject(profiles) ? Object.entries(profiles) : [];
  return {
    hidden: new Set(Array.isArray(hidden) ? hidden.filter((file) => typeof file === "string") : []),
    profiles: new Map(files.flatMap(([name, file]) => (typeof file === "string" ? [[name, file]] : []))),
  };
}
