import type { Json } from "../core/policy.ts";

const dayMs = 86_400_000;

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch of an RFC 3339 date-time; undefined where it is none. */
export function instantOf(text: Json | undefined): number | undefined {
  if (typeof text !== "string" || !rfc3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** As every recorded timestamp reads: UTC, whole seconds, `.000Z`. */
export function timestamp(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

export function dayStart(ms: number): number {
  return Math.floor(ms / dayMs) * dayMs;
}

/** How often something recurs: by calendar, every so many days, or (null) not. */
export type Cadence = "weekly" | "monthly" | number | null;

/** The cadence that a period and a number of days say; `""` is no period. */
export function cadenceOf(period: Json | undefined, days: Json | undefined): Cadence {
  if (period === "weekly" || period === "monthly") return period;
  return typeof days === "number" ? days : null;
}

/**
 * The next 00:00 UTC at which something recurs, after `now`: a month begins on its first day, a week on `weekStart`
 * (0 is Sunday). Days are counted from today.
 */
export function nextAfter(now: number, cadence: "weekly" | "monthly" | number, weekStart: number): number {
  const today = dayStart(now);
  if (typeof cadence === "number") return today + cadence * dayMs;
  const date = new Date(today);
  if (cadence === "monthly") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  const ahead = (weekStart - date.getUTCDay() + 7) % 7;
  return today + (ahead === 0 ? 7 : ahead) * dayMs;
}

/** Days in a cadence, the fewest that they can be. */
export function shortest(cadence: "weekly" | "monthly" | number): number {
  if (typeof cadence === "number") return cadence * dayMs;
  return (cadence === "weekly" ? 7 : 28) * dayMs;
}
