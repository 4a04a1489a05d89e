import type { Notice, PassKind, PlanSummary, Refusal } from "./plan.ts";
import type { JsonObject, KeyId } from "./policy.ts";
import type { Problem } from "./problem.ts";

/**
 * How one change ended.
 *
 * The server took it: `applied`, and what was read back since is as it was set; `settling`, reads do not show it yet;
 * `unprovable`, no read shows it at all, so nobody can tell; `not-reflected`, the key reads otherwise; `unlisted`, no read
 * shows the key.
 * The server did not: `rejected`; `forbidden`, it is this key that our credential may not write; `missing`, it does not
 * know the key (any more). Nobody can tell: `unknown`, it may have taken effect. Nothing happened: `failed`, it did not
 * get through; `skipped`, it was not sent; `deferred`, it would loosen, which the plan did not know: it is for a reconcile
 * pass, where the guard counts it.
 */
export type OutcomeKind =
  | "applied"
  | "settling"
  | "unprovable"
  | "not-reflected"
  | "unlisted"
  | "rejected"
  | "forbidden"
  | "missing"
  | "unknown"
  | "failed"
  | "skipped"
  | "deferred";

/** Whether the server took it, and nothing speaks against it so far. */
export function isTaken(outcome: OutcomeKind): boolean {
  return outcome === "applied" || outcome === "settling" || outcome === "unprovable";
}

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
  /** Changes that the server took, whether or not they were read back. */
  readonly applied: number;
  /** Keys of which something was written that no read has shown or denied yet. */
  readonly awaiting: number;
  /** When the first of the known differences is enforced again, RFC 3339; absent where there is none. */
  readonly acknowledgedUntil?: string;
  readonly requests: RequestCounts;
  /** Null when the policies could not be read as a whole. */
  readonly overrides: OverrideReport | null;
}

/** How the overrides of all policies stand; instants are RFC 3339. */
export interface OverrideReport {
  readonly inForce: number;
  /** When one begins or ends next, and of which policy. */
  readonly next: { readonly at: string; readonly policy: string } | null;
}

/** A report as it was kept; one of an earlier release may lack what came later. */
export function readReport(kept: JsonObject): PassReport {
  return { awaiting: 0, refusals: [], heldDigest: null, overrides: null, ...kept } as unknown as PassReport;
}

/** The report after what was written was read back: what was waited for is not settling any more. */
export function withReadBack(report: PassReport, judged: ReadonlySet<string>, awaiting: number): PassReport {
  const notices = report.notices.filter(
    ({ kind, keyId, wasShown }) => kind !== "settling" || wasShown === true || !judged.has(keyId),
  );
  return { ...report, notices, awaiting };
}

/** What only a pass that looks at live keys can find: not over because a later pass did not look. */
const foundLive: readonly Notice["kind"][] = [
  "settling",
  "not-reflected",
  "contested",
  "acknowledged",
  "drift",
  "missing",
  "unreadable",
];

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
  "contested",
  "refused",
  "drift",
  "held",
  "quarantined",
  "restored",
  "in-doubt",
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
    report.awaiting === 0 &&
    report.applied === report.summary.changes &&
    report.problems.every(({ severity }) => severity !== "error") &&
    report.notices.every(({ kind }) => !needsAttention.includes(kind))
  );
}
