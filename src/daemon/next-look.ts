import type { PassReport } from "../core/outcome.ts";
import type { PassKind } from "../core/plan.ts";

export interface NextLook {
  readonly kind: PassKind;
  readonly afterMs: number;
  /** Whether it is because something went wrong: the next wait is longer. */
  readonly failed: boolean;
}

export interface LookContext {
  /** How many passes in a row went wrong before this one. */
  readonly failures: number;
  readonly settleMs: number;
}

const firstRetryMs = 5_000;
const lastRetryMs = 300_000;

const longestWaitMs = 86_400_000;

/**
 * How long to wait for a moment at which the policies change by themselves: a little beyond it, and a day at most, since
 * the machine may sleep and its clock be set meanwhile.
 */
export function momentWaitMs(moment: number, now: number): number {
  return Math.min(longestWaitMs, Math.max(0, moment - now) + 1);
}

/**
 * When to look again without being rung; null when nothing asks for it. What failed is tried again after a wait that
 * doubles up to five minutes; what an edit pass left to a reconcile pass is looked at at once; a value that a read does not show yet is looked at once the settle time is over. A
 * refused credential waits for the schedule, a signal or an edit: trying on would only hammer.
 */
export function nextLook(report: PassReport, context: LookContext): NextLook | null {
  const retryMs = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(context.failures, 10));
  if (report.error !== null) {
    return report.error.code === "auth" ? null : { kind: report.kind, afterMs: retryMs, failed: true };
  }
  if (!report.trusted) return { kind: "edit", afterMs: retryMs, failed: true };
  const lost = report.unfinished.some(({ outcome, status }) => {
    return (outcome === "failed" && status !== 401 && status !== 402) || outcome === "unknown";
  });
  if (report.unfinished.some(({ outcome }) => outcome === "deferred")) {
    // One that a reconcile pass has left too was found between its reading and its sending: not again at once.
    const again = report.kind === "reconcile";
    return { kind: "reconcile", afterMs: again ? retryMs : 0, failed: again || lost };
  }
  if (lost) return { kind: report.kind, afterMs: retryMs, failed: true };
  // What was not read back yet is judged by reading it back, which rings a pass where it must.
  const isAwaited = report.awaiting > 0;
  const settling = report.notices.some(
    ({ kind, wasShown }) => kind === "settling" && (wasShown === true || !isAwaited),
  );
  return settling ? { kind: "reconcile", afterMs: context.settleMs, failed: false } : null;
}
