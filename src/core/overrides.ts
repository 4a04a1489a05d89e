/*
 * Overrides: exceptions to a policy that begin and end by themselves.
 *
 *   from <= now < until     in force, the first instant included, the last one not
 *   until <= now            over, for good
 *   until <= from           never in force: refused
 *
 * A moment is an instant at which one of them begins or ends. Between two moments that follow each other the same ones are
 * in force, so that all that is computed from them holds as long.
 */
import type { Override } from "./policy.ts";

/** What nearly every policy has: one list for all of them. */
export const noOverrides: readonly Override[] = Object.freeze([]);

export function isInForce({ from, until }: Override, now: number): boolean {
  return (from === null || from <= now) && now < until;
}

/** Whether there is any instant at which it is in force. */
export function canBeInForce({ from, until }: Override): boolean {
  return from === null || from < until;
}

/** Each instant after `now` at which an override begins or ends; sorted, each once. */
export function momentsAfter(overrides: readonly Override[], now: number): readonly number[] {
  const all = overrides.filter(canBeInForce).flatMap(({ from, until }) => [from ?? until, until]);
  return [...new Set(all.filter((moment) => moment > now))].sort((a, b) => a - b);
}

/** Milliseconds since the epoch, from the first to before the last. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** The span around `now` in which nothing begins or ends. */
export function spanAround(overrides: readonly Override[], now: number): Span {
  const past = overrides
    .filter(canBeInForce)
    .flatMap(({ from, until }) => [from ?? -Infinity, until])
    .filter((moment) => moment <= now);
  return { from: Math.max(-Infinity, ...past), until: momentsAfter(overrides, now)[0] ?? Infinity };
}

/** Who says what an override sets, as `explain` shows it. */
export function overrideSource(policy: string, { until }: Override): string {
  return `override of ${policy} until ${instantText(until)}`;
}

/** RFC 3339 in UTC, without fractions where there are none. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
