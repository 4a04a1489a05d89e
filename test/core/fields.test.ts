import { describe, expect, test } from "vitest";
import { fieldRow, metadataPath, overlaps, partsOf, sameField, topOf } from "../../src/core/fields.ts";

describe("paths", () => {
  test("a group overlaps with its parts, parts do not overlap with each other", () => {
    expect(overlaps("usage_limits", "usage_limits.credit_limit")).toBe(true);
    expect(overlaps("usage_limits.credit_limit", "usage_limits")).toBe(true);
    expect(overlaps("defaults.metadata", "defaults.metadata.team")).toBe(true);
    expect(overlaps("usage_limits.type", "usage_limits.credit_limit")).toBe(false);
    expect(overlaps("usage_limits.periodic_reset", "usage_limits.periodic_reset_days")).toBe(false);
    expect(overlaps("name", "name")).toBe(false);
  });

  test("metadata names that hold dots lie side by side", () => {
    expect(overlaps("defaults.metadata.a", "defaults.metadata.a.b")).toBe(false);
    expect(overlaps("defaults.metadata.a.b", "defaults.metadata.a")).toBe(false);
    expect(overlaps("defaults.metadata", "defaults.metadata.a.b")).toBe(true);
  });

  test("every part of a group is written with its group", () => {
    for (const group of ["usage_limits", "rotation_policy"] as const) {
      expect(partsOf(group).length).toBeGreaterThan(3);
      expect(partsOf(group).map(topOf)).toEqual(partsOf(group).map(() => group));
    }
    expect(topOf(metadataPath("usage_limits.type"))).toBe("defaults");
  });

  test("a path that no row covers is a defect, not a field", () => {
    expect(() => fieldRow("status")).toThrow("status");
    expect(() => fieldRow("defaults")).toThrow("defaults");
  });
});

describe("a rotation date", () => {
  const path = "rotation_policy.next_rotation_at";
  const date = "2026-10-05T08:00:00Z";

  test("that has come is no difference from the next second on, a second before it still is", () => {
    const live = "2026-11-05T00:00:00Z";
    const when = Date.parse(date);
    expect(sameField(path, { desired: date, live, now: when - 1 })).toBe(false);
    expect(sameField(path, { desired: date, live, now: when })).toBe(true);
    expect(sameField(path, { desired: date, live: null, now: when })).toBe(true);
  });

  test("still to come is the same on the same day only", () => {
    expect(sameField(path, { desired: date, live: "2026-10-05T00:00:00Z", now: 0 })).toBe(true);
    expect(sameField(path, { desired: date, live: "2026-10-06T00:00:00Z", now: 0 })).toBe(false);
    expect(sameField(path, { desired: date, live: null, now: 0 })).toBe(false);
  });
});
