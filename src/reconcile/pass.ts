import type { Outcome, PassReport } from "../core/outcome.ts";
import type { Sight } from "../core/make-plan.ts";
import type { Change, PassKind } from "../core/plan.ts";
import type { RequestTally, State } from "../ports.ts";
import { keysToProve } from "../core/proof.ts";
import type { KeyId } from "../core/policy.ts";
import { enforce } from "./enforce.ts";
import type { PassSignals } from "./loop.ts";
import type { PushPorts } from "./push-change.ts";
import { noteSights } from "./read-back.ts";
import { keepReport, makeReport, requestsSince } from "./report.ts";
import { survey, type Survey, type SurveyPorts } from "./survey.ts";

export interface PassPorts extends SurveyPorts, PushPorts {
  readonly state: State;
  readonly tally: () => RequestTally;
}

export interface PassOptions extends PassSignals {
  /** Names the pass in logs and in the audit trail. */
  readonly pass: string;
  readonly kind: PassKind;
  readonly settleMs: number;
  readonly workers: number;
  /** What the state is about: the control plane's base URL. */
  readonly target: string;
  /** Asked once the plan is made, before anything is written; without it, or with true, the plan is carried out. */
  readonly approve?: (survey: Survey) => Promise<boolean>;
  /** Told after each change. */
  readonly onOutcome?: (outcome: Outcome, change: Change) => void;
}

export interface PassResult {
  readonly report: PassReport;
  /** Null when the live keys could not be read. */
  readonly survey: Survey | null;
  /** One for each change; empty when the plan was not carried out. */
  readonly outcomes: readonly Outcome[];
  /** What was thrown, or null. */
  readonly error: Error | null;
}

/** Both halves of a pass. Never throws: what went wrong is in the result, and the report of it is kept. */
export async function runPass(ports: PassPorts, options: PassOptions): Promise<PassResult> {
  const { pass, kind, target } = options;
  const startedAt = ports.clock.now();
  const before = ports.tally();
  let surveyed: Survey | null = null;
  let outcomes: readonly Outcome[] = [];
  let approved = false;
  let error: Error | null = null;
  try {
    const signal = AbortSignal.any([options.signal, options.stopping]);
    surveyed = await survey(ports, { pass: kind, settleMs: options.settleMs, signal });
    approved = (await options.approve?.(surveyed)) ?? true;
    if (approved && surveyed.plan.changes.length > 0)
      ports.state.saveFact("begun", { pass, at: ports.clock.now() });
    if (approved) {
      noteInventory(ports, surveyed, options);
      outcomes = await enforce(ports, surveyed, options);
    }
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  const endedAt = ports.clock.now();
  const requests = requestsSince(before, ports.tally());
  const awaiting = keysToProve(ports.state.applied()).length;
  const ended = { survey: surveyed, outcomes, error, awaiting, requests };
  const made = makeReport({ pass, kind, startedAt, endedAt, ...ended });
  const report = keepReport(ports.state, made, approved ? target : null);
  return { report, survey: surveyed, outcomes, error };
}

/** A whole list also shows what became of earlier writes. */
function noteInventory(ports: PassPorts, { inventory }: Survey, options: PassOptions): void {
  if (inventory === null) return;
  const byId = new Map(inventory.map((known) => [known.key.id, known]));
  const sightOf = (id: KeyId): Sight | undefined => {
    const known = byId.get(id);
    return known === undefined
      ? undefined
      : { kind: "seen", key: known.key, complete: known.rotationReadAt !== null };
  };
  noteSights(ports, { pass: options.pass, settleMs: options.settleMs, sightOf });
}
