/*
 * Wakes the daemon at one instant of the wall clock, to the millisecond if the machine is awake.
 *
 * A sleep is measured on the monotonic clock, which stands still while a machine sleeps and knows nothing of a wall clock
 * that is set: so it is cut into pieces of half a minute at most, and after each the wall clock is asked again. One that
 * was set ahead past the instant wakes within a piece. One that was set back wakes at once: what had ended may be in force
 * again, and whoever is woken computes the next instant anew. An instant that is over already wakes at once, too. Pieces
 * also keep any wait below the longest that a timer takes.
 */
import type { Clock } from "../ports.ts";

/** The longest time until a wall clock that was set is noticed; below the minute in which a change is promised. */
const pieceMs = 30_000;

export interface WakeUp {
  /** Wakes once at that instant, in milliseconds since the epoch, and not at any that was set before; null: not at all. */
  set(at: number | null): void;
  stop(): void;
}

export function createWakeUp(clock: Clock, wake: () => void): WakeUp {
  let waiting = new AbortController();

  function stop(): void {
    waiting.abort();
  }

  async function wait(at: number, signal: AbortSignal): Promise<void> {
    for (let before = clock.now(); before < at;) {
      await clock.sleep(Math.min(at - before, pieceMs), signal);
      const now = clock.now();
      if (now < before) return;
      before = now;
    }
  }

  return {
    set(at) {
      stop();
      if (at === null) return;
      waiting = new AbortController();
      wait(at, waiting.signal).then(wake, () => undefined);
    },
    stop,
  };
}
