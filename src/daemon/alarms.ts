import type { Clock } from "../ports.ts";
import type { Ring } from "../reconcile/loop.ts";

export interface Alarms {
  /** Rings once after `ms`, unless something that covers it comes first. */
  set(kind: Ring, ms: number): void;
  /** What was rung begins: alarms that it covers are off. A reconcile pass covers all, the others themselves. */
  covered(kind: Ring): void;
  stop(): void;
}

/** The wake-ups that the daemon plans for itself, one a kind of ring. */
export function createAlarms(clock: Clock, ring: (kind: Ring) => void): Alarms {
  const armed = new Map<Ring, AbortController>();

  function off(kind: Ring): void {
    armed.get(kind)?.abort();
    armed.delete(kind);
  }

  return {
    set(kind, ms) {
      off(kind);
      const alarm = new AbortController();
      armed.set(kind, alarm);
      clock.sleep(ms, alarm.signal).then(
        () => ring(kind),
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
