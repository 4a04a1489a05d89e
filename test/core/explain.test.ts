import { describe, expect, test } from "vitest";
import { explainKey, type Explanation } from "../../src/core/explain.ts";
import type { Sight } from "../../src/core/make-plan.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import type { AppliedKey } from "../../src/core/ledger.ts";
import {
  applied,
  claimed,
  confirmed,
  keyId,
  liveKey,
  now,
  own,
  plan,
  policy,
  policySet,
  profile,
  settleMs,
  type SetParts,
} from "./build.ts";

interface Parts extends SetParts {
  readonly applied?: ReadonlyMap<string, AppliedKey>;
  readonly sight?: Sight;
}

function explain(parts: Parts): Explanation {
  const set = policySet(parts);
  return explainKey({
    keyId: keyId(1),
    set,
    resolution: createResolver()(set, nothingLive(now)),
    applied: parts.applied ?? new Map(),
    sight: parts.sight ?? seen({}),
    now,
    settleMs,
  });
}

function seen(given: Parameters<typeof liveKey>[1]): Sight {
  return { kind: "seen", key: liveKey(1, given), complete: true };
}

function fieldOf(explanation: Explanation, path: string) {
  return explanation.fields.find((field) => field.path === path);
}

describe("a field", () => {
  const base = profile({ name: "base", key: { usage_limits: { credit_limit: 1, type: "tokens" } } });
  const middle = profile({ name: "middle", profiles: ["base"], key: { usage_limits: null } });
  const top = policy({
    name: "top",
    profiles: ["middle"],
    key: { usage_limits: { credit_limit: 5 }, name: "a" },
  });

  test("is told with who says it and where, and with all that was said and lost, the nearest first", () => {
    const field = fieldOf(
      explain({ policies: [top], profiles: [base, middle] }),
      "usage_limits.credit_limit",
    );
    expect(field).toMatchObject({ value: 5, source: "top", place: { file: "policies/top.yaml", line: 13 } });
    expect(field?.lost).toMatchObject([
      {
        path: "usage_limits",
        value: null,
        source: "middle",
        place: { file: "policies/profiles/middle.yaml" },
      },
      { path: "usage_limits.credit_limit", value: 1, source: "base" },
    ]);
  });

  test("wins over nothing where nobody else speaks of it", () => {
    expect(fieldOf(explain({ policies: [top], profiles: [base, middle] }), "name")?.lost).toEqual([]);
  });

  test("tells a group that was emptied over its parts", () => {
    const emptied = policy({ profiles: ["base"], key: { usage_limits: null } });
    const { fields } = explain({ policies: [emptied], profiles: [base] });
    expect(fields.map(({ path }) => path)).toEqual(["usage_limits"]);
    expect(fields[0]?.lost.map(({ path }) => path)).toEqual([
      "usage_limits.credit_limit",
      "usage_limits.type",
    ]);
  });

  test("that is implied by another stands at the place of that one", () => {
    const weekly = policy({ key: { usage_limits: { credit_limit: 5, periodic_reset: "weekly" } } });
    const explanation = explain({ policies: [weekly] });
    const implied = fieldOf(explanation, "usage_limits.periodic_reset_days");
    expect(implied).toMatchObject({ value: null, lost: [] });
    expect(implied?.place).toEqual(fieldOf(explanation, "usage_limits.periodic_reset")?.place);
  });
});

describe("what would happen", () => {
  const wanted = own(1, { name: "a", description: "b", expires_at: null, scopes: ["logs.view"] });
  const ledger = applied({
    name: confirmed("a"),
    description: claimed("b"),
    scopes: confirmed(["logs.list"]),
  });
  const sight = seen({ name: "x", scopes: ["logs.list"], expires_at: "2027-01-01T00:00:00.000Z" });

  test("is what the plan says, field by field", () => {
    const { fields } = explain({ policies: [wanted], applied: ledger, sight });
    const planned = plan({ policies: [wanted], applied: ledger, sightOf: () => sight }).changes[0]!;
    expect(
      fields.map(({ path, verdict, rank }) => [path, verdict?.kind === "set" ? verdict.why : "", rank]),
    ).toEqual(planned.fields.map(({ path, why, rank }) => [path, why, rank]));
    expect(fieldOf(explain({ policies: [wanted], applied: ledger, sight }), "name")).toMatchObject({
      live: "x",
      applied: { confirmed: { value: "a", policy: "team" } },
      verdict: { kind: "set", why: "drift" },
    });
  });

  test("is not asked of the ledger where the policy only reports", () => {
    const reports = own(1, { name: "a" }, "report");
    const { fields, notices } = explain({ policies: [reports], applied: ledger, sight });
    expect(fields[0]).toMatchObject({ verdict: { kind: "set", why: "new" }, rank: null });
    expect(notices.map(({ kind }) => kind)).toEqual(["drift"]);
  });

  test.each<[string, Parts]>([
    ["is paused", { policies: [own(1, { name: "a" }, "paused")] }],
    ["is missing", { policies: [wanted], sight: { kind: "missing", message: "gone" } }],
    ["cannot be read", { policies: [wanted], sight: { kind: "unreadable", message: "503" } }],
  ])("is nothing, of any field, where the key %s", (_why, parts) => {
    const { fields, notices } = explain(parts);
    expect(fields.every(({ verdict, rank }) => verdict === null && rank === null)).toBe(true);
    expect(fields.length).toBeGreaterThan(0);
    expect(notices).toHaveLength(1);
  });

  test("is told of this key alone", () => {
    const others = [own(2, { name: "z" }), wanted];
    const { notices } = explain({ policies: others, applied: applied({ name: confirmed("q") }, keyId(9)) });
    expect(notices).toEqual([]);
  });
});

describe("what nobody manages", () => {
  test("is what is set on the key beside the policy's fields, metadata that is no text too", () => {
    const sight = seen({
      name: "x",
      description: "text",
      defaults: { metadata: { team: "a", list: [1], env: "p" }, config_id: null },
      usage_limits: { credit_limit: 5, type: "cost" },
    });
    const policies = [
      own(1, { description: null, defaults: { metadata: { team: "a" } }, usage_limits: null }),
    ];
    expect(explain({ policies, sight }).unmanaged).toEqual([
      { path: "name", value: "x" },
      { path: "scopes", value: ["completions.write"] },
      { path: "defaults.metadata.env", value: "p" },
      { path: "defaults.metadata.list", value: [1] },
    ]);
  });

  test("is everything, where no policy governs the key", () => {
    const { coverage, fields, unmanaged } = explain({ sight: seen({ name: "x" }) });
    expect(coverage).toEqual({ kind: "ungoverned" });
    expect(fields).toEqual([]);
    expect(unmanaged.map(({ path }) => path)).toEqual(["name", "scopes"]);
  });
});
