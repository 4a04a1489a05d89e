import type { Course } from "./course.ts";
import type { Mode } from "./policy.ts";
import type { Place } from "./problem.ts";
import type { DesiredKey } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

/** A policy that is not paused and of which an override is in force or to come. */
export interface PolicyCourse {
  readonly policy: string;
  /** Where the policy names the first of its keys. */
  readonly place: Place;
  readonly mode: Exclude<Mode, "paused">;
  /** How many keys it governs. */
  readonly keys: number;
  readonly course: Course;
}

/** What is still to come of them; sorted by when something begins or ends next, then by name. */
export function policyCourses(desired: Iterable<DesiredKey>): readonly PolicyCourse[] {
  const found = new Map<Course, PolicyCourse>();
  for (const { policy, place, mode, course } of desired) {
    // What is paused is left alone, whatever begins or ends.
    if (mode === "paused" || course.upcoming.length === 0) continue;
    const known = found.get(course);
    found.set(
      course,
      known === undefined ? { policy, place, mode, keys: 1, course } : { ...known, keys: known.keys + 1 },
    );
  }
  return [...found.values()].sort((a, b) => nextOf(a) - nextOf(b) || compareTexts(a.policy, b.policy));
}

function nextOf({ course }: PolicyCourse): number {
  return course.upcoming[0]?.at ?? Infinity;
}
