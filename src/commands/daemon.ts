import { randomUUID } from "node:crypto";
import { assemble, assembleHistory } from "../assemble.ts";
import { isStanding } from "../core/approval.ts";
import {
  startControlServer,
  type ControlServer,
  type ControlServerOptions,
} from "../daemon/control-server.ts";
import { startDaemon, type Daemon } from "../daemon/daemon.ts";
import { notifySystemd } from "../daemon/notify-systemd.ts";
import { createPassLog } from "../daemon/pass-log.ts";
import { createProofWatch } from "../daemon/proof-watch.ts";
import { createRelief } from "../daemon/relief.ts";
import { createReminders } from "../daemon/reminders.ts";
import { approvalOf, pausedSince } from "../reconcile/holding.ts";
import { runPass } from "../reconcile/pass.ts";
import { readBackRound } from "../reconcile/read-back-round.ts";
import { Withdrawn } from "../reconcile/withdrawn.ts";
import { controlHandlers } from "./control-handlers.ts";
import { pastReader } from "./past-of.ts";
import { exits, stopOnSignal, type CommonFlags, type Io } from "./context.ts";
import { createRemoteContext } from "./remote-context.ts";

/** How long requests on the wire are waited for after SIGTERM; below the unit's TimeoutStopSec. */
const drainMs = 20_000;

/** Watches, applies edits, reconciles on schedule, until it is told to stop. */
export async function daemon(io: Io, flags: CommonFlags): Promise<number> {
  // Before anything else: without a handler a SIGHUP ends the process.
  let running: Daemon | undefined;
  const onHangup = (): void => running?.reconcile();
  process.on("SIGHUP", onHangup);
  const { config, credential, log } = createRemoteContext(io, flags);
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "write", credential, log, env: io.env });
  const { state, clock } = assembled.ports;
  const passLog = createPassLog(log);
  const reminders = createReminders({ state, log });
  const relief = createRelief(clock);
  const target = config.portkey.baseUrl;
  const schedule = assembled.schedule();
  let pausing = new AbortController();
  let control: ControlServer | undefined;
  const proofWatch = createProofWatch({
    clock,
    settleMs: config.settleMs,
    readBack: () => running?.readBack() ?? Promise.resolve(),
  });
  try {
    control = await openControl(config.control.socket, {
      clean: io.clean,
      handlers: controlHandlers({
        ports: assembled.ports,
        settleMs: config.settleMs,
        pastOf: pastReader(state, assembleHistory(config)),
        state,
        clock,
        log,
        schedule,
        proofs: proofWatch,
        daemon: () => running,
        withdraw() {
          pausing.abort(new Withdrawn(true, "the daemon is paused"));
        },
      }),
    });
    if (pausedSince(state) !== null) log.warn("paused: nothing is written until it is resumed");
    running = await startDaemon({
      watch: assembled.watch(),
      schedule,
      state,
      target,
      settleMs: config.settleMs,
      drainMs,
      clock,
      log,
      tell: (state) => notifySystemd(state, io.env),
      async runPass(kind, signals, planned) {
        assembled.beginPass();
        relief.passBegins();
        pausing = new AbortController();
        const pass = randomUUID();
        const { settleMs } = config;
        const { report, outcomes, proofs, survey } = await runPass(assembled.ports, {
          ...signals,
          yielding: AbortSignal.any([signals.yielding, pausing.signal]),
          stopping: AbortSignal.any([signals.stopping, pausing.signal]),
          approve({ moments }) {
            planned(moments);
            return Promise.resolve(pausedSince(state) === null);
          },
          pass,
          kind,
          settleMs,
          target,
          workers: assembled.workers,
          onOutcome: (outcome, change) => passLog.outcome(pass, outcome, change),
        });
        passLog.report(report);
        passLog.unprovable(pass, proofs);
        proofWatch.pass({ kind: report.kind, outcomes, proofs });
        reminders.tell(survey?.courses ?? [], { pass, now: clock.now() });
        if (kind === "reconcile") assembled.trimAudit();
        relief.passEnded();
        return report;
      },
      async readBack(signals) {
        const round = await readBackRound(assembled.ports, {
          ...signals,
          pass: randomUUID(),
          settleMs: config.settleMs,
        });
        passLog.readBack(round);
        proofWatch.round(round);
        return round;
      },
    });
    // What was approved before a restart does not wait for the schedule.
    const approval = approvalOf(state);
    if (approval !== null && isStanding(approval, clock.now())) void running.pass(approval.pass);
    await aborted(stop.signal);
    proofWatch.stop();
    await Promise.all([control?.stop(), running.stop()]);
    process.removeListener("SIGHUP", onHangup);
    return exits.ok;
  } finally {
    await control?.stop();
    await assembled.close();
    stop.release();
  }
}

async function openControl(
  path: string | null,
  options: Omit<ControlServerOptions, "path">,
): Promise<ControlServer | undefined> {
  return path === null ? undefined : startControlServer({ ...options, path });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
