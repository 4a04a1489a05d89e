import { describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { keyId, now, policy, settleMs } from "../core/build.ts";
import { settle } from "../portkey/virtual-clock.ts";
import { remoteError } from "./fake-plane.ts";
import { createRig, plainKeys, policiesFor, stored, type Rig } from "./rig.ts";

const [one, two, three] = [keyId(1), keyId(2), keyId(3)];

/** `count` keys, each with a policy that wants another name. */
function rigOf(count: number): Rig {
  return createRig({ policies: policiesFor(count, { name: "wanted" }), keys: plainKeys(count) });
}

function endings(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ outcome }) => outcome);
}

function isOpen(rig: Rig, id = one): boolean {
  return rig.state.disk.ledger.get(id)?.fields.get("name")?.claimed?.refused === false;
}

function events(rig: Rig): string[] {
  return rig.state.disk.audit.map(({ event }) => event);
}

describe("a change is sent", () => {
  test("between the claim and the confirmation, after the inventory and the ledger are kept", async () => {
    const policies = [...policiesFor(1, { name: "wanted" }), policy({ keyIds: [two], key: { name: "key" } })];
    const rig = createRig({ policies, keys: plainKeys(2) });
    const surveyed = await rig.survey();
    rig.log.length = 0;
    const outcomes = await rig.enforce(surveyed);
    const sent = [`claim ${one}`, `update ${one}`, `confirm ${one}`];
    expect(rig.log).toEqual(["saveInventory", `adopt ${two}`, ...sent]);
    expect(outcomes).toEqual([
      { keyId: one, policy: "p1", outcome: "applied", status: 200, attempts: 1, message: "applied" },
    ]);
    expect(rig.state.disk.ledger.get(one)?.fields.get("name")).toMatchObject({
      confirmed: { value: "wanted", policy: "p1", at: now },
    });
  });

  test("with its lines of the audit trail: who, what, from where, how it ended", async () => {
    const rig = rigOf(1);
    await rig.enforce(await rig.survey());
    const from = { policy: "p1", file: "policies/p1.yaml", line: 5, commit: null, author: null };
    const who = { at: now, pass: "pass-1", keyId: one, ...from };
    const field = { path: "name", from: "key", to: "wanted", why: "new", file: "policies/p1.yaml", line: 12 };
    expect(rig.state.disk.audit).toEqual([
      { ...who, event: "claimed", detail: { fields: [field], top: ["name"] } },
      { ...who, event: "applied", detail: { status: 200, attempts: 1 } },
    ]);
  });

  test("in the plan's order, and told one by one", async () => {
    const rig = rigOf(5);
    const told: string[] = [];
    const outcomes = await rig.enforce(await rig.survey(), {
      workers: 1,
      onOutcome: ({ keyId: id }, change) => told.push(`${id} ${change.policy}`),
    });
    expect(rig.plane.bodies.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5].map(keyId));
    expect(outcomes.map(({ keyId: id, policy: name }) => `${id} ${name}`)).toEqual(told);
  });

  test("with as many under way as there are workers, and only those claimed", async () => {
    const rig = rigOf(8);
    rig.plane.queueUp();
    const pushing = rig.enforce(await rig.survey(), { workers: 3 });
    await settle();
    expect(rig.plane.queued).toBe(3);
    expect(events(rig)).toEqual(["claimed", "claimed", "claimed"]);
    rig.plane.release();
    expect(endings(await pushing)).toEqual(Array.from({ length: 8 }, () => "applied"));
    expect(rig.plane.mostAtOnce).toBe(3);
  });

  test("with the value found before, when drift is mended", async () => {
    const rig = rigOf(1);
    await rig.enforce(await rig.survey());
    rig.plane.keys.set(one, stored({ name: "drifted" }));
    rig.setNow(now + settleMs);
    await rig.enforce(await rig.survey());
    expect(rig.state.disk.ledger.get(one)?.fields.get("name")?.mendedFrom).toEqual({ value: "drifted" });
    expect(rig.plane.keys.get(one)?.name).toBe("wanted");
  });
});

test("no workers, no changes: a plan without changes keeps the inventory and ends", async () => {
  const rig = createRig({ keys: plainKeys(1) });
  expect(await rig.enforce(await rig.survey())).toEqual([]);
  expect(rig.log).toEqual(["list", "saveInventory"]);
});

describe("a state that cannot be written", () => {
  const full = new AppError("STATE_WRITE_FAILED", "the disk is full");

  test.each(["saveInventory", "claim"] as const)(
    "at %s: nothing is sent, and the error comes out",
    async (step) => {
      const rig = rigOf(4);
      rig.state.failing.set(step, full);
      await expect(rig.enforce(await rig.survey())).rejects.toBe(full);
      expect(rig.plane.bodies).toEqual([]);
    },
  );

  test("while others are under way: they end first, and nothing more is begun", async () => {
    const rig = rigOf(6);
    rig.plane.queueUp();
    const pushing = rig.enforce(await rig.survey(), { workers: 2 });
    const failed = expect(pushing).rejects.toBe(full);
    await settle();
    rig.state.failing.set("claim", full);
    // The first one ends, and the claim after it fails, while the second is still on its way.
    rig.plane.release(1);
    await settle();
    expect(rig.plane.queued).toBe(1);
    rig.state.failing.clear();
    rig.plane.release();
    await failed;
    expect(rig.plane.bodies.map(({ id }) => id)).toEqual([one, two]);
    expect(rig.log.slice(-2)).toEqual([`update ${two}`, `confirm ${two}`]);
  });

  test("after the request succeeded: the claim stays, and nobody says that it was withdrawn", async () => {
    const rig = rigOf(1);
    rig.state.failing.set("confirm", full);
    await expect(rig.enforce(await rig.survey())).rejects.toBe(full);
    expect(rig.plane.keys.get(one)?.name).toBe("wanted");
    expect(isOpen(rig)).toBe(true);
    expect(events(rig)).toEqual(["claimed"]);
    rig.state.failing.clear();
    const { plan } = await rig.survey();
    expect([plan.changes, plan.adoptions.map(({ keyId: id }) => id)]).toEqual([[], [one]]);
  });
});

describe("a pass that is asked to give way", () => {
  test("begins nothing more; what queues is withdrawn and keeps its claim; what is on the wire is waited for", async () => {
    const rig = rigOf(6);
    const yielding = new AbortController();
    rig.plane.queueUp();
    const pushing = rig.enforce(await rig.survey(), { workers: 2, yielding: yielding.signal });
    await settle();
    rig.plane.release(1);
    yielding.abort(new Withdrawn(false));
    const outcomes = await pushing;
    expect(endings(outcomes)).toEqual(["applied", ...Array.from({ length: 5 }, () => "skipped")]);
    expect(outcomes[1]?.message).toBe("withdrawn: something newer came first");
    expect(outcomes[2]?.message).toMatch(/^not sent: /);
    expect(events(rig).toSorted()).toEqual(["applied", "claimed", "claimed", "withdrawn"]);
    expect([isOpen(rig, one), isOpen(rig, two)]).toEqual([false, true]);
    expect(rig.state.disk.ledger.has(three)).toBe(false);
  });

  test("before it could begin still sends a change for each worker", async () => {
    const rig = rigOf(6);
    const yielding = AbortSignal.abort(new Withdrawn(false));
    const outcomes = await rig.enforce(await rig.survey(), { workers: 2, yielding });
    expect(endings(outcomes)).toEqual(["applied", "applied", "skipped", "skipped", "skipped", "skipped"]);
    expect(rig.plane.bodies.map(({ id }) => id)).toEqual([one, two]);
  });

  test("for good begins nothing at all", async () => {
    const rig = rigOf(3);
    const yielding = AbortSignal.abort(new Withdrawn(true));
    expect(endings(await rig.enforce(await rig.survey(), { yielding }))).toEqual([
      "skipped",
      "skipped",
      "skipped",
    ]);
    expect(rig.plane.bodies).toEqual([]);
    expect(rig.state.disk.audit).toEqual([]);
  });

  test("for good, after it was asked to give way to an edit, begins nothing either", async () => {
    const rig = rigOf(3);
    const yielding = AbortSignal.abort(new Withdrawn(false));
    const stopping = AbortSignal.abort(new Withdrawn(true));
    const outcomes = await rig.enforce(await rig.survey(), { workers: 2, yielding, stopping });
    expect(endings(outcomes)).toEqual(["skipped", "skipped", "skipped"]);
    expect(rig.plane.bodies).toEqual([]);
  });

  test("leaves to the next one to send the newest value, once", async () => {
    const rig = rigOf(1);
    const yielding = new AbortController();
    rig.plane.queueUp();
    const pushing = rig.enforce(await rig.survey(), { yielding: yielding.signal });
    await settle();
    yielding.abort(new Withdrawn(false));
    await pushing;
    const next = createRig({
      policies: policiesFor(1, { name: "newest" }),
      keys: rig.plane.keys,
      disk: rig.state.disk,
    });
    const { plan } = await next.survey("edit");
    expect(plan.changes[0]?.fields).toMatchObject([{ to: "newest", why: "policy" }]);
    await next.enforce(await next.survey("edit"));
    expect([...rig.plane.bodies, ...next.plane.bodies].map(({ body }) => body)).toEqual([{ name: "newest" }]);
    expect((await next.survey("reconcile")).plan.changes).toEqual([]);
  });
});

test("a pass that is cut off begins nothing more and takes back what queues", async () => {
  const rig = rigOf(4);
  const cutOff = new AbortController();
  rig.plane.queueUp();
  const pushing = rig.enforce(await rig.survey(), { workers: 1, signal: cutOff.signal });
  await settle();
  cutOff.abort(new Withdrawn(true));
  expect(endings(await pushing)).toEqual(["skipped", "skipped", "skipped", "skipped"]);
  expect(isOpen(rig)).toBe(true);
  expect(rig.plane.bodies).toEqual([]);
});

test("one worker and eight end in the same state", async () => {
  const ends = await Promise.all(
    [1, 8].map(async (workers) => {
      const rig = rigOf(20);
      rig.plane.refusedUpdates.set(keyId(7), remoteError("rejected", 400));
      const outcomes = await rig.enforce(await rig.survey(), { workers });
      return { outcomes, keys: rig.plane.keys, ledger: rig.state.disk.ledger };
    }),
  );
  expect(ends[1]?.outcomes).toEqual(ends[0]?.outcomes);
  for (const part of ["keys", "ledger"] as const) {
    expect(Object.fromEntries(ends[1]![part])).toEqual(Object.fromEntries(ends[0]![part]));
  }
});
