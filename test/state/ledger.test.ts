import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type {
  Adoption,
  AppliedField,
  AppliedKey,
  Claim,
  ClaimedField,
  Replaced,
} from "../../src/core/ledger.ts";
import { readAudit } from "../../src/state/open-state.ts";
import { auditOf, claimOf, inventoryKey, keyA, keyB } from "./fixtures.ts";
import { useStates } from "./use-states.ts";
import { LedgerModel, modelPaths } from "./ledger-model.ts";

const states = useStates();

/** The ledger as plain data, in the shape of the model. */
function plain(applied: ReadonlyMap<string, AppliedKey>): unknown {
  const keys = [...applied].map(([id, { policy, file, line, fields }]) => [
    id,
    { owner: { policy, file, line }, fields: Object.fromEntries(fields) },
  ]);
  return Object.fromEntries(keys) as unknown;
}

function plainModel(model: LedgerModel): unknown {
  const keys = Object.entries(model.keys).map(([id, { owner, fields }]) => [id, { owner, fields }]);
  return Object.fromEntries(keys) as unknown;
}

describe("a key that is forgotten", () => {
  it("is gone for good, in one step with its line of the audit trail; what was seen of it stays", () => {
    const path = states.path();
    const state = states.open(path);
    for (const id of [keyA, keyB]) {
      state.claim(claimOf(id, [{ path: "name", value: "one" }]), auditOf(id, "claimed"));
    }
    state.confirm(keyB, 1_500, auditOf(keyB, "applied"));
    state.saveInventoryKey(inventoryKey(keyA, "one"));
    state.forget(keyA, auditOf(keyA, "forgotten", 2_000));
    expect([...state.applied().keys()]).toEqual([keyB]);
    state.close();

    const again = states.open(path);
    expect([...again.applied().keys()]).toEqual([keyB]);
    expect(again.inventoryOf(keyA)?.key.name).toBe("one");
    expect(readAudit(`sqlite:${path}`, { limit: 1 })).toMatchObject([
      { keyId: keyA, event: "forgotten", at: 2_000 },
    ]);
  });

  it("begins anew when it is claimed again", () => {
    const state = states.open(states.path());
    state.adopt([
      {
        keyId: keyA,
        policy: "p",
        file: "f",
        line: 1,
        at: 1,
        confirm: [{ path: "expires_at", value: null }],
        drop: [],
      },
    ]);
    state.forget(keyA, auditOf(keyA, "forgotten"));
    state.claim(claimOf(keyA, [{ path: "name", value: "two" }]), auditOf(keyA, "claimed"));
    expect([...state.applied().get(keyA)!.fields.keys()]).toEqual(["name"]);
  });
});

describe("the ledger", () => {
  it("holds a claim beside what was confirmed before, and forgets the old drift", () => {
    const state = states.open(states.path());
    state.claim(
      claimOf(keyA, [{ path: "name", value: "one", mendedFrom: { value: "zero" } }]),
      auditOf(keyA, "claimed"),
    );
    state.confirm(keyA, 1_500, auditOf(keyA, "applied"));
    expect(state.applied().get(keyA)?.fields.get("name")).toEqual({
      confirmed: { value: "one", policy: "team", at: 1_500 },
      mendedFrom: { value: "zero" },
      unproved: true,
    });
    state.claim(claimOf(keyA, [{ path: "name", value: "two" }], 2_000), auditOf(keyA, "claimed"));
    expect(state.applied().get(keyA)?.fields.get("name")).toEqual({
      confirmed: { value: "one", policy: "team", at: 1_500 },
      claimed: { value: "two", policy: "team", at: 2_000, refused: false },
    });
  });

  it("keeps what a write replaced until the next claim or an adoption, over a reopening too", () => {
    const path = states.path();
    let state = states.open(path);
    const field = (): AppliedField | undefined => state.applied().get(keyA)?.fields.get("name");
    const claim = (value: string, replaced?: Replaced): void => {
      const claimed = { path: "name", value, ...(replaced === undefined ? {} : { replaced }) };
      state.claim(claimOf(keyA, [claimed]), auditOf(keyA, "claimed"));
    };
    claim("one", ["zero", null]);
    expect(field()?.replaced).toEqual(["zero", null]);
    state.confirm(keyA, 1_500, auditOf(keyA, "applied"));
    state.close();
    state = states.open(path);
    const confirmed = { value: "one", policy: "team", at: 1_500 };
    expect(field()).toEqual({ confirmed, replaced: ["zero", null], unproved: true });
    claim("two", "unknown");
    state.refuse(keyA, 1_600, auditOf(keyA, "rejected"));
    expect(field()).toMatchObject({ confirmed, claimed: { refused: true }, replaced: "unknown" });
    claim("three");
    expect(field()).not.toHaveProperty("replaced");
    claim("four", [["a"], { b: 1 }]);
    state.leaveClaimed(keyA, auditOf(keyA, "unknown"));
    expect(field()?.replaced).toEqual([["a"], { b: 1 }]);
    const owner = { keyId: keyA, policy: "team", file: "policies/team.yaml", line: 1, at: 2_000 };
    state.adopt([{ ...owner, confirm: [{ path: "name", value: "four" }], drop: [] }]);
    expect(field()).toEqual({ confirmed: { value: "four", policy: "team", at: 2_000 } });
  });

  it("confirms only the last claim: a request whose outcome is open stays open", () => {
    const state = states.open(states.path());
    state.claim(claimOf(keyA, [{ path: "name", value: "lost" }]), auditOf(keyA, "claimed"));
    state.leaveClaimed(keyA, auditOf(keyA, "unknown"));
    state.claim(claimOf(keyA, [{ path: "expires_at", value: null }], 2_000), auditOf(keyA, "claimed"));
    state.confirm(keyA, 2_500, auditOf(keyA, "applied"));
    const fields = state.applied().get(keyA)?.fields;
    expect(fields?.get("expires_at")?.confirmed?.at).toBe(2_500);
    expect(fields?.get("name")).toEqual({
      claimed: { value: "lost", policy: "team", at: 1_000, refused: false },
    });
  });

  it("does not take one metadata name for a part of another", () => {
    const state = states.open(states.path());
    const fields = [
      { path: "defaults.metadata.team", value: "a" },
      { path: "defaults.metadata", value: {} },
    ];
    state.claim(claimOf(keyA, fields), auditOf(keyA, "claimed"));
    state.leaveClaimed(keyA, auditOf(keyA, "unknown"));
    state.claim(
      claimOf(keyA, [{ path: "defaults.metadata.team.sub", value: "b" }]),
      auditOf(keyA, "claimed"),
    );
    state.confirm(keyA, 2_000, auditOf(keyA, "applied"));
    expect([...(state.applied().get(keyA)?.fields.keys() ?? [])]).toEqual([
      "defaults.metadata.team",
      "defaults.metadata.team.sub",
    ]);
  });

  it("keeps no object of the caller, so changing one afterwards changes nothing", () => {
    const state = states.open(states.path());
    const scopes = ["logs.view"];
    state.claim(claimOf(keyA, [{ path: "scopes", value: scopes }]), auditOf(keyA, "claimed"));
    scopes.push("everything");
    expect(state.applied().get(keyA)?.fields.get("scopes")?.claimed?.value).toEqual(["logs.view"]);
  });

  it("refuses an outcome for a key that was never claimed", () => {
    const state = states.open(states.path());
    expect(() => state.confirm(keyA, 1, auditOf(keyA, "applied"))).toThrow(/without a claim/);
  });

  it("puts each step and its line of the audit trail on the disk together", () => {
    const path = states.path();
    const state = states.open(path);
    state.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed", 1));
    state.confirm(keyA, 2, auditOf(keyA, "applied", 2));
    state.claim(claimOf(keyB, [{ path: "name", value: "two" }]), auditOf(keyB, "claimed", 3));
    state.refuse(keyB, 4, auditOf(keyB, "rejected", 4));

    const trail = readAudit(`sqlite:${path}`, { limit: 10 });
    expect(trail.map(({ seq, event, at }) => [seq, event, at])).toEqual([
      [4, "rejected", 4],
      [3, "claimed", 3],
      [2, "applied", 2],
      [1, "claimed", 1],
    ]);
    expect(trail[2]).toMatchObject({ seq: 2, ...auditOf(keyA, "applied", 2) });
    expect(readAudit(`sqlite:${path}`, { keyId: keyA, limit: 1 }).map(({ seq }) => seq)).toEqual([2]);
  });

  it("agrees with a plain model after every step and after every reopening", () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom("a", "ä\u{1F511}\n\"'", "__proto__"),
      fc.constantFrom<readonly string[]>([], ["logs.view"]),
      fc.dictionary(fc.constantFrom("b", "a", "__proto__"), fc.integer({ min: 0, max: 2 })),
    );
    const replaced = fc.oneof(fc.constant("unknown" as const), fc.array(value, { maxLength: 4 }));
    const reverts = fc.record({ count: fc.integer({ min: 1, max: 9 }), since: fc.nat(9), last: fc.nat(9) });
    const path = fc.constantFrom(...modelPaths);
    const fields = fc.uniqueArray(
      fc.record(
        { path, value, mendedFrom: fc.record({ value }), replaced, reverts },
        { requiredKeys: ["path", "value"] },
      ) as fc.Arbitrary<ClaimedField>,
      { selector: (field) => field.path, minLength: 1, maxLength: 4 },
    );
    const owner = {
      keyId: fc.constantFrom(keyA, keyB),
      policy: fc.constantFrom("team", "base"),
      file: fc.constantFrom("policies/team.yaml", "policies/base.yaml"),
      line: fc.integer({ min: 1, max: 9 }),
      at: fc.integer({ min: 1, max: 2 ** 45 }),
    };
    const claim: fc.Arbitrary<Claim> = fc.record({ ...owner, fields });
    const adoption: fc.Arbitrary<Adoption> = fc.record({
      ...owner,
      confirm: fc.array(fc.record({ path, value }), { maxLength: 3 }),
      drop: fc.array(path, { maxLength: 3 }),
    });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("claim" as const), claim }) },
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constantFrom("confirm" as const, "refuse" as const, "leave" as const),
          id: owner.keyId,
          at: owner.at,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("adopt" as const),
          adoptions: fc.array(adoption, { maxLength: 3 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("readBack" as const),
          keyId: owner.keyId,
          shown: fc.uniqueArray(path, { maxLength: 3 }),
          notShown: fc.uniqueArray(path, { maxLength: 3 }),
          unprovable: fc.uniqueArray(path, { maxLength: 3 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
    );

    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const file = states.path();
        let state = states.open(file);
        const model = new LedgerModel();
        for (const one of steps) {
          const handedOut = [...state.applied()];
          const before = structuredClone(handedOut);
          switch (one.kind) {
            case "claim":
              state.claim(one.claim, auditOf(one.claim.keyId, "claimed"));
              model.claim(one.claim);
              break;
            case "adopt":
              state.adopt(one.adoptions);
              model.adopt(one.adoptions);
              break;
            case "readBack":
              state.noteReadBacks([one], [auditOf(one.keyId, "read-back")]);
              model.readBack(one);
              break;
            case "reopen":
              state.close();
              state = states.open(file);
              model.reopen();
              break;
            default:
              if (!(one.id in model.keys)) continue;
              if (one.kind === "confirm") {
                state.confirm(one.id, one.at, auditOf(one.id, "applied"));
                model.confirm(one.id, one.at);
              } else if (one.kind === "refuse") {
                state.refuse(one.id, one.at, auditOf(one.id, "rejected"));
                model.refuse(one.id);
              } else {
                state.leaveClaimed(one.id, auditOf(one.id, "unknown"));
                model.leave(one.id);
              }
          }
          expect(plain(state.applied())).toEqual(plainModel(model));
          expect(handedOut).toEqual(before);
        }
        const reader = states.open(file, "read");
        expect(plain(reader.applied())).toEqual(plainModel(model));
        reader.close();
        state.close();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
