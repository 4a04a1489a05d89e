/**
 * The reason with which a pass is asked to give way. `final`: the process is to stop; otherwise a newer pass waits.
 */
export class Withdrawn extends Error {
  override readonly name = "Withdrawn";
  readonly final: boolean;

  constructor(final: boolean) {
    super(final ? "withdrawn: the process is to stop" : "withdrawn: something newer came first");
    this.final = final;
  }
}

export function isFinal(signal: AbortSignal): boolean {
  return signal.reason instanceof Withdrawn && signal.reason.final;
}
