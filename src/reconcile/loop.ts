/*
 * Rings become passes.
 *
 * - Single-flight: never two passes at once.
 * - Level-triggered: a ring says "look again" and nothing else; many rings before a pass are one.
 * - The last ring is always followed by a pass that began after it.
 * - An edit does not wait for a long push to end: the pass under way is asked to give way, and what it left undone is
 *   planned anew, so that of two values for one key only the newest is sent. An edit pass, which costs nothing when
 *   nothing changed, goes before a reconcile pass.
 * - Reading back what was written (`proof`) goes after an edit and before a reconcile pass, which would read it too.
 * - Something else that writes (`alone`) runs between passes, before whatever is rung; the pass under way gives way to it.
 * - After stop nothing begins.
 */
import type { PassKind } from "../core/plan.ts";
import { Withdrawn } from "./withdrawn.ts";

/** What can be rung: a pass, or a read of what was written. */
export type Ring = PassKind | "proof";

const order: readonly Ring[] = ["edit", "proof", "reconcile"];

export interface PassSignals {
  /** Aborted with a `Withdrawn` when the pass is to begin no further request. */
  readonly yielding: AbortSignal;
  /** Aborted with a `Withdrawn` when there is to be no further pass: reads may be broken off. */
  readonly stopping: AbortSignal;
  /** Aborted when the pass must end at once. */
  readonly signal: AbortSignal;
}

export interface PassEnd {
  /** Whether the pass gave way with work left: it is rung again. */
  readonly unfinished: boolean;
}

export interface Loop {
  ring(kind: Ring): void;
  /**
   * Runs `work` when no pass runs. Once begun it is not asked to give way, but for a stop. Rejects with a `Withdrawn` when
   * the loop is stopped before.
   */
  alone<T>(work: (signals: PassSignals) => Promise<T>): Promise<T>;
  /** Lets the pass under way end; `deadline` aborted, it is cut off. Resolves when nothing runs any more. */
  stop(deadline: AbortSignal): Promise<void>;
  /** Resolves when nothing runs and nothing is rung. */
  idle(): Promise<void>;
}

/** `run` must not throw: what can go wrong in a pass is part of its report. */
export function createLoop(run: (kind: Ring, signals: PassSignals) => Promise<PassEnd>): Loop {
  const rung = new Set<Ring>();
  const stopping = new AbortController();
  const jobs: { readonly run: (signals: PassSignals) => Promise<void>; readonly refuse: () => void }[] = [];
  let stopped = false;
  let current: { readonly yielding: AbortController; readonly signal: AbortController } | null = null;
  let turning: Promise<void> = Promise.resolve();

  function next(): Ring | undefined {
    const kind = order.find((one) => rung.has(one));
    if (kind !== undefined) rung.delete(kind);
    return kind;
  }

  function again(kind: Ring): void {
    if (!stopped) rung.add(kind);
  }

  function begin(): PassSignals {
    current = { yielding: new AbortController(), signal: new AbortController() };
    const { yielding, signal } = current;
    return { yielding: yielding.signal, stopping: stopping.signal, signal: signal.signal };
  }

  async function turn(): Promise<void> {
    while (!stopped) {
      const job = jobs.shift();
      const kind = job === undefined ? next() : undefined;
      if (job !== undefined) await job.run({ ...begin(), yielding: stopping.signal });
      else if (kind === undefined) return;
      else if ((await run(kind, begin())).unfinished) again(kind);
      current = null;
    }
  }

  function isIdle(): boolean {
    return current === null && rung.size === 0 && jobs.length === 0;
  }

  return {
    ring(kind) {
      if (stopped) return;
      const idle = isIdle();
      rung.add(kind);
      if (kind === "edit") current?.yielding.abort(new Withdrawn(false));
      if (idle) turning = turning.then(turn);
    },
    alone<T>(work: (signals: PassSignals) => Promise<T>): Promise<T> {
      if (stopped) return Promise.reject(new Withdrawn(true));
      const idle = isIdle();
      const done = new Promise<T>((resolve, reject) => {
        jobs.push({
          run: (signals) =>
            // Whatever it throws, and when, is its caller's: the loop turns on.
            Promise.resolve(signals).then(work).then(resolve, reject),
          refuse: () => reject(new Withdrawn(true)),
        });
      });
      current?.yielding.abort(new Withdrawn(false));
      if (idle) turning = turning.then(turn);
      return done;
    },
    async stop(deadline) {
      stopped = true;
      rung.clear();
      for (const job of jobs.splice(0)) job.refuse();
      stopping.abort(new Withdrawn(true));
      current?.yielding.abort(new Withdrawn(true));
      const cutOff = (): void => current?.signal.abort(new Withdrawn(true));
      if (deadline.aborted) cutOff();
      deadline.addEventListener("abort", cutOff);
      await turning;
      deadline.removeEventListener("abort", cutOff);
    },
    async idle() {
      while (!isIdle() && !(stopped && current === null)) await turning;
    },
  };
}
