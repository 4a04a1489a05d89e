import type { Clock } from "../ports.ts";

export interface BudgetOptions {
  /** Requests that the server may see in any `perMs`. */
  readonly requests: number;
  readonly perMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
  readonly onSpend: (until: number) => void;
}

/** How long after its sending a request is thought to arrive at the latest, when our process dies right after it. */
const latestArrivalMs = 1_000;

/**
 * Slots of a sliding window. A slot is taken when a request leaves and comes back `perMs` after its answer. Since a
 * request arrives at the server at some time between the two, no window of `perMs` can hold two arrivals of the same
 * slot, however long the network takes. After a 429 there are half as many slots; each quiet window gives some back.
 */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #step: number;
  #cap: number;
  #spent = 0;
  #horizon = 0;
  #recovery = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#cap = options.requests;
    this.#step = Math.ceil(options.requests / 10);
  }

  get cap(): number {
    return this.#cap;
  }

  get hasRoom(): boolean {
    return this.#spent < this.#cap;
  }

  /** Takes a slot. What `onSpend` throws comes out of here, and nothing is taken. */
  take(): void {
    const { clock, perMs } = this.#options;
    const now = clock.now();
    if (this.#horizon < now + perMs + latestArrivalMs) this.noteHorizon(now + 2 * perMs + latestArrivalMs);
    this.#spent += 1;
  }

  /** The slot comes back `perMs` from now. (This sleep just ends by itself: there is one for each slot.) */
  giveBack(): void {
    const back = () => {
      this.#spent -= 1;
      this.#options.onRoom();
    };
    this.#options.clock.sleep(this.#options.perMs).then(back, back);
  }

  /** Tells the keeper of the horizon that nothing may be sent before `until`, should this process end. */
  noteHorizon(until: number): void {
    if (until <= this.#horizon) return;
    this.#options.onSpend(until);
    this.#horizon = until;
  }

  /** The server saw too much: half the slots, at least one. */
  lower(): void {
    this.#recovery += 1;
    this.#cap = Math.max(1, Math.floor(this.#cap / 2));
  }

  /** From now on each window that ends without another `lower` gives a tenth of the slots back. */
  recover(): void {
    this.#recovery += 1;
    this.#growBack(this.#recovery).catch(() => undefined);
  }

  async #growBack(recovery: number): Promise<void> {
    const { clock, perMs, requests, signal, onRoom } = this.#options;
    while (this.#cap < requests) {
      await clock.sleep(perMs, signal);
      if (recovery !== this.#recovery) return;
      this.#cap = Math.min(requests, this.#cap + this.#step);
      onRoom();
    }
  }
}
