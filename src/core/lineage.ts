import type { Placed, Profile } from "./policy.ts";
import { problemAt, type Problem } from "./problem.ts";
import { effectiveFields } from "./effective.ts";
import { checkKey } from "./key-rules.ts";
import { repeatedNames } from "./names.ts";

export interface ProfileTable {
  readonly byName: ReadonlyMap<string, Profile>;
  /** Names that stand for more than one profile, and so for none. */
  readonly ambiguous: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** The profiles by name, with what is wrong among them. */
export function profileTable(profiles: readonly Profile[]): ProfileTable {
  const repeated = repeatedNames(profiles);
  const byName = new Map(profiles.map((profile) => [profile.name, profile]));
  const circles = profiles.flatMap(
    (profile) => lineageOf([], { byName, ambiguous: new Set() }, profile).problems,
  );
  const rules = profiles.flatMap((profile) => checkProfile(profile, byName));
  return { byName, ambiguous: repeated.names, problems: [...repeated.problems, ...circles, ...rules] };
}

/** What a profile says together with its own profiles must not contradict itself, even where nobody uses it. */
function checkProfile(profile: Profile, byName: ReadonlyMap<string, Profile>): Problem[] {
  const lineage = lineageOf(profile.profiles, { byName, ambiguous: new Set() });
  if (lineage.problems.length > 0) return [];
  const layers = [...lineage.profiles, profile].map(({ name, key }) => ({ source: name, block: key }));
  // A profile may leave to others what a policy must have: only what can never be made good is a fault here.
  return checkKey(effectiveFields(layers)).filter(({ code }) => code !== "KS1404" && code !== "KS1405");
}

export interface Lineage {
  /** Every profile that is laid down, in order; one that is named twice stands at its first place. */
  readonly profiles: readonly Profile[];
  readonly problems: readonly Problem[];
}

type Names = Pick<ProfileTable, "byName" | "ambiguous">;

/** The profiles that a list of names stands for, each after its own; or, from `start`, what it builds on. */
export function lineageOf(names: readonly Placed<string>[], table: Names, start?: Profile): Lineage {
  const profiles: Profile[] = [];
  const problems: Problem[] = [];
  const path: Profile[] = [];

  function visit(profile: Profile, reference: Placed<string>): void {
    if (path.includes(profile)) {
      const circle = [...path.slice(path.indexOf(profile)), profile].map(({ name }) => name).join(" -> ");
      problems.push(
        referenceProblem("KS1304", reference, `profiles go in a circle: ${circle}; take one step out`),
      );
      return;
    }
    if (profiles.includes(profile)) return;
    path.push(profile);
    for (const inner of profile.profiles) follow(inner);
    path.pop();
    profiles.push(profile);
  }

  function follow(reference: Placed<string>): void {
    const profile = table.byName.get(reference.value);
    if (profile === undefined || table.ambiguous.has(reference.value)) {
      problems.push(referenceProblem("KS1303", reference, missingProfile(reference.value, table)));
    } else visit(profile, reference);
  }

  if (start === undefined) for (const reference of names) follow(reference);
  else if (start.profiles[0] !== undefined) visit(start, start.profiles[0]);
  return { profiles, problems };
}

function referenceProblem(code: "KS1303" | "KS1304", reference: Placed<string>, message: string): Problem {
  return problemAt(code, reference.place, { path: "spec.profiles", message });
}

function missingProfile(name: string, table: Names): string {
  if (table.ambiguous.has(name)) return `the profile "${name}" exists more than once: give each its own name`;
  const names = [...table.byName.keys()].sort();
  const known =
    names.length === 0 ? "there is no profile at all" : `known are ${names.slice(0, 8).join(", ")}`;
  return `there is no sound profile named "${name}" (${known}); its keys keep their values until there is`;
}
