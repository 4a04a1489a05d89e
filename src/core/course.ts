/*
 * The course of a policy with overrides: what its key must look like from now on, stretch by stretch.
 *
 *            now        moment          moment
 *   ----------|-----------|---------------|------------->
 *     first stretch   ... the next ...      the last: profiles and key alone
 *
 * All of it is computed at once, and not when its time comes: the rules between fields are judged on each stretch, so that
 * an override which would break the key in two weeks is refused today, and a plan can say what will change by itself. As
 * each override has an end, the last stretch is always the policy without them.
 */
import type { Canonical, FieldPath } from "./key.ts";
import type { KeyPolicy, Override } from "./policy.ts";
import type { Place } from "./problem.ts";
import type { Rank } from "./rank.ts";
import { sameCanonical } from "./canonical.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import { overlaps, rankOf } from "./fields.ts";
import { isInForce, momentsAfter, overrideSource, spanAround } from "./overrides.ts";
import { compareTexts } from "./texts.ts";

/** What is wanted as long as the same overrides are in force; instants in milliseconds since the epoch. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly inForce: readonly Override[];
  readonly fields: DesiredFields;
}

/** Something that is wanted of a field from a moment on, and was not before. */
export interface UpcomingField {
  readonly path: FieldPath;
  /** Undefined where nobody has asked for anything. */
  readonly from: Canonical | undefined;
  readonly to: Canonical;
  readonly rank: Rank;
  readonly source: string;
  readonly place: Place;
}

/** What a moment brings, unless policies change before it. */
export interface Upcoming {
  readonly at: number;
  readonly begins: readonly Override[];
  readonly ends: readonly Override[];
  /** Sorted by path. */
  readonly fields: readonly UpcomingField[];
}

/** The part of a course that others are told of. */
export interface Course {
  readonly inForce: readonly Override[];
  /** In the order in which it comes. */
  readonly upcoming: readonly Upcoming[];
}

/** What a policy without overrides has. */
export const noCourse: Course = Object.freeze({ inForce: [], upcoming: [] });

/** The stretches from now on, the first of which holds now; at least one. `base` is what the overrides are laid over. */
export function stretchesOf(
  { name, overrides }: Pick<KeyPolicy, "name" | "overrides">,
  base: readonly Layer[],
  now: number,
): readonly Stretch[] {
  const { from } = spanAround(overrides, now);
  const moments = momentsAfter(overrides, now);
  return [from, ...moments].map((begin, index): Stretch => {
    const inForce = overrides.filter((one) => isInForce(one, index === 0 ? now : begin));
    const layers = inForce.map((one): Layer => ({ source: overrideSource(name, one), block: one.key }));
    const fields = effectiveFields([...base, ...layers]);
    return { from: begin, until: moments[index] ?? Infinity, inForce, fields };
  });
}

export function courseOf(stretches: readonly Stretch[]): Course {
  const upcoming = stretches.flatMap((after, index): Upcoming[] => {
    const before = stretches[index - 1];
    if (before === undefined) return [];
    return [
      {
        at: after.from,
        begins: after.inForce.filter((one) => !before.inForce.includes(one)),
        ends: before.inForce.filter((one) => !after.inForce.includes(one)),
        fields: changedFields(before.fields, after.fields),
      },
    ];
  });
  return { inForce: stretches[0]?.inForce ?? [], upcoming };
}

/** What is wanted at a later moment, and what is still to come then. */
export function advanced(
  { fields, course }: { readonly fields: DesiredFields; readonly course: Course },
  now: number,
): { readonly fields: DesiredFields; readonly course: Course } {
  const past = course.upcoming.filter(({ at }) => at <= now);
  if (past.length === 0) return { fields, course };
  const moved = new Map(fields);
  for (const { path, to, source, place } of past.flatMap((step) => step.fields)) {
    for (const other of moved.keys()) if (overlaps(path, other)) moved.delete(other);
    moved.set(path, { value: to, written: to, source, place });
  }
  return { fields: moved, course: { inForce: [], upcoming: course.upcoming.slice(past.length) } };
}

/** The same of a course that may bring nothing but what tightens. */
export function tightened(
  { fields, course }: { readonly fields: DesiredFields; readonly course: Course },
  now: number,
): { readonly fields: DesiredFields; readonly course: Course } {
  const upcoming = course.upcoming.map((step) => ({
    ...step,
    fields: step.fields.filter(({ rank }) => rank === "tightens"),
  }));
  return advanced({ fields, course: { ...course, upcoming } }, now);
}

function changedFields(before: DesiredFields, after: DesiredFields): readonly UpcomingField[] {
  const changed = [...after].flatMap(([path, { value, source, place }]): UpcomingField[] => {
    const from = valueIn(before, path);
    if (from !== undefined && sameCanonical(from, value)) return [];
    return [{ path, from, to: value, rank: rankOf(path, from, value), source, place }];
  });
  return changed.sort((a, b) => compareTexts(a.path, b.path));
}

/** What was wanted of a field: said of itself, of the group it is part of, or of its parts. */
function valueIn(fields: DesiredFields, path: FieldPath): Canonical | undefined {
  const own = fields.get(path);
  if (own !== undefined) return own.value;
  const related = [...fields].filter(([other]) => overlaps(other, path));
  const parts = related.filter(([other]) => other.length > path.length);
  if (parts.length === 0) return related[0]?.[1].value;
  const filled = parts.filter(([, { value }]) => value !== null);
  return Object.fromEntries(filled.map(([other, { value }]) => [other.slice(path.length + 1), value]));
}
