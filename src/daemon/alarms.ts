import type { Clock } from "../ports.ts";
import type { Ring } from "../reconcile/loop.ts";

export interface Alarms {
  /** Rings once after `ms`, unless something that covers it comes first. One that is to ring sooner stays. */
  set(kind: Ring, ms: number): void;
  /** What was rung begins: alarms that it covers are off. A reconcile pass covers all, the others themselves. */
  covered(kind: Ring): void;
  stop(): void;
}

/** The wake-ups that the daemon plans for itself, one a kind of ring. */
export function createAlarms(clock: Clock, ring: (kind: Ring) => void): Alarms {
  const armed = new Map<Ring, { readonly at: number; readonly signal: AbortController }>();

  function off(kind: Ring): void {
    armed.get(kind)?.signal.abort();
    armed.delete(kind);
  }

  return {
    set(kind, ms) {
      const at = clock.now() + ms;
      const before = armed.get(kind);
      if (before !== undefined && before.at <= at) return;
      off(kind);
      const signal = new AbortController();
      const alarm = { at, signal };
      armed.set(kind, alarm);
      clock.sleep(ms, signal.signal).then(
        () => {
          if (armed.get(kind) === alarm) armed.delete(kind);
          ring(kind);
        },
        () => undefined,
      );
    },
    covered(kind) {
      for (const one of kind === "reconcile" ? [...armed.keys()] : [kind]) off(one);
    },
    stop() {
      for (const one of [...armed.keys()]) off(one);
    },
  };
}
