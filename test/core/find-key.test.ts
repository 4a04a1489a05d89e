import { expect, test } from "vitest";
import { findKey } from "../../src/core/find-key.ts";
import { keyId } from "./build.ts";

const policies = { what: "policies", find: (text: string) => (text === "a" ? [keyId(1)] : []) };
const names = {
  what: "keys",
  find: (text: string) => (text === "b" ? [keyId(3), keyId(2), keyId(3)] : text === "a" ? [keyId(9)] : []),
};

test("a UUID is an id, whatever it is called by others, in either case", () => {
  expect(findKey(keyId(10).toUpperCase(), [names])).toEqual({ kind: "key", id: keyId(10) });
});

test("a name is looked up in order: the first lookup that knows it decides", () => {
  expect(findKey("a", [policies, names])).toEqual({ kind: "key", id: keyId(1) });
  expect(findKey("a", [names, policies])).toEqual({ kind: "key", id: keyId(9) });
});

test("a name of several keys names none of them", () => {
  expect(findKey("b", [policies, names])).toEqual({
    kind: "several",
    what: "keys",
    ids: [keyId(2), keyId(3)],
  });
});

test("a name that nobody has finds nothing", () => {
  expect(findKey("c", [policies, names])).toEqual({ kind: "none" });
});
