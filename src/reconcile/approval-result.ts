import { differenceOf, type Difference, type HeldChange, type HeldPlan } from "../core/approval.ts";
import type { Outcome, PassReport } from "../core/outcome.ts";
import type { PassKind } from "../core/plan.ts";
import type { StateReader } from "../ports.ts";
import { approvalOf, endOf, heldPlans, pausedSince } from "./holding.ts";

/** What is held, in short. */
export interface HeldSummary {
  readonly digest: string;
  readonly pass: PassKind;
  readonly changes: number;
}

/** How an approval went. Plain data. */
export interface ApprovalResult {
  readonly version: 1;
  readonly digest: string;
  /**
   * `done`: all that was approved is applied. `unfinished`: some of it is not, yet. `moved-on`: policies or keys have
   * changed meanwhile, and something else is held now. `nothing`: nothing is held under this digest. `paused`: it is
   * carried out once the daemon writes again. `stopped`: the daemon stops; it is carried out after its next start.
   */
  readonly outcome: "done" | "unfinished" | "moved-on" | "nothing" | "paused" | "stopped";
  /** The pass that carried it out, or looked. */
  readonly pass: string | null;
  readonly applied: number;
  readonly unfinished: readonly Outcome[];
  readonly error: PassReport["error"];
  /** What is held now. */
  readonly held: readonly HeldSummary[];
  /** By what that differs from what was approved; null where nothing was, or nothing differs. */
  readonly difference: Difference | null;
}

interface Approved {
  readonly digest: string;
  /** What was approved; undefined when nothing was held under the digest. */
  readonly held: Pick<HeldPlan, "changes"> | undefined;
  /** The pass after it; null when there was none. */
  readonly report: PassReport | null;
}

export function approvalResult(state: Pick<StateReader, "fact">, approved: Approved): ApprovalResult {
  const { digest, held, report } = approved;
  const now = heldPlans(state);
  const outcome = outcomeOf(state, approved);
  const differs = held !== undefined && outcome === "moved-on";
  return {
    version: 1,
    digest,
    outcome,
    pass: report?.pass ?? null,
    applied: report?.applied ?? 0,
    unfinished: report?.unfinished ?? [],
    error: report?.error ?? null,
    held: now.map((plan) => ({ digest: plan.digest, pass: plan.pass, changes: plan.changes.length })),
    difference: differs ? differenceOf(held.changes, changesOf(now)) : null,
  };
}

function outcomeOf(
  state: Pick<StateReader, "fact">,
  { digest, held, report }: Approved,
): ApprovalResult["outcome"] {
  if (held === undefined) return "nothing";
  if (report === null) return "stopped";
  if (approvalOf(state)?.digest === digest) return pausedSince(state) === null ? "unfinished" : "paused";
  const end = endOf(state, digest);
  return end === "done" ? "done" : end === "lapsed" ? "unfinished" : "moved-on";
}

function changesOf(plans: readonly HeldPlan[]): readonly HeldChange[] {
  return plans[0]?.changes ?? [];
}
