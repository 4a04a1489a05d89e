/*
 * What the state keeps of held plans and their approval.
 *
 * There is one held plan a kind of pass. A reconcile pass sees whatever an edit pass sees: what it says replaces both. An
 * edit pass does not look at live keys, so that what a reconcile pass holds is not over because an edit pass is silent.
 */
import { heldChange, isStanding, type Approval, type HeldChange, type HeldPlan } from "../core/approval.ts";
import type { Outcome } from "../core/outcome.ts";
import type { PassKind, Plan } from "../core/plan.ts";
import type { JsonObject } from "../core/policy.ts";
import type { AuditEntry, StateReader, StateWriter } from "../ports.ts";

type Facts = Pick<StateReader, "fact"> & Pick<StateWriter, "saveFact">;

/** The pass that says or does something, for the audit trail. */
export interface Moment {
  readonly pass: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

type HeldByKind = Partial<Record<PassKind, HeldPlan>>;

/** What is held: the same set, when both kinds of pass hold it, once. */
export function heldPlans(state: Pick<StateReader, "fact">): readonly HeldPlan[] {
  const { reconcile, edit } = heldByKind(state);
  const plans = edit?.digest === reconcile?.digest ? [reconcile] : [reconcile, edit];
  return plans.filter((plan) => plan !== undefined);
}

function heldByKind(state: Pick<StateReader, "fact">): HeldByKind {
  return state.fact("held") ?? {};
}

/** Notes what a plan holds, or that it holds nothing. Keys that were not held before get a line of the audit trail. */
export function keepHeld(state: Facts, plan: Plan, { pass, at }: Moment): void {
  const before = heldByKind(state);
  const known = before[plan.pass];
  const same = (known?.digest ?? null) === plan.heldDigest;
  if (same && (plan.pass === "edit" || before.edit === undefined)) return;
  const others =
    plan.pass === "edit" && before.reconcile !== undefined ? { reconcile: before.reconcile } : {};
  const now: HeldByKind = { ...others, ...heldNow(plan, known, at) };
  if (Object.keys(now).length === 0 && Object.keys(before).length === 0) return;
  const heldBefore = new Set(heldPlans(state).flatMap(({ changes }) => changes.map(({ keyId }) => keyId)));
  const fresh = plan.held.filter(({ keyId }) => !heldBefore.has(keyId));
  const detail = { digest: plan.heldDigest, rules: plan.refusals.map(({ rule }) => rule) };
  state.saveFact(
    "held",
    now as unknown as JsonObject,
    fresh.map((change) => lineOf(heldChange(change), { pass, at, event: "held", detail })),
  );
}

function heldNow(plan: Plan, known: HeldPlan | undefined, at: number): HeldByKind {
  const { heldDigest: digest, refusals } = plan;
  if (digest === null) return {};
  if (known?.digest === digest) return { [plan.pass]: known };
  return { [plan.pass]: { digest, pass: plan.pass, at, refusals, changes: plan.held.map(heldChange) } };
}

/** The approval that was given last and is not over; null when there is none. */
export function approvalOf(state: Pick<StateReader, "fact">): Approval | null {
  const fact = state.fact("approved");
  return typeof fact?.["digest"] === "string" ? (fact as unknown as Approval) : null;
}

/** Somebody says yes to what is held under a digest. Undefined when nothing is, or not any more. */
export function approveHeld(state: Facts, digest: string, moment: Moment): HeldPlan | undefined {
  const held = heldPlans(state).find((plan) => plan.digest === digest);
  if (held === undefined) return undefined;
  const { pass, changes } = held;
  const lines = changes.map((change) => lineOf(change, { ...moment, event: "approved", detail: { digest } }));
  saveApproval(state, { digest, pass, at: moment.at, changes, begun: false }, lines);
  return held;
}

/** Somebody says yes to a plan in front of them, which is about to be sent. */
export function approvePlan(state: Facts, plan: Plan, { pass, at }: Moment): void {
  const { heldDigest: digest, held } = plan;
  if (digest === null) return;
  const changes = held.map(heldChange);
  const lines = changes.map((change) => lineOf(change, { pass, at, event: "approved", detail: { digest } }));
  saveApproval(state, { digest, pass: plan.pass, at, changes, begun: true }, lines);
}

/** From now on something of the approval may have been sent. */
export function beginApproval(state: Facts, approval: Approval): void {
  if (!approval.begun) saveApproval(state, { ...approval, begun: true });
}

/** How an approval ended: carried out, overtaken by other policies or keys before it began, or too old. */
export type ApprovalEnd = "done" | "moved-on" | "lapsed";

/** How the approval under a digest ended; undefined while it stands, and when there was none. */
export function endOf(state: Pick<StateReader, "fact">, digest: string): ApprovalEnd | undefined {
  const fact = state.fact("approved");
  return fact?.["ended"] === digest ? (fact["as"] as ApprovalEnd) : undefined;
}

/** What a pass did, for the approval that it knew of. */
export interface PassEnd {
  readonly kind: PassKind;
  /** Whether something passed because of the approval. */
  readonly used: boolean;
  /** Whether the plan was carried out. */
  readonly carriedOut: boolean;
  readonly outcomes: readonly Outcome[];
  readonly now: number;
}

/** Ends an approval that was carried out, that is too old, or whose plan has moved on before it began. */
export function endApproval(state: Facts, approval: Approval, end: PassEnd): void {
  const as = isStanding(approval, end.now) ? verdictOf(approval, end) : "lapsed";
  if (as !== undefined) state.saveFact("approved", { ended: approval.digest, as });
}

function verdictOf(approval: Approval, end: PassEnd): ApprovalEnd | undefined {
  const { kind, used, carriedOut, outcomes } = end;
  // An edit pass does not see all that a reconcile pass plans: what it is silent on may be left.
  const seesLess = kind === "edit" && approval.pass === "reconcile";
  if (!approval.begun) return used || seesLess ? undefined : "moved-on";
  const ends = new Map(outcomes.map(({ keyId, outcome }) => [keyId, outcome]));
  const isLeft = (end: Outcome["outcome"] | undefined): boolean =>
    end === undefined ? seesLess : end !== "applied";
  const left = approval.changes.some(({ keyId }) => isLeft(ends.get(keyId)));
  return carriedOut && !left ? "done" : undefined;
}

function saveApproval(state: Facts, approval: Approval, audit: readonly AuditEntry[] = []): void {
  state.saveFact("approved", approval as unknown as JsonObject, audit);
}

type Line = Pick<AuditEntry, "pass" | "at" | "event" | "detail">;

function lineOf({ keyId, policy, file, line }: HeldChange, entry: Line): AuditEntry {
  return { ...entry, keyId, policy, file, line, commit: null, author: null };
}

/** Since when the daemon is to write nothing, in milliseconds since the epoch; null when it may. */
export function pausedSince(state: Pick<StateReader, "fact">): number | null {
  const since = state.fact("paused")?.["since"];
  return typeof since === "number" ? since : null;
}

export function savePaused(state: Pick<StateWriter, "saveFact">, since: number | null): void {
  state.saveFact("paused", { since });
}
