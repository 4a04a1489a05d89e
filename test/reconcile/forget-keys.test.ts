import { describe, expect, test } from "vitest";
import { forgetKeys, orphanedKeys } from "../../src/reconcile/forget-keys.ts";
import { applied, at, claimed, confirmed, keyId, now, own, plan, policy, resolve } from "../core/build.ts";
import { problemAt } from "../../src/core/problem.ts";
import { FakeState } from "./fake-state.ts";

/** A state whose ledger knows these keys, as set by the policy `team`. */
function stateOf(...ids: readonly string[]): FakeState {
  const state = new FakeState();
  for (const id of ids) {
    for (const [key, entry] of applied({ name: confirmed("a"), description: claimed("b") }, id)) {
      state.disk.ledger.set(key, entry);
    }
  }
  return state;
}

function forget(state: FakeState, resolution = resolve({}), ...ids: readonly string[]) {
  return forgetKeys(state, resolution, { ids: ids.length === 0 ? [keyId(1)] : ids, pass: "by hand", now });
}

describe("a key that no policy covers any more", () => {
  test("is forgotten: it leaves the ledger, with a line of the audit trail that says what was given up", () => {
    const state = stateOf(keyId(1), keyId(2));
    const results = forget(state, resolve({ policies: [own(2, {})] }));
    expect(results).toMatchObject([{ keyId: keyId(1), outcome: "forgotten", policy: "team" }]);
    expect([...state.applied().keys()]).toEqual([keyId(2)]);
    expect(state.disk.audit).toEqual([
      {
        at: now,
        pass: "by hand",
        keyId: keyId(1),
        policy: "team",
        file: "policies/team.yaml",
        line: 1,
        commit: null,
        author: null,
        event: "forgotten",
        detail: {
          fields: [
            { path: "name", applied: "a" },
            { path: "description", claimed: "b" },
          ],
        },
      },
    ]);
  });

  test("is orphaned no more: the notice that names this command ends", () => {
    const state = stateOf(keyId(1));
    const notices = () => plan({ applied: new Map(state.applied()) }).notices;
    expect(notices()[0]?.message).toContain(`keysteward forget ${keyId(1)}`);
    forget(state);
    expect(notices()).toEqual([]);
  });
});

describe("nothing is forgotten", () => {
  test.each([
    ["a sound policy covers the key", resolve({ policies: [policy()] }), "policies/team.yaml:5"],
    [
      "a policy that is not sound covers it",
      resolve({ policies: [policy({ profiles: ["gone"] })] }),
      "policies/team.yaml:5",
    ],
    [
      "the file of its policy is broken",
      resolve({ problems: [problemAt("KS1408", at(9), { message: "no" })] }),
      "policies/team.yaml:1",
    ],
    [
      "another file cannot be read and may hold its policy",
      resolve({ problems: [problemAt("KS1101", at(3, "policies/other.yaml"), { message: "no YAML" })] }),
      "policies/other.yaml:3",
    ],
  ])("while %s; the file is named", (_why, resolution, file) => {
    const state = stateOf(keyId(1));
    const [result] = forget(state, resolution);
    expect(result?.outcome).toBe("refused");
    expect(result?.message).toContain(file);
    expect(state.log).toEqual([]);
    expect(state.applied().size).toBe(1);
  });

  test("of a key that the ledger does not know", () => {
    const state = stateOf();
    expect(forget(state)).toMatchObject([{ outcome: "refused", policy: null }]);
    expect(state.disk.audit).toEqual([]);
  });
});

test("the orphaned keys are those whose policy is gone, not those whose policy is broken", () => {
  const state = stateOf(keyId(1), keyId(2), keyId(3));
  const resolution = resolve({ policies: [own(2, {}), policy({ keyIds: [keyId(3)], profiles: ["gone"] })] });
  // The broken policy stands in the file that the ledger knows for all of them.
  expect(orphanedKeys(state.applied(), resolution)).toEqual([]);
  expect(orphanedKeys(state.applied(), resolve({ policies: [own(2, {})] }))).toEqual([keyId(1), keyId(3)]);
});
