import { runDemo } from "../demo/run-demo.ts";
import { paintFor } from "../render/color.ts";
import { exits, stopOnSignal, type Io } from "./context.ts";

/**
 * The whole product against the built-in simulator. Where there is a terminal it stays afterwards, to be played with,
 * until it is told to stop.
 */
export async function demo(io: Io, flags: { readonly color?: boolean }): Promise<number> {
  const paint = paintFor({ isTty: io.stdout.isTTY === true, off: flags.color === false, env: io.env });
  const stop = stopOnSignal();
  try {
    const stay = io.stdout.isTTY === true && io.stdin.isTTY === true;
    await runDemo({ paint, print: (text) => void io.stdout.write(text), stay, stop: stop.signal });
    return exits.ok;
  } finally {
    stop.release();
  }
}
