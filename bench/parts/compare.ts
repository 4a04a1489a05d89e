import { join } from "node:path";
import { request } from "undici";
import { bareEnvironment, cli, program, runNode } from "../lib/child.ts";
import { startControlPlane, type ControlPlane } from "../lib/control-plane.ts";
import { freeSettings, settingsAsVariables } from "../lib/daemon.ts";
import { ms } from "../lib/report.ts";
import type { Bench } from "./part.ts";

const latencyMs = 5;
const profiles = 5;

/** One way to bring keys in line: a command line, and what it is called. */
interface Way {
  readonly name: string;
  readonly run: () => Promise<number>;
}

interface Cost {
  readonly reads: number;
  readonly writes: number;
  readonly ms: number;
}

/**
 * A check of keys of which none has changed, and one of which a hundredth has, by us and by two other ways, against the same
 * server. Ours is a whole process: it reads and validates ten thousand policy files first, and reads back what it wrote.
 */
export async function compare({ report, workshop, size }: Bench): Promise<void> {
  report.heading(
    `compare: ${size} keys, an answer takes ${latencyMs} ms; whole processes, ten requests at a time`,
  );
  const policies = await workshop.policies(size + profiles);
  const folder = workshop.folder();
  const remote = await startControlPlane({ keys: size + profiles, latencyMs });
  const variables = settingsAsVariables({ ...freeSettings, RATE_CONCURRENCY: "10" });
  const env = { ...bareEnvironment(), ...variables, PORTKEY_API_KEY: "bench-admin-key-0001" };
  const where = ["--policies", policies, "--state", `sqlite:${join(folder, "state.db")}`];
  const apply = [cli, "apply", "--yes", "--format", "json", ...where, "--base-url", remote.baseUrl];
  const ways: readonly Way[] = [
    { name: "keysteward", run: async () => (await runNode(apply, { env })).ms },
    { name: "a GET a key", run: () => time("provider-way", remote, size + profiles) },
    { name: "SDK script", run: () => time("sdk-script", remote, size + profiles) },
  ];
  try {
    await ways[0]?.run();
    for (const [what, changed] of [
      ["none changed", 0],
      ["1 % changed", Math.round(size / 100)],
    ] as const) {
      const costs: Cost[] = [];
      for (const { name, run } of ways) {
        await change(remote, changed);
        await remote.arrivals();
        const cost = await costOf(run, remote);
        costs.push(cost);
        report.count(`${name}: updates, ${what}`, cost.writes, changed);
        report.figure({ what: `${name}: reads, ${what}`, value: String(cost.reads) });
        report.figure({ what: `${name}: time, ${what}`, value: ms(cost.ms) });
      }
      const [ours, provider] = costs;
      if (changed > 0 || ours === undefined || provider === undefined) continue;
      const share = provider.reads / ours.reads;
      report.figure({
        what: "reads by a GET a key for one of ours",
        value: share.toFixed(0),
        target: "at least 50",
        met: share >= 50,
      });
    }
  } finally {
    await remote.stop();
  }
}

async function time(name: string, remote: ControlPlane, keys: number): Promise<number> {
  return (await runNode([program(name), remote.baseUrl, String(keys)])).ms;
}

async function costOf(run: () => Promise<number>, remote: ControlPlane): Promise<Cost> {
  const taken = await run();
  const arrivals = await remote.arrivals();
  const writes = arrivals.filter(({ kind }) => kind === "put").length;
  return { reads: arrivals.length - writes, writes, ms: taken };
}

/** Somebody gives the governed keys of a page of this size another rate limit. */
async function change(remote: ControlPlane, count: number): Promise<void> {
  if (count === 0) return;
  const list = await request(`${remote.baseUrl}/api-keys?page_size=${count}&current_page=1`);
  const { data } = (await list.body.json()) as { readonly data: readonly { readonly id: string }[] };
  for (const { id } of data) {
    const { body } = await request(`${remote.baseUrl}/api-keys/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rate_limits: [{ type: "requests", unit: "rpm", value: 9_999 }] }),
    });
    await body.text();
  }
}
