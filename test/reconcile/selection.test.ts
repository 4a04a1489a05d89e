import { forgetKeys } from "../../src/reconcile/forget-keys.ts";
import { describe, expect, test } from "vitest";
import type { GuardLimits } from "../../src/core/guard.ts";
import { problemAt } from "../../src/core/problem.ts";
import type { JsonObject, KeyId, KeyPolicy } from "../../src/core/policy.ts";
import { runPass, type PassOptions, type PassResult } from "../../src/reconcile/pass.ts";
import { at, keyId, now, own, policy, policySet, settleMs } from "../core/build.ts";
import type { Stored } from "../core/model-server.ts";
import { createRig, stored, target, type Rig, type RigParts } from "./rig.ts";

function selector(name: string, glob: string, key: JsonObject, parts: Partial<KeyPolicy> = {}): KeyPolicy {
  return { ...policy({ name, match: { name: glob }, key }), ...parts };
}

function named(...names: readonly string[]): Map<KeyId, Stored> {
  return new Map(names.map((name, index) => [keyId(index + 1), stored({ name })]));
}

const limit = (value: number): JsonObject => ({ rate_limits: [{ type: "requests", unit: "rpm", value }] });
const described: JsonObject = { description: "wanted" };

function run(rig: Rig, options: Partial<PassOptions> = {}): Promise<PassResult> {
  return runPass(rig.ports, {
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

/** Another process on what the first one left behind. */
function again(rig: Rig, parts: RigParts): Rig {
  return createRig({ keys: rig.plane.keys, updatedAt: rig.plane.updatedAt, disk: rig.state.disk, ...parts });
}

function writes(rig: Rig): KeyId[] {
  return rig.plane.bodies.map(({ id }) => id);
}

async function expectNothingToPlan(rig: Rig): Promise<void> {
  const { plan } = await rig.survey();
  expect(plan).toMatchObject({ changes: [], held: [], notices: [] });
}

describe("a reconcile pass", () => {
  test("covers a key that was made since the last one, and then has nothing to do", async () => {
    const rig = createRig({
      policies: [selector("s", "search-*", described)],
      keys: named("search-1", "chat"),
    });
    await run(rig);
    expect(writes(rig)).toEqual([keyId(1)]);
    rig.plane.keys.set(keyId(3), stored({ name: "search-3" }));
    await run(rig);
    expect(writes(rig)).toEqual([keyId(1), keyId(3)]);
    await expectNothingToPlan(rig);
  });

  test("reads the list once, and a selected key by itself only where the list cannot answer", async () => {
    const plain = createRig({ policies: [selector("s", "*", described)], keys: named("a", "b") });
    await plain.survey();
    expect(plain.log).toEqual(["list"]);
    const rotation = { rotation_policy: { rotation_period: "monthly" } };
    const rig = createRig({
      policies: [selector("s", "a", rotation)],
      keys: named("a", "b"),
      view: "list-without-rotation",
    });
    await rig.survey();
    expect(rig.log).toEqual(["list", `get ${keyId(1)}`]);
  });

  test("leaves a key as it is that falls out of every selector, and tells that nobody covers it", async () => {
    const rig = createRig({
      policies: [selector("s", "search-*", described)],
      keys: named("search-1", "search-2"),
    });
    await run(rig);
    rig.plane.keys.set(keyId(1), stored({ name: "renamed", description: "changed" }));
    const { report } = await run(rig);
    expect(writes(rig)).toHaveLength(2);
    expect(report.notices).toMatchObject([{ kind: "orphaned", keyId: keyId(1), policy: "s" }]);
  });

  test("says in the ledger who governs a key, when another selector goes before the first one", async () => {
    const low = selector("low", "*", described);
    const rig = createRig({ policies: [low], keys: named("a") });
    await run(rig);
    const more = again(rig, { policies: [low, selector("high", "a", limit(5), { priority: 1 })] });
    await run(more);
    expect(more.state.applied().get(keyId(1))).toMatchObject({ policy: "high", file: "policies/high.yaml" });
    await expectNothingToPlan(more);
  });
});

test("two selectors that contradict each other hold what both select, and no key that one of them had before", async () => {
  const first = selector("a", "*", limit(5));
  const rig = createRig({ policies: [first], keys: named("both", "moves", "leaves") });
  await run(rig);
  const policies = [
    selector("a", "both", limit(5)),
    selector("b", "both", limit(6)),
    selector("c", "moves", limit(7)),
  ];
  const next = again(rig, { policies });
  const { report } = await run(next);
  expect(writes(next)).toEqual([keyId(2)]);
  expect(report.notices.map(({ kind, keyId: id }) => [kind, id])).toEqual([
    ["quarantined", keyId(1)],
    ["orphaned", keyId(3)],
  ]);
});

describe("an edit pass", () => {
  test("goes by the keys as they were seen last, and asks nothing", async () => {
    const rig = createRig({
      policies: [selector("s", "search-*", described)],
      keys: named("search-1", "chat"),
    });
    await run(rig);
    const edited = again(rig, { policies: [selector("s", "*", { description: "edited" })] });
    await run(edited, { kind: "edit" });
    expect(writes(edited).sort()).toEqual([keyId(1), keyId(2)]);
    expect(edited.log.filter((line) => line === "list" || line.startsWith("get"))).toEqual([]);
    await expectNothingToPlan(edited);
  });

  test("does not lose a key of which nobody knows yet how it is after a write", async () => {
    const rig = createRig({ policies: [selector("s", "search-*", described)], keys: named("search-1") });
    await run(rig);
    expect(rig.state.inventoryOf(keyId(1))).toBeUndefined();
    const { plan } = await rig.survey("edit");
    expect(plan).toMatchObject({ changes: [], notices: [], summary: { desired: 1 } });
  });

  test("does not look at the inventory where no policy selects", async () => {
    const rig = createRig({ policies: [own(1, described)], keys: named("a") });
    rig.state.liveKeys = () => untouchable;
    expect(await run(rig, { kind: "edit" })).toMatchObject({ error: null, report: { applied: 1 } });
  });
});

const untouchable: Iterable<never> = {
  [Symbol.iterator]: () => {
    throw new Error("nobody selects");
  },
};

describe("a file that cannot be read", () => {
  const low = selector("low", "*", limit(1_000), { priority: -1 });
  const tight = selector("tight", "search-*", limit(5));
  const problem = problemAt("KS1101", at(1, "policies/tight.yaml"), { message: "no YAML" });

  async function thenBroken(policies: readonly KeyPolicy[], rest: readonly KeyPolicy[]): Promise<Rig> {
    const rig = createRig({ policies, keys: named("search-1", "chat") });
    await run(rig);
    return again(rig, { set: policySet({ policies: rest, problems: [problem] }) });
  }

  test.each(["edit", "reconcile"] as const)(
    "loosens nothing: the keys that it governed keep their values, in a %s pass of another process",
    async (kind) => {
      const broken = await thenBroken([low, tight], [low]);
      const { report } = await run(broken, { kind });
      expect(writes(broken)).toEqual([]);
      expect(broken.plane.keys.get(keyId(1))?.rate_limits).toMatchObject([{ value: 5 }]);
      expect(report.notices).toMatchObject([{ kind: "quarantined", keyId: keyId(1) }]);
    },
  );

  test.each(["report", "paused"] as const)(
    "ends no care: a key that it wanted left alone (%s) is not written by who is below it",
    async (mode) => {
      const freeze = selector("tight", "search-*", {}, { mode });
      const broken = await thenBroken([low, freeze], [low]);
      const { report } = await run(broken);
      expect(writes(broken)).toEqual([]);
      expect(report.notices.at(-1)).toMatchObject({ kind: "quarantined", keyId: keyId(1) });
      // And not at the next pass either.
      await run(broken);
      expect(writes(broken)).toEqual([]);
    },
  );

  test("goes on being told at each pass, also of a key that nothing was ever written to", async () => {
    const freeze = selector("tight", "search-*", {}, { mode: "paused" });
    const broken = await thenBroken([freeze], []);
    for (let pass = 0; pass < 3; pass += 1) {
      const { report } = await run(broken);
      const quarantined = { kind: "quarantined", keyId: keyId(1), policy: "tight" };
      expect(report.notices.at(-1)).toMatchObject(quarantined);
    }
  });

  test("that governed fields of a key below another one holds that key too", async () => {
    const high = selector("high", "search-*", described, { priority: 9 });
    const broken = await thenBroken([low, tight, high], [low, high]);
    const { report } = await run(broken);
    expect(writes(broken)).toEqual([]);
    expect(report.notices).toMatchObject([{ kind: "quarantined", keyId: keyId(1) }]);
  });

  test("costs the other keys nothing: their drift is mended", async () => {
    const broken = await thenBroken([low, tight], [low]);
    broken.plane.keys.set(keyId(2), stored({ name: "chat" }));
    broken.setNow(now + 2 * settleMs);
    await run(broken);
    expect(writes(broken)).toEqual([keyId(2)]);
  });

  test("keeps a new key waiting, and once it is mended everything goes on", async () => {
    const broken = await thenBroken([low, tight], [low]);
    broken.plane.keys.set(keyId(3), stored({ name: "new" }));
    await run(broken);
    expect(writes(broken)).toEqual([]);
    const mended = again(broken, { policies: [low, tight] });
    await run(mended);
    expect(writes(mended)).toEqual([keyId(3)]);
    await expectNothingToPlan(mended);
  });

  test("hands its keys to nobody when it is gone, until somebody says that they are forgotten", async () => {
    const broken = await thenBroken([low, tight], [low]);
    await run(broken);
    const deleted = again(broken, { policies: [low] });
    for (const kind of ["edit", "reconcile", "reconcile"] as const) {
      const { report } = await run(deleted, { kind });
      expect(report.notices).toMatchObject([{ kind: "orphaned", keyId: keyId(1), policy: "tight" }]);
      expect(deleted.plane.keys.get(keyId(1))?.rate_limits).toMatchObject([{ value: 5 }]);
    }
    const { resolution } = await deleted.survey();
    const request = { ids: [keyId(1)], pass: "pass-9", now };
    expect(forgetKeys(deleted.state, resolution, request)).toMatchObject([{ outcome: "forgotten" }]);
    await run(deleted);
    expect(deleted.plane.keys.get(keyId(1))?.rate_limits).toMatchObject([{ value: 1_000 }]);
    await expectNothingToPlan(deleted);
  });
});

describe("the guard", () => {
  const limits: GuardLimits = { changed: 0.5, loosened: null, shrunk: null, floor: 1 };

  test("holds an edit of a selector that suddenly covers many more keys", async () => {
    const names = ["search-1", "b", "c", "d", "e", "f"];
    const rig = createRig({
      policies: [selector("s", "search-*", described)],
      keys: named(...names),
      limits,
    });
    await run(rig);
    const wide = again(rig, { policies: [selector("s", "*", described)], limits });
    const { report } = await run(wide);
    expect(writes(wide)).toEqual([]);
    expect(report.refusals).toMatchObject([{ rule: "changed", actual: 5, limit: 3 }]);
  });

  test("holds everything in another organisation, although selectors find keys there", async () => {
    const policies = [selector("s", "*", described), own(1, described)];
    const rig = createRig({ policies, keys: named("a", "b") });
    await run(rig);
    const keys = new Map([7, 8].map((n) => [keyId(n), stored({ name: "theirs" })]));
    for (const theirs of [policies, policies.slice(0, 1), [selector("s", "mine-*", described)]]) {
      const foreign = again(rig, { policies: theirs, keys });
      const { report } = await run(foreign);
      expect(writes(foreign)).toEqual([]);
      expect(report.refusals).toMatchObject([{ rule: "foreign" }]);
      expect([...foreign.state.disk.inventory.keys()]).not.toContain(keyId(7));
    }
  });

  test("believes a list that shows a key which was written before, though the one that is named is gone", async () => {
    const policies = [selector("s", "*", described), own(2, limit(5))];
    const rig = createRig({ policies, keys: named("a", "b") });
    await run(rig);
    rig.plane.keys.delete(keyId(2));
    const { report } = await run(rig);
    expect(report.refusals).toEqual([]);
    expect(report.notices).toMatchObject([{ kind: "missing", keyId: keyId(2) }]);
  });

  test("holds what could lock us out of a key that is selected", async () => {
    const rig = createRig({
      policies: [selector("s", "*", { scopes: ["completions.write"] })],
      keys: new Map([[keyId(1), stored({ name: "admin", scopes: ["workspace_service_api_keys.update"] })]]),
    });
    rig.state.saveFact("own", { keys: [keyId(1)] });
    const { report } = await run(rig);
    expect(writes(rig)).toEqual([]);
    expect(report.refusals).toMatchObject([{ rule: "self-lockout" }]);
  });
});

describe("a key that a policy named", () => {
  const tight = own(1, limit(5));
  const wide = selector("wide", "*", limit(9_000));

  test.each<[string, readonly KeyPolicy[]]>([
    ["is gone", [wide]],
    ["names another key by a typo", [wide, policy({ name: "p1", keyIds: [keyId(7)], key: limit(5) })]],
  ])(
    "falls to no selector when that policy %s, in any pass, also after a restart",
    async (_what, policies) => {
      const rig = createRig({ policies: [tight, wide], keys: named("a", "b") });
      await run(rig);
      const next = again(rig, { policies });
      for (const kind of ["edit", "reconcile"] as const) await run(next, { kind });
      const restarted = again(next, { policies });
      await run(restarted);
      expect(restarted.plane.keys.get(keyId(1))?.rate_limits).toMatchObject([{ value: 5 }]);
      const { report } = await run(restarted);
      expect(report.notices).toContainEqual(expect.objectContaining({ kind: "orphaned", keyId: keyId(1) }));
    },
  );

  test("is the selector's at once where the policy itself selects it now", async () => {
    const rig = createRig({ policies: [tight], keys: named("a", "b") });
    await run(rig);
    const next = again(rig, { policies: [selector("p1", "a", limit(7))] });
    await run(next);
    expect(writes(next)).toEqual([keyId(1)]);
  });
});
