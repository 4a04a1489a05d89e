import { expect, test } from "vitest";
import { instantOf, nextAfter, timestamp } from "../../src/simulator/calendar.ts";

test.each([
  ["weekly", "2026-03-04T12:00:00Z", "2026-03-08"],
  // A Sunday, on which weeks begin here: the next one, even at its very beginning.
  ["weekly", "2026-03-08T00:00:00Z", "2026-03-15"],
  ["weekly", "2026-03-07T23:59:59Z", "2026-03-08"],
  ["monthly", "2026-04-01T00:00:00Z", "2026-05-01"],
  ["monthly", "2026-12-31T23:59:59Z", "2027-01-01"],
  [1, "2028-02-28T23:59:59Z", "2028-02-29"],
  [365, "2026-01-01T00:00:00Z", "2027-01-01"],
] as const)("%s after %s is %s at 00:00 UTC", (cadence, now, next) => {
  expect(timestamp(nextAfter(Date.parse(now), cadence, 0))).toBe(`${next}T00:00:00.000Z`);
});

test.each([
  "2026-03-04",
  "2026-03-04 12:00:00Z",
  "2026-03-04T12:00:00",
  "2026-03-04T12:00Z",
  "",
  5,
  null,
  undefined,
])("%j is no RFC 3339 date-time", (text) => {
  expect(instantOf(text)).toBeUndefined();
});
