import { millisecondsOf } from "../config/readers.ts";

const pattern = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

/**
 * The instant that a person named, in milliseconds since the epoch: RFC 3339, a day (its beginning in UTC), or a duration
 * back from now. Undefined for anything else.
 */
export function instantOf(text: string, now: number): number | undefined {
  const back = millisecondsOf(text);
  if (back === undefined) return namedInstant(text);
  // Further back than dates reach is no instant.
  const instant = new Date(now - back).getTime();
  return Number.isNaN(instant) ? undefined : instant;
}

/** The same without durations. */
export function namedInstant(text: string): number | undefined {
  const instant = pattern.test(text) ? Date.parse(text.toUpperCase().replace(" ", "T")) : NaN;
  if (Number.isNaN(instant)) return undefined;
  // Date.parse takes the 31st of any month for a day.
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? instant : undefined;
}
