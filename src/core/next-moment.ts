import { canBeInForce, isInForce } from "./overrides.ts";
import type { KeyPolicy } from "./policy.ts";
import type { PolicyCourse } from "./policy-courses.ts";
import { remindersAfter } from "./reminders.ts";

/** What policies with overrides have to come; instants in milliseconds since the epoch. */
export interface Moments {
  /** How many overrides are in force. */
  readonly inForce: number;
  /** The next instant at which one begins or ends, and the first policy, as they are listed, of which one does. */
  readonly next: { readonly at: number; readonly policy: string } | null;
  /** When to look again: at the next beginning or end, or when somebody is to be reminded of an end. */
  readonly look: number | null;
}

/** Also at what courses bring of which no policy can be read any more. */
export function withCourses(moments: Moments, courses: readonly PolicyCourse[]): Moments {
  const ats = courses.flatMap(({ course }) => course.upcoming[0]?.at ?? []);
  const look = Math.min(moments.look ?? Infinity, ...ats);
  return { ...moments, look: look === Infinity ? null : look };
}

/** Over all policies, sound or not: one that is broken now may be sound when an override of it is over. */
export function nextMoment(policies: readonly KeyPolicy[], now: number): Moments {
  let inForce = 0;
  let next: Moments["next"] = null;
  let look = Infinity;
  for (const { name, overrides } of policies) {
    for (const override of overrides) {
      if (!canBeInForce(override)) continue;
      if (isInForce(override, now)) inForce += 1;
      for (const at of [override.from ?? now, override.until]) {
        if (at > now && (next === null || at < next.at)) next = { at, policy: name };
      }
      look = Math.min(look, ...remindersAfter(override, now));
    }
  }
  look = Math.min(look, next?.at ?? Infinity);
  return { inForce, next, look: look === Infinity ? null : look };
}
