import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { casesOf, leastCases, propertyScale, shares, type Share } from "./property.ts";

const names = Object.keys(shares) as Share[];
const total = (env: NodeJS.ProcessEnv): number => names.reduce((sum, name) => sum + casesOf(name, env), 0);

test("the property tests run at least 20,000 cases where nobody asks for another number", () => {
  expect(leastCases).toBe(20_000);
  expect(total({})).toBeGreaterThanOrEqual(leastCases);
});

test("a number of cases that is asked for is run, whatever it is, by every property in proportion", () => {
  for (const asked of [1, 500, 20_000, 1_000_000]) {
    const env = { KEYSTEWARD_PROPERTY_CASES: String(asked) };
    expect(total(env)).toBeGreaterThanOrEqual(asked);
    expect(total(env)).toBeLessThanOrEqual(asked + names.length);
    for (const name of names) expect(casesOf(name, env)).toBe(Math.ceil(shares[name] * propertyScale(env)));
  }
  for (const asked of ["", "0", "-5", "many", "1e6"])
    expect(() => propertyScale({ KEYSTEWARD_PROPERTY_CASES: asked })).toThrow("must be a whole number");
});

test("every share is run by exactly one test", () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" });
  const used = files
    .filter((name) => name.endsWith(".property.test.ts"))
    .flatMap((name) => {
      const text = readFileSync(join(import.meta.dirname, name), "utf8");
      return [...text.matchAll(/\bholds\(\s*\w+,\s*"([^"]+)"/g)].map((match) => match[1]);
    });
  expect(used.sort()).toEqual(names.toSorted());
});
