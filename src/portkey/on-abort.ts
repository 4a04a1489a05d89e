import { setMaxListeners } from "node:events";

/**
 * Calls `leave` with the reason of the first of the signals that is, or will be, aborted. Returns what takes the
 * listeners away again. (`AbortSignal.any` would leave a trace in a long-lived signal for each request.)
 */
export function onAbort(
  signals: readonly (AbortSignal | undefined)[],
  leave: (reason: unknown) => void,
): () => void {
  const present = signals.filter((signal) => signal !== undefined);
  const aborted = present.find((signal) => signal.aborted);
  if (aborted !== undefined) {
    leave(aborted.reason);
    return () => undefined;
  }
  const listeners = present.map((signal) => ({ signal, listener: () => leave(signal.reason) }));
  for (const { signal, listener } of listeners) {
    // Thousands of requests may share one signal.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", listener, { once: true });
  }
  return () => {
    for (const { signal, listener } of listeners) signal.removeEventListener("abort", listener);
  };
}
