import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { policyNames, policyWord } from "../../src/core/policy-names.ts";
import { keyId, propertyRuns } from "./build.ts";

describe("a key's name as a word", () => {
  test.each([
    ["Search Chatbot", "search-chatbot"],
    ["Ünïcode — Café", "unicode-cafe"],
    ["team/search\\prod", "team-search-prod"],
    ["..", "key"],
    ["", "key"],
    ["😀", "key"],
    [".hidden", "hidden"],
    ["_left.out_", "left.out"],
    ["../../etc/passwd", "etc-passwd"],
    ["a\u0000b\nc", "a-b-c"],
    ["CON", "key-con"],
    ["com1.txt", "key-com1.txt"],
    ["console", "console"],
    ["a..b--c", "a.b-c"],
    ["x".repeat(500), "x".repeat(60)],
    ["\ud800", "key"],
  ])("%j is %j", (name, word) => {
    expect(policyWord(name)).toBe(word);
  });
});

describe("policies' names", () => {
  test("are the key's, as long as it is that key's alone and nobody has it", () => {
    const keys = ["a", "B", "b", "c", "😀"].map((name, index) => ({ id: keyId(index + 1), name }));
    expect(Object.fromEntries(policyNames(keys, new Set(["c"])))).toEqual({
      [keyId(1)]: "a",
      [keyId(2)]: "b-00000002",
      [keyId(3)]: "b-00000003",
      [keyId(4)]: "c-00000004",
      [keyId(5)]: "key-00000005",
    });
  });

  test("have the whole id where its beginning is taken too", () => {
    const name = policyNames([{ id: keyId(1), name: "a" }], new Set(["a", "a-00000001"])).get(keyId(1));
    expect(name).toBe(`a-${keyId(1)}`);
  });

  test("are words that a policy may have, each once, whatever keys are called and in whatever order they come", () => {
    const name = fc.oneof(
      fc.constantFrom("a", "A", "a-00000001", "a-00000002", "", "..", "con"),
      fc.string({ unit: "binary", maxLength: 100 }),
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), fc.array(name), fc.integer(), (names, taken, seed) => {
        const keys = names.map((given, index) => ({ id: keyId(index + 1), name: given }));
        const words = new Set(taken.map(policyWord));
        const made = policyNames(keys, words);
        expect(new Set(made.values()).size).toBe(keys.length);
        for (const one of made.values()) {
          expect(one).toMatch(/^[a-z0-9][a-z0-9._-]{0,98}[a-z0-9]$|^[a-z0-9]$/);
          expect(words.has(one)).toBe(false);
        }
        const turned = keys.toSorted((a, b) => ((a.id.length * seed) % 7) - ((b.id.length * seed) % 5) || 1);
        expect(policyNames(turned, words)).toEqual(made);
      }),
      { numRuns: propertyRuns },
    );
  });
});
