import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baseUrl, cron, duration, share, stateUrl, timeZone } from "../../src/config/readers.ts";

const origin = { cwd: "/w", base: "." };
const anyDuration = duration("0s", "24h");

describe("a duration", () => {
  test.each([
    ["300ms", 300],
    ["30s", 30_000],
    ["15m", 900_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
    ["1.5s", 1500],
    ["0s", 0],
  ])("%s is %d ms", (raw, ms) => {
    expect(anyDuration(raw, origin)).toEqual({ value: ms });
  });

  test.each([
    "30",
    "s",
    "1w",
    "2d",
    "-1s",
    " 1s",
    "1s ",
    "1 s",
    "1e3s",
    ".5s",
    "1S",
    "",
    null,
    true,
    {},
    "25h",
  ])("%j is refused", (raw) => {
    expect(anyDuration(raw, origin)).toHaveProperty("fault");
  });

  test("a plain number is refused with a sentence that shows what to write", () => {
    expect(anyDuration(30, origin)).toEqual({
      fault: '30 has no unit; write a duration such as "30s" (units: ms, s, m, h, d)',
    });
  });

  test("whole numbers of any unit are exact", () => {
    const unit = fc.constantFrom(["ms", 1] as const, ["s", 1000] as const, ["m", 60_000] as const);
    fc.assert(
      fc.property(fc.nat({ max: 1440 }), unit, (count, [name, factor]) => {
        expect(anyDuration(`${count}${name}`, origin)).toEqual({ value: count * factor });
      }),
    );
  });
});

test.each([
  ["20%", 0.2],
  ["0%", 0],
  ["99%", 0.99],
  ["12.5%", 0.125],
])("a share: %s is %d", (raw, expected) => {
  expect(share(raw, origin)).toEqual({ value: expected });
});

test.each([0.2, "0.2", "100%", "-1%", "20 %", "%", null])("a share: %j is refused", (raw) => {
  expect(share(raw, origin)).toHaveProperty("fault");
});

describe("an address", () => {
  test.each([
    ["https://api.portkey.ai/v1", "https://api.portkey.ai/v1"],
    ["https://api.portkey.ai/v1/", "https://api.portkey.ai/v1"],
    ["https://Example.com", "https://example.com"],
    ["https://example.com//", "https://example.com"],
    ["http://127.0.0.1:8787/v1//", "http://127.0.0.1:8787/v1"],
  ])("%s becomes %s", (raw, expected) => {
    expect(baseUrl(raw, origin)).toEqual({ value: expected });
  });

  test.each([
    "example.com",
    "ftp://example.com",
    "https:example.com",
    "https://",
    "https://u@example.com",
    "https://u:p@example.com",
    "https://example.com/v1?x=1",
    "https://example.com/v1?",
    "https://example.com/#",
    "file:///etc",
    "",
    5,
  ])("%j is refused", (raw) => {
    expect(baseUrl(raw, origin)).toHaveProperty("fault");
  });
});

describe("the state", () => {
  test.each([
    ["sqlite:a.db", "sqlite:/w/a.db"],
    ["sqlite:./a.db", "sqlite:/w/a.db"],
    ["sqlite:/a.db", "sqlite:/a.db"],
    ["sqlite:///a.db", "sqlite:/a.db"],
  ])("%s is %s", (raw, expected) => {
    expect(stateUrl(raw, origin)).toEqual({ value: expected });
  });

  test.each(["sqlite:", "a.db", "postgres://u:p@h/d", "sqlite::memory:", "", 5])("%j is refused", (raw) => {
    expect(stateUrl(raw, origin)).toHaveProperty("fault");
  });
});

describe("a cron expression", () => {
  test.each([
    "*/15 * * * *",
    "0 6 * * mon-fri",
    "30 0 6 * * *",
    "0 0 * * 5-7",
    "0 0 1 jan-mar *",
    "0,30 8-18 * * *",
    "0 0 * January Sunday",
    "@daily",
  ])("%s is accepted", (raw) => {
    expect(cron(raw, origin)).toEqual({ value: raw });
  });

  test.each([
    ["5-1 * * * *", "runs backwards"],
    ["0 22-4 * * *", "the range 22-4 of the hour runs backwards"],
    ["0 0 * * fri-mon", "day of the week runs backwards"],
    ["0 0 * nov-feb *", "month runs backwards"],
    ["*/90 * * * *", "a step of 90 is longer than the minute goes"],
    ["*/0 * * * *", "not a cron expression"],
    ["* * * *", "not a cron expression"],
    ["99 * * * *", "not a cron expression"],
    ["0 0 31 2 *", "never fires"],
    ["", "not a cron expression"],
    ["every day", "not a cron expression"],
    [5, "expected a cron expression"],
  ])("%s is refused: %s", (raw, message) => {
    expect(cron(raw, origin)).toEqual({ fault: expect.stringContaining(message) });
  });
});

test.each(["UTC", "Europe/Berlin", "America/New_York"])("the time zone %s is known", (zone) => {
  expect(timeZone(zone, origin)).toEqual({ value: zone });
});

test.each(["Mars/Olympus", "", "Berlin", 1, null])("the time zone %j is refused", (zone) => {
  expect(timeZone(zone, origin)).toHaveProperty("fault");
});
