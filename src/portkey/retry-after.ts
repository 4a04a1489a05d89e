/** A longer wait than this is a mistake (an instant where a duration belongs) and not believed. */
const longestMs = 7 * 24 * 3_600_000;

const seconds = /^[+-]?\d+(\.\d+)?$/;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Milliseconds to wait by a Retry-After header: seconds, also fractional, or an HTTP date. What lies in the past is 0;
 * what makes no sense is undefined. A date is measured against the answer's own Date header where there is one, so a
 * clock of ours that is wrong does not matter; `now` stands in for it.
 */
export function parseRetryAfter(
  value: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  const text = value?.trim() ?? "";
  const ms = seconds.test(text) ? Math.ceil(Number(text) * 1000) : sinceDate(text, date, now);
  if (ms === undefined || ms > longestMs) return undefined;
  return Math.max(0, ms);
}

function sinceDate(text: string, date: string | undefined, now: number): number | undefined {
  const until = parseDate(text);
  return until === undefined ? undefined : until - (parseDate(date) ?? now);
}

function parseDate(text: string | undefined): number | undefined {
  if (text === undefined || !httpDate.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
