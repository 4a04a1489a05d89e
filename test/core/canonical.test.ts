import { describe, expect, test } from "vitest";
import {
  canonicalInstant,
  canonicalNumber,
  canonicalRateLimits,
  canonicalScalar,
  canonicalSet,
  canonicalSwitch,
  sameCanonical,
  stableJson,
} from "../../src/core/canonical.ts";
import { compareTexts } from "../../src/core/texts.ts";

describe("stable JSON", () => {
  test("does not depend on the order of properties, at any depth", () => {
    expect(stableJson({ b: [{ y: 1, x: 2 }], a: null })).toBe(stableJson({ a: null, b: [{ x: 2, y: 1 }] }));
  });

  test("depends on the order of a list, on types and on emptiness", () => {
    const texts = [[1, 2], [2, 1], ["1", "2"], [], {}, null, "", 0, false, { a: null }].map((value) =>
      stableJson(value),
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("carries names that every object inherits", () => {
    const value = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, number>;
    expect(stableJson(value)).toBe('{"__proto__":1,"constructor":2}');
  });
});

describe("equality of canonical values", () => {
  test("null is a value: it equals itself alone", () => {
    expect(sameCanonical(null, null)).toBe(true);
    for (const other of [0, "", false, [], {}]) expect(sameCanonical(null, other)).toBe(false);
  });

  test("numbers, texts and switches do not mix", () => {
    expect(sameCanonical(1, "1")).toBe(false);
    expect(sameCanonical(1, true)).toBe(false);
    expect(sameCanonical("a", "a")).toBe(true);
  });
});

describe("numbers", () => {
  test.each([
    [10, 10],
    ["10", 10],
    [" 10.5 ", 10.5],
    [0.1 + 0.2, 0.3],
    [-0.5, -0.5],
    [0, 0],
  ])("%j is %j", (written, canonical) => {
    expect(canonicalNumber(written)).toBe(canonical);
  });

  test.each(["", " ", "ten", null, undefined, true, [], NaN, Infinity, -Infinity, 1e308])(
    "%j is none",
    (written) => {
      expect(canonicalNumber(written)).toBeNull();
    },
  );
});

describe("instants", () => {
  test.each([
    ["2027-06-30T23:59:59Z", "2027-06-30T23:59:59Z"],
    ["2027-06-30T23:59:59.999Z", "2027-06-30T23:59:59Z"],
    ["2027-07-01T01:59:59+02:00", "2027-06-30T23:59:59Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
  ])("%s is %s", (written, canonical) => {
    expect(canonicalInstant(written)).toBe(canonical);
  });

  test.each(["", "soon", "2027-13-01T00:00:00Z", null, undefined, 5])("%j is none", (written) => {
    expect(canonicalInstant(written)).toBeNull();
  });
});

test("switches are booleans, 0 and 1; all else is unset", () => {
  expect([true, 1, "1"].map((value) => canonicalSwitch(value))).toEqual([true, true, true]);
  expect([false, 0, "0"].map((value) => canonicalSwitch(value))).toEqual([false, false, false]);
  expect([null, undefined, "", "yes", 2].map((value) => canonicalSwitch(value))).toEqual(
    Array.from({ length: 5 }, () => null),
  );
});

test("scalars are compared as their text, and an empty text is not an absent one", () => {
  expect(canonicalScalar(5)).toBe("5");
  expect(canonicalScalar(true)).toBe("true");
  expect(canonicalScalar("")).toBe("");
  expect(canonicalScalar(null)).toBeNull();
  expect(canonicalScalar({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
});

test("sets have no order, no repeats, no blanks, and are null when nothing is left", () => {
  const same = (text: string): string => text;
  expect(canonicalSet(["b", "a ", "b", ""], same)).toEqual(["a", "b"]);
  expect(canonicalSet([" "], same)).toBeNull();
  expect(canonicalSet([], same)).toBeNull();
  expect(canonicalSet("a", same)).toBeNull();
});

test("rate limits are sorted by kind and stripped of what the server adds", () => {
  expect(
    canonicalRateLimits([
      { unit: "RPM", type: "tokens", value: "7", id: 1 },
      { type: "requests", unit: "rpm", value: 5 },
    ]),
  ).toEqual([
    { type: "requests", unit: "rpm", value: 5 },
    { type: "tokens", unit: "rpm", value: 7 },
  ]);
});

test("texts are ordered by code unit, whatever the locale", () => {
  expect(["b", "ä", "a", "B", "10", "9"].sort(compareTexts)).toEqual(["10", "9", "B", "a", "b", "ä"]);
});
