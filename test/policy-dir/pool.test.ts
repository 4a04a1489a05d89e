import fc from "fast-check";
import { expect, test } from "vitest";
import { pooled } from "../../src/policy-dir/pool.ts";

test("every text stays as it is, sound Unicode or not, however often it is asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(pooled(text)).toBe(text);
      expect(pooled(text)).toBe(text);
    }),
  );
  for (const text of ["", "\ud800", "__proto__", "\u2028"]) expect(pooled(text)).toBe(text);
});

test("more texts than the pool holds stay as they are", () => {
  const texts = Array.from({ length: 12_000 }, (_, number) => `text ${number}`);
  expect(texts.map(pooled)).toEqual(texts);
  expect(pooled("text 0")).toBe("text 0");
});
