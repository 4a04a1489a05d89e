/*
 * One throttle stands between us and the control plane: every request, read or write, first attempt or fifth, goes
 * through it. It is the only layer that retries.
 *
 * The budget. "At most n requests in any window of w" has to hold where it is counted: at the server, which sees a
 * request some time between its sending and its answer. Counting starts is not enough: two requests that left far
 * apart may arrive together. So a request occupies one of n slots from before it is sent until w after it was
 * answered (or failed); then no window can hold more than n arrivals, whatever the network does. The price is small:
 * n requests per (w + latency). p-queue's own windows count starts, and its `intervalCap` cannot change at run time.
 * (What was sent but not answered, because the connection broke, is taken to have arrived when we learn of the break.)
 *
 * The order. One p-queue holds what waits: higher priority first, then first come, first served. It is open only while
 * the budget has room, nothing holds, and no probe is under way; whoever is first at the moment it opens goes. p-queue
 * bounds what is in flight, too. Its `timeout`, its `clear` and an abort that it can see are not used: the first and
 * the last free a place whose request is still under way, the second leaves promises pending for ever.
 *
 * What a failure does:
 *
 *   consequence              to its request                            to everybody
 *   throttled (429)          back into the queue, 10 times at most     hold for Retry-After, never cut short, or else a
 *                                                                      growing, jittered time; half the slots, which
 *                                                                      come back in steps with each quiet window
 *   unavailable              back-off, back into the queue, 5 times    hold for Retry-After where there is one; after
 *                                                                      5 in a row a growing hold, then single probes
 *   unknown                  the same if it is repeatable; else thrown  the same
 *   auth                     thrown                                    all that waits is rejected with it; nothing
 *                                                                      goes out until `reset`
 *   rejected, missing,       thrown                                    nothing
 *   misdirected
 *
 * While the server stays down, what waits does not wait for ever: at every fifth failed probe in a row all of it is
 * rejected as unavailable, so that a pass ends; the next request is a probe again.
 *
 * A request that may have taken effect once is never reported as one that did not: after an `unknown`, giving up later
 * for another reason is still `unknown`. A request that was rejected before it was sent has 0 attempts.
 */
import { AppError } from "../errors.ts";
import type { Consequence } from "../core/remote-error.ts";
import { RemoteError } from "../core/remote-error.ts";
import type { Clock, RequestTally } from "../ports.ts";
import { fullJitter, requestBackoff } from "./backoff.ts";
import type { HoldNotice } from "./gate.ts";
import { Gate } from "./gate.ts";

export interface ThrottleOptions {
  /** Requests that the server may see in any window of `perMs`; 1 and up. */
  readonly requests: number;
  readonly perMs: number;
  /** Requests that may be in flight; 1 and up. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Numbers in [0, 1) for the jitter. */
  readonly random?: () => number;
  /** Nothing starts before this instant: a former process may have spent the budget, or been told to wait. */
  readonly heldUntil?: number;
  /**
   * Called before a request goes out, about once in `perMs`, and when the server says wait, with the instant to hand
   * to the next process as `heldUntil`. When it throws, the request is not sent.
   */
  readonly onSpend?: (until: number) => void;
  readonly onHold?: (hold: HoldNotice) => void;
}

export interface RunOptions {
  readonly kind: "read" | "write";
  /** Higher goes first; 0 unless given. */
  readonly priority?: number;
  /** Either takes the request back while it waits; what is in flight is left to `send`. */
  readonly signal?: AbortSignal;
  readonly withdraw?: AbortSignal;
  /** Whether it may be sent again when it is unknown if it took effect; true unless given. */
  readonly repeatable?: boolean;
}

/** Sends one request; `attempt` counts from 1. Failures to be judged are thrown as `RemoteError`. */
type Attempt<T> = (attempt: number) => Promise<T>;

export interface Throttle {
  /**
   * Settles with the first success, or rejects: with the last `RemoteError` once something was sent; with the
   * signal's reason, the credential's refusal or `STOPPED` when nothing was.
   */
  run<T>(send: Attempt<T>, options: RunOptions): Promise<T>;
  tally(): RequestTally;
  /** Lets requests start again after the credential was refused; a new pass begins with it. */
  reset(): void;
  /** Nothing starts from now on; what waits is rejected, what is in flight ends by itself. */
  stop(): void;
  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void>;
}

/** How many failures of a kind a request survives. */
const mostFailures = 5;
const mostThrottled = 10;

/** Throws a RangeError for limits that are not whole numbers from 1 up. */
export function createThrottle(options: ThrottleOptions): Throttle {
  for (const name of ["requests", "perMs", "concurrency"] as const) {
    const value = options[name];
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name} must be a whole number from 1 up, found ${value}`);
    }
  }
  return new QueuedThrottle(options);
}

class QueuedThrottle implements Throttle {
  readonly #gate: Gate;
  readonly #random: () => number;
  readonly #running = new Set<Promise<unknown>>();
  readonly #sent = { read: 0, write: 0 };
  #alive: NodeJS.Timeout | undefined;

  constructor(options: ThrottleOptions) {
    this.#random = options.random ?? Math.random;
    this.#gate = new Gate({
      ...options,
      random: this.#random,
      heldUntil: options.heldUntil ?? 0,
      onSpend: options.onSpend ?? (() => undefined),
      onHold: options.onHold ?? (() => undefined),
    });
  }

  async run<T>(send: Attempt<T>, options: RunOptions): Promise<T> {
    const running = this.#attempts(send, options);
    this.#running.add(running);
    // The clock's sleeps do not keep the process alive; a request that somebody waits for does.
    this.#alive ??= setInterval(() => undefined, 2 ** 31 - 1);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      if (this.#running.size === 0) {
        clearInterval(this.#alive);
        this.#alive = undefined;
      }
    }
  }

  tally(): RequestTally {
    return { reads: this.#sent.read, writes: this.#sent.write, throttledMs: this.#gate.throttledMs };
  }

  reset(): void {
    this.#gate.reset();
  }

  stop(): void {
    this.#gate.close(new AppError("STOPPED", "stopped before the request was sent"));
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #attempts<T>(send: Attempt<T>, options: RunOptions): Promise<T> {
    const signals = [options.signal, options.withdraw];
    const failures = { throttled: 0, other: 0 };
    let last: RemoteError | undefined;
    for (let attempt = 1; ; attempt++) {
      const way = { sent: false };
      const job = (): Promise<T> => {
        way.sent = true;
        this.#sent[options.kind] += 1;
        return send(attempt);
      };
      try {
        return await this.#gate.pass(job, options.priority ?? 0, signals);
      } catch (error) {
        if (!way.sent) throw last ?? error;
        if (!(error instanceof RemoteError)) throw error;
        last = summary(error, attempt, last);
        if (!isWorthRepeating(error.failure.consequence, options.repeatable ?? true)) throw last;
        if (!(await this.#mayTryAgain(error.failure.consequence, failures, signals))) throw last;
      }
    }
  }

  /** Counts the failure and waits out its back-off; false when it was one too many, or the wait was broken off. */
  async #mayTryAgain(
    consequence: Consequence,
    failures: { throttled: number; other: number },
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<boolean> {
    if (consequence === "throttled") return ++failures.throttled < mostThrottled;
    failures.other += 1;
    if (failures.other >= mostFailures) return false;
    const pause = this.#gate.pause(fullJitter(requestBackoff, failures.other, this.#random), signals);
    return pause.then(
      () => true,
      () => false,
    );
  }
}

function isWorthRepeating(consequence: Consequence, repeatable: boolean): boolean {
  if (consequence === "throttled" || consequence === "unavailable") return true;
  return consequence === "unknown" && repeatable;
}

/** The failure as it counts for the request as a whole, over all its attempts. */
function summary(error: RemoteError, attempts: number, before: RemoteError | undefined): RemoteError {
  const inDoubt =
    before?.failure.consequence === "unknown" &&
    (error.failure.consequence === "unavailable" || error.failure.consequence === "throttled");
  const consequence = inDoubt ? "unknown" : error.failure.consequence;
  return new RemoteError(error.message, { ...error.failure, consequence, attempts }, error.cause);
}
