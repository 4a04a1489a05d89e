/** So many requests in any window of so many milliseconds; what is above gets 429 AB06. */
export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
  /** How `Retry-After` says when to come again; default seconds. */
  readonly retryAfter?: "seconds" | "date" | "none";
}

/** A sliding window over the arrivals that were let in. What was refused does not count against it. */
export class SlidingWindow {
  readonly limit: RateLimit;
  #letIn: number[] = [];

  constructor(limit: RateLimit) {
    this.limit = limit;
  }

  /** Lets a request in that arrives at `at`, or says in how many milliseconds the next one would be let in. */
  arrive(at: number): number | undefined {
    const { requests, perMs } = this.limit;
    this.#letIn = this.#letIn.filter((earlier) => earlier > at - perMs);
    if (this.#letIn.length < requests) {
      this.#letIn.push(at);
      return undefined;
    }
    const oldest = this.#letIn[this.#letIn.length - requests] ?? at;
    return oldest + perMs - at;
  }
}

/** The most arrivals in any window of `ms`, a window being half open: two that are `ms` apart do not share one. */
export function mostInWindow(arrivals: readonly number[], ms: number): number {
  const sorted = arrivals.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, at] of sorted.entries()) {
    while ((sorted[first] ?? at) <= at - ms) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
