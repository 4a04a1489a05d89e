/*
 * What is wrong with the overrides of a policy. Any error here holds the policy's keys as any other does: to go on
 * without an override, or with half of it, would be to guess.
 *
 *   KS1350  it ends before it begins, or when it begins
 *   KS1351  it sets nothing
 *   KS1352  it sets what neither profiles nor key speak of: nobody would say what is to hold after it, and a limit that was
 *           raised for a week would stay
 *   KS14xx  Portkey's rules between fields, judged on every stretch that is still to come
 *   KS1353  two that are in force at once set one field to different values; the later one wins (a warning)
 *
 * What is over is not judged any more but for the first two: it has no effect.
 */
import type { KeyPolicy, Override } from "./policy.ts";
import { isSamePlace, placeText, problemAt, type Problem } from "./problem.ts";
import { sameCanonical } from "./canonical.ts";
import type { Stretch } from "./course.ts";
import { statementsOf, type DesiredField, type DesiredFields } from "./effective.ts";
import { overlaps } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import { checkKey } from "./key-rules.ts";
import { canBeInForce, instantText, overrideSource } from "./overrides.ts";

type Named = Pick<KeyPolicy, "name" | "overrides">;

/** Everything that is wrong from the first stretch on, the policy without overrides included. */
export function checkOverrides(policy: Named, stretches: readonly Stretch[]): Problem[] {
  const last = stretches.at(-1);
  if (last === undefined) return [];
  const next = stretches[0]?.until ?? Infinity;
  const said = policy.overrides.map((override, index) => sayings(policy.name, override, index));
  const live = said.filter(({ override }) => canBeInForce(override) && override.until >= next);
  return [
    ...said.flatMap(neverInForce),
    ...said.flatMap(setsNothing),
    ...live.flatMap((one) => withoutReturn(one, last.fields)),
    ...live.flatMap((one, index) => live.slice(0, index).flatMap((other) => conflicts(one, other))),
    ...brokenKeys(said, stretches, checkKey(last.fields)),
  ];
}

/** An override and what it says. */
interface Sayings {
  readonly override: Override;
  /** Its path in the document. */
  readonly at: string;
  readonly said: readonly (readonly [FieldPath, DesiredField])[];
}

function sayings(policy: string, override: Override, index: number): Sayings {
  const said = statementsOf({ source: overrideSource(policy, override), block: override.key });
  return { override, at: `spec.overrides[${index}]`, said };
}

function neverInForce({ override, at }: Sayings): Problem[] {
  if (canBeInForce(override)) return [];
  const message =
    `the override ends ${instantText(override.until)} and begins ${instantText(override.from ?? 0)}: it would never be ` +
    `in force; expected an end after its beginning`;
  return [problemAt("KS1350", override.untilPlace, { path: `${at}.until`, message })];
}

function setsNothing({ override, at, said }: Sayings): Problem[] {
  if (said.length > 0) return [];
  const message = "the override sets nothing: say in its key what is to hold meanwhile, or delete it";
  return [problemAt("KS1351", override.place, { path: `${at}.key`, message })];
}

function withoutReturn({ at, said }: Sayings, base: DesiredFields): Problem[] {
  return said
    .filter(([path]) => !base.has(path) && ![...base.keys()].some((other) => overlaps(other, path)))
    .map(([path, { place }]) => {
      const message =
        `the override sets ${path}, of which neither profiles nor key say what it is to be when the override is over: ` +
        `set it in key too, to null where it is to be empty`;
      return problemAt("KS1352", place, { path: `${at}.key.${path}`, message });
    });
}

/** `later` stands after `earlier` in the list. */
function conflicts(later: Sayings, earlier: Sayings): Problem[] {
  const from = Math.max(later.override.from ?? -Infinity, earlier.override.from ?? -Infinity);
  const until = Math.min(later.override.until, earlier.override.until);
  if (from >= until) return [];
  return later.said.flatMap(([path, field]): Problem[] => {
    const other = earlier.said.find(([its, its2]) =>
      its === path ? !sameCanonical(its2.value, field.value) : overlaps(its, path),
    );
    if (other === undefined) return [];
    const when = from === -Infinity ? "" : `from ${instantText(from)} `;
    const message =
      `the override at ${placeText(other[1].place)} sets ${other[0]} to another value, and both are in force ${when}` +
      `until ${instantText(until)}: this one, which stands later in the list, wins`;
    return [
      problemAt("KS1353", field.place, { severity: "warning", path: `${later.at}.key.${path}`, message }),
    ];
  });
}

/** What breaks without any override is told as it is; what does only with one, once, with when that is. */
function brokenKeys(
  said: readonly Sayings[],
  stretches: readonly Stretch[],
  base: readonly Problem[],
): Problem[] {
  const told = [...base];
  const found = [...base];
  for (const stretch of stretches) {
    for (const problem of checkKey(stretch.fields)) {
      if (told.some((one) => isSame(one, problem))) continue;
      told.push(problem);
      found.push({
        ...problem,
        path: pathOf(problem, said),
        message: `${problem.message}; so it is ${whenText(stretch)}`,
      });
    }
  }
  return found;
}

function isSame(a: Problem, b: Problem): boolean {
  return a.code === b.code && a.path === b.path && a.message === b.message && isSamePlace(a, b);
}

/** Problems name fields as a policy's key does; one that stands in an override is there. */
function pathOf(problem: Problem, said: readonly Sayings[]): string {
  const holder = said.find(({ override }) =>
    [...override.key.places].some(([, place]) => isSamePlace(place, problem)),
  );
  return holder === undefined ? problem.path : problem.path.replace(/^spec/, holder.at);
}

function whenText({ from, until, inForce }: Stretch): string {
  const begin = from === -Infinity ? "" : `from ${instantText(from)} `;
  const places = inForce.map(({ place }) => placeText(place)).join(", ");
  return `${begin}until ${instantText(until)}, while the override at ${places} is in force`;
}
