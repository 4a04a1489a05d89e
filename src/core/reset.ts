/*
 * A reset of a key's usage: an action, and no state that could be compared. A policy asks for it with a token. What the
 * ledger keeps of each key is the last token that is over and done with, and the one whose reset was begun; usage is
 * reset when the policy's token is neither.
 *
 * What makes it hard is that a reset must not happen twice: what was used in between would be free of charge. So the
 * request is never repeated as long as it may have taken effect, and what decides is `last_reset_at` (shown by lists and
 * GETs since backend 1.13: Portkey's changelog; observed). It is read right before the claim and kept with it, and after
 * a crash or a lost answer it is read again:
 *
 *   last_reset_at, read again                        within the settle time   afterwards
 *   later than before, and not before the claim      done                     done
 *   as before                                        late: read once more     not done: sent again
 *   as before, but of the very moment of the claim   late                     in doubt: it has whole seconds only
 *   later than before, but older than the claim      late                     in doubt: whose clock is wrong?
 *   was not known before, or is not shown            late                     in doubt
 *
 * Reads may lag behind our own reset for the token before, too. So long as none has shown it, what `last_reset_at` is
 * before the next claim counts as not known.
 *
 * What is in doubt is not sent again; it is told, with what to do. A reset that a person or the server's own period made
 * meanwhile counts as done: the usage was reset, which is what the token asks for.
 *
 * The settle time runs from the first look after the request ended: when a process died, nobody knows when its request
 * was on the wire. For a request that was answered it runs from the answer; there the answer says that it is done, and
 * the read is the proof of it: what the read denies is told, and not sent again either.
 */
import type { Place } from "./problem.ts";

/** What is known of the resets of one key. */
export interface KeyReset {
  /** The last token for which nothing more is to be sent. */
  readonly settled?: SettledReset;
  /** The token whose reset was begun last and is not settled. */
  readonly claimed?: ClaimedReset;
}

/**
 * How a token came to be over and done with. `seen`: the policy had it already when the key came under it; usage was not
 * reset. `answered`: the server took the request. `proved`: a read showed the reset. `not-shown`: the server took the
 * request, and `last_reset_at` did not move. `in-doubt`: nobody can tell whether the request took effect.
 */
export type ResetEnd = "seen" | "answered" | "proved" | "not-shown" | "in-doubt";

export interface SettledReset {
  readonly token: string;
  /** When it was settled; milliseconds since the epoch. */
  readonly at: number;
  readonly end: ResetEnd;
  /** Answered, and no read has been judged since: what `last_reset_at` was before, and when the request was begun. */
  readonly unproved?: ResetMark;
}

/** What a reset is judged by: when it was begun, and `last_reset_at` right before that; absent when it is not known. */
export interface ResetMark {
  readonly at: number;
  readonly before?: string | null;
}

export interface ClaimedReset extends ResetMark {
  readonly token: string;
  /**
   * `open`: it may have taken effect. `refused`: the server said no. `unsent`: it did not get through. `not-done`: reads
   * have shown no effect by the end of the settle time.
   */
  readonly stand: "open" | "refused" | "unsent" | "not-done";
  /** When it was first looked at after the request had ended, in vain; the settle time runs from then. */
  readonly lookedAt?: number;
}

/** The part of a change that resets usage. */
export interface PlannedReset {
  readonly token: string;
  /** The token before, or null. */
  readonly previous: string | null;
  readonly why: "policy" | "unconfirmed";
  /** An earlier request for the same token that had no effect, as far as reads tell. */
  readonly earlier?: ResetMark;
  /** A reset for another token, which no read has shown yet: until one does, reads may be from before it. */
  readonly unshown?: ResetMark;
  /** The key was seen to have no budget: what a reset does to it is in none of Portkey's documents. */
  readonly withoutBudget?: true;
  /** Where the token is written. */
  readonly place: Place;
}

/** The intent to reset usage, recorded before the request. */
export interface ResetClaim {
  readonly token: string;
  /** Absent when it is not known. */
  readonly before?: string | null;
}

/** What a look at a key says of the reset for a token: of the one that was begun, or of the one that was answered. */
export interface ResetNote {
  /** `looked`: in vain, it may be late. */
  readonly kind: "looked" | "done" | "not-done" | "in-doubt" | "not-shown" | "answered";
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a read of `last_reset_at` says; `live` is undefined where it is not shown. */
export type ResetVerdict = "done" | "late" | "not-done" | "in-doubt";

export interface ResetContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly settleMs: number;
}

/** As far as our clock and the server's may differ. */
const toleranceMs = 5 * 60_000;
/** A reset of the same second, or the next one, cannot be told from ours. */
const sameMomentMs = 2_000;

/** Judges a read by itself, whether or not it may be late. */
export function judgeResetRead(
  { at, before }: ResetMark,
  live: string | null | undefined,
): Exclude<ResetVerdict, "late"> {
  if (before === undefined || live === undefined) return "in-doubt";
  const [then, now] = [instant(before), instant(live)];
  if (now > then) return now >= at - toleranceMs ? "done" : "in-doubt";
  return now < then || then > at - sameMomentMs ? "in-doubt" : "not-done";
}

/** Judges a read of a key; `since` is when the settle time began, undefined when it begins with this look. */
function judgeReset(
  mark: ResetMark,
  live: string | null | undefined,
  { now, settleMs, since }: ResetContext & { readonly since: number | undefined },
): ResetVerdict {
  const verdict = judgeResetRead(mark, live);
  if (verdict === "done") return verdict;
  // A look from the future was noted by a clock that was wrong: it is no look.
  const isOver = since !== undefined && since <= now && now - since >= settleMs;
  return isOver ? verdict : "late";
}

/** Whether a look at the key could tell something of its reset. */
export function isResetOpen(reset: KeyReset | undefined): reset is KeyReset {
  return reset?.claimed?.stand === "open" || reset?.settled?.unproved !== undefined;
}

/**
 * What a read says of the open resets of a key, as a note for the ledger; undefined when it is to be read once more and
 * nothing is to be noted. A reset that was begun goes before one that was answered: it is the later one.
 */
export function noteOfRead(
  { claimed, settled }: KeyReset,
  live: string | null | undefined,
  context: ResetContext,
): ResetNote | undefined {
  const at = context.now;
  if (claimed?.stand === "open") {
    const since = claimed.lookedAt;
    const verdict = judgeReset(claimed, live, { ...context, since });
    const { token } = claimed;
    if (verdict !== "late") return { kind: verdict, token, at };
    return since === undefined || since > at ? { kind: "looked", token, at } : undefined;
  }
  if (settled?.unproved === undefined) return undefined;
  const { token } = settled;
  const verdict = judgeReset(settled.unproved, live, { ...context, since: settled.at > at ? 0 : settled.at });
  switch (verdict) {
    case "late":
      return undefined;
    case "done":
      return { kind: "done", token, at };
    case "not-done":
      return { kind: "not-shown", token, at };
    case "in-doubt":
      return { kind: "answered", token, at };
    default:
      return verdict satisfies never;
  }
}

/** What it means that no read shows the key by the end of the settle time; undefined when no reset is open. */
export function noteOfAbsence({ claimed, settled }: KeyReset, at: number): ResetNote | undefined {
  if (claimed?.stand === "open") return { kind: "in-doubt", token: claimed.token, at };
  return settled?.unproved === undefined ? undefined : { kind: "answered", token: settled.token, at };
}

/** What `last_reset_at` is known to be before a claim, from a read right before it; undefined when it is not known. */
export function knownBefore(
  { unshown }: Pick<PlannedReset, "unshown">,
  read: string | null | undefined,
): string | null | undefined {
  return unshown === undefined || judgeResetRead(unshown, read) === "done" ? read : undefined;
}

/** The token whose reset a look at the key is about. */
export function openToken({ claimed, settled }: KeyReset): string | undefined {
  return claimed?.stand === "open" ? claimed.token : settled?.token;
}

function instant(text: string | null): number {
  return text === null ? -Infinity : Date.parse(text);
}
