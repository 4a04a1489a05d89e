/** Delays that double from `baseMs` up to `capMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Between the attempts of one request. */
export const requestBackoff: Backoff = { baseMs: 500, capMs: 30_000 };

/** For everything, after a 429 that does not say how long. */
export const throttledBackoff: Backoff = { baseMs: 500, capMs: 30_000 };

/** For everything, while the server is down. */
export const outageBackoff: Backoff = { baseMs: 1_000, capMs: 60_000 };

/**
 * Full jitter: anything between nothing and the doubled delay, so that clients which failed together do not come back
 * together. `failures` counts from 1; `random` gives numbers in [0, 1).
 */
export function fullJitter(backoff: Backoff, failures: number, random: () => number): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.ceil(random() * ceiling);
}
