import { describe, expect, test } from "vitest";
import { boundedPattern, patternFault } from "../../src/policy-dir/guardrail-pattern.ts";

describe("a pattern that ends is accepted", () => {
  test.each([
    "^prod-",
    "^[a-z]+(-[a-z0-9]+)*$",
    "^([a-z]+-)*[a-z]+$",
    "^(?:[a-z0-9]+\\.)+example\\.com$",
    "^(prod|staging)-[a-z]{1,20}$",
    "^\\d{4}-\\d{2}$",
    "^[()*+]+$",
    "^\\p{Lu}.*$",
    "(a?){3}",
    "^(ab)+$",
    "(-[a-z]+)*",
    "^([a-z]+_[0-9]+-)*$",
    "^([a-z]+)-([a-z]+)-([a-z]+)-([0-9]+)$",
    "^[^@]+@[^@]+\\.[a-z]+$",
    "^.*prod.*test.*$",
    "^[a-z]+?-\\cA.*$",
  ])("%s", (pattern) => {
    expect(patternFault(pattern)).toBeUndefined();
  });
});

describe("a pattern that may take for ever is refused", () => {
  test.each([
    "(a+)+$",
    "^(a*)*$",
    "(a|aa)+$",
    "^([a-z]+)*$",
    "^([a-z]+[a-z]*-?)*$",
    "((a+)b?)*",
    "(.*){20}",
    "(a?){30}a{30}",
    "(-[a-z-]+)*$",
    "(?:(?:x+))+",
    "(?=(a+))*",
    "(.+)\\1",
    "^(-[a-z]+[a-z0-9]*)*$",
    "^([a-z]*[a-z]*-)*$",
    "^((a{0,9}){9}){9}$",
    "^(((a?){4}){4}){4}$",
    "^a*a*a*a*a*a*a*a*$",
    "^a*b?a*b?a*b?a*$",
    "^.*x.*x.*x.*y$",
    `^${"a?".repeat(30)}${"a".repeat(30)}$`,
    `^${"(a|a)".repeat(50)}$`,
    "((((){1000}){1000}){1000}){1000}",
    "(?<=a*a*a*a*)b",
  ])("%s", (pattern) => {
    expect(patternFault(pattern)).toBeDefined();
  });
});

test("a pattern that is none is refused, in the words of the engine", () => {
  expect(patternFault("(")).toContain("Unterminated group");
  expect(patternFault("\\-x")).toContain("Invalid escape");
  expect(patternFault("x".repeat(301))).toContain("300 characters");
});

test("a text that is too long to be matched is never taken for one that does not match", () => {
  const pattern = boundedPattern("^a", "u");
  expect(pattern.test(`a${"b".repeat(299)}`)).toBe(true);
  expect(() => pattern.test("b".repeat(301))).toThrow(/301 characters is too long/);
});
