import { describe, expect, test } from "vitest";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { JsonObject, KeyId, KeyPolicy, PolicySet } from "../../src/core/policy.ts";
import { problemAt } from "../../src/core/problem.ts";
import { runPass, type PassOptions, type PassResult } from "../../src/reconcile/pass.ts";
import { survey } from "../../src/reconcile/survey.ts";
import { at, keyId, now, own, policy, policySet, profile, settleMs, type SetParts } from "../core/build.ts";
import { guardrail } from "../core/guardrail-build.ts";
import type { Stored } from "../core/model-server.ts";
import { createRig, stored, target, type Rig } from "./rig.ts";

/* What one feature must not make of another one: nothing that is broken, refused or held may loosen a key by a detour. */

const limit = (value: number): JsonObject => ({ rate_limits: [{ type: "requests", unit: "rpm", value }] });
const cost = (credit_limit: number): JsonObject => ({ usage_limits: { type: "cost", credit_limit } });
const atMost = (maximum: number, match = {}) =>
  guardrail({
    name: "budget",
    match,
    schema: { properties: { usage_limits: { properties: { credit_limit: { maximum } } } } },
  });
const unreadable = (file: string) => problemAt("KS1101", at(1, file), { message: "no YAML" });
const instant = (ms: number): string => new Date(now + ms).toISOString();

function selector(name: string, glob: string, key: JsonObject, parts: Partial<KeyPolicy> = {}): KeyPolicy {
  return { ...policy({ name, match: { name: glob }, key }), ...parts };
}

function named(...names: readonly string[]): Map<KeyId, Stored> {
  return new Map(names.map((name, index) => [keyId(index + 1), stored({ name })]));
}

function run(rig: Rig, parts?: SetParts, options: Partial<PassOptions> = {}): Promise<PassResult> {
  const set: PolicySet | undefined = parts === undefined ? undefined : policySet(parts);
  const ports = set === undefined ? rig.ports : { ...rig.ports, policies: { load: () => set } };
  return runPass(ports, {
    pass: "pass",
    kind: "reconcile",
    settleMs,
    workers: 1,
    target,
    yielding: new AbortController().signal,
    stopping: new AbortController().signal,
    signal: new AbortController().signal,
    ...options,
  });
}

function rateOf(rig: Rig, n = 1): unknown {
  return (rig.plane.keys.get(keyId(n))?.rate_limits as { value: number }[])[0]?.value;
}

function budgetOf(rig: Rig, n = 1): unknown {
  return (rig.plane.keys.get(keyId(n))?.usage_limits as { credit_limit: number } | null)?.credit_limit;
}

describe("a policy that is refused brings nothing new that loosens", () => {
  test("when an override of it begins which a guardrail forbids", async () => {
    const overrides = [{ from: instant(60_000), until: instant(600_000), key: cost(5_000) }];
    const launch = policy({ key: cost(600), overrides });
    const rig = createRig({ keys: named("a") });
    await run(rig, { policies: [launch] });
    expect(
      (await run(rig, { policies: [launch], guardrails: [atMost(1_000)] })).report.problems,
    ).toMatchObject([{ code: "KS1340" }]);
    rig.setNow(now + 61_000);
    await run(rig, { policies: [launch], guardrails: [atMost(1_000)] });
    expect(budgetOf(rig)).toBe(600);
  });

  test("when an override makes two selectors contradict each other", async () => {
    const overrides = [{ from: instant(60_000), until: instant(600_000), key: limit(2_400) }];
    const policies = [
      { ...policy({ name: "a", match: { name: "*" }, key: limit(600), overrides }) },
      selector("b", "*", limit(600)),
    ];
    const rig = createRig({ keys: named("a") });
    await run(rig, { policies });
    rig.setNow(now + 61_000);
    const { report } = await run(rig, { policies });
    expect(report.problems.map(({ code }) => code)).toContain("KS1310");
    expect(rateOf(rig)).toBe(600);
  });
});

test("what the guard holds does not become what a key is kept at", async () => {
  const limits: GuardLimits = { changed: 0.1, loosened: 0.1, shrunk: null, floor: 1 };
  const keys = named("a", "b", "c", "d");
  const asked = (value: number): KeyPolicy[] => [1, 2, 3, 4].map((n) => own(n, limit(value)));
  const rig = createRig({ keys, limits, policies: asked(100) });
  await run(rig, undefined, { approve: () => Promise.resolve(true), release: () => true });
  expect(rateOf(rig)).toBe(100);
  const { survey: held } = await run(rig, { policies: asked(9_000) });
  expect(held!.plan.held).toHaveLength(4);
  await run(rig, { policies: asked(100).slice(1), problems: [unreadable("policies/p1.yaml")] });
  expect([1, 2, 3, 4].map((n) => rateOf(rig, n))).toEqual([100, 100, 100, 100]);
});

test("a guardrail of a pass that was declined is not the last sound form of one", async () => {
  const rig = createRig({ keys: named("a") });
  await run(rig, { policies: [own(1, cost(50))], guardrails: [atMost(100)] });
  const before = rig.state.guardrails();
  const looser = { policies: [own(1, cost(50))], guardrails: [atMost(9_000)] };
  await run(rig, looser, { approve: () => Promise.resolve(false) });
  expect(rig.state.guardrails()).toEqual(before);
});

describe("a broken selector", () => {
  const wide = selector("wide", "*", limit(9_000));
  const base = profile({ name: "base", key: { description: "x" } });
  const tight = { ...selector("tight", "search-*", {}, { mode: "paused" }), priority: 5 };

  test("keeps the keys that it had, also while it matches none", async () => {
    const rig = createRig({ keys: named("search-1") });
    const profiles = policy({ profiles: ["base"] }).profiles;
    await run(rig, { policies: [wide, { ...tight, profiles }], profiles: [base] });
    const mistyped = { ...selector("tight", "saerch-*", {}, { mode: "paused" }), priority: 5, profiles };
    const { report } = await run(rig, { policies: [wide, mistyped] });
    expect(rig.plane.bodies).toEqual([]);
    expect(report.notices.map(({ kind }) => kind)).toContain("quarantined");
  });
});

test("a key that two policies claim stays where it was when one of them cannot be read any more", async () => {
  const rig = createRig({ keys: named("a") });
  await run(rig, { policies: [selector("s", "*", limit(20))] });
  const [a, b] = [policy({ name: "a", key: limit(10) }), policy({ name: "b", key: limit(5_000) })];
  await run(rig, { policies: [selector("s", "*", limit(20)), a, b] });
  expect(rateOf(rig)).toBe(20);
  await run(rig, {
    policies: [selector("s", "*", limit(20)), b],
    problems: [unreadable("policies/a.yaml")],
  });
  expect(rateOf(rig)).toBe(20);
});

describe("a guardrail over what keys are, live", () => {
  const prod = atMost(1_000, { key: { metadata: { env: "prod" } } });

  test("judges what a key is about to be as well", async () => {
    const key = { ...cost(5_000), defaults: { metadata: { env: "prod" } } };
    const rig = createRig({ keys: named("a") });
    const { report } = await run(rig, { policies: [policy({ key })], guardrails: [prod] });
    expect(report.problems).toMatchObject([{ code: "KS1340" }]);
    expect(rig.plane.bodies).toEqual([]);
  });

  test("holds nothing because of a key that is not there any more", async () => {
    const keys = named("a");
    const both = policy({ keyIds: [keyId(1), keyId(2)], key: cost(5_000) });
    const rig = createRig({ keys });
    const { report } = await run(rig, { policies: [both], guardrails: [prod] });
    expect(report.problems).toEqual([]);
    expect(budgetOf(rig)).toBe(5_000);
  });
});

describe("a difference that is known", () => {
  const until = now + 60_000;
  const known = {
    path: { value: "usage_limits.credit_limit", place: at(30) },
    until: { value: until, place: at(31) },
  };
  const acknowledge = [{ ...known, reason: "OPS-412" }];
  const key = {
    usage_limits: { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" },
  };

  test("of a budget that is not there leaves the rest of the budget, in an edit pass too", async () => {
    const rig = createRig({ keys: named("a") });
    await run(rig, { policies: [own(2, limit(1))] });
    for (const kind of ["edit", "reconcile", "edit"] as const) {
      await run(rig, { policies: [policy({ key, acknowledge })] }, { kind });
      expect(rig.plane.bodies).toEqual([]);
    }
  });

  test("is enforced in a forecast for a moment after its end", async () => {
    const policies = [
      policy({
        key: limit(50),
        acknowledge: [{ ...acknowledge[0]!, path: { value: "rate_limits", place: at(30) } }],
      }),
    ];
    const rig = createRig({ keys: named("a"), policies });
    const options = { pass: "reconcile", settleMs, signal: new AbortController().signal } as const;
    const { plan: soon } = await survey(rig.ports, { ...options, at: until - 1 });
    expect(soon.changes).toEqual([]);
    const { plan: later, unenforced } = await survey(rig.ports, { ...options, at: until });
    expect(later.changes).toHaveLength(1);
    expect([later.notices, unenforced]).toEqual([[], []]);
  });
});
