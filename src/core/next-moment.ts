import type { DesiredKey } from "./resolve.ts";

/**
 * The next moment after `now` at which the policies say something else although nobody edited them, in milliseconds since
 * the epoch; null when there is none.
 */
export function nextMoment(desired: Iterable<DesiredKey>, now: number): number | null {
  let next = Infinity;
  for (const { acknowledged } of desired) {
    for (const { until } of acknowledged.values()) if (until > now && until < next) next = until;
  }
  return next === Infinity ? null : next;
}
