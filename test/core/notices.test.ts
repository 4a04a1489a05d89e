import { describe, expect, test } from "vitest";
import type { NoticeKind, Plan } from "../../src/core/plan.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { problemAt } from "../../src/core/problem.ts";
import {
  applied,
  liveKey,
  own,
  at,
  claimed,
  confirmed,
  keyId,
  live,
  now,
  plan,
  policy,
  seen,
  unseen,
} from "./build.ts";

function kinds(made: Plan): NoticeKind[] {
  return made.notices.map(({ kind }) => kind);
}

const budget = (credit_limit: number): JsonObject => ({ usage_limits: { credit_limit } });

describe("a key that the ledger knows and no sound policy covers", () => {
  const ledger = applied({ name: confirmed("a"), "usage_limits.credit_limit": confirmed(5) });

  test("is orphaned: told, left as it is, kept in the ledger", () => {
    const made = plan({ policies: [own(2, {})], sightOf: seen(live(), liveKey(2)), applied: ledger });
    expect(made).toMatchObject({
      changes: [],
      adoptions: [{ confirm: [], drop: [], isGivenUp: true }],
      notices: [{ kind: "orphaned", keyId: keyId(1), policy: "team" }],
    });
    expect(made.notices[0]?.message).toContain("policies/team.yaml");
  });

  test("is held where its policy's file is broken", () => {
    const broken = problemAt("KS1101", at(3), { message: "no YAML" });
    expect(kinds(plan({ problems: [broken], applied: ledger }))).toEqual(["held"]);
    const warned = problemAt("KS1207", at(3), { message: "unknown scope", severity: "warning" });
    expect(kinds(plan({ problems: [warned], applied: ledger }))).toEqual(["orphaned"]);
    const elsewhere = problemAt("KS1101", at(3, "policies/other.yaml"), { message: "no YAML" });
    expect(kinds(plan({ problems: [elsewhere], applied: ledger }))).toEqual(["orphaned"]);
  });

  test("is held where its policy is not sound, once, whether the ledger knows it or not", () => {
    const unsound = policy({ keyIds: [keyId(1), keyId(2)], profiles: ["gone"] });
    const made = plan({ policies: [unsound], applied: ledger, sightOf: seen(live(), liveKey(2)) });
    expect(made).toMatchObject({ changes: [], adoptions: [] });
    expect(made.notices.map(({ kind, keyId: id }) => [kind, id])).toEqual([
      ["held", keyId(1)],
      ["held", keyId(2)],
    ]);
  });

  test("is held once where two policies name it", () => {
    const twice = [policy({ name: "a", key: { name: "x" } }), policy({ name: "b", key: { name: "y" } })];
    const made = plan({ policies: twice, applied: ledger, sightOf: seen(live()) });
    expect(made).toMatchObject({ changes: [], adoptions: [] });
    expect(kinds(made)).toEqual(["held"]);
  });
});

describe("a field that the policy no longer speaks of", () => {
  const ledger = applied({
    name: confirmed("a"),
    "usage_limits.credit_limit": confirmed(5),
    expires_at: claimed(null),
  });

  test("is released: told, left as it is, taken out of the ledger", () => {
    const made = plan({
      policies: [policy({ key: { name: "a" } })],
      applied: ledger,
      sightOf: seen(live({ name: "a" })),
    });
    expect(made.changes).toEqual([]);
    expect(made.notices).toMatchObject([{ kind: "released", keyId: keyId(1) }]);
    expect(made.notices[0]?.message).toContain("expires_at, usage_limits.credit_limit");
    expect(made.adoptions).toMatchObject([
      { confirm: [], drop: ["usage_limits.credit_limit", "expires_at"] },
    ]);
  });

  test("and whose group it speaks of now is dropped without a word, and the reverse", () => {
    const group = plan({
      policies: [policy({ key: { name: "a", usage_limits: null, expires_at: null } })],
      applied: ledger,
      sightOf: seen(live({ name: "a" })),
    });
    expect(group.notices).toEqual([]);
    expect(group.adoptions[0]?.drop).toEqual(["usage_limits.credit_limit"]);
    const part = plan({
      policies: [policy({ key: budget(5) })],
      applied: applied({ usage_limits: confirmed(null) }),
      sightOf: seen(live()),
    });
    expect(part.notices).toEqual([]);
    expect(part.adoptions[0]?.drop).toEqual(["usage_limits"]);
    expect(part.changes[0]?.fields).toMatchObject([
      { path: "usage_limits.credit_limit", why: "new", from: null },
    ]);
  });

  test("a metadata name is not hidden by another one that begins like it", () => {
    const made = plan({
      policies: [policy({ key: { defaults: { metadata: { "team.lead": "x" } } } })],
      applied: applied({ "defaults.metadata.team": confirmed("search") }),
      sightOf: seen(live({ defaults: { metadata: { team: "search", "team.lead": "x" }, config_id: null } })),
    });
    expect(kinds(made)).toEqual(["released"]);
    expect(made.changes).toEqual([]);
  });
});

describe("notices", () => {
  test("settling, not reflected and refused are told with field and values, sorted, and nothing is written", () => {
    const made = plan({
      pass: "edit",
      policies: [own(1, { name: "b" }), own(2, { name: "b" }), own(3, { name: "b" })],
      applied: new Map([
        ...applied({ name: claimed("b", true) }, keyId(1)),
        ...applied({ name: { ...confirmed("b", now - 1), replaced: ["key"] } }, keyId(2)),
        ...applied({ name: { ...confirmed("b"), mendedFrom: { value: "key" } } }, keyId(3)),
      ]),
      sightOf: (id) => (id === keyId(1) ? unseen() : seen(liveKey(2), liveKey(3))(id)),
    });
    expect(made.changes).toEqual([]);
    expect(kinds(made)).toEqual(["refused", "settling", "not-reflected"]);
    for (const { message } of made.notices) expect(message).toContain("name");
    expect(made.notices[2]?.message).toContain('"key"');
    expect(made.notices[1]).toMatchObject({ wasShown: true, message: expect.stringContaining("as before") });
  });

  test("a value of any length takes one line", () => {
    const long = "x".repeat(100_000);
    const made = plan({ policies: [own(1, { description: long }, "report")], sightOf: seen(liveKey(1)) });
    expect(made.notices[0]?.message.length).toBeLessThan(400);
  });
});

describe("a key whose owner's file is broken", () => {
  const owned = applied({ name: confirmed("key") });
  const heir = policy({ name: "heir", key: { name: "loose" }, place: at(1, "policies/heir.yaml") });

  test("does not pass to another policy that names it", () => {
    const message = "cannot be read";
    const problems = [problemAt("KS1101", at(1, "policies/team.yaml"), { message })];
    const made = plan({ policies: [heir], problems, applied: owned, sightOf: seen(live()) });
    expect(made.changes).toEqual([]);
    expect(kinds(made)).toEqual(["held"]);
  });

  test("passes to it when the file is sound, or gone: that is an edit", () => {
    expect(plan({ policies: [heir], applied: owned, sightOf: seen(live()) }).changes).toHaveLength(1);
  });
});
