/*
 * The three-way rule, for one field of one key.
 *
 * D is what the policy wants, A what we applied last (the ledger), V what is live. V is known for certain only in a
 * reconcile pass. An edit pass has the inventory's last sight of a key, which is believed only where there is no A at
 * all: then it tells a key that is already as wanted (just imported, say) from one that has to be set.
 *
 *   D     A                              V              result
 *   set   any                            equals D       nothing; the ledger is healed where it does not say so
 *   set   equals D, confirmed just now   differs        settling: reads may lag behind writes
 *   set   equals D, confirmed            differs        set, why = drift; once more the same V: not reflected
 *   set   equals D, confirmed            unseen         nothing
 *   set   claimed, not confirmed         differs/unseen set, why = unconfirmed (policy, when D is another value)
 *   set   refused by the server          unseen         refused: left until the policy changes or a reconcile pass
 *   set   other, confirmed               differs/unseen set, why = policy
 *   set   absent                         differs/unseen set, why = new
 *
 * A value that the live field does not take is sent twice at most: `mendedFrom` remembers what was found live when
 * drift was mended, and the same value found again means that the mend has no effect.
 */
import type { Canonical, FieldPath } from "./key.ts";
import type { AppliedField } from "./ledger.ts";
import { sameCanonical } from "./canonical.ts";
import { sameField } from "./fields.ts";

export type Why = "new" | "policy" | "drift" | "unconfirmed";

export interface FieldSides {
  readonly path: FieldPath;
  readonly desired: Canonical;
  readonly applied: AppliedField | undefined;
  /** As a list or a GET of this pass shows it; undefined when unseen. */
  readonly live: Canonical | undefined;
  /** As the inventory shows it from an earlier pass; undefined when there is none. */
  readonly lastSeen: Canonical | undefined;
}

export interface DiffContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** For how long after a confirmed write a read may still show the old value. */
  readonly settleMs: number;
  /** Whether a value that the server refused is tried again. */
  readonly retryRefused: boolean;
}

export type FieldVerdict =
  | { readonly kind: "in-sync" }
  | { readonly kind: "adopt" }
  | { readonly kind: "set"; readonly why: Why; readonly from: Canonical | undefined }
  | { readonly kind: "settling" | "not-reflected" | "refused"; readonly from: Canonical | undefined };

export function diffField(sides: FieldSides, context: DiffContext): FieldVerdict {
  const { path, desired, applied } = sides;
  const seen = firstKnown(sides.live, applied === undefined ? sides.lastSeen : undefined);
  if (seen !== undefined && sameField(path, { desired, live: seen, now: context.now })) {
    return isSettled(applied, desired) ? { kind: "in-sync" } : { kind: "adopt" };
  }
  const from = firstKnown(seen, applied?.confirmed?.value, sides.lastSeen);
  if (applied?.claimed !== undefined) return claimedVerdict(sides, context, from);
  if (applied?.confirmed === undefined) return { kind: "set", why: "new", from };
  if (!sameCanonical(applied.confirmed.value, desired)) return { kind: "set", why: "policy", from };
  if (seen === undefined) return { kind: "in-sync" };
  if (context.now - applied.confirmed.at < context.settleMs) return { kind: "settling", from };
  const foundBefore = applied.mendedFrom !== undefined && sameCanonical(applied.mendedFrom.value, seen);
  return foundBefore ? { kind: "not-reflected", from } : { kind: "set", why: "drift", from };
}

function claimedVerdict(sides: FieldSides, context: DiffContext, from: Canonical | undefined): FieldVerdict {
  const { desired, applied } = sides;
  const claimed = applied?.claimed;
  const sameClaim = claimed !== undefined && sameCanonical(claimed.value, desired);
  if (claimed?.refused === true) {
    if (sameClaim && !context.retryRefused) return { kind: "refused", from };
    const untouched = applied?.confirmed !== undefined && sameCanonical(applied.confirmed.value, desired);
    if (untouched && sides.live === undefined) return { kind: "in-sync" };
  }
  return { kind: "set", why: sameClaim ? "unconfirmed" : "policy", from };
}

/** Whether the ledger says all there is to say: confirmed as wanted, nothing under way, nothing remembered. */
function isSettled(applied: AppliedField | undefined, desired: Canonical): boolean {
  return (
    applied?.confirmed !== undefined &&
    applied.claimed === undefined &&
    applied.mendedFrom === undefined &&
    sameCanonical(applied.confirmed.value, desired)
  );
}

/** Null is a value: it means empty. */
function firstKnown(...values: readonly (Canonical | undefined)[]): Canonical | undefined {
  return values.find((value) => value !== undefined);
}
