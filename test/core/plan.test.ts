import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/policy.ts";
import {
  applied,
  liveKey,
  own,
  at,
  confirmed,
  keyId,
  now,
  plan,
  policy,
  seen,
  unseen,
  type PlanParts,
} from "./build.ts";

const budget = (credit_limit: number): JsonObject => ({ usage_limits: { credit_limit } });

describe("the order of a push", () => {
  const policies = [
    own(1, budget(500)),
    own(2, { name: "b" }),
    own(3, budget(1)),
    own(4, budget(500)),
    own(5, { name: "b" }),
    own(6, budget(1)),
    own(7, budget(10)),
  ];
  const keys = [1, 2, 3, 4, 5, 6, 7].map((n) => liveKey(n, { name: "a", ...budget(10) }));
  const ledger = new Map([
    ...applied({ "usage_limits.credit_limit": confirmed(500) }, keyId(1)),
    ...applied({ name: confirmed("b") }, keyId(2)),
    ...applied({ "usage_limits.credit_limit": confirmed(1) }, keyId(3)),
  ]);

  function order(parts: Partial<PlanParts> = {}): string[] {
    return plan({ policies, sightOf: seen(...keys), applied: ledger, ...parts }).changes.map(
      (change) => change.keyId,
    );
  }

  test("tightening, neutral, loosening; in each edits before drift, then by key id", () => {
    expect(order()).toEqual([6, 3, 5, 2, 4, 1].map(keyId));
  });

  test("is the same for shuffled inputs, and so is the whole plan", () => {
    const straight = plan({ policies, sightOf: seen(...keys), applied: ledger });
    const shuffled = plan({
      policies: policies.toReversed(),
      sightOf: seen(...keys.toReversed()),
      applied: new Map([...ledger].toReversed()),
    });
    expect(shuffled).toEqual(straight);
    expect(JSON.stringify(shuffled.notices)).toBe(JSON.stringify(straight.notices));
  });
});

describe("the digest", () => {
  const base: PlanParts = {
    policies: [own(1, { name: "b" }), own(2, budget(5))],
    sightOf: seen(liveKey(1), liveKey(2)),
  };
  const digest = plan(base).digest;

  test("is the same for the same changes, in any order and from any files", () => {
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(plan({ ...base, policies: base.policies?.toReversed() ?? [] }).digest).toBe(digest);
    const moved = policy({
      name: "moved",
      keyIds: [keyId(1)],
      key: { name: "b" },
      place: at(99, "elsewhere.yaml"),
    });
    expect(plan({ ...base, policies: [moved, own(2, budget(5))] }).digest).toBe(digest);
    expect(plan({ ...base, now: now + 1 }).digest).toBe(digest);
  });

  test.each<[string, PlanParts]>([
    ["a value wanted", { ...base, policies: [own(1, { name: "c" }), own(2, budget(5))] }],
    ["a value found", { ...base, sightOf: seen(liveKey(1, { name: "other" }), liveKey(2)) }],
    ["null found where it was unknown", { ...base, sightOf: unseen }],
    [
      "a key",
      {
        ...base,
        policies: [own(1, { name: "b" }), own(3, budget(5))],
        sightOf: seen(liveKey(1), liveKey(3)),
      },
    ],
    [
      "one more key",
      { ...base, policies: [...(base.policies ?? []), own(3, { name: "b" })], sightOf: unseen },
    ],
    ["one key less", { ...base, policies: [own(1, { name: "b" })] }],
    ["one more field", { ...base, policies: [own(1, { name: "b", description: "d" }), own(2, budget(5))] }],
    ["null instead of a value", { ...base, policies: [own(1, { name: "b" }), own(2, { expires_at: null })] }],
    ["nothing at all", { ...base, policies: [] }],
  ])("changes with %s", (_what, parts) => {
    expect(plan(parts).digest).not.toBe(digest);
  });
});
