/*
 * The daemon: what rings, what a pass logs, when to look again, and in which order all of it starts and stops.
 *
 *   starts: watch the directory -> schedule -> the first ring      stops: no further pass, the same backwards, drain
 *
 * The first pass is an edit pass when the state knows this control plane, else a reconcile pass: without having looked
 * once, setting every field of every key would be a write that nobody needs. For the same reason an edit rings a
 * reconcile pass as long as none has succeeded. Where the schedule may have been missed while nothing ran, a reconcile pass
 * follows the first edit pass: what a state says is in sync is to be no older than the schedule promises.
 *
 * Overrides begin and end at instants of the wall clock: each pass tells the next one as soon as it has read the policies,
 * and the daemon looks then, at the policies alone, whichever files changed and whatever the schedule says.
 *
 * What a pass has written is read back: half a second later, and then in growing intervals until each key is judged. What
 * does not read as it was set rings a reconcile pass, which tries once more or tells. So does a change that turned out to
 * loosen when it was to be sent, and the instant at which a known difference is enforced again.
 */
import type { Moments } from "../core/next-moment.ts";
import type { PassReport } from "../core/outcome.ts";
import type { PassKind } from "../core/plan.ts";
import type { Logger } from "pino";
import type { Bell, Clock, StateReader } from "../ports.ts";
import { proofWaitMs } from "../reconcile/await-proof.ts";
import { createLoop, type PassEnd, type PassSignals, type Ring } from "../reconcile/loop.ts";
import { createAlarms } from "./alarms.ts";
import { momentWaitMs, nextLook } from "./next-look.ts";
import type { Schedule } from "./schedule.ts";
import { createWakeUp } from "./wake-up.ts";

export interface DaemonParts {
  readonly watch: Bell;
  readonly schedule: Bell & Pick<Schedule, "wasDue">;
  readonly state: StateReader;
  /** The control plane's base URL: a state that knows another one is cold. */
  readonly target: string;
  /** Calls `planned` with what overrides have to come as soon as it has read the policies. */
  readonly runPass: (
    kind: PassKind,
    signals: PassSignals,
    planned: (moments: Moments | null) => void,
  ) => Promise<PassReport>;
  /** One round of reading back. Does not throw: what went wrong is in its result. */
  readonly readBack: (signals: PassSignals) => Promise<ReadBackRound>;
  readonly settleMs: number;
  /** For how long requests on the wire are waited for at the end, in milliseconds. */
  readonly drainMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told when the daemon is up, looks at something, or stops; for the service manager. */
  readonly tell: (state: string) => void;
}

export interface ReadBackRound {
  /** Keys that are still to be judged. */
  readonly open: number;
  /** Keys that do not read as they were set. */
  readonly contradicted: number;
  /** Whether it was broken off for something newer. */
  readonly gaveWay: boolean;
  /** Whether the credential was refused: trying on would only hammer. */
  readonly refused: boolean;
}

export interface Daemon {
  /** Rings a reconcile pass. */
  reconcile(): void;
  /**
   * Rings a pass, and resolves to the report of one that began after that, saw at least as much and left nothing undone
   * for something newer; null when the daemon stops before.
   */
  pass(kind: PassKind): Promise<PassReport | null>;
  /**
   * Rings a round of reading back, and resolves when one that began after that has ended, or the daemon stops.
   */
  readBack(): Promise<void>;
  /** Runs something else that writes between passes; see the loop. */
  alone<T>(work: (signals: PassSignals) => Promise<T>): Promise<T>;
  /** The pass under way and when it began, in milliseconds since the epoch. */
  doing(): { readonly kind: PassKind; readonly since: number } | null;
  /** Drains and ends; resolves when nothing runs any more. */
  stop(): Promise<void>;
}

export async function startDaemon(parts: DaemonParts): Promise<Daemon> {
  const { log, clock } = parts;
  const loop = createLoop((kind, signals) => (kind === "proof" ? prove(signals) : pass(kind, signals)));
  const alarms = createAlarms(clock, ring);
  const wakeUp = createWakeUp(clock, () => ring("edit"));
  // Apart from the others: what a pass wants to look at again must not wait for it.
  const acknowledged = createAlarms(clock, ring);
  let stopping = false;
  let failures = 0;
  let rounds = 0;
  let current: ReturnType<Daemon["doing"]> = null;
  const waiting = new Set<Waiting>();
  const reading = new Set<() => void>();

  async function pass(kind: PassKind, signals: PassSignals): Promise<PassEnd> {
    alarms.covered(kind);
    current = { kind, since: clock.now() };
    const served = [...waiting].filter((one) => one.kind === kind || kind === "reconcile");
    const report = await parts.runPass(kind, signals, wakeAt);
    current = null;
    // An edit pass may have become a reconcile pass.
    if (report.kind !== kind) alarms.covered(report.kind);
    const gaveWay =
      signals.yielding.aborted && report.unfinished.some(({ outcome }) => outcome === "skipped");
    const look = nextLook(report, { failures, settleMs: parts.settleMs });
    failures = look?.failed === true ? failures + 1 : 0;
    if (look !== null && !stopping) alarms.set(look.kind, look.afterMs);
    lookAt(report.acknowledgedUntil);
    if (report.awaiting > 0 && report.error?.code !== "auth") {
      if (report.applied > 0) rounds = 0;
      proveLater();
    }
    parts.tell(`STATUS=${statusLine(report)}`);
    if (!gaveWay) served.forEach((one) => answer(one, report));
    return { unfinished: gaveWay };
  }

  /** Before anything is sent: a long push has to give way to what begins or ends meanwhile. */
  function wakeAt(moments: Moments | null): void {
    // A pass that could not read the policies knows of none: what was planned before stands.
    if (moments !== null && !stopping) wakeUp.set(moments.look);
  }

  async function prove(signals: PassSignals): Promise<PassEnd> {
    alarms.covered("proof");
    const served = [...reading];
    const { open, contradicted, gaveWay, refused } = await parts.readBack(signals);
    if (contradicted > 0) ring("reconcile");
    else if (open > 0 && !gaveWay && !refused) proveLater();
    if (!gaveWay) served.forEach(wasRead);
    return { unfinished: gaveWay };
  }

  function proveLater(): void {
    if (!stopping) alarms.set("proof", proofWaitMs(rounds));
    rounds += 1;
  }

  function wasRead(resolve: () => void): void {
    reading.delete(resolve);
    resolve();
  }

  /** What is enforced again changes then, and only a pass that looks can tell what that means for the keys. */
  function lookAt(end: string | undefined): void {
    acknowledged.stop();
    if (end !== undefined && !stopping)
      acknowledged.set("reconcile", momentWaitMs(Date.parse(end), clock.now()));
  }

  function answer(one: Waiting, report: PassReport | null): void {
    waiting.delete(one);
    one.resolve(report);
  }

  function ring(kind: Ring): void {
    loop.ring(kind === "edit" && lastReconciled(parts) === null ? "reconcile" : kind);
  }

  function isOverdue(): boolean {
    const last = lastReconciled(parts);
    if (last === null) return false;
    const now = clock.now();
    // Neither an instant to come nor one that cannot be read says how old it is.
    return !(last <= now) || parts.schedule.wasDue(last, now);
  }

  await parts.watch.start(() => ring("edit"));
  await parts.schedule.start(() => ring("reconcile"));
  log.info({ target: parts.target }, "daemon started");
  parts.tell("READY=1");
  ring("edit");
  if (isOverdue()) ring("reconcile");

  return {
    reconcile: () => ring("reconcile"),
    pass(kind) {
      if (stopping) return Promise.resolve(null);
      return new Promise((resolve) => {
        waiting.add({ kind, resolve });
        ring(kind);
      });
    },
    readBack() {
      if (stopping) return Promise.resolve();
      return new Promise((resolve) => {
        reading.add(resolve);
        ring("proof");
      });
    },
    alone: (work) => loop.alone(work),
    doing: () => current,
    async stop() {
      log.info("daemon stops");
      parts.tell("STOPPING=1");
      stopping = true;
      alarms.stop();
      wakeUp.stop();
      acknowledged.stop();
      const deadline = new AbortController();
      const drained = new AbortController();
      clock.sleep(parts.drainMs, drained.signal).then(
        () => deadline.abort(),
        () => undefined,
      );
      // From here on nothing begins, whatever still rings.
      const ended = loop.stop(deadline.signal);
      await parts.schedule.stop();
      await parts.watch.stop();
      await ended;
      waiting.forEach((one) => answer(one, null));
      reading.forEach(wasRead);
      drained.abort();
      log.info("daemon stopped");
    },
  };
}

/** Somebody who waits for the end of a pass. */
interface Waiting {
  readonly kind: PassKind;
  readonly resolve: (report: PassReport | null) => void;
}

/**
 * When everything was compared last, in milliseconds since the epoch; NaN when the state does not say, null when it was never
 * compared with this control plane. A state that cannot be read knows nothing; the pass will say what is wrong with it.
 */
function lastReconciled({ state, target }: Pick<DaemonParts, "state" | "target">): number | null {
  try {
    const reconciled = state.fact("reconciled");
    if (reconciled?.["target"] !== target) return null;
    return typeof reconciled["at"] === "string" ? Date.parse(reconciled["at"]) : NaN;
  } catch {
    return null;
  }
}

function statusLine(report: PassReport): string {
  if (report.error !== null) return `last ${report.kind} pass failed: ${report.error.code}`;
  const { desired, changes, held } = report.summary;
  const waiting = report.heldDigest === null ? "" : `, ${held} held until they are approved`;
  const kept = report.notices.filter(({ kind }) => kind === "quarantined").length;
  const degraded = kept === 0 ? "" : `degraded: ${kept} keys kept at their last good values; `;
  return `${degraded}${desired} keys, ${changes} changes, ${report.applied} applied in the last ${report.kind} pass${waiting}`;
}
