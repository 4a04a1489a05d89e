/*
 * Whether a key's usage is to be reset, from the policy's token and what the ledger knows (`reset.ts`):
 *
 *   the policy's token is                            what happens
 *   none                                             nothing
 *   settled                                          nothing; what is in doubt or does not show is told
 *   begun, how it ended is open                      a read decides; without one it is told and waits
 *   begun, and it had no effect                      sent again
 *   begun, and the server refused it                 sent again in a reconcile pass, as refused fields are
 *   another, or the first one of a key we know       sent
 *   any, of a key new to the ledger or the policy    kept as seen, told, not sent
 *
 * "Known", "new" and "another" are as `token-change.ts` has them. The last line is for a state that was lost, for keys that are added to a policy and for policies that take over a key:
 * none of them is a change of the token, and a reset cannot be taken back.
 */
import type { AppliedKey } from "./ledger.ts";
import { liveValue } from "./live.ts";
import type { KnownSight } from "./make-plan.ts";
import { notice } from "./notices.ts";
import type { Notice } from "./plan.ts";
import type { Placed } from "./policy.ts";
import {
  noteOfRead,
  type ClaimedReset,
  type KeyReset,
  type PlannedReset,
  type ResetContext,
  type ResetMark,
  type SettledReset,
} from "./reset.ts";
import type { DesiredKey } from "./resolve.ts";
import { isTokenDue, type AskedTokens } from "./token-change.ts";

export interface ResetPlan {
  readonly send?: PlannedReset;
  /** Whether the token is to be kept as seen. */
  readonly isSeen?: true;
  readonly notices: readonly Notice[];
}

export interface ResetSides extends ResetContext {
  readonly applied: AppliedKey | undefined;
  readonly sight: KnownSight;
  /** Whether a reset that the server refused is tried again. */
  readonly retryRefused: boolean;
}

const nothing: ResetPlan = { notices: [] };

export function planReset(desired: DesiredKey, sides: ResetSides): ResetPlan {
  const { resetUsage: wanted } = desired;
  if (wanted === undefined) return nothing;
  const { reset } = sides.applied ?? {};
  if (reset?.claimed?.token === wanted.value) {
    return planClaimed(desired, { ...sides, wanted, reset, claimed: reset.claimed });
  }
  if (reset?.settled?.token === wanted.value) return { notices: settledNotices(desired, reset.settled) };
  if (!isTokenDue(sides.applied, askedTokens(desired))) {
    const message =
      `usage is not reset for the token ${quoted(wanted.value)}: the policy had it before this key was known here, or ` +
      "under this policy, or while the token of another policy counted; to reset usage, change the token";
    return { isSeen: true, notices: [notice(desired, "not-reset", message)] };
  }
  return { send: planned(wanted, sides, { why: "policy" }), notices: [] };
}

/** The token whose reset is due, for a key whose policy is not enforced; undefined when none is. */
function dueReset(
  desired: DesiredKey,
  applied: AppliedKey | undefined,
): Pick<PlannedReset, "token" | "previous"> | undefined {
  const token = desired.resetUsage?.value;
  const { reset } = applied ?? {};
  if (token === undefined) return undefined;
  const begun = reset?.claimed?.token === token ? reset.claimed : undefined;
  const isDue = begun === undefined ? isTokenDue(applied, askedTokens(desired)) : begun.stand !== "open";
  if (!isDue) return undefined;
  return { token, previous: previousToken(reset, token) };
}

/** What is told of a due reset where nothing is written; empty when none is due. */
export function dueResetText(desired: DesiredKey, applied: AppliedKey | undefined): string {
  const due = dueReset(desired, applied);
  return due === undefined ? "" : `usage would be reset (${tokenText(due)})`;
}

/** `token "b", before "a"`, for people. */
export function tokenText({ token, previous }: Pick<PlannedReset, "token" | "previous">): string {
  return `token ${quoted(token)}, before ${previous === null ? "none" : quoted(previous)}`;
}

interface ClaimedSides extends ResetSides {
  readonly wanted: Placed<string>;
  readonly reset: KeyReset;
  readonly claimed: ClaimedReset;
}

function planClaimed(desired: DesiredKey, sides: ClaimedSides): ResetPlan {
  const { wanted, claimed, retryRefused } = sides;
  switch (claimed.stand) {
    case "unsent":
      return { send: planned(wanted, sides, { why: "unconfirmed", ...comparable(claimed) }), notices: [] };
    case "not-done":
      return { send: planned(wanted, sides, { why: "unconfirmed", earlier: markOf(claimed) }), notices: [] };
    case "refused": {
      if (retryRefused)
        return { send: planned(wanted, sides, { why: "unconfirmed", ...comparable(claimed) }), notices: [] };
      const message = `the server refused to reset usage (token ${quoted(wanted.value)}) before; it is not sent again yet`;
      return { notices: [notice(desired, "refused", message)] };
    }
    case "open":
      return planOpen(desired, sides);
    default:
      return claimed.stand satisfies never;
  }
}

/** What the key is compared with although the answer said that nothing was done: an answer can be wrong. */
function comparable(claimed: ClaimedReset): { readonly earlier?: ResetMark } {
  return claimed.before === undefined ? {} : { earlier: markOf(claimed) };
}

function planOpen(desired: DesiredKey, sides: ClaimedSides): ResetPlan {
  const { wanted, claimed, reset, sight } = sides;
  const look = isLook(sight) ? noteOfRead(reset, sight.key.lastResetAt, sides) : undefined;
  switch (look?.kind) {
    case "done":
      return nothing;
    case "not-done":
      return { send: planned(wanted, sides, { why: "unconfirmed", earlier: markOf(claimed) }), notices: [] };
    case "in-doubt":
      return { notices: [notice(desired, "in-doubt", doubtText(wanted.value, claimed.at))] };
    default: {
      const message =
        `a reset of usage (token ${quoted(wanted.value)}) was begun at ${instantOf(claimed.at)}, and how it ended is ` +
        "not known yet: the key is looked at again before anything is sent";
      return { notices: [notice(desired, "settling", message)] };
    }
  }
}

/** A row of the list that does not carry the time of the last reset is no look: a GET may show it. */
function isLook(sight: KnownSight): sight is Extract<KnownSight, { kind: "seen" }> {
  return sight.kind === "seen" && (sight.complete || sight.key.lastResetAt !== undefined);
}

function settledNotices(desired: DesiredKey, { token, at, end, unproved }: SettledReset): Notice[] {
  switch (end) {
    case "in-doubt":
      return [notice(desired, "in-doubt", doubtText(token, unproved?.at ?? at))];
    case "not-shown": {
      const message =
        `the server accepted a reset of usage (token ${quoted(token)}) at ${instantOf(at)}, and last_reset_at did not ` +
        "move: look at the key, and change the token to try once more";
      return [notice(desired, "not-reflected", message)];
    }
    case "seen":
    case "answered":
    case "proved":
      return [];
    default:
      return end satisfies never;
  }
}

function doubtText(token: string, at: number): string {
  return (
    `nobody can tell whether usage was reset for the token ${quoted(token)}: it was asked for about ${instantOf(at)}, how ` +
    "that ended was never learnt, and last_reset_at does not say. It is not sent again: change the token to reset usage " +
    "(perhaps once more), or take resetUsage out of the policy to end this notice"
  );
}

function planned(
  { value: token, place }: Placed<string>,
  { applied, sight }: ResetSides,
  parts: Pick<PlannedReset, "why" | "earlier">,
): PlannedReset {
  const budget = sight.kind === "seen" ? liveValue(sight.key, "usage_limits") : undefined;
  const unshown = unshownBefore(applied?.reset, token);
  return {
    token,
    previous: previousToken(applied?.reset, token),
    ...parts,
    ...(unshown === undefined ? {} : { unshown }),
    ...(budget === null ? { withoutBudget: true } : {}),
    place,
  };
}

function unshownBefore(
  { claimed, settled }: KeyReset = {},
  token: string,
): NonNullable<PlannedReset["unshown"]> | undefined {
  if (claimed?.stand === "open" && claimed.token !== token) return markOf(claimed);
  return settled?.unproved;
}

function previousToken(reset: KeyReset | undefined, token: string): string | null {
  const { claimed, settled } = reset ?? {};
  const begun = claimed !== undefined && claimed.stand === "open" ? claimed.token : undefined;
  return [begun, settled?.token].find((one) => one !== undefined && one !== token) ?? null;
}

/** What is asked for of a key, for the ledger. */
export function askedTokens({ policy, resetUsage, selectedBy = [] }: DesiredKey): AskedTokens {
  const selectors = selectedBy.map((one) => ({ policy: one.policy, token: one.resetUsage?.value ?? null }));
  return {
    policy,
    ...(resetUsage === undefined ? {} : { token: resetUsage.value }),
    ...(selectors.length < 2 ? {} : { selectors }),
  };
}

function markOf({ at, before }: ClaimedReset): NonNullable<PlannedReset["earlier"]> {
  return before === undefined ? { at } : { at, before };
}

function instantOf(at: number): string {
  return new Date(at).toISOString();
}

function quoted(token: string): string {
  return JSON.stringify(token);
}
