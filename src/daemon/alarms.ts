import type { PassKind } from "../core/plan.ts";
import type { Clock } from "../ports.ts";

export interface Alarms {
  /** Rings once after `ms`, unless something that covers it comes first. */
  set(kind: PassKind, ms: number): void;
  /** A pass of this kind begins: alarms that it covers are off. A reconcile pass covers an edit pass. */
  covered(kind: PassKind): void;
  stop(): void;
}

/** The wake-ups that the daemon plans for itself, one a kind of pass. */
export function createAlarms(clock: Clock, ring: (kind: PassKind) => void): Alarms {
  const armed = new Map<PassKind, AbortController>();

  function off(kind: PassKind): void {
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
      off("edit");
      if (kind === "reconcile") off("reconcile");
    },
    stop() {
      off("edit");
      off("reconcile");
    },
  };
}
