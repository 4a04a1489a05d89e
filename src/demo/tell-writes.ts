import { setTimeout as pause } from "node:timers/promises";
import type { Simulator } from "../simulator/simulator.ts";

/** Prints each write that arrives from now on, until `stop`. */
export async function tellWrites(
  simulator: Simulator,
  print: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  let shown = simulator.requests.length;
  while (!stop.aborted) {
    for (const { method, path, body } of simulator.requests.slice(shown)) {
      if (method === "PUT") print(`   PUT ${path} ${JSON.stringify(body)}\n`);
    }
    shown = simulator.requests.length;
    await pause(100);
  }
}
