/*
 * The writing half of a pass: the inventory is kept, the ledger healed, and each change of the plan is sent, in the
 * plan's order.
 *
 *   claim (durable)  ->  PUT through the throttle  ->  confirm | refuse | leave claimed (durable)
 *
 * Killed between any two of these, the claim is there and unconfirmed, and the next pass sets the value again: a PUT
 * of the same body is harmless. No request goes out whose claim could not be written.
 *
 * A few workers take the changes from the front, so that only what is about to be sent is claimed. When something
 * newer waits (`yielding`), no further change is begun and requests that still queue are withdrawn; those on the
 * wire are waited for. The plan after that one knows what is left to do, in its newest form.
 */
import type { Outcome } from "../core/outcome.ts";
import type { Change } from "../core/plan.ts";
import { outcomeOf, pushChange, type PushPorts } from "./push-change.ts";
import type { Survey } from "./survey.ts";
import { isFinal } from "./withdrawn.ts";

export interface EnforceOptions {
  /** The pass, for the audit trail. */
  readonly pass: string;
  /** How many changes are under way at a time. */
  readonly workers: number;
  /** Aborted with a `Withdrawn` when a newer pass waits or the process is to stop: begin nothing more. */
  readonly yielding: AbortSignal;
  /** Aborted when not even requests on the wire may be waited for. */
  readonly signal: AbortSignal;
  /** Told after each change. */
  readonly onOutcome?: (outcome: Outcome, change: Change) => void;
}

/** One outcome for each change, in the plan's order. Throws when the state cannot be written. */
export async function enforce(
  ports: PushPorts,
  survey: Survey,
  options: EnforceOptions,
): Promise<readonly Outcome[]> {
  if (survey.inventory !== null) ports.state.saveInventory(survey.inventory);
  if (survey.plan.adoptions.length > 0) ports.state.adopt(survey.plan.adoptions);
  const { changes } = survey.plan;
  const outcomes = new Map<Change, Outcome>();
  const queue = changes.values();
  let halted: string | null = null;

  // Every pass gets something done, however often it is asked to give way.
  const owed = Math.min(options.workers, changes.length);
  const mayBegin = (): boolean =>
    halted === null &&
    !options.signal.aborted &&
    (!options.yielding.aborted || (outcomes.size < owed && !isFinal(options.yielding)));

  async function work(): Promise<void> {
    while (mayBegin()) {
      const next = queue.next();
      if (next.done === true) return;
      const { outcome, halts } = await pushChange(ports, next.value, options);
      if (halts) halted = outcome.message;
      outcomes.set(next.value, outcome);
      options.onOutcome?.(outcome, next.value);
    }
  }

  await Promise.all(Array.from({ length: Math.max(1, owed) }, work));
  return changes.map((change) => outcomes.get(change) ?? skipped(change, halted));
}

function skipped(change: Change, reason: string | null): Outcome {
  const message = reason === null ? "something newer came first, or the process is to stop" : reason;
  return outcomeOf(change, { outcome: "skipped", message: `not sent: ${message}` });
}
