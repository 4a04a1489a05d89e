import type { Outcome, PassReport, RequestCounts } from "../core/outcome.ts";
import type { Change, PassKind, PlanSummary } from "../core/plan.ts";
import { RemoteError } from "../core/remote-error.ts";
import { AppError, messageOf } from "../errors.ts";
import type { RequestTally, State } from "../ports.ts";
import { enforce } from "./enforce.ts";
import type { PassSignals } from "./loop.ts";
import type { PushPorts } from "./push-change.ts";
import { survey, type Survey, type SurveyPorts } from "./survey.ts";
import { Withdrawn } from "./withdrawn.ts";

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
  /** Told once the plan is made, before anything is written. */
  readonly onSurvey?: (survey: Survey) => void;
  /** Told after each change. */
  readonly onOutcome?: (outcome: Outcome, change: Change) => void;
}

/** Both halves of a pass. Never throws: what went wrong is in the report. */
export async function runPass(ports: PassPorts, options: PassOptions): Promise<PassReport> {
  const startedAt = ports.clock.now();
  const before = ports.tally();
  let surveyed: Survey | null = null;
  let outcomes: readonly Outcome[] = [];
  let error: unknown = null;
  try {
    const signal = AbortSignal.any([options.signal, options.stopping]);
    surveyed = await survey(ports, { pass: options.kind, settleMs: options.settleMs, signal });
    options.onSurvey?.(surveyed);
    outcomes = await enforce(ports, surveyed, options);
  } catch (thrown) {
    error = thrown;
  }
  const report = makeReport({
    pass: options.pass,
    kind: options.kind,
    startedAt,
    endedAt: ports.clock.now(),
    survey: surveyed,
    outcomes,
    error,
    requests: requestsSince(before, ports.tally()),
  });
  return keepReport(ports.state, report, options.target);
}

interface ReportParts {
  readonly pass: string;
  readonly kind: PassKind;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly survey: Survey | null;
  readonly outcomes: readonly Outcome[];
  readonly error: unknown;
  readonly requests: RequestCounts;
}

const emptySummary: PlanSummary = {
  desired: 0,
  live: null,
  changes: 0,
  unchanged: 0,
  tightens: 0,
  loosens: 0,
};

export function makeReport(parts: ReportParts): PassReport {
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
    unfinished: parts.outcomes.filter(({ outcome }) => outcome !== "applied"),
    applied: parts.outcomes.filter(({ outcome }) => outcome === "applied").length,
    requests: parts.requests,
  };
}

/** Keeps the report for `status`; a state that cannot be written is itself part of what the pass ended with. */
export function keepReport(state: State, report: PassReport, target: string): PassReport {
  try {
    state.saveFact("report", toJson(report));
    if (report.kind === "reconcile" && report.error === null && report.trusted) {
      state.saveFact("reconciled", { at: report.endedAt, target });
    }
    return report;
  } catch (thrown) {
    return { ...report, error: report.error ?? { code: codeOf(thrown), message: messageOf(thrown) } };
  }
}

export function requestsSince(before: RequestTally, after: RequestTally): RequestCounts {
  return {
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    throttledMs: after.throttledMs - before.throttledMs,
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
