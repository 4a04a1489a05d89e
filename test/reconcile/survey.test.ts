import { describe, expect, test } from "vitest";
import type { AppliedField } from "../../src/core/ledger.ts";
import { problemAt } from "../../src/core/problem.ts";
import { survey } from "../../src/reconcile/survey.ts";
import { applied, at, confirmed, keyId, now, policy, policySet, settleMs } from "../core/build.ts";
import { remoteError } from "./fake-plane.ts";
import { emptyDisk, FakeState, type Disk } from "./fake-state.ts";
import { createRig, plainKeys, policiesFor, stored } from "./rig.ts";

function diskWith(fields: Record<string, AppliedField>): Disk {
  return { ...emptyDisk(), ledger: applied(fields) };
}

describe("a directory that cannot be believed", () => {
  test.each(["edit", "reconcile"] as const)(
    "plans nothing, reads nothing, tells no key (%s pass)",
    async (pass) => {
      const problem = problemAt("KS1003", at(1, "policies"), { message: "the policy directory is empty" });
      const set = policySet({ trusted: false, policies: policiesFor(1, { name: "a" }), problems: [problem] });
      const rig = createRig({ set, keys: plainKeys(1), disk: diskWith({ name: confirmed("b") }) });
      const surveyed = await rig.survey(pass);
      expect(rig.log).toEqual([]);
      expect(surveyed).toMatchObject({ trusted: false, problems: [problem], inventory: null });
      expect(surveyed.plan).toMatchObject({
        changes: [],
        notices: [],
        adoptions: [],
        summary: { desired: 0 },
      });
    },
  );
});

describe("an edit pass", () => {
  test("asks the control plane nothing", async () => {
    const rig = createRig({ policies: policiesFor(2, { name: "a" }), keys: plainKeys(2) });
    const { plan, inventory } = await rig.survey("edit");
    expect(rig.log).toEqual([]);
    expect(inventory).toBeNull();
    expect(plan.summary).toMatchObject({ live: null, desired: 2, changes: 2 });
  });

  test("asks the inventory only for keys of which the ledger does not know every field", async () => {
    const disk = diskWith({ name: confirmed("a"), description: confirmed("text") });
    const policies = [
      policy({ name: "known", keyIds: [keyId(1)], key: { name: "b" } }),
      policy({ name: "fresh", keyIds: [keyId(2)], key: { name: "b" } }),
    ];
    const rig = createRig({ policies, disk });
    await rig.survey("edit");
    expect([...rig.state.asked]).toEqual([[keyId(2), 1]]);
  });

  test("asks it too when one field of a known key is new, and finds there that it is as wanted", async () => {
    const policies = policiesFor(1, { name: "a", description: "text" });
    const keys = new Map([[keyId(1), stored({ name: "a", description: "text" })]]);
    const rig = createRig({ policies, keys, disk: diskWith({ name: confirmed("a") }) });
    const first = await rig.survey("reconcile");
    rig.state.saveInventory(first.inventory!);
    const { plan } = await rig.survey("edit");
    expect(plan.changes).toEqual([]);
    expect(plan.adoptions.flatMap(({ confirm }) => confirm)).toEqual([
      { path: "description", value: "text" },
    ]);
  });
});

test("what was seen of a key before we wrote to it is not believed by an edit pass after it", async () => {
  const limits = { type: "cost", credit_limit: 5, alert_threshold: null, periodic_reset: null };
  const keys = new Map([[keyId(1), stored({ usage_limits: { ...limits, periodic_reset_days: null } })]]);
  const clears = createRig({ policies: policiesFor(1, { usage_limits: null }), keys });
  await clears.enforce(await clears.survey("reconcile"));
  const { state, plane } = clears;
  const policies = policiesFor(1, { usage_limits: { credit_limit: 5 } });
  const sets = createRig({ policies, keys: plane.keys, disk: state.disk });
  await sets.enforce(await sets.survey("edit"));
  expect(sets.plane.keys.get(keyId(1))?.usage_limits).toMatchObject({ credit_limit: 5 });
});

describe("a reconcile pass", () => {
  test("reads the whole list once and counts it", async () => {
    const rig = createRig({ policies: policiesFor(1, { name: "a" }), keys: plainKeys(3) });
    const { plan, inventory } = await rig.survey("reconcile");
    expect(rig.log).toEqual(["list"]);
    expect(inventory?.map(({ key }) => key.id)).toEqual([keyId(1), keyId(2), keyId(3)]);
    expect(plan.summary).toMatchObject({ live: 3, desired: 1, changes: 1 });
  });

  test("writes nothing, whatever it finds", async () => {
    const disk = diskWith({ name: confirmed("b"), expires_at: confirmed(null) });
    const rig = createRig({ policies: policiesFor(1, { name: "key" }), keys: plainKeys(1), disk });
    const { plan } = await rig.survey("reconcile");
    expect(plan.adoptions).toHaveLength(1);
    expect(rig.log.filter((line) => !/^(list|get )/.test(line))).toEqual([]);
  });

  test("throws what the list met", async () => {
    const rig = createRig({ policies: policiesFor(1, { name: "a" }), keys: plainKeys(1) });
    rig.plane.refusedList = remoteError("unavailable", 503);
    await expect(rig.survey("reconcile")).rejects.toBe(rig.plane.refusedList);
  });

  test("is cut off by its signal", async () => {
    const rig = createRig({ keys: plainKeys(1) });
    const cutOff = new Error("cut off");
    const options = { pass: "reconcile", settleMs, signal: AbortSignal.abort(cutOff) } as const;
    await expect(survey(rig.ports, options)).rejects.toBe(cutOff);
  });
});

test("the plan is judged at the time of the clock: what a late read may show is drift once it has settled", async () => {
  const rig = createRig({ policies: policiesFor(1, { name: "a" }), keys: plainKeys(1) });
  await rig.enforce(await rig.survey());
  rig.plane.keys.set(keyId(1), stored());
  rig.setNow(now + settleMs - 1);
  expect((await rig.survey()).plan.notices.map(({ kind }) => kind)).toEqual(["settling"]);
  rig.setNow(now + settleMs);
  expect((await rig.survey()).plan.changes[0]?.fields.map(({ why }) => why)).toEqual(["drift"]);
});

test("the reading half takes a state that cannot write", async () => {
  const full = new FakeState();
  const reading = {
    applied: () => full.applied(),
    inventoryOf: () => undefined,
    baselineOf: () => new Map(),
    restorations: () => new Map(),
    guardrails: () => [],
    keysNamed: () => [],
    liveKeys: () => [],
    fact: () => undefined,
    lastGoodOwners: () => [],
    lastGoodOf: () => undefined,
    quarantines: () => new Map(),
  };
  const rig = createRig({ policies: policiesFor(1, { name: "a" }), keys: plainKeys(1) });
  const options = { pass: "reconcile", settleMs, signal: new AbortController().signal } as const;
  const { plan } = await survey({ ...rig.ports, state: reading }, options);
  expect(plan.changes).toHaveLength(1);
});
