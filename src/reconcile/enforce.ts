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
 * wire are waited for. The plan after that one knows what is left to do, in its newest form. A pass that was asked to
 * give way before it could begin anything still sends one change a worker: else edits that keep coming would keep a
 * reconcile pass from ever mending something.
 *
 * When the state cannot be written, nothing more begins, and the error comes out once nothing is under way any more.
 */
import { isListDoubted } from "../core/guard.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Change } from "../core/plan.ts";
import { outcomeOf, pushChange, type PushPorts } from "./push-change.ts";
import { settledClaims } from "./settled-claims.ts";
import type { Survey } from "./survey.ts";
import { isFinal } from "./withdrawn.ts";

export interface EnforceOptions {
  /** The pass, for the audit trail. */
  readonly pass: string;
  /** How many changes are under way at a time. */
  readonly workers: number;
  /** Aborted with a `Withdrawn` when a newer pass waits or the process is to stop: begin nothing more. */
  readonly yielding: AbortSignal;
  /** Aborted with a `Withdrawn` when the process is to stop, also after a newer pass made this one give way. */
  readonly stopping?: AbortSignal;
  /** Aborted when not even requests on the wire may be waited for. */
  readonly signal: AbortSignal;
  /** Told after each change. */
  readonly onOutcome?: (outcome: Outcome, change: Change) => void;
}

/** One outcome for each change, in the plan's order. Throws when the state cannot be written. */
export async function enforce(
  ports: PushPorts,
  survey: Pick<Survey, "plan" | "readAt" | "inventory" | "mayTurnOut">,
  options: EnforceOptions,
): Promise<readonly Outcome[]> {
  if (!isListDoubted(survey.plan)) {
    if (survey.inventory !== null) ports.state.saveInventory(survey.inventory);
    const { adoptions } = survey.plan;
    if (adoptions.length > 0) {
      ports.state.adopt(adoptions, settledClaims(adoptions, ports.state.applied(), options.pass));
    }
  }
  const { changes } = survey.plan;
  const outcomes = new Map<Change, Outcome>();
  const queue = changes.values();
  let halted: string | null = null;
  let broken = false;
  let begun = 0;

  // Every pass gets something done, however often it is asked to give way.
  const owed = Math.min(options.workers, changes.length);
  const mayBegin = (): boolean =>
    halted === null &&
    !broken &&
    !options.signal.aborted &&
    options.stopping?.aborted !== true &&
    (!options.yielding.aborted || (begun < owed && !isFinal(options.yielding)));

  async function push(change: Change): Promise<void> {
    begun += 1;
    const { outcome, halts } = await pushChange(ports, change, {
      ...insistent(options),
      readAt: survey.readAt,
      mayTurnOut: survey.mayTurnOut,
    });
    if (halts) halted = outcome.message;
    outcomes.set(change, outcome);
    options.onOutcome?.(outcome, change);
  }

  async function work(): Promise<void> {
    while (mayBegin()) {
      const next = queue.next();
      if (next.done === true) return;
      try {
        await push(next.value);
      } catch (error) {
        broken = true;
        throw error;
      }
    }
  }

  const workers = Array.from({ length: owed }, work);
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return changes.map((change) => outcomes.get(change) ?? skipped(change, halted));
}

/** What is begun although something newer waits is not taken back for it, but for a stop. */
function insistent(options: EnforceOptions): EnforceOptions {
  const stopping = options.stopping ?? new AbortController().signal;
  return options.yielding.aborted ? { ...options, yielding: stopping } : options;
}

function skipped(change: Change, reason: string | null): Outcome {
  const message = reason === null ? "something newer came first, or the process is to stop" : reason;
  return outcomeOf(change, { outcome: "skipped", message: `not sent: ${message}` });
}
