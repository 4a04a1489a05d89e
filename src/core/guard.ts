/*
 * What stands between a plan and its writes.
 *
 * A plan may be right and still not be meant: a base profile that was lost in a merge, a checkout of the wrong branch, a
 * credential of another organisation, a list that an outage cut short. None of that can be seen in a single change, but
 * it shows in how many there are, in which way they go, and in what the list looks like. So the guard holds what is out
 * of proportion until somebody has looked at it, and lets the rest go. It never adds or alters a change.
 *
 *   rule          holds           when
 *   changed       everything      more keys change than max(floor, share of the enforced keys)
 *   loosened      what loosens    more keys are loosened than max(floor, share of the enforced keys)
 *   shrunk        everything      the list lost more keys since the last complete one than max(floor, share of that)
 *   foreign       everything      policies name keys, and the control plane shows none of them; where they select keys,
 *                                 what was written before counts as well
 *   self-lockout  that change     it could lock out the key that we ourselves use
 *
 * Enforced are the keys that can be written: one that is paused, only reported, or not there, would make the others look like
 * few. The shares are judged on the whole plan, wherever it came from: a pass that read nothing is judged like one that did.
 * Where that leaves too much unknown of which way changes go, the pass reads (`blind.ts`).
 * What tightens passes where only loosening is over its share; where `changed` is over too, nothing is believed.
 *
 * An approval names the digest of what is held. It stays the same while the rest goes out, and it moves with every value
 * that is planned or found. What is about the list (`shrunk`, `foreign`) is part of it as well: to say yes to a short
 * list is to say yes to that list. As long as a list is doubted, it replaces no inventory: the next pass would compare
 * itself with it and find nothing wrong.
 */
import { lockoutReasons, type Lifeline } from "./lockout.ts";
import { digestOf, inPushOrder, type Change, type GuardRule, type Plan, type Refusal } from "./plan.ts";
import type { KeyId } from "./policy.ts";

/** Shares of 1; null where the rule is off. */
export interface GuardLimits {
  readonly changed: number | null;
  readonly loosened: number | null;
  readonly shrunk: number | null;
  /** So many keys always pass the three. */
  readonly floor: number;
}

export interface GuardContext extends Lifeline {
  readonly limits: GuardLimits;
  /** How many keys the last complete list showed; null when there was none. */
  readonly lastListed: number | null;
  /** Whether keys are known by their ids, and a complete look showed none of them. */
  readonly foreign: boolean;
  /** Whether this may be the key that we ourselves use. */
  readonly isOwn: (id: KeyId) => boolean;
  /** What was approved before and is still being sent: it passes, and does not count. */
  readonly isApproved?: (change: Change) => boolean;
}

interface Verdict {
  readonly rule: GuardRule;
  readonly holds: readonly Change[];
  readonly message: string;
  readonly limit: number;
  readonly actual: number;
}

/** The plan with what the guard holds taken out of its changes. Pure. */
export function judgePlan(plan: Plan, context: GuardContext): Plan {
  const judged = plan.changes.filter((change) => context.isApproved?.(change) !== true);
  const verdicts = [
    ...changed(plan, judged, context.limits),
    ...loosened(plan, judged, context.limits),
    ...shrunk(plan, judged, context),
    ...foreign(plan, judged, context),
    ...selfLockout(judged, context),
  ];
  if (verdicts.length === 0) return plan;
  const holds = new Set(verdicts.flatMap((verdict) => verdict.holds));
  const held = plan.changes.filter((change) => holds.has(change));
  const heldDigest = digestOfHeld(held, verdicts);
  return {
    ...plan,
    changes: plan.changes.filter((change) => !holds.has(change)),
    held,
    heldDigest,
    refusals: verdicts.map(({ holds: _holds, ...verdict }): Refusal => {
      return { ...verdict, approve: `keysteward approve ${heldDigest}` };
    }),
    summary: { ...plan.summary, held: held.length },
  };
}

/** The plan as it was before the guard judged it: somebody has approved what it holds. */
export function releasePlan(plan: Plan): Plan {
  if (plan.heldDigest === null) return plan;
  return {
    ...plan,
    changes: inPushOrder([...plan.changes, ...plan.held]),
    held: [],
    heldDigest: null,
    refusals: [],
    summary: { ...plan.summary, held: 0 },
  };
}

/** Whether the list that the plan was made with is not to be believed without an approval. */
export function isListDoubted({ refusals }: Pick<Plan, "refusals">): boolean {
  return refusals.some(isAboutList);
}

function isAboutList({ rule }: { readonly rule: GuardRule }): boolean {
  return rule === "shrunk" || rule === "foreign";
}

function digestOfHeld(held: readonly Change[], verdicts: readonly Verdict[]): string {
  const list = verdicts.filter(isAboutList).map(({ rule, limit, actual }) => [rule, limit, actual]);
  return list.length === 0 ? digestOf(held) : digestOf(held, list);
}

function changed(plan: Plan, judged: readonly Change[], { changed: share, floor }: GuardLimits): Verdict[] {
  const { enforced } = plan.summary;
  const limit = mostOf(enforced, share, floor);
  if (judged.length <= limit) return [];
  const message =
    `${judged.length} of ${enforced} enforced keys would change, and more than ${limit} at once are not believed ` +
    `(${shareText(share)}, at least ${floor}): nothing is written`;
  return [{ rule: "changed", holds: judged, message, limit, actual: judged.length }];
}

/** How many keys a plan may loosen without an approval. */
export function mostLoosened({ summary }: Pick<Plan, "summary">, limits: GuardLimits): number {
  return mostOf(summary.enforced, limits.loosened, limits.floor);
}

function loosened(plan: Plan, judged: readonly Change[], limits: GuardLimits): Verdict[] {
  const { loosened: share, floor } = limits;
  const { enforced } = plan.summary;
  const holds = judged.filter(({ rank }) => rank === "loosens");
  const limit = mostLoosened(plan, limits);
  if (holds.length <= limit) return [];
  const message =
    `${holds.length} of ${enforced} enforced keys would be loosened, and more than ${limit} at once are not believed ` +
    `(${shareText(share)}, at least ${floor}): what loosens is held`;
  return [{ rule: "loosened", holds, message, limit, actual: holds.length }];
}

function shrunk(plan: Plan, judged: readonly Change[], context: GuardContext): Verdict[] {
  const { lastListed, limits } = context;
  const listed = plan.summary.live;
  if (lastListed === null || listed === null) return [];
  const actual = lastListed - listed;
  const limit = mostOf(lastListed, limits.shrunk, limits.floor);
  if (actual <= limit) return [];
  const message =
    `the list shows ${listed} keys where the last complete one showed ${lastListed}; a loss of more than ${limit} ` +
    `(${shareText(limits.shrunk)}, at least ${limits.floor}) is not believed: nothing is written`;
  return [{ rule: "shrunk", holds: judged, message, limit, actual }];
}

function foreign(plan: Plan, judged: readonly Change[], context: GuardContext): Verdict[] {
  if (!context.foreign) return [];
  const message =
    "the control plane shows none of the keys that the policies name or that were written before, among " +
    `${plan.summary.live ?? 0} others: the policies or the credential seem to be of another organisation; ` +
    "nothing is written, and what is known of the keys stays";
  return [{ rule: "foreign", holds: judged, message, limit: 1, actual: 0 }];
}

function selfLockout(judged: readonly Change[], context: GuardContext): Verdict[] {
  const found = judged
    .filter(({ keyId }) => context.isOwn(keyId))
    .map((change) => ({ change, reasons: lockoutReasons(change, context) }))
    .filter(({ reasons }) => reasons.length > 0);
  if (found.length === 0) return [];
  const keys = found.map(({ change, reasons }) => `${change.keyId} (${change.policy}) ${reasons.join(", ")}`);
  const message = `keysteward may be using this key itself, and could lock itself out: ${keys.join("; ")}`;
  const holds = found.map(({ change }) => change);
  return [{ rule: "self-lockout", holds, message, limit: 0, actual: holds.length }];
}

/** The most that passes; the small term undoes what binary fractions lose. */
function mostOf(count: number, share: number | null, floor: number): number {
  return share === null ? Infinity : Math.max(floor, Math.floor(count * share + 1e-9));
}

function shareText(share: number | null): string {
  return `${Math.round((share ?? 0) * 1e4) / 100}%`;
}
