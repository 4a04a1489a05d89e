import { program, runNode } from "../lib/child.ts";
import { ms } from "../lib/report.ts";
import { median } from "../lib/stats.ts";
import type { Bench } from "./part.ts";

interface Times {
  readonly floor: readonly number[];
  readonly edit: readonly number[];
  readonly reconcile: readonly number[];
  readonly changed: readonly number[];
}

const named = [
  ["edit", "an edit pass, nothing changed"],
  ["reconcile", "a reconcile pass, nothing changed"],
  ["changed", "a reconcile pass, every key changed"],
] as const;

/** The pure function that makes the plan, in process, against comparing the JSON text of both sides of each field. */
export async function plan({ report, size }: Bench): Promise<void> {
  const larger = size * 10;
  report.heading(`plan: eight fields a key, in process; the bare loop compares JSON texts`);
  const small = await measure(size, 7);
  const large = await measure(larger, 3);
  for (const [keys, times] of [
    [size, small],
    [larger, large],
  ] as const) {
    for (const [name, what] of named) {
      const floor = median(times.floor);
      const value = median(times[name]);
      report.figure({
        what: `${keys} keys, ${what}`,
        value: ms(value),
        floor: ms(floor),
        ratio: value / floor,
      });
    }
  }
  for (const [name] of named) {
    const growth = median(large[name]) / median(small[name]);
    report.figure({
      what: `growth for ten times the keys, ${name}`,
      value: `${growth.toFixed(1)} x`,
      target: "at most 15 x",
      met: growth <= 15,
    });
  }
}

async function measure(keys: number, runs: number): Promise<Times> {
  const args = [
    "--expose-gc",
    "--max-old-space-size=4096",
    program("plan-speed"),
    String(keys),
    String(runs),
  ];
  return JSON.parse((await runNode(args)).stdout) as Times;
}
