import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Why } from "../../src/core/diff.ts";
import type { PassKind, Plan } from "../../src/core/plan.ts";
import type { FieldPath } from "../../src/core/key.ts";
import type { AppliedField, AppliedKey } from "../../src/core/ledger.ts";
import type { KeyId } from "../../src/core/policy.ts";
import type { Resolution } from "../../src/core/resolve.ts";
import { keyBlock, storedKey, variant } from "./arbitraries.ts";
import { claimed, confirmed, dayMs, keyId, now, policy, profile, resolve, settleMs } from "./build.ts";
import { later, type Stored } from "./model-server.ts";
import { createWorld, type World } from "./world.ts";
import { unfulfilled, unmanaged } from "./oracle.ts";
import { holds, timeFor } from "../property.ts";

/*
 * The invariants, for any policies, any keys, any ledger, any shape in which the server shows a key, and whether it
 * replaces objects in an update or merges into them:
 *   1. after the bodies of one plan went out once, the next plan is empty, right away and later, in both passes;
 *   2. every field that a sound policy manages is then as it wants it;
 *   3. every field that no sound policy manages is as it was;
 *   4. nothing is told that is not so, and nothing is left to adopt, but that mended drift has held, once;
 *   5. no key gets more than one request.
 * A server that never takes metadata names out bends 1 and 2 for these names alone: they are sent twice, then told.
 */

const ids = [1, 2, 3].map(keyId);

interface Case {
  readonly resolution: Resolution;
  readonly keys: ReadonlyMap<KeyId, Stored>;
  readonly ledger: ReadonlyMap<KeyId, AppliedKey>;
}

interface Entry {
  readonly key: number;
  readonly field: number;
  readonly kind: "confirmed" | "claimed" | "refused" | "gone";
  readonly asWanted: boolean;
}

const entries: fc.Arbitrary<readonly Entry[]> = fc.array(
  fc.record({
    key: fc.nat({ max: 2 }),
    field: fc.nat({ max: 20 }),
    kind: fc.constantFrom("confirmed", "claimed", "refused", "gone"),
    asWanted: fc.boolean(),
  }),
  { maxLength: 8 },
);

const cases: fc.Arbitrary<Case> = fc
  .record({
    profiles: fc.tuple(keyBlock, keyBlock),
    policies: fc.tuple(...ids.map(() => fc.tuple(keyBlock, fc.subarray(["base", "top"])))),
    stored: fc.tuple(...ids.map(() => storedKey)),
    entries,
  })
  .map(({ profiles: [base, top], policies, stored, entries: ledger }) => {
    const resolution = resolve({
      profiles: [
        profile({ name: "base", key: base }),
        profile({ name: "top", profiles: ["base"], key: top }),
      ],
      policies: policies.map(([key, names], index) =>
        policy({ name: `p${index}`, keyIds: [ids[index]!], key, profiles: names }),
      ),
    });
    return {
      resolution,
      keys: new Map(stored.map((key, index) => [ids[index]!, key])),
      ledger: ledgerOf(ledger, resolution),
    };
  });

function ledgerOf(list: readonly Entry[], resolution: Resolution): ReadonlyMap<KeyId, AppliedKey> {
  const fields = new Map<KeyId, Map<FieldPath, AppliedField>>();
  for (const { key, field, kind, asWanted } of list) {
    const id = ids[key]!;
    const wanted = [...(resolution.desired.get(id)?.fields ?? [])];
    const [path, desired] = wanted[field % Math.max(1, wanted.length)] ?? ["name", { value: "search" }];
    const value = asWanted ? desired.value : desired.value === null ? "other" : null;
    const of = fields.get(id) ?? new Map<FieldPath, AppliedField>();
    fields.set(id, of);
    if (kind === "gone")
      of.set(["expires_at", "usage_limits", "defaults.metadata.gone"][field % 3]!, confirmed(value));
    else of.set(path, kind === "confirmed" ? confirmed(value) : claimed(value, kind === "refused"));
  }
  return new Map(
    [...fields].map(([id, of]) => [
      id,
      { policy: "former", file: "policies/former.yaml", line: 1, fields: of },
    ]),
  );
}

function expectSilence(world: World, when: number): void {
  for (const pass of ["reconcile", "edit", "reconcile"] as const) {
    const { changes, adoptions } = world.look(pass, when);
    expect([...changes, ...adoptions]).toEqual([]);
  }
  const told = world
    .look("reconcile", when)
    .notices.filter(({ kind }) => kind !== "held" && kind !== "orphaned");
  expect(told).toEqual([]);
}

/** Drift that was mended is remembered until the settle time is over: to forget it takes no request. */
function expectOnlyMendsAdopted(world: World, first: Plan, when: number): void {
  const second = world.look("reconcile", when);
  expect(second.changes).toEqual([]);
  const mended = first.changes.flatMap(({ keyId: id, fields }) =>
    fields.filter(({ why }) => why === "drift").map(({ path }) => `${id} ${path}`),
  );
  const adopted = second.adoptions.flatMap(({ keyId: id, confirm }) =>
    confirm.map(({ path }) => `${id} ${path}`),
  );
  expect(adopted.sort()).toEqual(mended.sort());
  expect(second.adoptions.flatMap(({ drop }) => drop)).toEqual([]);
  world.apply(second, when);
}

const timeout = timeFor("convergence: a reconcile pass");

describe("one round is enough", () => {
  function check({ resolution, keys }: Case, world: World, pass: PassKind): void {
    const first = world.look(pass, now);
    world.apply(first, now);
    for (const when of [now + 1, now + settleMs - 1]) expectSilence(world, when);
    expectOnlyMendsAdopted(world, first, now + settleMs);
    for (const when of [now + settleMs, now + 2 * settleMs]) expectSilence(world, when);
    for (const id of ids) {
      const [before, after, desired] = [keys.get(id)!, world.stored(id)!, resolution.desired.get(id)];
      if (desired !== undefined) expect(unfulfilled(desired, after, now)).toEqual([]);
      for (const [path, was, is] of unmanaged(desired, before, after))
        expect([path, is]).toEqual([path, was]);
      expect(world.updates.get(id) ?? 0).toBeLessThanOrEqual(1);
    }
    world.happen((stored) => later(stored, now + 100 * dayMs));
    expectSilence(world, now + 100 * dayMs);
  }

  test(
    "for a reconcile pass, whatever the ledger says",
    async (context) => {
      await holds(
        context,
        "convergence: a reconcile pass",
        fc.property(cases, variant, fc.integer(), (given, server, seed) => {
          check(given, createWorld({ ...given, variant: server, seed }), "reconcile");
        }),
      );
    },
    timeout,
  );

  test(
    "for an edit pass over keys that nobody has seen",
    async (context) => {
      await holds(
        context,
        "convergence: an edit pass",
        fc.property(cases, variant, fc.integer(), (given, server, seed) => {
          check(given, createWorld({ ...given, ledger: new Map(), variant: server, seed }), "edit");
        }),
      );
    },
    timeout,
  );
});

/** What a plan sends, as `key path`. */
function sent(made: Plan, only?: Why): string[] {
  return made.changes.flatMap(({ keyId: id, fields }) =>
    fields.filter(({ why }) => only === undefined || why === only).map(({ path }) => `${id} ${path}`),
  );
}

test(
  "names that a merging server never takes out of metadata are sent twice, then told, and nothing else is",
  async (context) => {
    await holds(
      context,
      "convergence: metadata that merges",
      fc.property(cases, variant, fc.integer(), (given, server, seed) => {
        const world = createWorld({ ...given, variant: { ...server, metadata: "merge" }, seed });
        const first = world.look("reconcile", now);
        world.apply(first, now);
        const stuck = ids.flatMap((id) => {
          const key = given.resolution.desired.get(id);
          return key === undefined
            ? []
            : unfulfilled(key, world.stored(id)!, now).map((path) => `${id} ${path}`);
        });
        for (const path of stuck) expect(path).toMatch(/^\S+ defaults\.metadata(\..*)?$/);
        const second = world.look("reconcile", now + settleMs);
        const triedTwice = sent(first, "drift");
        expect(sent(second).sort()).toEqual(stuck.filter((path) => !triedTwice.includes(path)).sort());
        world.apply(second, now + settleMs);
        for (const when of [now + 2 * settleMs, now + 100 * dayMs]) {
          const third = world.look("reconcile", when);
          expect([...third.changes, ...third.adoptions]).toEqual([]);
          const told = third.notices.filter(({ kind }) => kind === "not-reflected");
          expect(told.map((one) => one.keyId)).toEqual(stuck.map((path) => path.slice(0, keyId(1).length)));
        }
      }),
    );
  },
  timeout,
);
