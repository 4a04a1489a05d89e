import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../ports.ts";

/*
 * A pass over ten thousand keys leaves some 50 MB of garbage behind, and then nothing happens for minutes. V8 sees a
 * machine with memory to spare and lets ten such passes pile up before it collects; what it grew meanwhile it keeps. So
 * the daemon collects by itself: once the pass has let go of everything, and again when it has been quiet for so long
 * that V8 also gives back the space for new objects. Each collection takes some 50 ms, at a time when nothing runs.
 */
const restsMs: readonly number[] = [500, 9_500];

export interface Relief {
  passBegins(): void;
  passEnded(): void;
}

export function createRelief(clock: Clock, collect: () => void = collector()): Relief {
  let quiet = new AbortController();

  async function rest(signal: AbortSignal): Promise<void> {
    for (const ms of restsMs) {
      await clock.sleep(ms, signal);
      collect();
    }
  }

  return {
    passBegins: () => quiet.abort(),
    passEnded() {
      quiet.abort();
      quiet = new AbortController();
      rest(quiet.signal).catch(() => undefined);
    },
  };
}

function collector(): () => void {
  // The flag counts for contexts made from now on: this one is given `gc`, the program's own is not.
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (() => void) | undefined;
  return gc ?? (() => undefined);
}
