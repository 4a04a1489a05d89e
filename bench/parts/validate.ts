import { cli, program, runNode } from "../lib/child.ts";
import { ms, type Report } from "../lib/report.ts";
import { median } from "../lib/stats.ts";
import type { Bench } from "./part.ts";

const runs = 5;
const mostTimesFloor = 1.5;

interface Times {
  readonly ours: readonly number[];
  readonly floor: readonly number[];
}

/** `keysteward validate` against a bare loop that reads, parses and runs the compiled schema. */
export async function validate({ report, workshop, size, sizes }: Bench): Promise<void> {
  report.heading(`validate: ${size} files, a document each; the bare loop reads, parses, checks the schema`);
  const directory = await workshop.policies(size);
  const times = await asProcesses(directory, runs);
  show(report, { what: "as processes, start-up included", times, judged: true });
  show(report, { what: "in one process", times: await inOneProcess(directory, runs), judged: true });
  for (const files of sizes.filter((one) => one !== size)) {
    const grown = await asProcesses(await workshop.policies(files), files > 20_000 ? 1 : 3);
    show(report, { what: `growth: ${files} files, as processes`, times: grown, judged: false });
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

function show(report: Report, shown: { what: string; times: Times; judged: boolean }): void {
  const ours = median(shown.times.ours);
  const floor = median(shown.times.floor);
  const ratio = ours / floor;
  const judgement = { target: `at most ${mostTimesFloor} x`, met: ratio <= mostTimesFloor };
  report.figure({
    what: shown.what,
    value: ms(ours),
    floor: ms(floor),
    ratio,
    ...(shown.judged ? judgement : {}),
  });
}
