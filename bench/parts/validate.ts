import { cli, program, runNode } from "../lib/child.ts";
import { ms, type Report } from "../lib/report.ts";
import { median } from "../lib/stats.ts";
import type { Bench } from "./part.ts";

const runs = 5;
const mostTimesFloor = 1.5;
const mostTimesFloorGuarded = 2;

interface Times {
  readonly ours: readonly number[];
  readonly floor: readonly number[];
}

/** `keysteward validate` against a bare loop that reads, parses and runs the compiled schema. */
export async function validate({ report, workshop, size, sizes }: Bench): Promise<void> {
  report.heading(`validate: ${size} files, a document each; the bare loop reads, parses, checks the schema`);
  const directory = await workshop.policies(size);
  const times = await asProcesses(directory, runs);
  show(report, { what: "as processes, start-up included", times, most: mostTimesFloor });
  show(report, {
    what: "in one process",
    times: await inOneProcess(directory, runs),
    most: mostTimesFloor,
  });
  const guarded = await workshop.guardedPolicies(size);
  show(report, {
    what: "20 guardrails, as processes",
    times: await asProcesses(guarded, runs),
    most: mostTimesFloorGuarded,
  });
  show(report, {
    what: "20 guardrails, in one process",
    times: await inOneProcess(guarded, runs),
    most: mostTimesFloorGuarded,
  });
  for (const files of sizes.filter((one) => one !== size)) {
    const grown = await asProcesses(await workshop.policies(files), files > 20_000 ? 1 : 3);
    show(report, { what: `growth: ${files} files, as processes`, times: grown });
  }
}

async function asProcesses(directory: string, count: number): Promise<Times> {
  const ours: number[] = [];
  const floor: number[] = [];
  for (let run = 0; run < count; run += 1) {
    floor.push((await runNode([program("floor-validate"), directory])).ms);
    ours.push((await runNode([cli, "validate", "--policies", directory])).ms);
  }
  return { ours, floor };
}

async function inOneProcess(directory: string, count: number): Promise<Times> {
  const args = ["--expose-gc", program("validate-in-process"), directory, String(count)];
  return JSON.parse((await runNode(args)).stdout) as Times;
}

interface Shown {
  readonly what: string;
  readonly times: Times;
  /** How many times the floor it may take; not judged when left out. */
  readonly most?: number;
}

function show(report: Report, shown: Shown): void {
  const ours = median(shown.times.ours);
  const floor = median(shown.times.floor);
  const ratio = ours / floor;
  report.figure({
    what: shown.what,
    value: ms(ours),
    floor: ms(floor),
    ratio,
    ...(shown.most === undefined ? {} : { target: `at most ${shown.most} x`, met: ratio <= shown.most }),
  });
}
