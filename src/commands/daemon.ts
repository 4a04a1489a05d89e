import { randomUUID } from "node:crypto";
import { assemble } from "../assemble.ts";
import { startDaemon, type Daemon } from "../daemon/daemon.ts";
import { notifySystemd } from "../daemon/notify-systemd.ts";
import { createPassLog } from "../daemon/pass-log.ts";
import { createRelief } from "../daemon/relief.ts";
import { runPass } from "../reconcile/pass.ts";
import { readBackRound } from "../reconcile/read-back-round.ts";
import { createRemoteContext, exits, stopOnSignal, type CommonFlags, type Io } from "./context.ts";

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
  const passLog = createPassLog(log);
  const relief = createRelief(assembled.ports.clock);
  const target = config.portkey.baseUrl;
  try {
    running = await startDaemon({
      watch: assembled.watch(),
      schedule: assembled.schedule(),
      state: assembled.ports.state,
      target,
      settleMs: config.settleMs,
      drainMs,
      clock: assembled.ports.clock,
      log,
      tell: (state) => notifySystemd(state, io.env),
      async runPass(kind, signals) {
        assembled.beginPass();
        relief.passBegins();
        const pass = randomUUID();
        const { settleMs } = config;
        const { report } = await runPass(assembled.ports, {
          ...signals,
          pass,
          kind,
          settleMs,
          target,
          workers: assembled.workers,
          onOutcome: (outcome, change) => passLog.outcome(pass, outcome, change),
        });
        passLog.report(report);
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
        return round;
      },
    });
    await aborted(stop.signal);
    await running.stop();
    process.removeListener("SIGHUP", onHangup);
    return exits.ok;
  } finally {
    await assembled.close();
    stop.release();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
