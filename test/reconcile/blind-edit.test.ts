import { describe, expect, test } from "vitest";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { KeyId, KeyPolicy } from "../../src/core/policy.ts";
import type { PassKind } from "../../src/core/plan.ts";
import { approveHeld, heldPlans } from "../../src/reconcile/holding.ts";
import { runPass, type PassResult } from "../../src/reconcile/pass.ts";
import type { Stored } from "../core/model-server.ts";
import { keyId, now, own, settleMs } from "../core/build.ts";
import { remoteError } from "./fake-plane.ts";
import { createRig, stored, target, type Rig, type RigParts } from "./rig.ts";

const limits: GuardLimits = { changed: null, loosened: 0, shrunk: null, floor: 1 };

function limited(limit: number): Stored {
  const rest = { alert_threshold: null, periodic_reset: null, periodic_reset_days: null };
  return stored({ usage_limits: { type: "cost", credit_limit: limit, ...rest } });
}

/** A policy a key, each of which wants this limit. */
function wanting(count: number, limit: number): KeyPolicy[] {
  return ids(count).map((_, n) => own(n + 1, { usage_limits: { credit_limit: limit } }));
}

function ids(count: number): KeyId[] {
  return Array.from({ length: count }, (_, n) => keyId(n + 1));
}

/** Keys with these limits, of which nothing is known but what the disk says. */
function rigOf(wanted: number, found: readonly number[], own: Partial<RigParts> = {}): Rig {
  const keys = new Map(found.map((limit, n) => [keyId(n + 1), limited(limit)]));
  return createRig({ policies: wanting(found.length, wanted), keys, limits, ...own });
}

/** The same keys after we gave each of them a limit of 100 and somebody gave them these. */
async function appliedThen(wanted: number, found: readonly number[]): Promise<Rig> {
  const before = rigOf(
    100,
    found.map(() => 100),
  );
  await run(before, "reconcile");
  const rig = rigOf(wanted, found, { disk: before.state.disk });
  rig.setNow(now + 2 * settleMs);
  return rig;
}

function run(rig: Rig, kind: PassKind): Promise<PassResult> {
  return runPass(rig.ports, {
    ...{ pass: "pass-1", kind, settleMs, workers: 2, target },
    yielding: new AbortController().signal,
    stopping: new AbortController().signal,
    signal: new AbortController().signal,
  });
}

function writes(rig: Rig): KeyId[] {
  return rig.plane.bodies.map(({ id }) => id);
}

function endings({ outcomes }: PassResult): string[] {
  return outcomes.map(({ outcome }) => outcome);
}

function reads(rig: Rig): string[] {
  return rig.log.filter((line) => /^(list|get )/.test(line));
}

function approve(rig: Rig): void {
  const digest = heldPlans(rig.state)[0]!.digest;
  expect(approveHeld(rig.state, digest, { pass: "by-hand", at: rig.ports.clock.now() })).toBeDefined();
}

describe("an edit that could loosen more keys than pass, with nobody knowing", () => {
  test("reads the keys as a reconcile pass does, and the guard holds what loosens", async () => {
    const rig = rigOf(50, [5, 5, 5, 5]);
    const { report } = await run(rig, "edit");
    expect(writes(rig)).toEqual([]);
    expect(report).toMatchObject({
      kind: "reconcile",
      summary: { live: 4, held: 4, loosens: 4 },
      refusals: [{ rule: "loosened", actual: 4, limit: 1 }],
    });
    expect(heldPlans(rig.state)).toMatchObject([{ pass: "reconcile", digest: report.heldDigest }]);
    expect(rig.state.fact("reconciled")).toMatchObject({ target, listed: 4 });
  });

  test("sends what turns out to tighten, and nothing is left to do once the rest is approved", async () => {
    const rig = rigOf(50, [500, 5, 5, 5]);
    await run(rig, "edit");
    expect(writes(rig)).toEqual([keyId(1)]);
    approve(rig);
    expect(endings(await run(rig, "reconcile"))).toEqual(["applied", "applied", "applied"]);
    expect((await rig.survey("reconcile")).plan).toMatchObject({ changes: [], held: [] });
  });

  test("is held again by the next edit without reading again: what was read is remembered", async () => {
    const rig = rigOf(50, [5, 5, 5, 5]);
    const { report } = await run(rig, "edit");
    rig.log.length = 0;
    const second = await run(rig, "edit");
    expect(second.report).toMatchObject({ kind: "edit", heldDigest: report.heldDigest });
    expect(reads(rig)).toEqual([]);
    expect(writes(rig)).toEqual([]);
  });

  test("goes when it loosens no more than pass by what is live", async () => {
    const rig = rigOf(50, [500, 500, 500, 5]);
    expect(endings(await run(rig, "edit"))).toEqual(["applied", "applied", "applied", "applied"]);
    expect((await rig.survey("reconcile")).plan.changes).toEqual([]);
  });

  test("writes nothing where the keys cannot be read, and is an edit that failed", async () => {
    const rig = rigOf(50, [5, 5, 5, 5]);
    rig.plane.refusedList = remoteError("unavailable", 503, "down");
    const { report } = await run(rig, "edit");
    expect(report).toMatchObject({ kind: "edit", error: { code: "unavailable" } });
    expect(writes(rig)).toEqual([]);
  });

  test("is an edit like any other where so many pass anyway, where the rule is off, and where nothing can loosen", async () => {
    const one = rigOf(50, [5]);
    expect((await run(one, "edit")).report.kind).toBe("edit");
    expect([reads(one), writes(one)]).toEqual([[`get ${keyId(1)}`], [keyId(1)]]);
    const off = rigOf(50, [5, 5, 5], { limits: { ...limits, loosened: null } });
    expect((await run(off, "edit")).report.kind).toBe("edit");
    expect(writes(off)).toEqual(ids(3));
    const names = createRig({
      policies: ids(3).map((_, n) => own(n + 1, { name: "wanted" })),
      keys: new Map(ids(3).map((id) => [id, stored()])),
      limits,
    });
    expect((await run(names, "edit")).report.kind).toBe("edit");
    expect(writes(names)).toEqual(ids(3));
  });
});

describe("a change that turns out to loosen when its key is read to be sent", () => {
  test("goes at once where it is one that passes", async () => {
    const rig = await appliedThen(50, [10]);
    const edited = await run(rig, "edit");
    expect(edited.survey?.plan.changes[0]?.rank).toBe("tightens");
    expect(endings(edited)).toEqual(["applied"]);
    expect(reads(rig)).toEqual([`get ${keyId(1)}`]);
  });

  test("is left, unclaimed, where more could than pass; the reconcile pass after it has the guard hold it", async () => {
    const rig = await appliedThen(50, [10, 10, 10]);
    const ledger = new Map(rig.state.disk.ledger);
    const edited = await run(rig, "edit");
    expect(edited.report).toMatchObject({ kind: "edit", refusals: [], applied: 0 });
    expect(endings(edited)).toEqual(["deferred", "deferred", "deferred"]);
    expect(edited.outcomes[0]?.message).toContain("loosened (usage_limits.credit_limit)");
    expect(writes(rig)).toEqual([]);
    expect(rig.state.disk.ledger).toEqual(ledger);
    const { report } = await run(rig, "reconcile");
    expect(report).toMatchObject({ refusals: [{ rule: "loosened", actual: 3 }], unfinished: [] });
    expect(writes(rig)).toEqual([]);
    approve(rig);
    expect(endings(await run(rig, "reconcile"))).toEqual(["applied", "applied", "applied"]);
    expect((await rig.survey("reconcile")).plan.changes).toEqual([]);
  });

  test("does not keep back what tightens, and is sent by the reconcile pass where it passes", async () => {
    const rig = await appliedThen(50, [500, 10, 500]);
    expect(endings(await run(rig, "edit"))).toEqual(["applied", "deferred", "applied"]);
    expect(endings(await run(rig, "reconcile"))).toEqual(["applied"]);
    expect(writes(rig).sort()).toEqual(ids(3));
    expect((await rig.survey("reconcile")).plan.changes).toEqual([]);
  });
});
