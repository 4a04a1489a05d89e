import { isListDoubted, releasePlan } from "../core/guard.ts";
import type { Outcome, PassReport } from "../core/outcome.ts";
import type { Sight } from "../core/make-plan.ts";
import { withoutHeld } from "../core/last-good.ts";
import type { Change, PassKind, Plan } from "../core/plan.ts";
import type { RequestTally, State } from "../ports.ts";
import { keysToProve } from "../core/proof.ts";
import type { KeyId } from "../core/policy.ts";
import { enforce } from "./enforce.ts";
import { ownKeysIn } from "./guarded.ts";
import { approvalOf, approvePlan, beginApproval, endApproval, keepHeld, type Moment } from "./holding.ts";
import { keepGuardrails } from "./keep-guardrails.ts";
import type { PassSignals } from "./loop.ts";
import type { PushPorts } from "./push-change.ts";
import { noteSights, type KeyProof } from "./read-back.ts";
import { keepReport, makeReport, requestsSince } from "./report.ts";
import { keepSelected } from "./selection-memory.ts";
import { survey, type Survey, type SurveyPorts } from "./survey.ts";

export interface PassPorts extends SurveyPorts, PushPorts {
  readonly state: State;
  readonly tally: () => RequestTally;
}

export interface PassOptions extends PassSignals {
  /** Names the pass in logs and in the audit trail. */
  readonly pass: string;
  /** What was rung; the report says what it became. */
  readonly kind: PassKind;
  readonly settleMs: number;
  readonly workers: number;
  /** What the state is about: the control plane's base URL. */
  readonly target: string;
  /** Asked about a plan of which the guard holds something: whether that goes too. Without it, it stays held. */
  readonly release?: (plan: Plan) => boolean;
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
  /** What the pass itself read back of earlier writes. */
  readonly proofs: readonly KeyProof[];
  /** What was thrown, or null. */
  readonly error: Error | null;
}

/** Both halves of a pass. Never throws: what went wrong is in the result, and the report of it is kept. */
export async function runPass(ports: PassPorts, options: PassOptions): Promise<PassResult> {
  const { pass, target } = options;
  const startedAt = ports.clock.now();
  const before = ports.tally();
  let surveyed: Survey | null = null;
  let outcomes: readonly Outcome[] = [];
  let proofs: readonly KeyProof[] = [];
  let released: Plan | undefined;
  let approved = false;
  let error: Error | null = null;
  // An edit pass may turn into a reconcile pass.
  let kind = options.kind;
  try {
    const signal = AbortSignal.any([options.signal, options.stopping]);
    const moment: Moment = { pass, at: startedAt };
    const known = approvalOf(ports.state);
    surveyed = await survey(ports, { pass: kind, settleMs: options.settleMs, signal });
    kind = surveyed.plan.pass;
    if (surveyed.plan.heldDigest !== null && options.release?.(surveyed.plan) === true) {
      released = surveyed.plan;
      surveyed = { ...surveyed, plan: releasePlan(released) };
    }
    if (surveyed.trusted) keepHeld(ports.state, released ?? surveyed.plan, moment);
    approved = (await options.approve?.(surveyed)) ?? true;
    if (approved) {
      if (surveyed.trusted) keepGuardrails(ports.state, surveyed.resolution.guardrails);
      // Before the first request: what a key is brought to must not be less known than what it was before.
      if (surveyed.keeping !== null)
        ports.state.keepLastGood(withoutHeld(surveyed.keeping, surveyed.plan, ports.state));
      keepGo(ports, surveyed, { moment, released });
      if (!isListDoubted(surveyed.plan)) proofs = noteInventory(ports, surveyed, options);
      if (surveyed.trusted && !isListDoubted(surveyed.plan)) keepSelected(ports.state, surveyed);
      outcomes = await enforce(ports, surveyed, options);
    }
    // One that was given meanwhile is for a pass that begins after it.
    const standing = approvalOf(ports.state);
    const isJudged = released !== undefined || (standing !== null && standing.at === known?.at);
    if (standing !== null && isJudged && surveyed.trusted) {
      const used = released !== undefined || surveyed.approval !== null;
      const now = ports.clock.now();
      endApproval(ports.state, standing, { kind, used, carriedOut: approved, outcomes, now });
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
  return { report, survey: surveyed, outcomes, proofs, error };
}

/** A whole list also shows what became of earlier writes. */
function noteInventory(ports: PassPorts, { inventory }: Survey, options: PassOptions): readonly KeyProof[] {
  if (inventory === null) return [];
  const byId = new Map(inventory.map((known) => [known.key.id, known]));
  const sightOf = (id: KeyId): Sight | undefined => {
    const known = byId.get(id);
    return known === undefined
      ? undefined
      : { kind: "seen", key: known.key, complete: known.rotationReadAt !== null };
  };
  return noteSights(ports, { pass: options.pass, settleMs: options.settleMs, sightOf });
}

interface Go {
  readonly moment: Moment;
  /** The plan as the guard had judged it, when all of it goes. */
  readonly released: Plan | undefined;
}

/** What has to be kept before the first request. */
function keepGo(ports: PassPorts, surveyed: Survey, { moment, released }: Go): void {
  const { state, clock } = ports;
  const { plan, approval, inventory } = surveyed;
  if (released !== undefined) {
    approvePlan(state, released, { ...moment, at: clock.now() });
    keepHeld(state, plan, moment);
  }
  if (approval !== null) beginApproval(state, approval);
  if (released !== undefined || approval !== null) believeList(ports, plan);
  if (plan.changes.length > 0) state.saveFact("begun", { pass: moment.pass, at: clock.now() });
  if (inventory === null || isListDoubted(plan)) return;
  const keys = ownKeysIn({ inventory }, state);
  if (JSON.stringify(keys) !== JSON.stringify(state.fact("own")?.["keys"] ?? []))
    state.saveFact("own", { keys });
}

/** Who approves a plan says yes to the list that it was made with: from now on others are compared with that. */
function believeList({ state, guard }: PassPorts, plan: Plan): void {
  const reconciled = state.fact("reconciled");
  const listed = plan.summary.live;
  if (reconciled?.["target"] !== guard.target || listed === null || isListDoubted(plan)) return;
  if (reconciled["listed"] !== listed) state.saveFact("reconciled", { ...reconciled, listed });
}
