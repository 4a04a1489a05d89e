import { diffField, type FieldSides, type FieldVerdict } from "../../src/core/diff.ts";
import type { AppliedField, Replaced } from "../../src/core/ledger.ts";
import type { Json } from "../../src/core/policy.ts";
import { claimed, confirmed, now, settleMs } from "./build.ts";

export interface Given {
  readonly desired: Json;
  readonly applied?: AppliedField;
  /** Left out: unseen. */
  readonly live?: Json;
  readonly lastSeen?: Json;
  readonly path?: string;
  readonly retryRefused?: boolean;
  /** The time of every test when left out. */
  readonly when?: number;
}

/** The verdict of the three-way rule. */
export function judge(given: Given): FieldVerdict {
  const sides: FieldSides = {
    path: given.path ?? "usage_limits.credit_limit",
    desired: given.desired,
    applied: given.applied,
    live: given.live,
    lastSeen: given.lastSeen,
  };
  return diffField(sides, { now: given.when ?? now, settleMs, retryRefused: given.retryRefused ?? true });
}

/** A value that a request of ours set just now, in place of others. */
export const wrote = (value: Json, replaced: Replaced, since = now): AppliedField => ({
  ...confirmed(value, since),
  replaced,
});

/** Drift of ours that was mended once already. */
export const mended = (value: Json, from: Json): AppliedField => ({
  ...confirmed(value),
  mendedFrom: { value: from },
});
/** A value that was confirmed, and another one whose request was begun. */
export const reclaimed = (before: Json, value: Json, refused = false): AppliedField => ({
  ...confirmed(before),
  ...claimed(value, refused),
});
