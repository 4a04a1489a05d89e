import { describe, expect, test } from "vitest";
import { matchesFilter } from "../../src/core/key-filter.ts";
import { keyId, live, liveKey } from "./build.ts";

const named = (name: string) => live({ name });

describe("a pattern for names", () => {
  test.each([
    ["search-*", "search-chatbot", true],
    ["search-*", "search", false],
    ["*bot", "search-chatbot", true],
    ["*a*a*", "banana", true],
    ["*a*a*a*a", "banana", false],
    ["s?arch", "search", true],
    ["?", "😀", true],
    ["?", "", false],
    ["*", "", true],
    ["a.c", "abc", false],
    ["[a]", "a", false],
    ["Search", "search", false],
    ["a*", "a*", true],
  ])("%s fits %s: %s", (name, text, fits) => {
    expect(matchesFilter(named(text), { name })).toBe(fits);
  });

  test("is never slow", () => {
    expect(matchesFilter(named("a".repeat(50_000)), { name: `${"*a".repeat(50)}*b` })).toBe(false);
  });
});

test("all that is asked for must hold", () => {
  const key = live({ name: "a", type: "workspace-user", workspace_id: "AB" });
  expect(matchesFilter(key, {})).toBe(true);
  expect(matchesFilter(key, { type: "workspace-user", workspace: "ab", name: "a", ids: [keyId(1)] })).toBe(
    true,
  );
  expect(matchesFilter(key, { type: "workspace-service" })).toBe(false);
  expect(matchesFilter(key, { workspace: "other" })).toBe(false);
  expect(matchesFilter(key, { ids: [keyId(2)] })).toBe(false);
  expect(matchesFilter(liveKey(2, { workspace_id: null }), { workspace: "ab" })).toBe(false);
});
