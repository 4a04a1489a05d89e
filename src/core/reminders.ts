/*
 * When somebody is reminded that an override ends: twice, a week and a day before, as far as it is in force then. One that
 * begins later than that is told of when it begins.
 */
import { isInForce } from "./overrides.ts";
import type { Override } from "./policy.ts";

const dayMs = 86_400_000;

/** How near an end is, in words and milliseconds; the nearest first. */
const steps = [
  { within: "1 day", ms: dayMs },
  { within: "7 days", ms: 7 * dayMs },
] as const;

export type Within = (typeof steps)[number]["within"];

/** How near the end of an override in force is; null where it is over a week away, or the override is not in force. */
export function endsWithin(override: Override, now: number): Within | null {
  if (!isInForce(override, now)) return null;
  return steps.find(({ ms }) => override.until - now <= ms)?.within ?? null;
}

/** The instants after `now` from which on an end is nearer than it was. */
export function remindersAfter({ from, until }: Override, now: number): readonly number[] {
  const begins = from ?? -Infinity;
  return steps.map(({ ms }) => until - ms).filter((at) => at > now && at > begins);
}
