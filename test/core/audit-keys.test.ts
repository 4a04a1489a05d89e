import { describe, expect, test } from "vitest";
import { auditKeys, namedKeys } from "../../src/core/audit-keys.ts";
import { hiddenPolicies } from "../../src/core/coverage.ts";
import { problemAt } from "../../src/core/problem.ts";
import { applied, at, confirmed, keyId, liveKey, own, policy, resolve } from "./build.ts";

const resolution = resolve({
  policies: [
    own(1, {}, "report"),
    policy({
      name: "unsound",
      keyIds: [keyId(2)],
      profiles: ["gone"],
      place: at(1, "policies/unsound.yaml"),
    }),
  ],
  problems: [problemAt("KS1101", at(1, "policies/broken.yaml"), { message: "no YAML" })],
});
const ledger = new Map([
  ...applied({ name: confirmed("a") }, keyId(3)),
  ...[...applied({ name: confirmed("a") }, keyId(4))].map(
    ([id, key]) => [id, { ...key, file: "policies/broken.yaml" }] as const,
  ),
]);

describe("live keys against the policies", () => {
  const keys = [1, 2, 3, 4, 5, 6].map((n) =>
    liveKey(n, n === 6 ? { scopes: ["workspace_users.create"] } : {}),
  );

  test("come with who governs them: nobody first, and the most powerful of those at the top", () => {
    const audited = auditKeys(keys, resolution, ledger);
    expect(audited.map(({ key, coverage }) => [key.id, coverage.kind])).toEqual([
      [keyId(6), "ungoverned"],
      [keyId(3), "orphaned"],
      [keyId(5), "ungoverned"],
      [keyId(2), "held"],
      [keyId(4), "held"],
      [keyId(1), "governed"],
    ]);
  });

  test("name the policy that governs, or governed them, and its place", () => {
    const byId = new Map(auditKeys(keys, resolution, ledger).map(({ key, coverage }) => [key.id, coverage]));
    expect(byId.get(keyId(1))).toMatchObject({
      policy: "p1",
      mode: "report",
      place: at(5, "policies/p1.yaml"),
    });
    expect(byId.get(keyId(2))).toMatchObject({ policy: "unsound", place: at(5, "policies/unsound.yaml") });
    expect(byId.get(keyId(3))).toMatchObject({ policy: "team", place: at(1) });
    expect(byId.get(keyId(5))).toEqual({ kind: "ungoverned" });
  });
});

test("the keys that policies name are told, sound or not", () => {
  expect(namedKeys(resolution).map(({ keyId: id, policy: name }) => [id, name])).toEqual([
    [keyId(1), "p1"],
    [keyId(2), "unsound"],
  ]);
});

test("only what hides a document can hide a policy", () => {
  const problem = (code: "KS1005" | "KS1101" | "KS1204" | "KS1302" | "KS1403", severity?: "warning") =>
    problemAt(code, at(1), { message: "", ...(severity === undefined ? {} : { severity }) });
  for (const code of ["KS1005", "KS1101", "KS1204"] as const) {
    expect(hiddenPolicies([problem("KS1302"), problem(code)])?.code).toBe(code);
  }
  expect(
    hiddenPolicies([problem("KS1302"), problem("KS1403"), problem("KS1204", "warning")]),
  ).toBeUndefined();
});
