import { describe, expect, test } from "vitest";
import type { Sight } from "../../src/core/make-plan.ts";
import { readLiveKey } from "../../src/core/live.ts";
import type { LiveKey } from "../../src/core/key.ts";
import type { NoticeKind, Plan } from "../../src/core/plan.ts";
import type { JsonObject, KeyPolicy } from "../../src/core/policy.ts";
import { problemAt } from "../../src/core/problem.ts";
import {
  applied,
  asGet,
  at,
  claimed,
  configA,
  confirmed,
  deepFreeze,
  keyId,
  live,
  now,
  plan,
  policy,
  profile,
  rawKey,
  resolve,
  seen,
  settleMs,
  unseen,
  type PlanParts,
} from "./build.ts";

function liveKey(n: number, own: JsonObject = {}): LiveKey {
  return readLiveKey(asGet(rawKey(own, keyId(n))), "get");
}

/** A policy of its own for the n-th key. */
function own(n: number, key: JsonObject, mode: KeyPolicy["mode"] = "enforce"): KeyPolicy {
  return policy({ name: `p${n}`, keyIds: [keyId(n)], key, mode });
}

function kinds(made: Plan): NoticeKind[] {
  return made.notices.map(({ kind }) => kind);
}

const budget = (credit_limit: number): JsonObject => ({ usage_limits: { credit_limit } });

describe("a change", () => {
  const made = plan({
    policies: [policy({ key: { name: "new", expires_at: null, ...budget(5) } })],
    sightOf: seen(
      live({ name: "old", expires_at: "2027-01-01T00:00:00.000Z", usage_limits: { credit_limit: 9 } }),
    ),
    applied: applied({ name: confirmed("new"), "usage_limits.credit_limit": confirmed(9) }),
  });

  test("says each field with both values, its reason, its direction and its place, sorted by path", () => {
    expect(made.changes).toHaveLength(1);
    expect(made.changes[0]).toMatchObject({
      keyId: keyId(1),
      policy: "team",
      place: at(5),
      rank: "loosens",
      fields: [
        {
          path: "expires_at",
          action: "clear",
          from: "2027-01-01T00:00:00Z",
          to: null,
          why: "new",
          rank: "loosens",
          place: at(13),
        },
        { path: "name", action: "set", from: "old", to: "new", why: "drift", rank: "neutral", place: at(12) },
        {
          path: "usage_limits.credit_limit",
          action: "set",
          from: 9,
          to: 5,
          why: "policy",
          rank: "tightens",
          place: at(15),
        },
      ],
    });
  });

  test("carries the body that is sent", () => {
    expect(made.changes[0]?.body).toEqual({
      name: "new",
      expires_at: null,
      usage_limits: { type: "cost", credit_limit: 5 },
    });
  });

  test("is counted", () => {
    expect(made.summary).toEqual({ desired: 1, live: 1, changes: 1, unchanged: 0, tightens: 0, loosens: 1 });
  });

  test("carries no body where the key has to be read first, and goes on with what is known", () => {
    const blind = plan({ pass: "edit", policies: [policy({ key: budget(5) })], sightOf: unseen });
    expect(blind.changes[0]).toMatchObject({ body: null, fields: [{ to: 5, why: "new" }] });
    expect(blind.changes[0]?.fields[0]?.from).toBeUndefined();
    const listed = (): Sight => ({ kind: "seen", key: live({}, "list"), complete: false });
    const weekly = plan({
      policies: [policy({ key: { rotation_policy: { rotation_period: "weekly" } } })],
      sightOf: listed,
    });
    expect(weekly.changes[0]?.body).toBeNull();
  });

  test("is not there when nothing differs, whatever else is set", () => {
    const quiet = plan({
      policies: [policy({ key: { name: "key" } })],
      sightOf: seen(live({ description: "x" })),
    });
    expect(quiet.changes).toEqual([]);
    expect(quiet.summary).toMatchObject({ changes: 0, unchanged: 1 });
  });
});

describe("a first budget", () => {
  test("tightens, whatever refills it", () => {
    const key = { usage_limits: { type: "tokens", credit_limit: 5, periodic_reset: "weekly" } };
    expect(plan({ policies: [policy({ key })], sightOf: seen(live()) }).changes[0]?.rank).toBe("tightens");
  });

  test("is another thing than a refill for a budget that is there", () => {
    const key = { usage_limits: { credit_limit: 4, periodic_reset: "weekly" } };
    const found = live({ usage_limits: { credit_limit: 5 } });
    expect(plan({ policies: [policy({ key })], sightOf: seen(found) }).changes[0]?.rank).toBe("loosens");
  });
});

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

test("no input is written to", () => {
  const resolution = deepFreeze(
    resolve({
      policies: [
        own(1, { name: "b", defaults: { metadata: { a: "1" } } }),
        own(2, budget(5)),
        own(3, { usage_limits: { alert_threshold: 1 } }),
      ],
    }),
  );
  const ledger = deepFreeze(applied({ name: confirmed("a"), description: confirmed("gone") }));
  const sightOf = seen(deepFreeze(liveKey(1)), deepFreeze(liveKey(2)), deepFreeze(liveKey(3)));
  const made = plan({ resolution, applied: ledger, sightOf });
  expect(made.changes).toHaveLength(2);
  expect(plan({ resolution, applied: ledger, sightOf })).toEqual(made);
});

describe("a policy that does not enforce", () => {
  test("with mode report tells drift and touches neither key nor ledger", () => {
    const parts: PlanParts = {
      policies: [own(1, { name: "b", ...budget(5) }, "report")],
      sightOf: seen(liveKey(1, { usage_limits: { credit_limit: 9 } })),
      applied: applied({ name: confirmed("key"), description: confirmed("gone") }),
    };
    const made = plan(parts);
    expect(made).toMatchObject({ changes: [], adoptions: [] });
    expect(made.notices).toMatchObject([{ kind: "drift", keyId: keyId(1), policy: "p1" }]);
    expect(made.notices[0]?.message).toContain('name is "key", wanted "b"');
    expect(made.notices[0]?.message).toContain("usage_limits.credit_limit is 9, wanted 5");
    expect(plan({ ...parts, sightOf: unseen })).toMatchObject({ changes: [], adoptions: [], notices: [] });
  });

  test("with mode report says nothing of a key that is as wanted", () => {
    const made = plan({ policies: [own(1, { name: "key" }, "report")], sightOf: seen(liveKey(1)) });
    expect(made).toMatchObject({ changes: [], notices: [], adoptions: [] });
  });

  test("with mode paused leaves key and ledger alone, and says so", () => {
    const made = plan({
      policies: [own(1, { name: "b" }, "paused")],
      sightOf: seen(liveKey(1)),
      applied: applied({ name: claimed("b") }),
    });
    expect(made).toMatchObject({
      changes: [],
      adoptions: [],
      notices: [{ kind: "paused", keyId: keyId(1) }],
    });
  });
});

describe("a key that cannot be judged gets no change", () => {
  test.each(["missing", "unreadable"] as const)("%s", (kind) => {
    const made = plan({
      policies: [own(1, { name: "b" })],
      sightOf: () => ({ kind, message: "why" }),
      applied: applied({ name: claimed("b") }),
    });
    expect(made).toMatchObject({ changes: [], adoptions: [], notices: [{ kind, message: "why" }] });
  });
});

describe("a key that the ledger knows and no sound policy covers", () => {
  const ledger = applied({ name: confirmed("a"), "usage_limits.credit_limit": confirmed(5) });

  test("is orphaned: told, left as it is, kept in the ledger", () => {
    const made = plan({ policies: [own(2, {})], sightOf: seen(live(), liveKey(2)), applied: ledger });
    expect(made).toMatchObject({
      changes: [],
      adoptions: [],
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
        ...applied({ name: confirmed("b", now - 1) }, keyId(2)),
        ...applied({ name: { ...confirmed("b"), mendedFrom: { value: "key" } } }, keyId(3)),
      ]),
      sightOf: (id) => (id === keyId(1) ? unseen() : seen(liveKey(2), liveKey(3))(id)),
    });
    expect(made.changes).toEqual([]);
    expect(kinds(made)).toEqual(["refused", "settling", "not-reflected"]);
    for (const { message } of made.notices) expect(message).toContain("name");
    expect(made.notices[2]?.message).toContain('"key"');
  });

  test("a value of any length takes one line", () => {
    const long = "x".repeat(100_000);
    const made = plan({ policies: [own(1, { description: long }, "report")], sightOf: seen(liveKey(1)) });
    expect(made.notices[0]?.message.length).toBeLessThan(400);
  });
});

describe("adoption", () => {
  test("what is live already is confirmed without a request, with value, policy, place and time", () => {
    const made = plan({
      policies: [policy({ key: { name: "key", expires_at: null, defaults: { config_id: configA } } })],
      sightOf: seen(live()),
    });
    expect(made.changes[0]?.fields.map(({ path }) => path)).toEqual(["defaults.config_id"]);
    expect(made.adoptions).toEqual([
      {
        keyId: keyId(1),
        policy: "team",
        ...{ file: at(5).file, line: 5 },
        at: now,
        confirm: [
          { path: "name", value: "key" },
          { path: "expires_at", value: null },
        ],
        drop: [],
      },
    ]);
  });

  test("a claim that turns out to have taken effect is confirmed, one that was refused and is live now too", () => {
    for (const field of [claimed("key"), claimed("key", true)]) {
      const made = plan({
        policies: [policy({ key: { name: "key" } })],
        applied: applied({ name: field }),
        sightOf: seen(live()),
      });
      expect(made.changes).toEqual([]);
      expect(made.adoptions).toMatchObject([{ confirm: [{ path: "name", value: "key" }] }]);
    }
  });

  test("an edit pass believes the last sight of a key that the ledger does not know", () => {
    const sightOf = (): Sight => ({ kind: "last-seen", key: live() });
    const made = plan({ pass: "edit", policies: [policy({ key: { name: "key" } })], sightOf });
    expect(made.changes).toEqual([]);
    expect(made.adoptions).toMatchObject([{ confirm: [{ path: "name", value: "key" }] }]);
    const edited = plan({ pass: "edit", policies: [policy({ key: { name: "new" } })], sightOf });
    expect(edited.changes[0]?.fields).toMatchObject([{ from: "key", to: "new", why: "new" }]);
  });

  test("a key that passes to another policy or file is noted, once, without a request", () => {
    const ledger = applied({ name: confirmed("key") });
    const parts: PlanParts = { applied: ledger, sightOf: seen(live()) };
    expect(plan({ ...parts, policies: [policy({ key: { name: "key" } })] }).adoptions).toEqual([]);
    const heir = policy({ name: "heir", key: { name: "key" }, place: at(1) });
    expect(plan({ ...parts, policies: [heir] })).toMatchObject({
      changes: [],
      adoptions: [{ policy: "heir", confirm: [], drop: [] }],
    });
    const moved = policy({ key: { name: "key" }, place: at(1, "policies/moved.yaml") });
    expect(plan({ ...parts, policies: [moved] }).adoptions).toMatchObject([{ file: "policies/moved.yaml" }]);
  });

  test("nothing is adopted while a write settles", () => {
    const parts: PlanParts = {
      policies: [policy({ key: { name: "b" } })],
      applied: applied({ name: confirmed("b", now) }),
      sightOf: seen(live()),
    };
    expect(plan(parts)).toMatchObject({ changes: [], adoptions: [], notices: [{ kind: "settling" }] });
    expect(plan({ ...parts, now: now + settleMs }).changes[0]?.fields).toMatchObject([{ why: "drift" }]);
  });
});

test("profiles reach the plan: a changed profile changes every key that is built on it", () => {
  const policies = [1, 2, 3].map((n) =>
    policy({ name: `p${n}`, keyIds: [keyId(n)], profiles: n === 3 ? [] : ["base"] }),
  );
  const made = plan({
    policies,
    profiles: [profile({ name: "base", key: { description: "changed" } })],
    sightOf: seen(...[1, 2, 3].map((n) => liveKey(n, { description: "before" }))),
    applied: new Map([1, 2].flatMap((n) => [...applied({ description: confirmed("before") }, keyId(n))])),
  });
  expect(made.changes.map((change) => [change.keyId, change.fields.map(({ why }) => why)])).toEqual([
    [keyId(1), ["policy"]],
    [keyId(2), ["policy"]],
  ]);
});
