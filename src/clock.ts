import type { Clock } from "./ports.ts";

/** The longest delay that a timer of Node takes; longer waits are put together from several. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The machine's clock. `sleep` takes at least the time it was given, measured on the monotonic clock, so that a
 * corrected wall clock neither cuts a wait short nor draws it out. A sleep alone does not keep the process alive.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep,
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = performance.now() + ms;
    let timer: NodeJS.Timeout | undefined;
    const abort = () => {
      clearTimeout(timer);
      reject(asError(signal?.reason));
    };
    const look = () => {
      const left = end - performance.now();
      if (left <= 0) {
        signal?.removeEventListener("abort", abort);
        resolve();
        return;
      }
      timer = setTimeout(look, Math.min(Math.ceil(left), longestTimerMs));
      timer.unref();
    };
    if (signal?.aborted === true) {
      abort();
      return;
    }
    signal?.addEventListener("abort", abort, { once: true });
    look();
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
