import { expect, test } from "vitest";
import { inPushOrder } from "../../src/core/plan.ts";
import { wantedKeys } from "../../src/reconcile/read-live-keys.ts";
import { applied, keyId, live, now, plan, policy, resolve, seen } from "./build.ts";

const known = applied({});
const policies = [policy({ resetUsage: "launch" })];

test("a key that a person has put back is not reset, and that is told", () => {
  const restorations = new Map([[keyId(1), { at: now, point: "its baseline" }]]);
  const made = plan({ policies, applied: known, restorations });
  expect(made.changes).toEqual([]);
  expect(made.notices).toMatchObject([
    {
      kind: "restored",
      message: expect.stringContaining('usage would be reset (token "launch", before none)'),
    },
  ]);
});

test("a key without a budget is said to have none, as far as it was seen", () => {
  const budgetOf = (own: Parameters<typeof live>[0]) =>
    plan({ policies, applied: known, sightOf: seen(live(own)) }).changes[0]?.reset?.withoutBudget;
  expect(budgetOf({ usage_limits: null })).toBe(true);
  expect(budgetOf({ usage_limits: { credit_limit: 5 } })).toBeUndefined();
  expect(plan({ policies, applied: known }).changes[0]?.reset?.withoutBudget).toBeUndefined();
});

test("a reset is sent after what tightens, and is no mend of drift", () => {
  const [reset] = plan({ policies, applied: known }).changes;
  const [tighter] = plan({
    policies: [policy({ keyIds: [keyId(2)], key: { usage_limits: { type: "cost", credit_limit: 5 } } })],
    sightOf: seen({ ...live({ usage_limits: { credit_limit: 50 } }), id: keyId(2) }),
  }).changes;
  expect(inPushOrder([reset!, tighter!]).map(({ rank }) => rank)).toEqual(["tightens", "loosens"]);
});

test("one that was answered with a refusal is compared with what was there before, where that is known", () => {
  const planned = (stand: "refused" | "unsent", before?: null) => {
    const claimed = { token: "launch", at: now, stand, ...(before === undefined ? {} : { before }) };
    const key = { ...known.get(keyId(1))!, reset: { claimed } };
    return plan({ policies, applied: new Map([[keyId(1), key]]), sightOf: seen(live()) }).changes[0]?.reset;
  };
  for (const stand of ["refused", "unsent"] as const) {
    expect(planned(stand, null)?.earlier).toEqual({ at: now, before: null });
    expect(planned(stand)).toBeDefined();
    expect(planned(stand)?.earlier).toBeUndefined();
  }
});

test("when usage was reset last is asked for while a reset is open, and else not", () => {
  const desired = [...resolve({ policies }).desired.values()];
  const asks = (stand: "open" | "unsent") => {
    const key = { ...known.get(keyId(1))!, reset: { claimed: { token: "launch", at: now, stand } } };
    return wantedKeys(desired, new Map([[keyId(1), key]]))[0]?.asksReset;
  };
  expect([asks("open"), asks("unsent"), wantedKeys(desired, known)[0]?.asksReset]).toEqual([
    true,
    undefined,
    undefined,
  ]);
});
