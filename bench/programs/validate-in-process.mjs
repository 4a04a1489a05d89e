// Checks a directory by turns with the bare loop and with the built modules, in one process, and prints the times.
// validate-in-process.mjs DIRECTORY RUNS
import { createResolver, nothingLive } from "../../dist/core/resolve.js";
import { createPolicySource } from "../../dist/policy-dir/policy-source.js";
import { validateAll } from "./bare-validate.mjs";

const [directory, runs] = process.argv.slice(2);

function timed(work) {
  global.gc();
  const from = performance.now();
  const count = work();
  return { ms: performance.now() - from, count };
}

function ours() {
  const set = createPolicySource({ directory }).load();
  const { desired, guardrails, problems } = createResolver()(set, nothingLive(Date.now()));
  if (problems.length > 0) throw new Error(`${problems.length} problems: ${problems[0].message}`);
  return desired.size + guardrails.length;
}

const times = { ours: [], floor: [] };
for (let run = 0; run < Number(runs); run += 1) {
  const floor = timed(() => validateAll(directory));
  const own = timed(ours);
  if (floor.count !== own.count + 5)
    throw new Error(`${floor.count} files but ${own.count} keys and guardrails`);
  times.floor.push(floor.ms);
  times.ours.push(own.ms);
}
process.stdout.write(JSON.stringify(times));
