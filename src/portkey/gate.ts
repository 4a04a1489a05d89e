import { setMaxListeners } from "node:events";
import PQueue from "p-queue";
import type { RemoteFailure } from "../core/remote-error.ts";
import { RemoteError } from "../core/remote-error.ts";
import type { Clock } from "../ports.ts";
import { fullJitter, throttledBackoff } from "./backoff.ts";
import { Breaker } from "./breaker.ts";
import { Budget } from "./budget.ts";
import type { HoldReason } from "./holds.ts";
import { Holds } from "./holds.ts";
import { onAbort } from "./on-abort.ts";

/** A time during which nothing starts, as it is told to whoever watches. */
export interface HoldNotice {
  readonly reason: HoldReason;
  readonly ms: number;
  /** Requests per window once it is over. */
  readonly requests: number;
}

export interface GateOptions {
  readonly requests: number;
  readonly perMs: number;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly heldUntil: number;
  readonly onSpend: (until: number) => void;
  readonly onHold: (hold: HoldNotice) => void;
}

/** Whichever of them fires first takes back what waits. */
type Signals = readonly (AbortSignal | undefined)[];

/** A hold that a former process left behind is believed for this long at most: beyond, a clock was wrong. */
const longestInheritedHoldMs = 7 * 24 * 3_600_000;

/**
 * Decides when a request may start, and in which order: the queue of p-queue orders and bounds what is in flight; it
 * is paused whenever the budget is spent, something holds, or a probe is under way.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #queue: PQueue;
  readonly #life = new AbortController();
  readonly #holds: Holds;
  readonly #budget: Budget;
  readonly #breaker: Breaker;
  readonly #pauses = new Set<AbortController>();
  #refusal: { readonly reason: unknown } | undefined;
  #inFlight = 0;
  #throttledInARow = 0;

  constructor(options: GateOptions) {
    const { clock, requests, perMs, onSpend } = options;
    const { signal } = this.#life;
    setMaxListeners(0, signal);
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.concurrency });
    this.#breaker = new Breaker(options.random);
    this.#holds = new Holds(clock, signal, (reason) => this.#holdEnded(reason));
    this.#budget = new Budget({ requests, perMs, clock, signal, onSpend, onRoom: () => this.#turn() });
    const inherited = options.heldUntil - clock.now();
    if (inherited > 0) this.#hold(inherited <= longestInheritedHoldMs ? inherited : perMs, "restart");
  }

  get throttledMs(): number {
    return this.#holds.throttledMs;
  }

  /**
   * Runs `job` when its turn has come; rejects with the reason when one of the signals is aborted before. Once it
   * runs, it keeps its place in flight until it settles, aborted or not.
   */
  pass<T>(job: () => Promise<T>, priority: number, signals: Signals): Promise<T> {
    // p-queue would free the place of a running job on abort: it sees a signal that can fire only while it waits.
    const waiting = new AbortController();
    const forget = onAbort(signals, (reason) => waiting.abort(reason));
    const start = () => {
      forget();
      return this.#start(job);
    };
    return this.#queue.add(start, { priority, signal: waiting.signal });
  }

  /** Waits outside the queue; rejects when one of the signals is aborted or everything is turned away. */
  async pause(ms: number, signals: Signals): Promise<void> {
    const pause = new AbortController();
    const forget = onAbort(signals, (reason) => pause.abort(reason));
    if (this.#refusal !== undefined) pause.abort();
    this.#pauses.add(pause);
    try {
      await this.#options.clock.sleep(ms, pause.signal);
    } finally {
      this.#pauses.delete(pause);
      forget();
    }
  }

  /** From now on nothing starts; what waits is rejected with `reason`. */
  refuse(reason: unknown): void {
    this.#refusal = { reason };
    this.#turnAway();
  }

  /** Lets requests start again after `refuse`; not after `close`. */
  reset(): void {
    if (this.#life.signal.aborted) return;
    this.#refusal = undefined;
    this.#queue.concurrency = this.#options.concurrency;
    this.#turn();
  }

  /** Ends for good; what is in flight goes on. */
  close(reason: unknown): void {
    this.#life.abort();
    this.refuse(reason);
  }

  async #start<T>(job: () => Promise<T>): Promise<T> {
    // Up to the first await this runs at once, so the queue sees the pause before it starts another.
    if (this.#refusal !== undefined) throw this.#refusal.reason;
    this.#budget.take();
    const isProbe = this.#breaker.probing;
    this.#inFlight += 1;
    this.#turn();
    try {
      const result = await job();
      this.#answered();
      return result;
    } catch (error) {
      if (error instanceof RemoteError) this.#judge(error, isProbe);
      throw error;
    } finally {
      this.#inFlight -= 1;
      this.#budget.giveBack();
      this.#turn();
    }
  }

  #judge(error: RemoteError, isProbe: boolean): void {
    const { failure } = error;
    if (failure.consequence === "throttled") {
      this.#breaker.answered();
      this.#throttled(failure);
      return;
    }
    if (failure.consequence !== "unavailable" && failure.consequence !== "unknown") {
      this.#answered();
      if (failure.consequence === "auth") this.refuse(unsent(error));
      return;
    }
    if (failure.retryAfterMs !== undefined) this.#hold(failure.retryAfterMs, "throttled");
    const opening = this.#breaker.failed(isProbe);
    if (opening === undefined) return;
    this.#hold(opening.holdMs, "outage");
    if (opening.giveUp) this.#turnAwayOnce(unsent(error));
  }

  #answered(): void {
    this.#breaker.answered();
    this.#throttledInARow = 0;
  }

  /** A hold that is under way already was asked for by requests which left together: it is one event. */
  #throttled(failure: RemoteFailure): void {
    if (!this.#holds.byServer) {
      this.#throttledInARow += 1;
      this.#budget.lower();
    }
    const said = failure.retryAfterMs ?? 0;
    this.#hold(
      said > 0 ? said : fullJitter(throttledBackoff, this.#throttledInARow, this.#options.random),
      "throttled",
    );
  }

  #hold(ms: number, reason: HoldReason): void {
    this.#holds.begin(ms, reason);
    if (reason === "throttled") this.#budget.noteHorizon(this.#options.clock.now() + ms);
    this.#options.onHold({ reason, ms, requests: this.#budget.cap });
    this.#turn();
  }

  #holdEnded(reason: HoldReason): void {
    if (reason === "throttled" && !this.#holds.byServer) this.#budget.recover();
    this.#turn();
  }

  #turnAwayOnce(reason: unknown): void {
    if (this.#refusal !== undefined) return;
    this.refuse(reason);
    this.reset();
  }

  /** Lets everything that waits run into the refusal, at once: the queue starts all of it within the two calls. */
  #turnAway(): void {
    for (const pause of this.#pauses) pause.abort();
    this.#queue.concurrency = Infinity;
    this.#turn();
  }

  /** Opens or closes the queue; called after each change of what it depends on. */
  #turn(): void {
    if (this.#refusal !== undefined || this.#mayStart()) this.#queue.start();
    else this.#queue.pause();
  }

  #mayStart(): boolean {
    if (this.#holds.active || !this.#budget.hasRoom) return false;
    return !this.#breaker.probing || this.#inFlight === 0;
  }
}

/** What is told to a request that never went out because of another one's failure. */
function unsent(error: RemoteError): RemoteError {
  return new RemoteError(error.message, { ...error.failure, attempts: 0 });
}
