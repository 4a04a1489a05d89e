import { startControlPlane } from "../lib/control-plane.ts";
import { startPartner } from "../lib/child.ts";
import { startDaemon } from "../lib/daemon.ts";
import { ms } from "../lib/report.ts";
import { median } from "../lib/stats.ts";
import type { Bench } from "./part.ts";

const runs = 5;
const pageSize = 100;

/** A reconcile pass of a running daemon that finds nothing to do, against reading the same pages barely. */
export async function reconcile({ report, workshop, size }: Bench): Promise<void> {
  report.heading(`reconcile: ${size} keys, nothing changed; the bare script reads the same pages`);
  const policies = await workshop.policies(size);
  const remote = await startControlPlane({ keys: size });
  const daemon = startDaemon({ policies, folder: workshop.folder(), baseUrl: remote.baseUrl });
  const bare = startPartner("floor-list", [remote.baseUrl, String(size)]);
  const ours: number[] = [];
  const floor: number[] = [];
  const requests = { list: 0, get: 0, put: 0 };
  try {
    await bare.ask();
    await daemon.nextPass();
    daemon.reconcile();
    await daemon.nextPass();
    for (let run = 0; run < runs; run += 1) {
      const { ms: bareMs, count } = (await bare.ask("read")) as {
        readonly ms: number;
        readonly count: number;
      };
      if (count !== size) throw new Error(`the bare script read ${count} keys`);
      floor.push(bareMs);
      await remote.arrivals();
      const from = performance.now();
      daemon.reconcile();
      const pass = await daemon.nextPass();
      ours.push(performance.now() - from);
      if (pass.kind !== "reconcile" || pass.changes !== 0)
        throw new Error(`not what was asked: ${JSON.stringify(pass)}`);
      for (const { kind } of await remote.arrivals()) requests[kind] += 1;
    }
  } finally {
    await daemon.stop();
    await bare.stop();
    await remote.stop();
  }
  report.count(
    `list requests in ${runs} passes, page size ${pageSize}`,
    requests.list,
    runs * Math.ceil(size / pageSize),
  );
  report.count(`requests for single keys`, requests.get, 0);
  report.count(`updates`, requests.put, 0);
  report.figure({
    what: "a pass, from the signal to its end",
    value: ms(median(ours)),
    floor: ms(median(floor)),
    ratio: median(ours) / median(floor),
  });
}
