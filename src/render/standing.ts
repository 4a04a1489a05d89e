import type { HeldPlan } from "../core/approval.ts";
import type { Quarantine } from "../core/last-good.ts";
import { isInSync, type PassReport } from "../core/outcome.ts";
import type { PassKind } from "../core/plan.ts";

/** How things stand. */
export interface Standing {
  /** The last pass; null when there was none. */
  readonly report: PassReport | null;
  /** Whether a later pass began to write and has not ended. */
  readonly interrupted: boolean;
  readonly held: readonly HeldPlan[];
  /** Keys that are kept at what their policies said last. */
  readonly quarantined: readonly Quarantine[];
  /** Since when the daemon is to write nothing, in milliseconds since the epoch; null when it may. */
  readonly paused: number | null;
  /** Whether a daemon said so, which also knows what it is doing and when the schedule rings next. */
  readonly live: boolean;
  readonly doing: { readonly kind: PassKind; readonly since: number } | null;
  /** RFC 3339. */
  readonly next: string | null;
  /** When it stood so, in milliseconds since the epoch. */
  readonly now: number;
}

export function isAllWell({ report, interrupted, held, quarantined, paused }: Standing): boolean {
  const isClear = held.length === 0 && quarantined.length === 0 && paused === null;
  return report !== null && isInSync(report) && !interrupted && isClear;
}
