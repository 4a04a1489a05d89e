import { fullJitter, outageBackoff } from "./backoff.ts";

/** Failures in a row, of any requests, after which the server counts as down. */
const failuresToOpen = 5;

/** Openings in a row after which whoever waits is told, instead of waiting on. */
const openingsToGiveUp = 5;

/** What a failure means for everybody. */
export interface Opening {
  /** Nothing starts for this long. */
  readonly holdMs: number;
  /** True when it has gone on for so long that everything that waits is to be turned away. */
  readonly giveUp: boolean;
}

/**
 * Tells whether the server is up. After five failures in a row it opens: everything holds, then one request at a time
 * goes through as a probe until one is answered. Holds grow from opening to opening.
 */
export class Breaker {
  readonly #random: () => number;
  #failures = 0;
  #openings = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** While true only one request may be under way. */
  get probing(): boolean {
    return this.#openings > 0;
  }

  /** The server answered, whatever it said. */
  answered(): void {
    this.#failures = 0;
    this.#openings = 0;
  }

  /** A request failed for the server's or the network's sake. Those that left before the opening say nothing new. */
  failed(leftAsProbe: boolean): Opening | undefined {
    if (this.probing && !leftAsProbe) return undefined;
    this.#failures += 1;
    if (!this.probing && this.#failures < failuresToOpen) return undefined;
    this.#openings += 1;
    return {
      holdMs: fullJitter(outageBackoff, this.#openings, this.#random),
      giveUp: this.#openings % openingsToGiveUp === 0,
    };
  }
}
