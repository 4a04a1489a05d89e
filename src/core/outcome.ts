import type { Notice, PassKind, PlanSummary, Refusal } from "./plan.ts";
import type { KeyId } from "./policy.ts";
import type { Problem } from "./problem.ts";

/**
 * How one change ended. `applied`: the server took it. `rejected`: the server said no, or does not know the key.
 * `failed`: it did not get through. `unknown`: it may have taken effect. `skipped`: it was not sent, because the pass
 * was ended before. `not-reflected`: accepted, and the key reads otherwise.
 */
export type OutcomeKind = "applied" | "rejected" | "failed" | "unknown" | "skipped" | "not-reflected";

export interface Outcome {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly outcome: OutcomeKind;
  /** HTTP status of the last answer; null when there was none. */
  readonly status: number | null;
  readonly attempts: number;
  readonly message: string;
}

/** What a pass cost. */
export interface RequestCounts {
  readonly reads: number;
  readonly writes: number;
  readonly throttledMs: number;
}

/** What is kept of the last pass, for whoever asks how things stand. Plain data. */
export interface PassReport {
  readonly version: 1;
  readonly pass: string;
  readonly kind: PassKind;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** False when the policy directory as a whole could not be believed. */
  readonly trusted: boolean;
  /** Why the pass could not be carried out, or null. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly summary: PlanSummary;
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  /** Why the guard holds something of the plan, and what an approval of it names; none and null when it does not. */
  readonly refusals: readonly Refusal[];
  readonly heldDigest: string | null;
  /** The changes that did not succeed. */
  readonly unfinished: readonly Outcome[];
  readonly applied: number;
  readonly requests: RequestCounts;
}

/** What only a pass that looks at live keys can find: not over because a later pass did not look. */
const foundLive: readonly Notice["kind"][] = ["settling", "not-reflected", "drift", "missing", "unreadable"];

/** The report with the findings of an earlier pass that this one could not judge anew. */
export function carryFindings(report: PassReport, before: PassReport | undefined): PassReport {
  const looked = report.kind === "reconcile" && report.error === null && report.trusted;
  if (looked || before === undefined) return report;
  const told = new Set(report.notices.map(({ kind, keyId }) => `${kind} ${keyId}`));
  const kept = before.notices.filter(
    ({ kind, keyId }) => foundLive.includes(kind) && !told.has(`${kind} ${keyId}`),
  );
  return kept.length === 0 ? report : { ...report, notices: [...report.notices, ...kept] };
}

const needsAttention: readonly Notice["kind"][] = [
  "settling",
  "not-reflected",
  "refused",
  "drift",
  "held",
  "missing",
  "unreadable",
];

/** Whether, as far as this pass could tell, every key is as its policy says. */
export function isInSync(report: PassReport): boolean {
  return (
    report.error === null &&
    report.trusted &&
    report.refusals.length === 0 &&
    report.unfinished.length === 0 &&
    report.applied === report.summary.changes &&
    report.problems.every(({ severity }) => severity !== "error") &&
    report.notices.every(({ kind }) => !needsAttention.includes(kind))
  );
}
