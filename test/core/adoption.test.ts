import { describe, expect, test } from "vitest";
import type { Sight } from "../../src/core/make-plan.ts";
import {
  applied,
  at,
  claimed,
  configA,
  confirmed,
  keyId,
  live,
  now,
  plan,
  policy,
  seen,
  settleMs,
  type PlanParts,
} from "./build.ts";

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
      applied: applied({ name: { ...confirmed("b", now), replaced: ["key"] } }),
      sightOf: seen(live()),
    };
    expect(plan(parts)).toMatchObject({ changes: [], adoptions: [], notices: [{ kind: "settling" }] });
    expect(plan({ ...parts, now: now + settleMs }).changes[0]?.fields).toMatchObject([{ why: "drift" }]);
  });
});
