/**
 * The reason with which a pass is asked to give way. `final`: the process is to stop, or to write nothing; otherwise a newer pass waits.
 */
export class Withdrawn extends Error {
  override readonly name = "Withdrawn";
  readonly final: boolean;

  constructor(final: boolean, reason?: string) {
    super(`withdrawn: ${reason ?? (final ? "the process is to stop" : "something newer came first")}`);
    this.final = final;
  }
}

export function isFinal(signal: AbortSignal): boolean {
  return signal.reason instanceof Withdrawn && signal.reason.final;
}
