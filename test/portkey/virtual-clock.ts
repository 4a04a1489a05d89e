import type { Clock } from "../../src/ports.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * A clock whose time stands still until somebody moves it. It moves from sleeper to sleeper, and before each move lets
 * everything that can happen without time happen.
 */
export class VirtualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  constructor(startsAt = 1_000_000) {
    this.#now = startsAt;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      if (signal?.aborted === true) {
        leave();
        return;
      }
      signal?.addEventListener("abort", leave, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Moves time forward by `ms`, waking whoever is due, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    while (this.#sleepers.some((sleeper) => sleeper.at <= end)) await this.#wakeNext();
    this.#now = end;
    await settle();
  }

  /** Moves time forward until the promise settles; throws when nobody sleeps any more and it still has not. */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let pending = true;
    const done = () => {
      pending = false;
    };
    promise.then(done, done);
    await settle();
    while (pending) {
      if (this.#sleepers.length === 0)
        throw new Error("nothing will ever happen, and the promise is pending");
      await this.#wakeNext();
    }
    return promise;
  }

  async #wakeNext(): Promise<void> {
    const next = Math.min(...this.#sleepers.map((sleeper) => sleeper.at));
    const due = this.#sleepers.filter((sleeper) => sleeper.at === next);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at !== next);
    this.#now = next;
    for (const sleeper of due) sleeper.wake();
    await settle();
  }
}

/** Lets every promise that can go on without time go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
