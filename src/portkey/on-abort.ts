/*
 * Many requests wait at the same time, and all of them for the same two signals. A listener for each would make each
 * coming and going a walk through all the others (that is how EventTarget keeps them), and `AbortSignal.any` leaves a
 * trace in a long-lived signal for each request. So each signal gets one listener, and a set of those who care.
 */
const leaving = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `leave` once, with the reason of the first of the signals that is, or will be, aborted. Returns what ends the
 * interest.
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
  const go = () => {
    forget();
    leave(present.find((signal) => signal.aborted)?.reason);
  };
  const forget = () => {
    for (const signal of present) leaversOf(signal).delete(go);
  };
  for (const signal of present) leaversOf(signal).add(go);
  return forget;
}

function leaversOf(signal: AbortSignal): Set<() => void> {
  const known = leaving.get(signal);
  if (known !== undefined) return known;
  const leavers = new Set<() => void>();
  leaving.set(signal, leavers);
  const everybody = () => {
    for (const go of [...leavers]) go();
  };
  signal.addEventListener("abort", everybody, { once: true });
  return leavers;
}
