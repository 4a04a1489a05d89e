import fc from "fast-check";
import { expect, test } from "vitest";
import { nearest } from "../../src/config/nearest.ts";

const names = ["policies", "portkey", "schedule", "watch", "settle", "rate"];

test.each([
  ["polices", "policies"],
  ["Watch", "watch"],
  ["wacth", "watch"],
  ["settel", "settle"],
  ["scheduler", "schedule"],
])("%s most likely means %s", (word, meant) => {
  expect(nearest(word, names)).toBe(meant);
});

test.each(["guard", "notify", "x", ""])("%j means none of them", (word) => {
  expect(nearest(word, names)).toBeUndefined();
});

test("a word with one letter dropped, doubled or swapped is still found", () => {
  const edit = fc.constantFrom("drop", "double", "swap");
  fc.assert(
    fc.property(
      fc.constantFrom(...names.filter((name) => name.length > 5)),
      fc.nat(),
      edit,
      (name, seed, how) => {
        const at = seed % (name.length - 1);
        const [before, letter, next, after] = [
          name.slice(0, at),
          name[at]!,
          name[at + 1]!,
          name.slice(at + 2),
        ];
        const edited = { drop: "", double: letter + letter, swap: next + letter }[how];
        const word = how === "swap" ? before + edited + after : before + edited + next + after;
        expect(nearest(word, names)).toBe(name);
      },
    ),
  );
});
