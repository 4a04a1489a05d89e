import fc from "fast-check";
import { expect, test } from "vitest";
import { sameCanonical } from "../../src/core/canonical.ts";
import { fieldRow } from "../../src/core/fields.ts";
import { liveValue, readLiveKey } from "../../src/core/live.ts";
import type { AppliedKey } from "../../src/core/ledger.ts";
import type { Sight } from "../../src/core/make-plan.ts";
import type { Plan } from "../../src/core/plan.ts";
import type { JsonObject, KeyBlock, KeyId, KeyPolicy, PolicySet, Profile } from "../../src/core/policy.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { keyBlock, storedKey } from "./arbitraries.ts";
import { asGet, confirmed, deepFreeze, now, plan, policy, policySet, profile } from "./build.ts";
import type { Stored } from "./model-server.ts";
import { picker, show } from "./model-shapes.ts";
import { holds, timeFor } from "../property.ts";
import { damage, damaged, ids } from "./damage.ts";

/*
 * The invariants, for any policies and keys, and any way in which the directory may be damaged between two passes
 * (files lost or broken, names taken twice, keys contested, a directory that is not believed):
 *   1. a change is made only to a key that exactly one policy in the set names, and that policy is sound;
 *   2. each field of it is written, with that value, in that policy or in a profile that it is built on;
 *   3. damage alone never makes a change: what was in sync before has none after, unless a sound policy that the
 *      damage did not reach asks for it;
 *   4. a key that loses its policy keeps its ledger, and somebody is told;
 *   5. an emptied set makes no change at all;
 *   6. the plan does not depend on the order of anything, and writes to nothing that it was given.
 */

interface Case {
  readonly set: PolicySet;
  readonly keys: ReadonlyMap<KeyId, Stored>;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    base: keyBlock,
    top: keyBlock,
    policies: fc.tuple(...ids.map(() => fc.tuple(keyBlock, fc.subarray(["base", "top"])))),
    stored: fc.tuple(...ids.map(() => storedKey)),
  })
  .map(({ base, top, policies, stored }) => ({
    set: policySet({
      profiles: [
        profile({ name: "base", key: base }),
        profile({ name: "top", profiles: ["base"], key: top }),
      ],
      policies: policies.map(([key, profiles], index) =>
        policy({ name: `p${index}`, keyIds: [ids[index]!], key, profiles }),
      ),
    }),
    keys: new Map(stored.map((key, index) => [ids[index]!, key])),
  }));

/** Whether a block writes this value at this path, read straight from the block. */
function writes({ value }: KeyBlock, path: string, wanted: unknown): boolean {
  const [top = "", part] = path.split(".");
  const group = value[top];
  if (path === top) return top in value && sameCanonical(fieldRow(path).canonical(group), wanted as never);
  const parts = (
    path.startsWith("defaults.metadata.") ? (group as JsonObject | undefined)?.["metadata"] : group
  ) as JsonObject | null | undefined;
  const name = path.startsWith("defaults.metadata.") ? path.slice("defaults.metadata.".length) : (part ?? "");
  if (parts === null || parts === undefined) return false;
  if (Object.hasOwn(parts, name))
    return sameCanonical(fieldRow(path).canonical(parts[name]), wanted as never);
  return wanted === null && isExcluded(path, parts);
}

/** Emptied because another part that excludes it is written. */
function isExcluded(path: string, parts: JsonObject): boolean {
  const others: Record<string, readonly string[]> = {
    "usage_limits.periodic_reset": ["periodic_reset_days"],
    "usage_limits.periodic_reset_days": ["periodic_reset"],
    "rotation_policy.rotation_period": ["rotation_period_days", "next_rotation_at"],
    "rotation_policy.rotation_period_days": ["rotation_period", "next_rotation_at"],
  };
  return (others[path] ?? []).some((name) => (parts[name] ?? null) !== null);
}

/** The policy and every profile of the set that it is built on; undefined where one of them is not there. */
function blocksOf(one: KeyPolicy, set: PolicySet): readonly KeyBlock[] | undefined {
  const found: KeyBlock[] = [one.key];
  const names = one.profiles.map(({ value }) => value);
  for (const name of names) {
    const layer: Profile | undefined = set.profiles.find((other) => other.name === name);
    if (layer === undefined) return undefined;
    found.push(layer.key);
    names.push(...layer.profiles.map(({ value }) => value).filter((inner) => !names.includes(inner)));
  }
  return found;
}

function expectEveryChangeAskedFor(made: Plan, set: PolicySet): void {
  for (const change of made.changes) {
    const owners = set.policies.filter(({ keyIds }) => keyIds.some(({ value }) => value === change.keyId));
    expect(owners.map(({ name }) => name)).toEqual([change.policy]);
    expect(set.policies.filter(({ name }) => name === change.policy)).toHaveLength(1);
    const blocks = blocksOf(owners[0]!, set);
    expect(blocks).toBeDefined();
    expect(change.fields.length).toBeGreaterThan(0);
    for (const { path, to, from, action } of change.fields) {
      expect({ path, to, asked: blocks!.some((block) => writes(block, path, to)) }).toEqual({
        path,
        to,
        asked: true,
      });
      expect(action).toBe(to === null ? "clear" : "set");
      if (from !== undefined) expect(sameCanonical(from, to)).toBe(false);
    }
  }
}

function sightsOf(keys: ReadonlyMap<KeyId, Stored>, seed: number): (id: KeyId) => Sight {
  const pick = picker(seed);
  const sights = new Map(
    [...keys].map(([id, stored]): [KeyId, Sight] => [
      id,
      { kind: "seen", key: deepFreeze(readLiveKey(show(stored, id, "get", pick), "get")), complete: true },
    ]),
  );
  return (id) => sights.get(id) ?? { kind: "missing", message: "not shown" };
}

const timeout = timeFor("safety: damage");

test(
  "nothing is written that a sound policy does not ask for, however the directory is damaged",
  async (context) => {
    await holds(
      context,
      "safety: what is written is asked for",
      fc.property(cases, damage, fc.integer(), ({ set, keys }, done, seed) => {
        const resolver = createResolver();
        const sightOf = sightsOf(keys, seed);
        const before = deepFreeze(resolver(set, nothingLive(now)));
        expectEveryChangeAskedFor(plan({ resolution: before, sightOf }), set);
        const after = damaged(set, done);
        const made = plan({ resolution: deepFreeze(resolver(after, nothingLive(now))), sightOf });
        expectEveryChangeAskedFor(made, after);
        const shuffled = policySet({
          ...after,
          policies: after.policies.toReversed(),
          profiles: after.profiles.toReversed(),
        });
        expect(plan({ resolution: createResolver()(shuffled, nothingLive(now)), sightOf })).toEqual(made);
        expect(
          plan({
            resolution: createResolver()(policySet({ trusted: done.trusted }), nothingLive(now)),
            sightOf,
          }).changes,
        ).toEqual([]);
      }),
    );
  },
  timeout,
);

test(
  "damage alone changes no key that is as its policy wants it, and every key that it reaches is told",
  async (context) => {
    await holds(
      context,
      "safety: damage",
      fc.property(cases, damage, ({ set, keys }, done) => {
        const resolver = createResolver();
        const first = resolver(set, nothingLive(now));
        const synced = synchronised(first.desired, keys);
        const quiet = plan({ resolution: first, applied: synced.ledger, sightOf: synced.sightOf });
        expect(quiet.changes).toEqual([]);

        const after = damaged(set, { ...done, contested: [] });
        for (const pass of ["reconcile", "edit"] as const) {
          const sightOf = pass === "edit" ? (): Sight => ({ kind: "unseen" }) : synced.sightOf;
          const made = plan({
            pass,
            resolution: resolver(after, nothingLive(now)),
            applied: synced.ledger,
            sightOf,
          });
          expect(made.changes).toEqual([]);
          expect(made.adoptions.filter(({ isGivenUp }) => isGivenUp !== true)).toEqual([]);
          const covered = resolver(after, nothingLive(now)).desired;
          const told = new Set(
            made.notices.filter(({ kind }) => kind === "held" || kind === "orphaned").map((one) => one.keyId),
          );
          for (const id of synced.ledger.keys()) expect(told.has(id)).toBe(!covered.has(id));
        }
      }),
    );
  },
  timeout,
);

/** Keys that are as wanted, and a ledger that says so. */
function synchronised(
  desired: ReturnType<ReturnType<typeof createResolver>>["desired"],
  keys: ReadonlyMap<KeyId, Stored>,
): { ledger: ReadonlyMap<KeyId, AppliedKey>; sightOf: (id: KeyId) => Sight } {
  const pick = picker(0);
  const sights = new Map<KeyId, Sight>();
  const ledger = new Map<KeyId, AppliedKey>();
  for (const [id, stored] of keys) {
    const live = readLiveKey(asGet(show(stored, id, "get", pick)), "get");
    const wanted = desired.get(id);
    if (wanted === undefined) continue;
    const fields = new Map(live.fields);
    for (const [path, { value }] of wanted.fields) {
      const group = ["usage_limits", "rotation_policy", "defaults.metadata"].find((top) =>
        path.startsWith(`${top}.`),
      );
      if (group === undefined) fields.set(path, value);
      else {
        const parts = fields.get(group) ?? {};
        fields.set(group, { ...(parts as JsonObject), [path.slice(group.length + 1)]: value });
      }
    }
    const key = deepFreeze({ ...live, fields });
    for (const path of wanted.fields.keys()) expect(liveValue(key, path)).not.toBeUndefined();
    sights.set(id, { kind: "seen", key, complete: true });
    const entry = { policy: wanted.policy, file: wanted.place.file, line: wanted.place.line };
    ledger.set(id, {
      ...entry,
      fields: new Map([...wanted.fields].map(([path, { value }]) => [path, confirmed(value)])),
    });
  }
  return {
    ledger: deepFreeze(ledger),
    sightOf: (id) => sights.get(id) ?? { kind: "missing", message: "not shown" },
  };
}
