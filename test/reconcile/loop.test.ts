import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLoop, type Ring, type Loop, type PassSignals } from "../../src/reconcile/loop.ts";
import { isFinal, Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { settle } from "../portkey/virtual-clock.ts";
import { propertyRuns } from "../core/build.ts";

/*
 * The invariants, for any order of rings, ends and stops:
 *   1. never two passes at once;
 *   2. the last ring is followed by a pass that began after it, unless it was stopped;
 *   3. rings that come before a pass begins are one pass;
 *   4. an edit makes the pass under way give way, with a reason that is not final, and goes before a reconcile pass;
 *   5. a pass that ended unfinished is rung again;
 *   6. after stop nothing begins, the pass under way is told that it is final, and stop resolves when it ended.
 */

interface Running {
  readonly kind: Ring;
  readonly signals: PassSignals;
  readonly end: (unfinished: boolean) => void;
}

/** A loop whose passes end when they are told to; notes when each kind was rung last, and when a pass of it began. */
class LoopRig {
  readonly loop: Loop;
  readonly begun: Ring[] = [];
  readonly lastRing: Record<Ring, number> = { edit: 0, proof: 0, reconcile: 0 };
  readonly lastBegin: Record<Ring, number> = { edit: 0, proof: 0, reconcile: 0 };
  running: Running | null = null;
  stopped: "no" | "asked" | "done" = "no";
  #events = 0;

  constructor() {
    this.loop = createLoop((kind, signals) => {
      expect(this.running).toBeNull();
      this.begun.push(kind);
      this.lastBegin[kind] = this.#events += 1;
      return new Promise((resolve) => {
        const end = (unfinished: boolean): void => {
          this.running = null;
          // A pass that ended unfinished has rung for itself.
          if (unfinished && this.stopped === "no") this.lastRing[kind] = this.#events += 1;
          resolve({ unfinished });
        };
        this.running = { kind, signals, end };
      });
    });
  }

  ring(kind: Ring): void {
    if (this.stopped === "no") this.lastRing[kind] = this.#events += 1;
    this.loop.ring(kind);
  }

  stop(deadline: AbortSignal): void {
    this.stopped = "asked";
    void this.loop.stop(deadline).then(() => {
      this.stopped = "done";
    });
  }
}

/** What the invariants say must be the case. */
interface Model {
  running: { readonly kind: Ring; yields: boolean; final: boolean } | null;
  readonly rung: Set<Ring>;
  stopped: boolean;
  begun: number;
}

function goOn(model: Model): void {
  const kind = (["edit", "proof", "reconcile"] as const).find((one) => model.rung.has(one));
  if (model.running !== null || model.stopped || kind === undefined) return;
  model.rung.delete(kind);
  model.running = { kind, yields: false, final: false };
  model.begun += 1;
}

type Command = fc.AsyncCommand<Model, LoopRig>;

function command(
  name: string,
  parts: { readonly check: (model: Model) => boolean; readonly run: (model: Model, rig: LoopRig) => void },
): Command {
  return {
    check: parts.check,
    toString: () => name,
    async run(model, rig) {
      parts.run(model, rig);
      goOn(model);
      await settle();
      const { running, begun } = rig;
      expect(running?.kind).toEqual(model.running?.kind);
      expect(begun).toHaveLength(model.begun);
      expect(running?.signals.yielding.aborted).toEqual(model.running?.yields);
      if (running?.signals.yielding.aborted === true) {
        expect(running.signals.yielding.reason).toBeInstanceOf(Withdrawn);
        expect(isFinal(running.signals.yielding)).toBe(model.running?.final);
      }
      expect(running?.signals.signal.aborted ?? false).toBe(false);
      expect(rig.stopped).toBe(!model.stopped ? "no" : model.running === null ? "done" : "asked");
    },
  };
}

const rings = fc
  .array(fc.constantFrom<Ring>("edit", "proof", "reconcile"), { minLength: 1, maxLength: 5 })
  .map((kinds) =>
    command(`ring ${kinds.join(", ")}`, {
      check: () => true,
      run(model, rig) {
        for (const kind of kinds) {
          rig.ring(kind);
          if (model.stopped) continue;
          model.rung.add(kind);
          if (kind === "edit" && model.running !== null) model.running.yields = true;
        }
      },
    }),
  );

const ends = fc.boolean().map((unfinished) =>
  command(unfinished ? "the pass ends unfinished" : "the pass ends", {
    check: (model) => model.running !== null,
    run(model, rig) {
      rig.running!.end(unfinished);
      if (unfinished && !model.stopped) model.rung.add(model.running!.kind);
      model.running = null;
    },
  }),
);

const stops = fc.constant(
  command("stop", {
    check: (model) => !model.stopped,
    run(model, rig) {
      rig.stop(new AbortController().signal);
      model.stopped = true;
      model.rung.clear();
      if (model.running === null) return;
      // A reason cannot be replaced: a pass that was asked to give way before keeps the first one.
      if (!model.running.yields) model.running.final = true;
      model.running.yields = true;
    },
  }),
);

test("whatever order rings, ends and a stop come in, the invariants hold", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.commands([rings, rings, ends, ends, stops], { maxCommands: 40 }),
      async (commands) => {
        const rig = new LoopRig();
        const model: Model = { running: null, rung: new Set(), stopped: false, begun: 0 };
        await fc.asyncModelRun(() => ({ model, real: rig }), commands);
        for (let turns = 0; rig.running !== null && turns < 10; turns += 1) {
          rig.running.end(false);
          await settle();
        }
        expect(rig.running).toBeNull();
        if (rig.stopped !== "no") return;
        await rig.loop.idle();
        for (const kind of ["edit", "proof", "reconcile"] as const) {
          if (rig.lastRing[kind] > 0) expect(rig.lastBegin[kind]).toBeGreaterThan(rig.lastRing[kind]);
        }
      },
    ),
    { numRuns: propertyRuns },
  );
});

describe("a stop", () => {
  test("lets the pass under way end, and cuts it off at the deadline", async () => {
    const rig = new LoopRig();
    const deadline = new AbortController();
    rig.ring("reconcile");
    await settle();
    const { signals, end } = rig.running!;
    rig.stop(deadline.signal);
    expect(signals.yielding.aborted).toBe(true);
    expect(signals.signal.aborted).toBe(false);
    deadline.abort();
    expect(signals.signal.reason).toEqual(new Withdrawn(true));
    await settle();
    expect(rig.stopped).toBe("asked");
    end(true);
    await settle();
    expect(rig.stopped).toBe("done");
    expect(rig.begun).toEqual(["reconcile"]);
  });

  test("whose deadline is over already cuts the pass off at once", async () => {
    const rig = new LoopRig();
    rig.ring("edit");
    await settle();
    rig.stop(AbortSignal.abort());
    expect(rig.running!.signals.signal.aborted).toBe(true);
    rig.running!.end(false);
    await settle();
    expect(rig.stopped).toBe("done");
  });

  test("right after a ring comes before its pass", async () => {
    const rig = new LoopRig();
    rig.ring("edit");
    rig.stop(new AbortController().signal);
    await settle();
    expect(rig.begun).toEqual([]);
    expect(rig.stopped).toBe("done");
  });
});

describe("something else that writes", () => {
  test("runs alone: the pass under way gives way to it, and what is rung waits for its end", async () => {
    const rig = new LoopRig();
    rig.ring("reconcile");
    await settle();
    const log: string[] = [];
    let end: () => void = () => undefined;
    const done = rig.loop.alone(async ({ yielding }) => {
      log.push("begun");
      await new Promise<void>((resolve) => (end = resolve));
      expect(yielding.aborted).toBe(false);
      return 7;
    });
    const pass = rig.running!;
    expect(pass.signals.yielding.reason).toEqual(new Withdrawn(false));
    await settle();
    expect(log).toEqual([]);
    pass.end(true);
    await settle();
    expect([log, rig.running]).toEqual([["begun"], null]);
    rig.ring("edit");
    await settle();
    expect(rig.begun).toEqual(["reconcile"]);
    end();
    expect(await done).toBe(7);
    await settle();
    expect(rig.begun).toEqual(["reconcile", "edit"]);
    rig.running!.end(false);
    await settle();
    expect(rig.begun).toEqual(["reconcile", "edit", "reconcile"]);
    rig.running!.end(false);
    await rig.loop.idle();
  });

  test("may fail without harm, begins at once where nothing runs, and not at all after a stop", async () => {
    const rig = new LoopRig();
    await expect(rig.loop.alone(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    rig.ring("edit");
    await settle();
    const late = rig.loop.alone(() => Promise.resolve("never"));
    rig.stop(new AbortController().signal);
    await expect(late).rejects.toEqual(new Withdrawn(true));
    rig.running!.end(false);
    await expect(rig.loop.alone(() => Promise.resolve("never"))).rejects.toEqual(new Withdrawn(true));
  });
});

test("what runs alone and throws before its first wait stops nothing: its caller is told, and the loop turns on", async () => {
  const rig = new LoopRig();
  const thrown = rig.loop.alone((): Promise<never> => {
    throw new Error("at once");
  });
  rig.ring("edit");
  await expect(thrown).rejects.toThrow("at once");
  await settle();
  expect(rig.begun).toEqual(["edit"]);
  rig.running!.end(false);
  expect(await rig.loop.alone(() => Promise.resolve("next"))).toBe("next");
  await rig.loop.idle();
});

test("idle waits for the pass under way and for what is rung, and not for anything after a stop", async () => {
  const rig = new LoopRig();
  await rig.loop.idle();
  let idle = false;
  rig.ring("reconcile");
  rig.ring("edit");
  const waiting = rig.loop.idle().then(() => {
    idle = true;
  });
  for (const kind of ["edit", "reconcile"]) {
    await settle();
    expect([rig.running!.kind, idle]).toEqual([kind, false]);
    rig.running!.end(false);
  }
  await waiting;
  rig.stop(new AbortController().signal);
  rig.ring("edit");
  await rig.loop.idle();
});
