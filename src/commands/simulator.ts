import { resolve } from "node:path";
import { runSimulator } from "../demo/run-simulator.ts";
import { AppError } from "../errors.ts";
import { exits, stopOnSignal, type Io } from "./context.ts";

export interface SimulatorFlags {
  readonly policies: string;
  readonly port: string;
}

/** A control plane to try commands against, until it is told to stop. */
export async function simulator(io: Io, { policies, port }: SimulatorFlags): Promise<number> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new AppError("USAGE", `--port is ${JSON.stringify(port)}; expected a number from 0 to 65535`);
  }
  const stop = stopOnSignal();
  try {
    const print = (text: string): void => void io.stdout.write(text);
    await runSimulator({ policies: resolve(io.cwd, policies), port: Number(port), print, stop: stop.signal });
    return exits.ok;
  } finally {
    stop.release();
  }
}
