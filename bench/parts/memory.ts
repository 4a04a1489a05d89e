import { setTimeout as sleep } from "node:timers/promises";
import { startControlPlane } from "../lib/control-plane.ts";
import { startDaemon } from "../lib/daemon.ts";
import { mb } from "../lib/report.ts";
import type { Bench } from "./part.ts";

const targetMb = 220;

/** After its last pass the daemon gives memory back, in two steps of which the second comes after ten seconds. */
const quietMs = 11_000;

/** What the running daemon holds of the machine's memory while it has nothing to do. */
export async function memory(bench: Bench): Promise<void> {
  const { report, size, sizes } = bench;
  report.heading(`memory: the daemon with every key in sync, idle (resident; at most so far)`);
  const smaller = sizes.filter((keys) => keys < size);
  for (const keys of [...smaller, size]) {
    const { first, later } = await measure(bench, keys);
    for (const [what, found] of [
      ["after the first pass", first],
      ["after three more", later],
    ] as const) {
      const judgement = { target: `under ${targetMb} MB`, met: found.now / 1024 < targetMb };
      report.figure({
        what: `${keys} keys, ${what}: peak ${mb(found.peak)}`,
        value: mb(found.now),
        ...(keys === size ? judgement : {}),
      });
    }
  }
}

async function measure({ workshop }: Bench, keys: number) {
  const policies = await workshop.policies(keys);
  const remote = await startControlPlane({ keys });
  const daemon = startDaemon({ policies, folder: workshop.folder(), baseUrl: remote.baseUrl });
  try {
    await daemon.nextPass();
    await sleep(quietMs);
    const first = daemon.memory();
    for (let pass = 0; pass < 3; pass += 1) {
      daemon.reconcile();
      await daemon.nextPass();
    }
    await sleep(quietMs);
    return { first, later: daemon.memory() };
  } finally {
    await daemon.stop();
    await remote.stop();
  }
}
