import { expect, test } from "vitest";
import { suggest } from "../../src/core/suggest.ts";

const fields = ["name", "description", "rate_limits", "usage_limits", "scopes"];

test.each([
  ["nmae", "name"],
  ["nam", "name"],
  ["rate_limit", "rate_limits"],
  ["rateLimits", "rate_limits"],
  ["Usage-Limits", "usage_limits"],
  ["scoeps", "scopes"],
  ["discriptoin", "description"],
  ["budget", undefined],
  ["x", undefined],
  ["n".repeat(10_000), undefined],
])("%s may mean %s", (found, expected) => {
  expect(suggest(found, fields)).toBe(expected);
});

test("the nearest candidate wins, and no more slips than allowed", () => {
  expect(suggest("configs.raed", ["configs.create", "configs.read"], 1)).toBe("configs.read");
  expect(suggest("configs.reda1", ["configs.read"], 1)).toBeUndefined();
});
