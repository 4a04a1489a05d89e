import type { PassReport } from "../../src/core/outcome.ts";
import type { PassKind } from "../../src/core/plan.ts";
import { startDaemon, type Daemon, type ReadBackRound } from "../../src/daemon/daemon.ts";
import { createLog } from "../../src/log.ts";
import type { Bell } from "../../src/ports.ts";
import type { PassSignals } from "../../src/reconcile/loop.ts";
import { settle, VirtualClock } from "../portkey/virtual-clock.ts";
import { FakeState } from "../reconcile/fake-state.ts";
import { report } from "./reports.ts";

const target = "https://api.example.com/v1";
export const settleMs = 60_000;
export const drainMs = 20_000;
/** From one ring of the schedule to the next. */
export const turnMs = 15 * 60_000;

interface Round {
  /** Ends the round of reading back. */
  end(own?: Partial<ReadBackRound>): Promise<void>;
}

interface Running {
  readonly kind: PassKind;
  readonly signals: PassSignals;
  /** Ends the pass; one that read everything without an error is remembered by the state. */
  end(own?: Partial<PassReport>): Promise<void>;
}

/** A daemon whose bells ring, and whose passes end, when they are told to. */
export class DaemonRig {
  /** What happened, in order: `watch starts`, `pass edit`, messages of the log, what the service manager is told. */
  readonly events: string[] = [];
  readonly clock = new VirtualClock();
  /** How many sleeps are under way. */
  asleep = 0;
  readonly state = new FakeState();
  readonly passes: Running[] = [];
  readonly rounds: Round[] = [];
  readonly rings = { watch: (): void => undefined, schedule: (): void => undefined };

  async start(): Promise<Daemon> {
    const write = (text: string): void => void this.events.push((JSON.parse(text) as { msg: string }).msg);
    const daemon = await startDaemon({
      watch: this.#bell("watch"),
      schedule: { ...this.#bell("schedule"), wasDue: (since, now) => now - since > turnMs },
      state: this.state,
      target,
      runPass: (kind, signals) => this.#runPass(kind, signals),
      readBack: () => this.#readBack(),
      settleMs,
      drainMs,
      clock: { now: () => this.clock.now(), sleep: (ms, signal) => this.#sleep(ms, signal) },
      log: createLog({ level: "info", secrets: [], pretty: false, destination: { write } }),
      tell: (text) => this.events.push(text),
    });
    await settle();
    return daemon;
  }

  /** Lets the state know this control plane, compared with it so many milliseconds ago. */
  warm(ageMs = 0): void {
    this.state.saveFact("reconciled", { at: new Date(this.clock.now() - ageMs).toISOString(), target });
  }

  kinds(): PassKind[] {
    return this.passes.map(({ kind }) => kind);
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.asleep += 1;
    return this.clock.sleep(ms, signal).finally(() => {
      this.asleep -= 1;
    });
  }

  #bell(name: "watch" | "schedule"): Bell {
    return {
      start: (ring) => {
        this.rings[name] = ring;
        this.events.push(`${name} starts`);
        return Promise.resolve();
      },
      stop: () => {
        this.events.push(`${name} stops`);
        return Promise.resolve();
      },
    };
  }

  #readBack(): Promise<ReadBackRound> {
    this.events.push("read back");
    return new Promise((resolve) => {
      this.rounds.push({
        end(own = {}) {
          resolve({ open: 0, contradicted: 0, gaveWay: false, refused: false, ...own });
          return settle();
        },
      });
    });
  }

  #runPass(kind: PassKind, signals: PassSignals): Promise<PassReport> {
    this.events.push(`pass ${kind}`);
    return new Promise((resolve) => {
      const end = (own: Partial<PassReport> = {}): Promise<void> => {
        if (kind === "reconcile" && own.error === undefined) this.warm();
        resolve(report({ kind, ...own }));
        return settle();
      };
      this.passes.push({ kind, signals, end });
    });
  }
}
