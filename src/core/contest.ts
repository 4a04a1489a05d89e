/*
 * Two writers that undo each other. Drift is mended at once, and that is right as long as it is an accident; when
 * somebody sets a field back again and again, an answer at every pass only makes noise on both sides and never ends.
 *
 * What counts is our own mends of the same field to the same value, each after the one before was seen to have taken
 * effect: a policy that changes often is no fight. The first three within a day are made at once. From then on each
 * waits longer after the last, up to four hours, and what is live and what is wanted are told meanwhile.
 *
 *   mends so far   1, 2   3        4     5     6 and more
 *   next one       now    30 min   1 h   2 h   4 h          after the last
 */
import type { Reverts } from "./ledger.ts";
import { isWithin } from "./within.ts";

const forgottenAfterMs = 24 * 3_600_000;
const patience = 3;
const firstWaitMs = 30 * 60_000;
const longestWaitMs = 4 * 3_600_000;

/** The count with the mend that is made at `now`. */
export function withRevert(before: Reverts | undefined, now: number): Reverts {
  if (before === undefined || !isWithin(before.last, now, forgottenAfterMs))
    return { count: 1, since: now, last: now };
  return { count: before.count + 1, since: before.since, last: now };
}

/** The instant before which the field is not put back again; undefined when it may be at once. */
export function contestedUntil(reverts: Reverts | undefined, now: number): number | undefined {
  if (reverts === undefined || reverts.count < patience || reverts.last > now) return undefined;
  const until = reverts.last + Math.min(longestWaitMs, firstWaitMs * 2 ** (reverts.count - patience));
  return now < until ? until : undefined;
}
