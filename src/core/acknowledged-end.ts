import type { DesiredKey } from "./resolve.ts";

/**
 * The next instant after `now` at which a known difference is enforced again, in milliseconds since the epoch; null when
 * there is none.
 */
export function nextAcknowledgedEnd(desired: Iterable<DesiredKey>, now: number): number | null {
  let next = Infinity;
  for (const { acknowledged } of desired) {
    for (const { until } of acknowledged.values()) if (until > now && until < next) next = until;
  }
  return next === Infinity ? null : next;
}
