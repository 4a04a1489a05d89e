import { describe, expect, test } from "vitest";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { JsonObject, KeyId } from "../../src/core/policy.ts";
import { approvalResult } from "../../src/reconcile/approval-result.ts";
import { approvalOf, approveHeld, endOf, heldPlans } from "../../src/reconcile/holding.ts";
import { runPass, type PassOptions, type PassResult } from "../../src/reconcile/pass.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import type { Stored } from "../core/model-server.ts";
import { keyId, now, own, settleMs } from "../core/build.ts";
import { settle } from "../portkey/virtual-clock.ts";
import { remoteError } from "./fake-plane.ts";
import { Fuse } from "./fuse.ts";
import { createRig, plainKeys, policiesFor, stored, target, type Rig, type RigParts } from "./rig.ts";

const limits: GuardLimits = { changed: 0.5, loosened: null, shrunk: 0.5, floor: 1 };

function rigOf(count: number, parts: RigParts = {}): Rig {
  return createRig({
    policies: policiesFor(count, { name: "wanted" }),
    keys: plainKeys(count),
    limits,
    ...parts,
  });
}

/** Another process on what the first one left behind. */
function again(rig: Rig, parts: RigParts = {}): Rig {
  return rigOf(4, { keys: rig.plane.keys, updatedAt: rig.plane.updatedAt, disk: rig.state.disk, ...parts });
}

function run(rig: Rig, options: Partial<PassOptions> = {}): Promise<PassResult> {
  return runPass(rig.ports, {
    pass: "pass-1",
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

function digestOf(rig: Rig): string {
  return heldPlans(rig.state)[0]!.digest;
}

function approve(rig: Rig): string {
  const digest = digestOf(rig);
  expect(approveHeld(rig.state, digest, { pass: "by-hand", at: rig.ports.clock.now() })).toBeDefined();
  return digest;
}

function writes(rig: Rig): KeyId[] {
  return rig.plane.bodies.map(({ id }) => id);
}

const budget: JsonObject = { usage_limits: { type: "cost", credit_limit: 5 } };

function limited(limit: number): Stored {
  const usage_limits = {
    type: "cost",
    credit_limit: limit,
    alert_threshold: null,
    periodic_reset: null,
    periodic_reset_days: null,
  };
  return stored({ usage_limits });
}

describe("a held plan", () => {
  test("is not sent, is kept for whoever asks, and its keys have a line of the audit trail, once", async () => {
    const rig = rigOf(4);
    const { report } = await run(rig);
    await run(rig, { pass: "pass-2" });
    expect(writes(rig)).toEqual([]);
    expect(report).toMatchObject({
      refusals: [{ rule: "changed", actual: 4, limit: 2 }],
      summary: { held: 4 },
    });
    expect(heldPlans(rig.state)).toMatchObject([{ digest: report.heldDigest, pass: "reconcile", at: now }]);
    const lines = rig.state.disk.audit.map(({ event, keyId: id, pass }) => `${event} ${id} ${pass}`);
    expect(lines).toEqual([1, 2, 3, 4].map((n) => `held ${keyId(n)} pass-1`));
    expect(rig.state.disk.audit[0]).toMatchObject({
      policy: "p1",
      file: "policies/p1.yaml",
      detail: { digest: report.heldDigest, rules: ["changed"] },
    });
  });

  test("lets the inventory be kept, so that the next start need not look at everything", async () => {
    const rig = rigOf(4);
    await run(rig);
    expect(rig.state.disk.inventory.size).toBe(4);
    expect(rig.state.fact("reconciled")).toMatchObject({ target, listed: 4 });
  });

  test("is over once a pass that sees as much holds nothing, and not because an edit pass does not see it", async () => {
    const rig = rigOf(4);
    await run(rig, { release: () => true });
    for (const id of [1, 2, 3, 4]) rig.plane.keys.set(keyId(id), stored({ name: "drifted" }));
    rig.setNow(now + 2 * settleMs);
    await run(rig);
    const digest = digestOf(rig);
    await run(rig, { kind: "edit" });
    expect(heldPlans(rig.state)).toMatchObject([{ digest }]);
    for (const id of [1, 2, 3, 4]) rig.plane.keys.set(keyId(id), stored({ name: "wanted" }));
    await run(rig);
    expect(heldPlans(rig.state)).toEqual([]);
  });

  test("of a directory that cannot be believed stays as it was", async () => {
    const rig = rigOf(4);
    await run(rig);
    const lost = again(rig, { set: { ...rig.ports.policies.load(), trusted: false } });
    await run(lost);
    expect(heldPlans(lost.state)).toHaveLength(1);
  });

  test("of both kinds of pass that hold the same is one", async () => {
    const rig = rigOf(4);
    await run(rig);
    await run(rig, { kind: "edit" });
    expect(heldPlans(rig.state)).toHaveLength(1);
  });
});

test("what tightens goes out while what loosens is held", async () => {
  const policies = [1, 2, 3, 4].map((n) => own(n, budget));
  const keys = new Map([1, 2, 3, 4].map((n) => [keyId(n), limited(n === 1 ? 50 : 1)]));
  const rig = rigOf(4, { policies, keys, limits: { ...limits, changed: null, loosened: 0 } });
  const { report } = await run(rig);
  expect(writes(rig)).toEqual([keyId(1)]);
  expect(report).toMatchObject({ applied: 1, summary: { changes: 4, held: 3 } });
  const digest = report.heldDigest;
  rig.setNow(now + 2 * settleMs);
  expect((await run(rig)).report).toMatchObject({ heldDigest: digest, summary: { changes: 3, held: 3 } });
  approve(rig);
  await run(rig);
  expect(writes(rig)).toEqual([1, 2, 3, 4].map(keyId));
});

describe("an approval", () => {
  test("lets exactly what was held go, has its lines, and is over then", async () => {
    const rig = rigOf(4);
    await run(rig);
    const digest = approve(rig);
    const { report } = await run(rig, { pass: "pass-2" });
    expect(writes(rig)).toEqual([1, 2, 3, 4].map(keyId));
    expect(rig.state.disk.audit.filter(({ event }) => event === "approved")).toMatchObject(
      [1, 2, 3, 4].map((n) => ({ keyId: keyId(n), pass: "by-hand", detail: { digest }, line: 5 })),
    );
    expect([approvalOf(rig.state), endOf(rig.state, digest), heldPlans(rig.state)]).toEqual([
      null,
      "done",
      [],
    ]);
    expect(approvalResult(rig.state, { digest, held: { changes: [] }, report })).toMatchObject({
      outcome: "done",
      applied: 4,
      difference: null,
    });
    expect((await run(rig)).report).toMatchObject({ summary: { changes: 0 }, refusals: [] });
  });

  test("of another digest than what is held is none", () => {
    const rig = rigOf(4);
    expect(approveHeld(rig.state, "0123456789abcdef", { pass: "x", at: now })).toBeUndefined();
    expect(rig.state.disk.facts.has("approved")).toBe(false);
  });

  test.each([
    ["the policies", (rig: Rig) => again(rig, { policies: policiesFor(4, { name: "other" }) })],
    ["the keys", (rig: Rig) => (rig.plane.keys.set(keyId(3), stored({ name: "elsewhere" })), rig)],
  ])("ends when %s have moved on, and says what differs", async (_, move) => {
    const first = rigOf(4);
    await run(first);
    const digest = approve(first);
    const held = heldPlans(first.state)[0]!;
    const rig = move(first);
    const { report } = await run(rig);
    expect(writes(rig)).toEqual([]);
    expect(endOf(rig.state, digest)).toBe("moved-on");
    const result = approvalResult(rig.state, { digest, held, report });
    expect(result).toMatchObject({ outcome: "moved-on", applied: 0, held: [{ changes: 4 }] });
    expect(result.difference?.altered).toContain(keyId(3));
    expect(result.held[0]?.digest).not.toBe(digest);
  });

  test("ends after an hour", async () => {
    const rig = rigOf(4);
    await run(rig);
    const digest = approve(rig);
    rig.setNow(now + 3_600_000);
    await run(rig);
    expect([writes(rig), endOf(rig.state, digest)]).toEqual([[], "lapsed"]);
  });

  test("waits while the daemon is paused", async () => {
    const rig = rigOf(4);
    await run(rig);
    const digest = approve(rig);
    await run(rig, { approve: () => Promise.resolve(false) });
    expect([writes(rig), approvalOf(rig.state)?.digest]).toEqual([[], digest]);
    await run(rig);
    expect(writes(rig)).toHaveLength(4);
  });

  test("that was given while a pass was under way is for the pass after it", async () => {
    const rig = rigOf(4);
    await run(rig);
    const digest = digestOf(rig);
    await run(rig, {
      approve: () => {
        approve(rig);
        return Promise.resolve(true);
      },
    });
    expect([writes(rig), approvalOf(rig.state)?.digest]).toEqual([[], digest]);
    await run(rig);
    expect(writes(rig)).toHaveLength(4);
  });

  test("holds for the rest when something newer comes first, or a change fails", async () => {
    const rig = rigOf(4);
    await run(rig);
    const digest = approve(rig);
    const yielding = new AbortController();
    rig.plane.queueUp();
    const passing = run(rig, { yielding: yielding.signal });
    while (rig.plane.queued === 0) await settle();
    rig.plane.release(1);
    await settle();
    yielding.abort(new Withdrawn(false));
    await passing;
    rig.plane.release();
    expect(writes(rig)).toEqual([keyId(1)]);
    rig.plane.refusedUpdates.set(keyId(2), remoteError("unavailable", 503));
    const strict = again(rig, { limits: { ...limits, changed: 0 } });
    strict.plane.refusedUpdates.set(keyId(2), remoteError("unavailable", 503));
    const { report } = await run(strict);
    expect(writes(strict)).toEqual([keyId(3), keyId(4)]);
    expect(approvalResult(strict.state, { digest, held: { changes: [] }, report }).outcome).toBe(
      "unfinished",
    );
    strict.plane.refusedUpdates.clear();
    await run(strict);
    expect(endOf(strict.state, digest)).toBe("done");
  });

  test.each(Array.from({ length: 24 }, (_, index) => index + 1))(
    "is carried out to its end by the next process, when the first is killed at call %i",
    async (at) => {
      for (const takesEffect of [false, true]) {
        const rig = rigOf(4);
        await run(rig);
        approve(rig);
        const killed = again(rig, { fuse: new Fuse({ at, takesEffect }) });
        await run(killed);
        const next = again(killed, { limits: { ...limits, changed: 0, floor: 0 } });
        await run(next);
        expect([...next.plane.keys.values()].map(({ name }) => name)).toEqual(Array(4).fill("wanted"));
        expect((await run(next)).report.refusals).toEqual([]);
      }
    },
  );
});

test("a release on the spot is an approval too: its lines are there, and a killed push goes on", async () => {
  const rig = rigOf(4, { fuse: new Fuse({ at: 9, takesEffect: true }) });
  await run(rig, { release: () => true });
  expect(rig.state.disk.audit.filter(({ event }) => event === "approved")).toHaveLength(4);
  const next = again(rig, { limits: { ...limits, changed: 0, floor: 0 } });
  await run(next);
  expect([...next.plane.keys.values()].map(({ name }) => name)).toEqual(Array(4).fill("wanted"));
});

describe("a doubted list", () => {
  test("that shrunk replaces no inventory, and is doubted again until it is approved", async () => {
    const rig = rigOf(1, { keys: plainKeys(10) });
    await run(rig);
    for (const id of [...rig.plane.keys.keys()].slice(2)) rig.plane.keys.delete(id);
    const short = createRig({
      policies: policiesFor(1, { name: "other" }),
      keys: rig.plane.keys,
      disk: rig.state.disk,
      limits,
    });
    for (const pass of ["pass-2", "pass-3"]) {
      const { report } = await run(short, { pass });
      expect(report.refusals).toMatchObject([{ rule: "shrunk", limit: 5, actual: 8 }]);
      expect(rig.state.disk.inventory.size).toBe(9);
      expect(rig.state.fact("reconciled")).toMatchObject({ listed: 10 });
    }
    expect(writes(short)).toEqual([]);
    approve(short);
    await run(short);
    expect(writes(short)).toEqual([keyId(1)]);
    expect((await run(short)).report.refusals).toEqual([]);
  });

  test("that was approved is believed from then on, also by the process after one that was killed", async () => {
    for (let at = 1; at <= 16; at += 1) {
      const first = rigOf(3, { keys: plainKeys(10), limits: { ...limits, changed: null } });
      await run(first);
      const keys = new Map([...first.plane.keys].slice(0, 3));
      const disk = first.state.disk;
      const policies = policiesFor(3, { name: "other" });
      const short = createRig({ policies, keys, disk, limits });
      await run(short);
      approve(short);
      const killed = createRig({ policies, keys, disk, limits, fuse: new Fuse({ at, takesEffect: true }) });
      await run(killed);
      const next = createRig({ policies, keys: killed.plane.keys, disk, limits });
      const { report } = await run(next);
      expect([at, report.refusals]).toEqual([at, []]);
      expect([...next.plane.keys.values()].map(({ name }) => name)).toEqual(["other", "other", "other"]);
    }
  });

  test("of another organisation replaces nothing, whatever the ledger says", async () => {
    const rig = rigOf(2, { limits: { ...limits, changed: null, shrunk: null } });
    await run(rig);
    const ledger = new Map(rig.state.disk.ledger);
    const foreign = again(rig, {
      policies: policiesFor(2, { name: "x" }),
      keys: new Map([[keyId(9), stored()]]),
    });
    const { report } = await run(foreign);
    expect(report.refusals).toMatchObject([{ rule: "foreign" }]);
    expect([...foreign.state.disk.ledger]).toEqual([...ledger]);
    expect([...foreign.state.disk.inventory.keys()]).not.toContain(keyId(9));
    expect(foreign.state.fact("reconciled")).toMatchObject({ listed: 2 });
  });

  test("is none when one of the named keys could only not be read", async () => {
    const rig = rigOf(1, { keys: new Map([[keyId(9), stored()]]) });
    rig.plane.refusedReads.set(keyId(1), remoteError("unavailable", 503));
    expect((await run(rig)).report.refusals).toEqual([]);
  });
});

describe("our own key", () => {
  const policies = [own(1, { ...budget, name: "renamed" }), own(2, budget)];

  function ownedRig(parts: RigParts = {}): Rig {
    const rig = rigOf(2, { policies, keys: plainKeys(2), limits: { ...limits, changed: null }, ...parts });
    const list = rig.plane.list.bind(rig.plane);
    rig.plane.list = async (options) =>
      (await list(options)).map((record) =>
        record.key.id === keyId(1) ? { ...record, key: { ...record.key, own: true } } : record,
      );
    return rig;
  }

  test("is not locked out, and the others are served", async () => {
    const rig = ownedRig();
    const { report } = await run(rig);
    expect(writes(rig)).toEqual([keyId(2)]);
    expect(report.refusals).toMatchObject([{ rule: "self-lockout", actual: 1 }]);
    expect(rig.state.fact("own")).toEqual({ keys: [keyId(1)] });
  });

  test("is known to a pass that reads nothing, also after a request of ours forgot what was seen of it", async () => {
    const first = ownedRig({ policies: [own(1, { name: "first" })] });
    await run(first);
    expect(first.state.disk.inventory.has(keyId(1))).toBe(false);
    const rig = ownedRig({ keys: first.plane.keys, disk: first.state.disk });
    const { report } = await run(rig, { kind: "edit" });
    expect(report.refusals).toMatchObject([{ rule: "self-lockout", actual: 1 }]);
    expect(writes(rig)).toEqual([keyId(2)]);
  });

  test("stays known when a list shows no mask", async () => {
    const first = ownedRig({ policies: [own(1, { name: "first" })] });
    await run(first);
    const rig = rigOf(2, {
      policies,
      keys: first.plane.keys,
      disk: first.state.disk,
      limits: { ...limits, changed: null },
    });
    expect((await run(rig)).report.refusals).toMatchObject([{ rule: "self-lockout" }]);
  });
});
