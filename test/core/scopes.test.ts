import { expect, test } from "vitest";
import { knownScopes, type ScopeHolder } from "../../src/core/scopes.ts";

function heldBy(...holders: readonly ScopeHolder[]): string[] {
  return [...knownScopes]
    .filter(([, by]) => holders.every((one) => by.includes(one)))
    .map(([scope]) => scope);
}

test("as many scopes as Portkey documents: 139, of which 133, 91 and 79 by kind of key", () => {
  expect(knownScopes.size).toBe(139);
  expect(heldBy("organisation")).toHaveLength(133);
  expect(heldBy("service")).toHaveLength(91);
  expect(heldBy("user")).toHaveLength(79);
});

test("what a user's key may hold a service key may hold; the rest is the keys' own administration", () => {
  expect(heldBy("user", "service")).toHaveLength(79);
  const own = heldBy("service").filter((scope) => !heldBy("user").includes(scope));
  expect(own.every((scope) => /^workspace_(?:user|service)_api_keys\./.test(scope))).toBe(true);
});

test("scopes are plain names, sorted", () => {
  const scopes = [...knownScopes.keys()];
  expect(scopes).toEqual([...scopes].sort());
  expect(scopes.filter((scope) => !/^[a-z_]+\.[a-z]+$/.test(scope))).toEqual([]);
});
