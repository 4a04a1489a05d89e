import { beforeEach, describe, expect, test } from "vitest";
import { isFinal } from "../../src/reconcile/withdrawn.ts";
import { settle } from "../portkey/virtual-clock.ts";
import { DaemonRig, drainMs, settleMs, turnMs } from "./daemon-rig.ts";
import { notice, outcome } from "./reports.ts";

let rig: DaemonRig;

beforeEach(() => {
  rig = new DaemonRig();
});

describe("a start", () => {
  test("watches, schedules, tells that it is up, and looks: with a cold state at everything", async () => {
    await rig.start();
    expect(rig.events).toEqual([
      "watch starts",
      "schedule starts",
      "daemon started",
      "READY=1",
      "pass reconcile",
    ]);
  });

  test("looks at the policies alone when the state knows this control plane", async () => {
    rig.warm();
    await rig.start();
    expect(rig.kinds()).toEqual(["edit"]);
  });

  test.each([
    ["after the schedule rang last, it leaves the rest to it", turnMs, ["edit"]],
    [
      "before it was to ring, it compares everything after the edits: a ring was missed",
      turnMs + 1,
      ["edit", "reconcile"],
    ],
    ["in the future, the clock was set, and it compares everything", -1, ["edit", "reconcile"]],
  ])("when the state was compared %s", async (_, ageMs, kinds) => {
    rig.warm(ageMs);
    await rig.start();
    await rig.passes[0]!.end();
    await rig.passes[1]?.end();
    expect(rig.kinds()).toEqual(kinds);
  });

  test("compares everything when the state does not say when it did last", async () => {
    rig.state.saveFact("reconciled", { at: "yesterday", target: "https://api.example.com/v1" });
    await rig.start();
    await rig.passes[0]!.end();
    expect(rig.kinds()).toEqual(["edit", "reconcile"]);
  });

  test("is cold when the state knows another control plane, or cannot be read", async () => {
    rig.state.saveFact("reconciled", { at: "2026-09-01T12:00:00Z", target: "https://other.example.com/v1" });
    await rig.start();
    rig.state.fact = () => {
      throw new Error("the state cannot be read");
    };
    await rig.passes[0]!.end();
    rig.rings.watch();
    await settle();
    expect(rig.kinds()).toEqual(["reconcile", "reconcile"]);
  });
});

describe("what rings", () => {
  test("a file event an edit pass, the schedule and a hangup a reconcile pass", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end();
    for (const ring of [rig.rings.watch, rig.rings.schedule, () => daemon.reconcile()]) {
      ring();
      await settle();
      await rig.passes.at(-1)!.end();
    }
    expect(rig.kinds()).toEqual(["edit", "edit", "reconcile", "reconcile"]);
  });

  test("an edit reads everything too as long as nothing has been read once", async () => {
    await rig.start();
    await rig.passes[0]!.end({ error: { code: "auth", message: "no" } });
    rig.rings.watch();
    await settle();
    await rig.passes[1]!.end();
    rig.rings.watch();
    await settle();
    expect(rig.kinds()).toEqual(["reconcile", "reconcile", "edit"]);
  });

  test("an edit makes a push give way, and the rest of the push comes after it", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end();
    daemon.reconcile();
    await settle();
    rig.rings.watch();
    expect(rig.passes[1]!.signals.yielding.aborted).toBe(true);
    await rig.passes[1]!.end({ unfinished: [outcome("skipped")] });
    await rig.passes[2]!.end();
    expect(rig.kinds()).toEqual(["edit", "reconcile", "edit", "reconcile"]);
  });

  test("a pass that had nothing left when it was asked to give way is not repeated", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end();
    daemon.reconcile();
    await settle();
    rig.rings.watch();
    await rig.passes[1]!.end();
    await rig.passes[2]!.end();
    expect(rig.kinds()).toEqual(["edit", "reconcile", "edit"]);
  });
});

describe("a round of reading back that is asked for", () => {
  test("begins at once and is told of when it has ended; one that was under way before does not count", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end({ applied: 1, awaiting: 1 });
    await rig.clock.advance(500);
    let ended = false;
    void daemon.readBack().then(() => (ended = true));
    await settle();
    expect(rig.rounds).toHaveLength(1);
    await rig.rounds[0]!.end({ open: 1 });
    expect([rig.rounds.length, ended]).toEqual([2, false]);
    await rig.rounds[1]!.end();
    expect(ended).toBe(true);
  });

  test("is waited for until it has not given way, and not after a stop", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end();
    let ended = false;
    void daemon.readBack().then(() => (ended = true));
    await settle();
    await rig.rounds[0]!.end({ gaveWay: true });
    expect([rig.rounds.length, ended]).toEqual([2, false]);
    const stopped = daemon.stop();
    await rig.rounds[1]!.end({ gaveWay: true });
    await stopped;
    expect(ended).toBe(true);
    await daemon.readBack();
  });
});

describe("without being rung it looks again", () => {
  test("after a failure, waiting for longer each time, until it succeeds", async () => {
    await rig.start();
    const error = { code: "unavailable", message: "down" };
    for (const [index, wait] of [5_000, 10_000, 20_000].entries()) {
      await rig.passes[index]!.end({ error });
      await rig.clock.advance(wait - 1);
      expect(rig.passes).toHaveLength(index + 1);
      await rig.clock.advance(1);
      expect(rig.passes).toHaveLength(index + 2);
    }
    await rig.passes[3]!.end();
    await rig.clock.advance(3_600_000);
    expect(rig.passes).toHaveLength(4);
    rig.rings.schedule();
    await settle();
    await rig.passes[4]!.end({ error });
    await rig.clock.advance(5_000);
    expect(rig.passes).toHaveLength(6);
  });

  test("at the moment at which the policies say something else, whatever was looked at meanwhile", async () => {
    rig.warm();
    await rig.start();
    const acknowledgedUntil = new Date(rig.clock.now() + 100_000).toISOString();
    await rig.passes[0]!.end({ acknowledgedUntil });
    rig.rings.schedule();
    await settle();
    await rig.passes[1]!.end({ acknowledgedUntil, notices: [notice("settling")] });
    await rig.clock.advance(settleMs);
    await rig.passes[2]!.end({ acknowledgedUntil });
    await rig.clock.advance(100_000 - settleMs);
    expect(rig.kinds()).toEqual(["edit", "reconcile", "reconcile"]);
    await rig.clock.advance(1);
    expect(rig.kinds()).toEqual(["edit", "reconcile", "reconcile", "reconcile"]);
    await rig.passes[3]!.end();
    await rig.clock.advance(86_400_000);
    expect(rig.passes).toHaveLength(4);
  });

  test("never at a moment of policies that an edit took out since", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ acknowledgedUntil: new Date(rig.clock.now() + 100_000).toISOString() });
    rig.rings.watch();
    await settle();
    await rig.passes[1]!.end();
    await rig.clock.advance(200_000);
    expect(rig.passes).toHaveLength(2);
  });

  test("once a value that was written a moment ago has settled", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end();
    rig.rings.schedule();
    await settle();
    await rig.passes[1]!.end({ notices: [notice("settling")] });
    await rig.clock.advance(settleMs);
    expect(rig.kinds()).toEqual(["edit", "reconcile", "reconcile"]);
  });

  test("at once, at everything, when an edit left what turned out to loosen; after growing waits when that left it too", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ unfinished: [outcome("deferred")] });
    await rig.clock.advance(0);
    expect(rig.kinds()).toEqual(["edit", "reconcile"]);
    for (const [index, wait] of [5_000, 10_000, 20_000].entries()) {
      await rig.passes[index + 1]!.end({ unfinished: [outcome("deferred")] });
      await rig.clock.advance(wait - 1);
      expect(rig.passes).toHaveLength(index + 2);
      await rig.clock.advance(1);
      expect(rig.passes).toHaveLength(index + 3);
    }
    await rig.passes[4]!.end();
    await rig.clock.advance(3_600_000);
    expect(rig.passes).toHaveLength(5);
  });

  test("not when an edit pass that became one which covers it came first", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end();
    rig.rings.schedule();
    await settle();
    await rig.passes[1]!.end({ notices: [notice("settling")] });
    rig.rings.watch();
    await settle();
    await rig.passes[2]!.end({ kind: "reconcile" });
    await rig.clock.advance(3_600_000);
    expect(rig.kinds()).toEqual(["edit", "reconcile", "edit"]);
  });

  test("not when a pass that covers it came first", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ unfinished: [outcome("unknown")] });
    rig.rings.schedule();
    await settle();
    await rig.passes[1]!.end();
    await rig.clock.advance(3_600_000);
    expect(rig.kinds()).toEqual(["edit", "reconcile"]);
  });
});

describe("what was written is read back", () => {
  test("half a second after the push, and then in growing intervals until each key is judged", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ applied: 2, awaiting: 2 });
    for (const wait of [500, 1_000, 2_000]) {
      const begun = rig.rounds.length;
      await rig.clock.advance(wait - 1);
      expect(rig.rounds).toHaveLength(begun);
      await rig.clock.advance(1);
      expect(rig.rounds).toHaveLength(begun + 1);
      await rig.rounds.at(-1)!.end({ open: 1 });
    }
    await rig.clock.advance(4_000);
    await rig.rounds.at(-1)!.end();
    await rig.clock.advance(1_000_000);
    expect(rig.rounds).toHaveLength(4);
    expect(rig.kinds()).toEqual(["edit"]);
  });

  test("what reads otherwise rings a reconcile pass", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ applied: 1, awaiting: 1 });
    await rig.clock.advance(500);
    await rig.rounds[0]!.end({ contradicted: 1 });
    expect(rig.kinds()).toEqual(["edit", "reconcile"]);
  });

  test("a reconcile pass that came first has read it: there is no round", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end({ applied: 1, awaiting: 1 });
    daemon.reconcile();
    await settle();
    await rig.passes[1]!.end();
    await rig.clock.advance(1_000_000);
    expect(rig.rounds).toEqual([]);
  });

  test("a round that gave way to an edit is made up for after it", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ applied: 1, awaiting: 1 });
    await rig.clock.advance(500);
    rig.rings.watch();
    await rig.rounds[0]!.end({ open: 1, gaveWay: true });
    await rig.passes[1]!.end({ awaiting: 1 });
    expect(rig.rounds).toHaveLength(2);
  });

  test("where the credential is refused it waits for the next pass", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ applied: 1, awaiting: 1 });
    await rig.clock.advance(500);
    await rig.rounds[0]!.end({ open: 1, refused: true });
    await rig.clock.advance(1_000_000);
    expect(rig.rounds).toHaveLength(1);
  });

  test("what a former process wrote and did not read back is read after the start", async () => {
    rig.warm();
    await rig.start();
    await rig.passes[0]!.end({ awaiting: 3 });
    await rig.clock.advance(500);
    expect(rig.rounds).toHaveLength(1);
  });
});

describe("a stop", () => {
  test("silences what rings, then drains, in this order", async () => {
    const daemon = await rig.start();
    rig.events.length = 0;
    let stopped = false;
    const stopping = daemon.stop().then(() => {
      stopped = true;
    });
    await settle();
    expect(rig.events).toEqual(["daemon stops", "STOPPING=1", "schedule stops", "watch stops"]);
    expect(isFinal(rig.passes[0]!.signals.yielding)).toBe(true);
    expect([stopped, rig.passes[0]!.signals.signal.aborted]).toEqual([false, false]);
    await rig.passes[0]!.end({ unfinished: [outcome("skipped")] });
    await stopping;
    expect(rig.events.at(-1)).toBe("daemon stopped");
    expect(rig.kinds()).toEqual(["reconcile"]);
  });

  test("cuts off what is still under way when the time to drain is over", async () => {
    const daemon = await rig.start();
    const stopping = daemon.stop();
    await rig.clock.advance(drainMs - 1);
    expect(rig.passes[0]!.signals.signal.aborted).toBe(false);
    await rig.clock.advance(1);
    expect(rig.passes[0]!.signals.signal.aborted).toBe(true);
    await rig.passes[0]!.end();
    await stopping;
  });

  test("is followed by nothing: no ring, no wake-up", async () => {
    const daemon = await rig.start();
    const stopping = daemon.stop();
    await rig.passes[0]!.end({ error: { code: "unavailable", message: "down" } });
    await stopping;
    await settle();
    expect(rig.asleep).toBe(0);
    rig.rings.watch();
    rig.rings.schedule();
    daemon.reconcile();
    await rig.clock.advance(3_600_000);
    expect(rig.passes).toHaveLength(1);
  });
});

describe("who waits for a pass", () => {
  test("gets the report of one that began after that, and saw as much", async () => {
    rig.warm();
    const daemon = await rig.start();
    const [edit, reconcile] = [daemon.pass("edit"), daemon.pass("reconcile")];
    expect(daemon.doing()).toEqual({ kind: "edit", since: rig.clock.now() });
    await rig.passes[0]!.end({ pass: "before" });
    await rig.passes[1]!.end({ pass: "an edit" });
    await rig.passes[2]!.end({ pass: "a reconcile" });
    expect((await edit)?.pass).toBe("an edit");
    expect((await reconcile)?.pass).toBe("a reconcile");
    expect(daemon.doing()).toBeNull();
  });

  test("waits on while something newer makes it give way", async () => {
    rig.warm();
    const daemon = await rig.start();
    await rig.passes[0]!.end();
    const waited = daemon.pass("reconcile");
    await settle();
    rig.rings.watch();
    await rig.passes[1]!.end({ pass: "gave way", unfinished: [outcome("skipped")] });
    await rig.passes[2]!.end({ pass: "an edit" });
    await rig.passes[3]!.end({ pass: "whole" });
    expect((await waited)?.pass).toBe("whole");
  });

  test("gets nothing when the daemon stops before, or has stopped", async () => {
    const daemon = await rig.start();
    const waited = daemon.pass("reconcile");
    const stopping = daemon.stop();
    await rig.passes[0]!.end();
    await stopping;
    expect([await waited, await daemon.pass("edit")]).toEqual([null, null]);
  });
});

test("the service manager is told how the last pass went", async () => {
  rig.warm();
  await rig.start();
  await rig.passes[0]!.end({ applied: 2 });
  rig.rings.schedule();
  await settle();
  await rig.passes[1]!.end({ error: { code: "unavailable", message: "down" } });
  const summary = {
    desired: 3,
    enforced: 3,
    live: 5,
    changes: 3,
    held: 3,
    unchanged: 0,
    tightens: 0,
    loosens: 0,
  };
  rig.rings.schedule();
  await settle();
  await rig.passes[2]!.end({ summary, heldDigest: "x" });
  rig.rings.schedule();
  await settle();
  const kept = { kind: "quarantined", keyId: "k", policy: "p", message: "kept" } as const;
  await rig.passes[3]!.end({ notices: [kept, { ...kept, keyId: "l" }] });
  expect(rig.events.filter((event) => event.startsWith("STATUS="))).toEqual([
    "STATUS=3 keys, 0 changes, 2 applied in the last edit pass",
    "STATUS=last reconcile pass failed: unavailable",
    "STATUS=3 keys, 3 changes, 0 applied in the last reconcile pass, 3 held until they are approved",
    "STATUS=degraded: 2 keys kept at their last good values; 3 keys, 0 changes, 0 applied in the last reconcile pass",
  ]);
});
