import { isListDoubted } from "../core/guard.ts";
import {
  carryFindings,
  readReport,
  isTaken,
  withReadBack,
  type Outcome,
  type OverrideReport,
  type PassReport,
  type RequestCounts,
} from "../core/outcome.ts";
import { nextAcknowledgedEnd } from "../core/acknowledged-end.ts";
import type { Moments } from "../core/next-moment.ts";
import { instantText } from "../core/overrides.ts";
import type { Notice, NoticeKind, PassKind, PlanSummary } from "../core/plan.ts";
import type { KeyId } from "../core/policy.ts";
import { RemoteError } from "../core/remote-error.ts";
import { AppError, messageOf } from "../errors.ts";
import type { RequestTally, StateReader, StateWriter } from "../ports.ts";
import type { KeyProof } from "./read-back.ts";
import type { Survey } from "./survey.ts";
import { Withdrawn } from "./withdrawn.ts";

interface ReportParts {
  readonly pass: string;
  readonly kind: PassKind;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly survey: Survey | null;
  readonly outcomes: readonly Outcome[];
  readonly error: unknown;
  /** Keys whose effect is open. */
  readonly awaiting: number;
  readonly requests: RequestCounts;
}

const emptySummary: PlanSummary = {
  desired: 0,
  enforced: 0,
  live: null,
  changes: 0,
  held: 0,
  unchanged: 0,
  tightens: 0,
  loosens: 0,
};

/** What is kept of a pass. */
export function makeReport(parts: ReportParts): PassReport {
  const desired = parts.survey?.keeping?.desired.values() ?? [];
  const next = nextAcknowledgedEnd(desired, parts.endedAt);
  return {
    version: 1,
    pass: parts.pass,
    kind: parts.kind,
    startedAt: new Date(parts.startedAt).toISOString(),
    endedAt: new Date(parts.endedAt).toISOString(),
    trusted: parts.survey?.trusted ?? true,
    error: parts.error === null ? null : { code: codeOf(parts.error), message: messageOf(parts.error) },
    summary: parts.survey?.plan.summary ?? emptySummary,
    problems: (parts.survey?.problems ?? []).map(({ frame: _frame, ...problem }) => problem),
    notices: parts.survey?.plan.notices ?? [],
    refusals: parts.survey?.plan.refusals ?? [],
    heldDigest: parts.survey?.plan.heldDigest ?? null,
    unfinished: parts.outcomes.filter(({ outcome }) => !isTaken(outcome)),
    applied: parts.outcomes.filter(({ outcome }) => isTaken(outcome)).length,
    awaiting: parts.awaiting,
    ...(next === null ? {} : { acknowledgedUntil: new Date(next).toISOString() }),
    requests: parts.requests,
    overrides: overrideReport(parts.survey?.moments ?? null),
  };
}

function overrideReport(moments: Moments | null): OverrideReport | null {
  if (moments === null) return null;
  const { inForce, next } = moments;
  return { inForce, next: next === null ? null : { ...next, at: instantText(next.at) } };
}

type ReportState = Pick<StateWriter, "saveFact"> & Pick<StateReader, "fact">;

/** The report of the pass before, where there is one that this version understands. */
function lastReport(state: ReportState): PassReport | undefined {
  try {
    const fact = state.fact("report");
    return fact?.["version"] === 1 ? readReport(fact) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps the report for `status`, and after a whole reconcile pass that the state knows this target. A state that cannot
 * be written is itself part of what the pass ended with.
 */
export function keepReport(state: ReportState, made: PassReport, target: string | null): PassReport {
  const report = carryFindings(made, lastReport(state));
  try {
    state.saveFact("report", toJson(report));
    const whole = report.kind === "reconcile" && report.error === null && report.trusted;
    if (whole && target !== null && !isListDoubted(report)) {
      state.saveFact("reconciled", { at: report.endedAt, target, listed: report.summary.live });
    }
    return report;
  } catch (thrown) {
    return { ...report, error: report.error ?? { code: codeOf(thrown), message: messageOf(thrown) } };
  }
}

/** Brings the kept report up to what was read back since. A state that cannot be written is thrown. */
export function keepReadBack(state: ReportState, proofs: Iterable<KeyProof>): void {
  const before = lastReport(state);
  if (before === undefined) return;
  const all = [...proofs];
  const judged = new Set(all.filter(({ kind }) => kind !== "open").map(({ keyId }) => keyId));
  const awaiting = all.filter(({ kind }) => kind === "open").length;
  state.saveFact("report", toJson(withReadBack(before, judged, awaiting)));
}

/** Brings the kept report up to what a person has done to a key since: forgotten it, or put it back. */
export function keepDeed(
  state: ReportState,
  keyId: KeyId,
  deed: { readonly ends: NoticeKind; readonly begins?: Notice },
): void {
  const before = lastReport(state);
  if (before === undefined) return;
  const others = before.notices.filter((notice) => notice.keyId !== keyId || notice.kind !== deed.ends);
  const notices = deed.begins === undefined ? others : [...others, deed.begins];
  state.saveFact("report", toJson({ ...before, notices }));
}

/** What was asked of the control plane between two tallies. */
export function requestsSince(before: RequestTally, after: RequestTally): RequestCounts {
  return {
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    throttledMs: after.throttledMs - before.throttledMs,
  };
}

export function addRequests(a: RequestCounts, b: RequestCounts): RequestCounts {
  return {
    reads: a.reads + b.reads,
    writes: a.writes + b.writes,
    throttledMs: a.throttledMs + b.throttledMs,
  };
}

/**
 * A short word for what went wrong: the consequence of a request, the code of an error of ours, STOPPED for a pass that
 * was cut off, or a defect.
 */
function codeOf(error: unknown): string {
  if (error instanceof RemoteError) return error.failure.consequence;
  if (error instanceof Withdrawn) return "STOPPED";
  return error instanceof AppError ? error.code : "defect";
}

function toJson(report: PassReport): { readonly [name: string]: never } {
  return JSON.parse(JSON.stringify(report)) as { readonly [name: string]: never };
}
