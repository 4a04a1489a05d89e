import { expect, test } from "vitest";
import { instantOf } from "../../src/commands/instant.ts";

const now = Date.UTC(2026, 10, 25, 10);

test.each([
  ["24h", now - 86_400_000],
  ["7d", now - 7 * 86_400_000],
  ["0s", now],
  ["2026-11-25T09:00:00Z", now - 3_600_000],
  ["2026-11-25T10:00:00.500+01:00", now - 3_600_000 + 500],
  ["2026-11-25 09:00:00z", now - 3_600_000],
  ["2026-11-25", now - 36_000_000],
  ["2024-02-29", Date.UTC(2024, 1, 29)],
])("%s is an instant", (text, instant) => {
  expect(instantOf(text, now)).toBe(instant);
});

test.each([
  "",
  "yesterday",
  "2026-02-30",
  "2026-13-01",
  "2026-11-25T10:00:00",
  "2026-11-25T25:00:00Z",
  "-1h",
  "99999999999999d",
  "5",
  "11/25/2026",
])("%j is none", (text) => {
  expect(instantOf(text, now)).toBeUndefined();
});
