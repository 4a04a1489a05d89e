import { describe, expect, test } from "vitest";
import type { Sight } from "../../src/core/make-plan.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import {
  applied,
  liveKey,
  own,
  at,
  claimed,
  confirmed,
  deepFreeze,
  keyId,
  live,
  plan,
  policy,
  profile,
  resolve,
  seen,
  unseen,
  type PlanParts,
} from "./build.ts";

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
    expect(made.summary).toEqual({
      desired: 1,
      enforced: 1,
      live: 1,
      changes: 1,
      held: 0,
      unchanged: 0,
      tightens: 0,
      loosens: 1,
    });
  });

  test("is one of the keys that can be written: not paused, not only reported, there, and not put back", () => {
    const many = plan({
      policies: [
        own(1, { name: "new" }),
        own(2, { name: "new" }, "report"),
        own(3, { name: "new" }, "paused"),
        own(4, { name: "new" }),
        own(5, { name: "new" }),
      ],
      restorations: new Map([[keyId(5), { at: 0, point: "its baseline" }]]),
      sightOf: (id) =>
        id === keyId(4) ? { kind: "missing", message: "gone" } : seen(liveKey(1), liveKey(2), liveKey(5))(id),
    });
    expect(many.summary).toMatchObject({ desired: 5, enforced: 1 });
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
