import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPartner } from "../lib/child.ts";
import { monotonic, startControlPlane, type ControlPlane } from "../lib/control-plane.ts";
import { startDaemon } from "../lib/daemon.ts";
import { ms } from "../lib/report.ts";
import { quantile } from "../lib/stats.ts";
import type { Bench } from "./part.ts";

const edits = 30;
const debounceMs = 300;
const targetMs = 100;

/** A number in a policy that each edit raises by one. */
const series = [
  { what: "rate limit", number: /value: (\d+)/ },
  { what: "budget", number: /credit_limit: (\d+)/ },
];

/** From the rename of an edited file to the arrival of the update, less the debounce; the rest of the policies in sync. */
export async function edit({ report, workshop, size }: Bench): Promise<void> {
  report.heading(
    `edit: one of ${size} files, from rename to arrival of the update, without the debounce of ${debounceMs} ms`,
  );
  const policies = await workshop.ownPolicies(size);
  const remote = await startControlPlane({ keys: size });
  try {
    const floor = await measureFloor(policies, remote);
    const ours = await measureDaemon({ policies, folder: workshop.folder(), remote });
    for (const { what, times, updates } of ours) {
      for (const [name, share] of [
        ["median", 0.5],
        ["95 %", 0.95],
      ] as const) {
        const value = quantile(times, share);
        report.figure({
          what: `${what}, ${name} of ${edits}`,
          value: ms(value),
          floor: ms(quantile(floor, share)),
          ratio: value / quantile(floor, share),
          target: `at most ${targetMs} ms`,
          met: value <= targetMs,
        });
      }
      report.count(`${what}: updates for ${edits} edits`, updates, edits);
    }
  } finally {
    await remote.stop();
  }
}

async function measureFloor(policies: string, remote: ControlPlane): Promise<readonly number[]> {
  const bare = startPartner("floor-edit", [policies, remote.baseUrl]);
  const times: number[] = [];
  try {
    await bare.ask();
    for (const file of spread(policies)) {
      times.push(await editOnce(file, /value: (\d+)/, remote));
    }
  } finally {
    await bare.stop();
  }
  return times;
}

interface Subject {
  readonly policies: string;
  readonly folder: string;
  readonly remote: ControlPlane;
}

interface Series {
  readonly what: string;
  readonly times: readonly number[];
  /** How many updates its edits took. */
  readonly updates: number;
}

async function measureDaemon({ policies, folder, remote }: Subject): Promise<readonly Series[]> {
  const settings = { WATCH_DEBOUNCE: `${debounceMs}ms`, WATCH_POLL: "1h" };
  const daemon = startDaemon({ policies, folder, baseUrl: remote.baseUrl, settings });
  const done: Series[] = [];
  try {
    // The first pass learns of the keys and mends what the bare script left undone of its edits.
    await daemon.nextPass();
    daemon.reconcile();
    await daemon.nextPass();
    for (const { what, number } of series) {
      await remote.arrivals();
      const times: number[] = [];
      for (const file of spread(policies)) {
        times.push((await editOnce(file, number, remote)) - debounceMs);
        const pass = await daemon.nextPass();
        if (pass.kind !== "edit" || pass.applied !== 1)
          throw new Error(`not what was asked: ${JSON.stringify(pass)}`);
      }
      // What was written is read back later; that is not part of an edit.
      const updates = (await remote.arrivals()).filter(({ kind }) => kind === "put");
      done.push({ what, times, updates: updates.length });
    }
  } finally {
    await daemon.stop();
  }
  return done;
}

/** Raises the number in one file the way editors and git do, and waits for the update: the milliseconds between. */
async function editOnce(file: string, number: RegExp, remote: ControlPlane): Promise<number> {
  const text = readFileSync(file, "utf8");
  const keyId = /keyId: (\S+)/.exec(text)?.[1] ?? "";
  const arrival = remote.nextPut(keyId);
  const temporary = join(file, "..", ".edited");
  writeFileSync(
    temporary,
    text.replace(number, (found, value: string) => found.replace(value, String(Number(value) + 1))),
  );
  const from = monotonic();
  renameSync(temporary, file);
  return (await arrival) - from;
}

/** Files from all over the directory, as many as there are edits. */
function spread(policies: string): readonly string[] {
  const names = readdirSync(policies, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !name.startsWith("profiles"))
    .sort();
  const step = Math.floor(names.length / edits);
  return Array.from({ length: edits }, (_, index) => join(policies, names[index * step] ?? ""));
}
