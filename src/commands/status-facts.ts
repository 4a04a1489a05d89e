import type { HeldPlan } from "../core/approval.ts";
import type { Quarantine } from "../core/last-good.ts";
import { readReport, type PassReport } from "../core/outcome.ts";
import type { JsonObject } from "../core/policy.ts";
import { AppError } from "../errors.ts";
import { heldPlans, pausedSince } from "../reconcile/holding.ts";
import type { PassPorts } from "../reconcile/pass.ts";

/** What the state knows of how things stand. */
export interface StatusFacts {
  /** The last pass; null when there was none. */
  readonly report: PassReport | null;
  /** Whether a later pass began to write and has not ended: it is under way, or its process was killed. */
  readonly interrupted: boolean;
  readonly held: readonly HeldPlan[];
  /** Keys that are kept at what their policies said last. */
  readonly quarantined: readonly Quarantine[];
  /** Since when the daemon is to write nothing, in milliseconds since the epoch; null when it may. */
  readonly paused: number | null;
}

export function statusFacts(state: Pick<PassPorts["state"], "fact" | "quarantines">): StatusFacts {
  const report = knownReport(state.fact("report"));
  return {
    report,
    interrupted: report !== null && isInterrupted(report, state.fact("begun")),
    held: heldPlans(state),
    quarantined: [...state.quarantines().values()],
    paused: pausedSince(state),
  };
}

function isInterrupted(report: PassReport, begun: JsonObject | undefined): boolean {
  return (
    begun !== undefined &&
    begun["pass"] !== report.pass &&
    typeof begun["at"] === "number" &&
    begun["at"] >= Date.parse(report.endedAt)
  );
}

function knownReport(fact: JsonObject | undefined): PassReport | null {
  if (fact === undefined) return null;
  if (fact["version"] !== 1) {
    throw new AppError(
      "STATE_NEWER",
      "the last report in the state is of a version that this program does not know",
      {
        hint: "Use the version of Keysteward that wrote it, or a newer one.",
      },
    );
  }
  return readReport(fact);
}
