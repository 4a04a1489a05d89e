import fc from "fast-check";
import { expect, test } from "vitest";
import { isEmail, isInstant, isUuid } from "../../src/policy-dir/formats.ts";

test.each([
  ["2027-06-30T23:59:59Z", true],
  ["2028-02-29T00:00:00.123456789+14:00", true],
  ["2000-02-29T00:00:00-00:30", true],
  ["1900-02-29T00:00:00Z", false],
  ["2026-02-30T00:00:00Z", false],
  ["2026-04-31T00:00:00Z", false],
  ["2026-13-01T00:00:00Z", false],
  ["2026-00-01T00:00:00Z", false],
  ["2026-01-00T00:00:00Z", false],
  ["2026-01-01T24:00:00Z", false],
  ["2026-01-01T00:60:00Z", false],
  ["2026-01-01T00:00:60Z", false],
  ["2026-01-01T00:00:00+24:00", false],
  ["2026-01-01 00:00:00Z", false],
  ["2026-01-01T00:00:00", false],
  ["2026-01-01", false],
  [" 2026-01-01T00:00:00Z", false],
  ["2026-01-01T00:00:00Z\n", false],
])("instant %j: %s", (text, expected) => {
  expect(isInstant(text)).toBe(expected);
});

test("every instant that JavaScript writes is one", () => {
  const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31T00:00:00Z") });
  fc.assert(fc.property(date, (value) => isInstant(value.toISOString())));
});

test.each([
  ["f47ac10b-58cc-4372-a567-0e02b2c3d479", true],
  ["F47AC10B-58CC-4372-A567-0E02B2C3D479", true],
  ["urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479", false],
  ["f47ac10b58cc4372a5670e02b2c3d479", false],
  ["f47ac10b-58cc-4372-a567-0e02b2c3d47", false],
  ["f47ac10b-58cc-4372-a567-0e02b2c3d479\n", false],
])("uuid %j: %s", (text, expected) => {
  expect(isUuid(text)).toBe(expected);
});

test.each([
  ["search-oncall@example.com", true],
  ["a.b+c@mail.example.com", true],
  ["a@b", false],
  ["a@localhost", false],
  ["a b@example.com", false],
  ["@example.com", false],
  ["a@example.com, b@example.com", false],
  [`${"a".repeat(250)}@example.com`, false],
])("email %j: %s", (text, expected) => {
  expect(isEmail(text)).toBe(expected);
});
