import { setMaxListeners } from "node:events";

/**
 * Calls `leave` once, with the reason of the first of the signals that is, or will be, aborted. Returns what takes the
 * listeners away again. (`AbortSignal.any` would leave a trace in a long-lived signal for each request.)
 */
export function onAbort(
  signals: readonly (AbortSignal | undefined)[],
  leave: (reason: unknown) => void,
): () => void {
  const present = signals.filter((signal) => signal !== undefined);
  const listeners = present.map((signal) => ({
    signal,
    listener: () => {
      forget();
      leave(signal.reason);
    },
  }));
  const forget = () => {
    for (const { signal, listener } of listeners) signal.removeEventListener("abort", listener);
  };
  for (const { signal, listener } of listeners) {
    if (signal.aborted) {
      listener();
      break;
    }
    // Thousands of requests may share one signal.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", listener, { once: true });
  }
  return forget;
}
