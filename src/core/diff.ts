/*
 * The three-way rule, for one field of one key.
 *
 * D is what the policy wants, A what we applied last (the ledger), V what is live. V is known for certain only in a
 * reconcile pass. An edit pass has the inventory's last sight of a key, which is believed only where there is no A at
 * all: then it tells a key that is already as wanted (just imported, say) from one that has to be set.
 *
 *   D     A                              V              result
 *   set   any                            equals D       nothing; the ledger is healed where it does not say so
 *   set   equals D, confirmed just now   replaced by us settling: reads may lag behind writes
 *   set   equals D, confirmed            differs        set, why = drift; once more the same V: not reflected;
 *                                                       put back again and again: contested, for a while
 *   set   equals D, confirmed            unseen         nothing
 *   set   claimed, not confirmed         differs/unseen set, why = unconfirmed (policy, when D is another value)
 *   set   refused by the server          unseen         refused: left until the policy changes or a reconcile pass
 *   set   other, confirmed               differs/unseen set, why = policy
 *   set   absent                         differs/unseen set, why = new
 *
 * Reads may lag behind writes, but then they show what the write replaced, which the ledger remembers; any other value
 * is somebody's, however soon after the write it is found. Where the policy has moved on since that write, a late read
 * is no sight at all: to be shown the value that is wanted again does not mean that it is still there.
 *
 * A value that the live field does not take is sent twice at most: `mendedFrom` remembers what was found live when
 * drift was mended, and the same value found again means that the mend has no effect. It is forgotten once a read has
 * shown the mend: whoever sets the field to the same value then is another writer, and `contest.ts` has a say.
 */
import type { Canonical, FieldPath } from "./key.ts";
import type { AppliedField, AppliedValue, Replaced, Reverts } from "./ledger.ts";
import { sameCanonical } from "./canonical.ts";
import { contestedUntil, withRevert } from "./contest.ts";
import { sameField } from "./fields.ts";
import { isWithin } from "./within.ts";

/** `restored` is never the rule's own: a person asked for the value of an earlier point. */
export type Why = "new" | "policy" | "drift" | "unconfirmed" | "restored";

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
  | {
      readonly kind: "set";
      readonly why: Why;
      readonly from: Canonical | undefined;
      readonly replaced: Replaced;
      readonly reverts: Reverts | undefined;
    }
  | {
      readonly kind: "contested";
      readonly from: Canonical;
      readonly reverts: Reverts;
      /** When it is put back again, in milliseconds since the epoch. */
      readonly until: number;
    }
  | {
      readonly kind: "settling";
      readonly from: Canonical | undefined;
      /** Whether a read has shown our value since it was written: no other one is waited for. */
      readonly wasShown: boolean;
    }
  | { readonly kind: "not-reflected" | "refused"; readonly from: Canonical | undefined };

export function diffField(sides: FieldSides, context: DiffContext): FieldVerdict {
  const { path, desired, applied } = sides;
  const seen = believed(sides, context);
  if (seen !== undefined && sameField(path, { desired, live: seen, now: context.now })) {
    return isSettled(applied, desired, context) ? { kind: "in-sync" } : { kind: "adopt" };
  }
  const from = firstKnown(seen, applied?.confirmed?.value, sides.lastSeen);
  const set = (why: Why): FieldVerdict => ({
    kind: "set",
    why,
    from,
    replaced: replacedBy(from, applied, context),
    reverts: revertsAfter(why, applied, context),
  });
  if (applied?.claimed !== undefined) return claimedVerdict(sides, context, { from, set });
  if (applied?.confirmed === undefined) return set("new");
  if (!sameCanonical(applied.confirmed.value, desired)) return set("policy");
  if (seen === undefined) return { kind: "in-sync" };
  if (mayBeLate(sides, seen, context)) {
    return { kind: "settling", from, wasShown: applied.unproved !== true };
  }
  const foundBefore = applied.mendedFrom !== undefined && sameCanonical(applied.mendedFrom.value, seen);
  if (foundBefore) return { kind: "not-reflected", from };
  const { reverts } = applied;
  const until = contestedUntil(reverts, context.now);
  if (reverts === undefined || until === undefined) return set("drift");
  return { kind: "contested", from: seen, reverts, until };
}

/** What a policy asks for anew, nobody has fought over yet. */
function revertsAfter(
  why: Why,
  applied: AppliedField | undefined,
  context: DiffContext,
): Reverts | undefined {
  if (why === "drift") return withRevert(applied?.reverts, context.now);
  return why === "unconfirmed" ? applied?.reverts : undefined;
}

interface Answers {
  readonly from: Canonical | undefined;
  readonly set: (why: Why) => FieldVerdict;
}

function claimedVerdict(sides: FieldSides, context: DiffContext, { from, set }: Answers): FieldVerdict {
  const { desired, applied } = sides;
  const claimed = applied?.claimed;
  const sameClaim = claimed !== undefined && sameCanonical(claimed.value, desired);
  if (claimed?.refused === true) {
    if (sameClaim && !context.retryRefused) return { kind: "refused", from };
    const untouched = applied?.confirmed !== undefined && sameCanonical(applied.confirmed.value, desired);
    if (untouched && sides.live === undefined) return { kind: "in-sync" };
  }
  return set(sameClaim ? "unconfirmed" : "policy");
}

/** The live value, unless it may be what our last write replaced and that write is not what is wanted any more. */
function believed(sides: FieldSides, context: DiffContext): Canonical | undefined {
  const { desired, applied, live, lastSeen } = sides;
  const seen = firstKnown(live, applied === undefined ? lastSeen : undefined);
  if (seen === undefined || applied === undefined || !mayBeLate(sides, seen, context)) return seen;
  const written = lastWrite(applied);
  return written === undefined || sameCanonical(written.value, desired) ? seen : undefined;
}

/** What a request of ours set, or may have set, last. */
function lastWrite({ claimed, confirmed }: AppliedField): AppliedValue | undefined {
  return claimed?.refused === false ? claimed : confirmed;
}

function isRecent(applied: AppliedField, context: Pick<DiffContext, "now" | "settleMs">): boolean {
  const written = lastWrite(applied);
  return written !== undefined && isWithin(written.at, context.now, context.settleMs);
}

/** Whether what is seen is, as the field compares, a value that our last write replaced within the settle time. */
export function mayBeLate(
  { path, applied }: Pick<FieldSides, "path" | "applied">,
  seen: Canonical,
  context: Pick<DiffContext, "now" | "settleMs">,
): boolean {
  if (applied?.replaced === undefined || !isRecent(applied, context)) return false;
  if (applied.replaced === "unknown") return true;
  return applied.replaced.some((value) => sameField(path, { desired: value, live: seen, now: context.now }));
}

/** As many values as writes can follow each other closely; beyond, a late read costs one more write of the same. */
const mostReplaced = 4;

/** What the write to come replaces: what is there now, what we wrote just before, and what those writes replaced. */
function replacedBy(
  from: Canonical | undefined,
  applied: AppliedField | undefined,
  context: DiffContext,
): Replaced {
  if (from === undefined) return "unknown";
  const begun = applied?.claimed?.refused === false ? [applied.claimed.value] : [];
  if (applied === undefined || !isRecent(applied, context)) return unique([from, ...begun]);
  if (applied.replaced === "unknown") return "unknown";
  const confirmed = applied.confirmed === undefined ? [] : [applied.confirmed.value];
  return unique([from, ...begun, ...confirmed, ...(applied.replaced ?? [])]);
}

function unique(values: readonly Canonical[]): readonly Canonical[] {
  return values
    .filter((value, index) => !values.slice(0, index).some((other) => sameCanonical(other, value)))
    .slice(0, mostReplaced);
}

/** Whether the ledger says all there is to say: confirmed as wanted, nothing under way, nothing to forget yet. */
function isSettled(applied: AppliedField | undefined, desired: Canonical, context: DiffContext): boolean {
  return (
    applied?.confirmed !== undefined &&
    applied.claimed === undefined &&
    (applied.mendedFrom === undefined || isRecent(applied, context)) &&
    sameCanonical(applied.confirmed.value, desired)
  );
}

/** Null is a value: it means empty. */
function firstKnown(...values: readonly (Canonical | undefined)[]): Canonical | undefined {
  return values.find((value) => value !== undefined);
}
