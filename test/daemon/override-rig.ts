import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { PassReport } from "../../src/core/outcome.ts";
import type { Json, KeyId } from "../../src/core/policy.ts";
import { startDaemon, type Daemon } from "../../src/daemon/daemon.ts";
import { createLog } from "../../src/log.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";
import type { Clock } from "../../src/ports.ts";
import { runPass, type PassPorts } from "../../src/reconcile/pass.ts";
import { readBackRound } from "../../src/reconcile/read-back-round.ts";
import { survey } from "../../src/reconcile/survey.ts";
import { settle, VirtualClock } from "../portkey/virtual-clock.ts";
import { temporaryDirectory, writeTree } from "../policy-dir/support.ts";
import { createRig, plainKeys, stored, target, type Rig } from "../reconcile/rig.ts";

const settleMs = 60_000;
const stop = (): Promise<void> => Promise.resolve();

export interface OverrideRigParts {
  readonly startsAt: string;
  /** Files of the policy directory. */
  readonly files: Readonly<Record<string, string>>;
  readonly keys?: number;
  readonly limits?: GuardLimits;
}

/** A whole daemon on a policy directory and a control plane, without a schedule and with a clock that is handed in. */
export class OverrideRig {
  readonly directory = temporaryDirectory();
  readonly rig: Rig;
  readonly ports: PassPorts;
  readonly reports: PassReport[] = [];
  /** What sleeps are measured on. */
  readonly machine: VirtualClock;
  /** By how much the wall clock is ahead of it. */
  ahead = 0;
  /** Rings as the watch does. */
  edited = (): void => undefined;
  daemon: Daemon | undefined;

  constructor({ startsAt, files, keys = 1, limits }: OverrideRigParts) {
    writeTree(this.directory, files);
    this.machine = new VirtualClock(Date.parse(startsAt));
    this.rig = createRig({
      keys: new Map([...plainKeys(keys)].map(([id]) => [id, stored({ name: "k" })])),
      ...(limits === undefined ? {} : { limits }),
    });
    const clock: Clock = {
      now: () => {
        const now = this.machine.now() + this.ahead;
        this.rig.setNow(now);
        return now;
      },
      sleep: (ms, signal) => this.machine.sleep(ms, signal),
    };
    this.ports = {
      ...this.rig.ports,
      clock,
      policies: createPolicySource({ directory: this.directory }),
    };
  }

  /** Begins a process: what the state and the control plane hold outlives it. */
  async start(): Promise<void> {
    this.daemon = await startDaemon({
      watch: { start: (ring) => Promise.resolve(void (this.edited = ring)), stop },
      schedule: { start: () => Promise.resolve(), stop, wasDue: () => false },
      state: this.ports.state,
      target,
      settleMs,
      drainMs: 1_000,
      clock: this.ports.clock,
      log: createLog({ level: "error", secrets: [], pretty: false, destination: { write: () => undefined } }),
      tell: () => undefined,
      runPass: async (kind, signals, planned) => {
        const pass = `pass-${this.reports.length + 1}`;
        const { report } = await runPass(this.ports, {
          ...signals,
          pass,
          kind,
          settleMs,
          target,
          workers: 2,
          approve({ moments }) {
            planned(moments);
            return Promise.resolve(true);
          },
        });
        this.reports.push(report);
        return report;
      },
      readBack: (signals) => readBackRound(this.ports, { ...signals, pass: "proof", settleMs }),
    });
    await this.rest();
  }

  async stop(): Promise<void> {
    await this.machine.runUntil(this.daemon!.stop());
  }

  /** Moves all clocks to an instant. */
  async until(instant: string): Promise<void> {
    await this.machine.advance(Date.parse(instant) - this.machine.now() - this.ahead);
    await this.rest();
  }

  /** Lets everything happen that needs no time. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await settle();
  }

  /** Changes the policy directory; nobody is told. */
  write(file: string, text: string): void {
    writeFileSync(join(this.directory, file), text);
  }

  /** The value of a key's only rate limit; undefined where it has none. */
  rateOf(id: KeyId): Json | undefined {
    const limits = this.rig.plane.keys.get(id)?.rate_limits as readonly { value: Json }[] | undefined;
    return limits?.[0]?.value;
  }

  /** What a plan of now would change. */
  async planned(): Promise<number> {
    const signal = new AbortController().signal;
    const { plan } = await survey(this.ports, { pass: "reconcile", settleMs, signal });
    return plan.changes.length + plan.held.length;
  }
}
