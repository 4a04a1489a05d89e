import { startControlPlane, type Arrival } from "../lib/control-plane.ts";
import { startDaemon } from "../lib/daemon.ts";
import type { Bench } from "./part.ts";
import { ms } from "../lib/report.ts";
import { median, mostInWindow, quantile } from "../lib/stats.ts";

const files = 2_005;
const keys = files - 5;
const cap = 200;
const windowMs = 1_000;
const leastShare = 0.97;

/**
 * Many changes at once: how much of the request budget is used, and that it is not exceeded where it counts, at the
 * server. The share is the length of the window by the time from one arrival to the one `cap` places later.
 */
export async function push({ report, workshop }: Bench): Promise<void> {
  report.heading(
    `push: ${keys} changed keys, ${cap} requests per ${windowMs} ms, 16 at a time, 2 ms an answer`,
  );
  const arrivals = await pushAll(await workshop.policies(files), workshop.folder());
  const instants = arrivals.map(({ at }) => at);
  report.count("updates", arrivals.filter(({ kind }) => kind === "put").length, keys);
  report.count(
    "list requests",
    arrivals.filter(({ kind }) => kind === "list").length,
    Math.ceil(files / 100),
  );
  const spans = instants.slice(cap).map((at, index) => at - (instants[index] ?? at));
  const mean = spans.reduce((sum, span) => sum + span, 0) / spans.length;
  const share = windowMs / mean;
  report.figure({
    what: "share of the budget used",
    value: `${(share * 100).toFixed(1)} %`,
    target: `at least ${leastShare * 100} %`,
    met: share >= leastShare,
  });
  const most = mostInWindow(instants, windowMs);
  report.figure({
    what: `most arrivals in any ${windowMs} ms`,
    value: String(most),
    target: `at most ${cap}`,
    met: most <= cap,
  });
  report.count("windows with more than the budget", most > cap ? 1 : 0, 0);
  const steps = `${ms(quantile(spans, 0.01))} .. ${ms(quantile(spans, 0.99))}`;
  report.figure({ what: `time of ${cap} requests: median (${steps})`, value: ms(median(spans)) });
}

async function pushAll(policies: string, folder: string): Promise<readonly Arrival[]> {
  const remote = await startControlPlane({ keys: files, stale: true, latencyMs: 2 });
  const settings = { RATE_REQUESTS: String(cap), RATE_PER: `${windowMs}ms` };
  const daemon = startDaemon({ policies, folder, baseUrl: remote.baseUrl, settings });
  try {
    const pass = await daemon.nextPass();
    if (pass.applied !== keys) throw new Error(`not what was asked: ${JSON.stringify(pass)}`);
    return await remote.arrivals();
  } finally {
    await daemon.stop();
    await remote.stop();
  }
}
