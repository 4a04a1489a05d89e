/**
 * What a failed request means for us, whichever status or network fault it came as.
 *
 * - `auth`: the credential is refused (401, AB05) or the subscription has ended (402): stop the run.
 * - `throttled`: 429; everything waits.
 * - `unavailable`: the server or the network failed, and the request certainly had no effect or is safe to repeat.
 * - `rejected`: the server understood and said no (400, 403, 409, 422): pointless to repeat as it is.
 * - `missing`: this key does not exist (404).
 * - `unknown`: the request may have taken effect: no answer, or one cut off.
 * - `misdirected`: the answer is not from the API at all (HTML, wrong prefix, redirect).
 */
export type Consequence =
  "auth" | "throttled" | "unavailable" | "rejected" | "missing" | "unknown" | "misdirected";

export interface RemoteFailure {
  readonly consequence: Consequence;
  /** HTTP status of the last answer; null when there was none. */
  readonly status: number | null;
  /** Portkey's code (`AB01` to `AB09`) where the answer carried one. */
  readonly errorCode: string | null;
  /** How often the request was sent. */
  readonly attempts: number;
  /** How long the server asked to wait, in milliseconds, where it did. */
  readonly retryAfterMs?: number;
}

/** A request to the control plane that did not succeed. Its message never holds a secret. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly failure: RemoteFailure;

  constructor(message: string, failure: RemoteFailure, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}
