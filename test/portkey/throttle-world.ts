import type { Consequence } from "../../src/core/remote-error.ts";
import { RemoteError } from "../../src/core/remote-error.ts";
import type { RunOptions, ThrottleOptions } from "../../src/portkey/throttle.ts";
import { createThrottle } from "../../src/portkey/throttle.ts";
import { VirtualClock } from "./virtual-clock.ts";

export function remoteError(consequence: Consequence, retryAfterMs?: number): RemoteError {
  return new RemoteError(`the server is ${consequence}`, {
    consequence,
    status: consequence === "throttled" ? 429 : null,
    errorCode: null,
    attempts: 1,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** What happens to one sending of a request: the way there, the way back, and the answer. */
export interface Fate {
  readonly there: number;
  readonly back: number;
  readonly failure?: Consequence;
  readonly retryAfterMs?: number;
}

export interface Sending {
  readonly name: string;
  readonly attempt: number;
  readonly sentAt: number;
  arrivedAt?: number;
  answeredAt?: number;
}

/** A throttle on a virtual clock, in front of a server that takes notes. */
export class ThrottleWorld {
  readonly clock = new VirtualClock();
  readonly throttle;
  readonly sendings: Sending[] = [];
  inFlight = 0;
  mostInFlight = 0;

  constructor(options: Partial<ThrottleOptions> = {}) {
    this.throttle = createThrottle({
      requests: 5,
      perMs: 1_000,
      concurrency: 4,
      clock: this.clock,
      random: () => 0.5,
      ...options,
    });
  }

  /** Asks for a request whose n-th sending has the n-th fate, the last one for ever. */
  ask(name: string, fates: readonly Fate[], options: Omit<RunOptions, "kind"> = {}): Promise<string> {
    const asked = this.throttle.run((attempt) => this.#send(name, attempt, fates), {
      kind: "write",
      ...options,
    });
    // The tests look at the outcome later, when time has gone on.
    asked.catch(() => undefined);
    return asked;
  }

  async #send(name: string, attempt: number, fates: readonly Fate[]): Promise<string> {
    const fate = fates[Math.min(attempt, fates.length) - 1]!;
    const sending: Sending = { name, attempt, sentAt: this.clock.now() };
    this.sendings.push(sending);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await this.clock.sleep(fate.there);
    sending.arrivedAt = this.clock.now();
    await this.clock.sleep(fate.back);
    sending.answeredAt = this.clock.now();
    this.inFlight -= 1;
    if (fate.failure !== undefined) throw remoteError(fate.failure, fate.retryAfterMs);
    return name;
  }

  /** The names in the order in which they were sent. */
  get order(): string[] {
    return this.sendings.map((sending) => sending.name);
  }
}

/** The most instants that any half-open window of `perMs` holds. */
export function mostInWindow(instants: readonly number[], perMs: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [index, instant] of sorted.entries()) {
    while (sorted[first]! <= instant - perMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
