/*
 * The benchmark: `npm run bench`, or some parts of it: `npm run bench -- validate edit`. It prints what it measures,
 * beside a bare floor of the same run, and judges nothing but counts: those are wrong or right on any machine.
 */
import { parseArgs } from "node:util";
import { createWorkshop } from "./lib/policies.ts";
import { createReport } from "./lib/report.ts";
import { compare } from "./parts/compare.ts";
import { edit } from "./parts/edit.ts";
import { memory } from "./parts/memory.ts";
import type { Part } from "./parts/part.ts";
import { plan } from "./parts/plan.ts";
import { push } from "./parts/push.ts";
import { reconcile } from "./parts/reconcile.ts";
import { validate } from "./parts/validate.ts";

const parts: Readonly<Record<string, Part>> = { validate, edit, reconcile, push, memory, plan, compare };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "10000" },
    sizes: { type: "string", default: "1000,10000" },
  },
});

const unknown = positionals.filter((name) => !Object.hasOwn(parts, name));
const sizes = values.sizes.split(",").filter((text) => text !== "");
const numbers = [values.size, ...sizes].map(Number);
if (unknown.length > 0 || numbers.some((number) => !Number.isInteger(number) || number < 100)) {
  console.error(
    `usage: npm run bench -- [${Object.keys(parts).join("] [")}] [--size 10000] [--sizes 1000,10000]\n` +
      "a size is a whole number from 100 up; --sizes '' leaves the growth tables out",
  );
  process.exitCode = 2;
} else {
  await run(positionals.length > 0 ? positionals : Object.keys(parts));
}

async function run(names: readonly string[]): Promise<void> {
  const workshop = createWorkshop();
  const report = createReport(
    (line) => console.log(line),
    () => (process.exitCode = 1),
  );
  console.log(`Node ${process.version} on ${process.platform} ${process.arch}`);
  try {
    for (const name of names) {
      await parts[name]?.({ report, workshop, size: Number(values.size), sizes: sizes.map(Number) });
    }
  } finally {
    workshop.clear();
  }
}
