import { expect, test } from "vitest";
import { keptGuardrail } from "../../src/core/guardrail.ts";
import type { PolicySet } from "../../src/core/policy.ts";
import { problemAt } from "../../src/core/problem.ts";
import { createResolver } from "../../src/core/resolve.ts";
import { rememberedGuardrail } from "../../src/policy-dir/guardrail-document.ts";
import type { PassPorts, PassResult } from "../../src/reconcile/pass.ts";
import { runPass } from "../../src/reconcile/pass.ts";
import { at, keyId, own, policySet, settleMs } from "../core/build.ts";
import { guardrail } from "../core/guardrail-build.ts";
import { emptyDisk } from "./fake-state.ts";
import { createRig, plainKeys, stored, target, type Rig } from "./rig.ts";

const budget = guardrail({
  name: "budget",
  schema: { properties: { usage_limits: { properties: { credit_limit: { maximum: 100 } } } } },
});
const limited = (n: number, credit_limit: number) => own(n, { usage_limits: { type: "cost", credit_limit } });
const unreadable = problemAt("KS1101", at(1, "policies/guardrails.yaml"), { message: "broken" });
const nameless = { name: null, place: at(1, "policies/guardrails.yaml") };

function pass(rig: Rig, set: PolicySet, kind: "edit" | "reconcile" = "reconcile"): Promise<PassResult> {
  const ports: PassPorts = { ...rig.ports, policies: { load: () => set } };
  return runPass(ports, {
    pass: "pass-1",
    kind,
    settleMs,
    workers: 2,
    target,
    yielding: new AbortController().signal,
    stopping: new AbortController().signal,
    signal: new AbortController().signal,
  });
}

const writes = ({ log }: Rig): string[] =>
  log.filter((line) => line.startsWith("PUT") || line.startsWith("claim"));

test("what a guardrail forbids is not sent, and its keys are told as held", async () => {
  const rig = createRig({ keys: plainKeys(2) });
  const { survey, report } = await pass(
    rig,
    policySet({ policies: [limited(1, 500), limited(2, 50)], guardrails: [budget] }),
  );
  expect(survey!.plan.changes.map((change) => change.keyId)).toEqual([keyId(2)]);
  expect(survey!.plan.notices).toMatchObject([{ kind: "held", keyId: keyId(1) }]);
  expect(report.problems).toMatchObject([{ code: "KS1340" }]);
});

test("a guardrail stays in force across a restart that finds it broken, until it is mended or deleted", async () => {
  const disk = emptyDisk();
  const first = createRig({ keys: plainKeys(1), disk });
  await pass(first, policySet({ policies: [limited(1, 50)], guardrails: [budget] }));
  expect(disk.guardrails).toEqual([keptGuardrail(budget)]);

  const restarted = (): Rig => {
    const rig = createRig({ keys: first.plane.keys, disk });
    const resolve = createResolver({ lastGuardrails: () => rig.state.guardrails().map(rememberedGuardrail) });
    return { ...rig, ports: { ...rig.ports, resolve } };
  };
  const loosened = [limited(1, 500)];
  const broken = { policies: loosened, problems: [unreadable], brokenGuardrails: [nameless] };
  for (const kind of ["edit", "reconcile", "edit"] as const) {
    const rig = restarted();
    const { report } = await pass(rig, policySet(broken), kind);
    expect(report.problems.map(({ code }) => code)).toEqual(expect.arrayContaining(["KS1340", "KS1341"]));
    expect(writes(rig)).toEqual([]);
  }
  const ended = restarted();
  const { outcomes } = await pass(ended, policySet({ policies: loosened }));
  expect(outcomes).toHaveLength(1);
  expect(disk.guardrails).toEqual([]);
  expect((await pass(restarted(), policySet({ policies: loosened }))).survey!.plan.changes).toEqual([]);
});

test("a key whose policy a guardrail refuses is tightened back to its last good value, and never loosened back", async () => {
  const rig = createRig({ keys: plainKeys(1) });
  const policies = [limited(1, 500)];
  await pass(rig, policySet({ policies }));
  const refused = policySet({ policies, guardrails: [budget] });
  await pass(rig, policySet({ policies }));
  const budgetOf = (): unknown => rig.plane.keys.get(keyId(1))?.["usage_limits"];
  for (const [live, after] of [
    [50, 50],
    [900, 500],
  ]) {
    rig.plane.keys.set(keyId(1), stored({ usage_limits: { type: "cost", credit_limit: live! } }));
    const { report } = await pass(rig, refused);
    expect(budgetOf()).toMatchObject({ credit_limit: after });
    const kinds = report.notices.map(({ kind }) => kind);
    expect(kinds).toEqual(live === after ? ["drift", "quarantined"] : ["quarantined"]);
  }
});

test("guardrails are kept before anything is sent, and only when they are others", async () => {
  const rig = createRig({ keys: plainKeys(1) });
  const set = policySet({ policies: [limited(1, 50)], guardrails: [budget] });
  await pass(rig, set);
  expect(rig.log.indexOf("saveGuardrails")).toBeLessThan(
    rig.log.findIndex((line) => line.startsWith("claim")),
  );
  await pass(rig, set);
  expect(rig.log.filter((line) => line === "saveGuardrails")).toHaveLength(1);
});

test("of a directory that cannot be believed nothing is kept", async () => {
  const disk = emptyDisk();
  await pass(createRig({ keys: plainKeys(1), disk }), policySet({ guardrails: [budget] }));
  await pass(createRig({ keys: plainKeys(1), disk }), policySet({ trusted: false }));
  expect(disk.guardrails).toEqual([keptGuardrail(budget)]);
});

test("what live keys are decides in the first pass already; an edit pass asks what was seen last, and else holds", async () => {
  const rule = { ...budget, match: { key: { name: "prod-*" } } };
  const keys = new Map([
    [keyId(1), stored({ name: "prod-a" })],
    [keyId(2), stored({ name: "test-a" })],
  ]);
  const set = (credit: number) =>
    policySet({ policies: [limited(1, credit), limited(2, credit)], guardrails: [rule] });
  const rig = createRig({ keys });
  const unseen = await pass(rig, set(500), "edit");
  expect(unseen.report.problems.map(({ code }) => code)).toEqual(["KS1343", "KS1343"]);
  expect(unseen.outcomes).toEqual([]);

  const { survey } = await pass(rig, set(500));
  expect(survey!.problems).toMatchObject([{ code: "KS1340", file: "policies/p1.yaml" }]);
  expect(survey!.plan.changes.map((change) => change.keyId)).toEqual([keyId(2)]);

  const seen = await pass(rig, set(600), "edit");
  // The one that was written is known by what it was before.
  expect(seen.report.problems.map(({ code }) => code)).toEqual(["KS1340"]);
});
