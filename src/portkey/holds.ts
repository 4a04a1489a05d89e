import type { Clock } from "../ports.ts";

/** Who asked for a hold: the server (`throttled`), our own breaker (`outage`), a former process (`restart`). */
export type HoldReason = "throttled" | "outage" | "restart";

/**
 * The times during which no request may start. Holds overlap freely; the last one to end opens the way. They are
 * measured as durations, so a corrected wall clock does not change them, and never cut short but by `signal`.
 */
export class Holds {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onEnd: (reason: HoldReason) => void;
  #active = 0;
  #byServer = 0;
  #byServerSince = 0;
  #byServerMs = 0;

  constructor(clock: Clock, signal: AbortSignal, onEnd: (reason: HoldReason) => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  get active(): boolean {
    return this.#active > 0;
  }

  /** Whether a hold that the server asked for is under way. */
  get byServer(): boolean {
    return this.#byServer > 0;
  }

  /** Milliseconds held because the server said so, up to now. */
  get throttledMs(): number {
    return this.#byServerMs + (this.byServer ? this.#sinceServerSpoke() : 0);
  }

  begin(ms: number, reason: HoldReason): void {
    this.#active += 1;
    if (reason === "throttled") {
      if (!this.byServer) this.#byServerSince = this.#clock.now();
      this.#byServer += 1;
    }
    // An aborted sleep means that the whole throttle has stopped: nothing will start, so the hold may end.
    const end = () => this.#end(reason);
    this.#clock.sleep(ms, this.#signal).then(end, end);
  }

  #end(reason: HoldReason): void {
    this.#active -= 1;
    if (reason === "throttled") {
      this.#byServer -= 1;
      if (!this.byServer) this.#byServerMs += this.#sinceServerSpoke();
    }
    this.#onEnd(reason);
  }

  #sinceServerSpoke(): number {
    return Math.max(0, this.#clock.now() - this.#byServerSince);
  }
}
