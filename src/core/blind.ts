/*
 * What the guard's `loosened` rule cannot see in a plan, and what is done about it.
 *
 * Which way a change goes is known only where the value before is. A pass that reads nothing may not know it, and then a
 * thousand keys could be loosened as a thousand changes that are neither. Nor is what the ledger or an old look says of
 * the value before always what is live: a change may be found to loosen only when its key is read to be sent.
 *
 *   loosen  for certain, by the plan
 *   unseen  could loosen: the value before is not known
 *   open    could turn out to loosen: its key may be read before it is sent, so all that is unseen and more
 *
 *   when                                         then
 *   loosen + unseen are more than pass (edit)    the pass reads the live keys, as a reconcile pass does
 *   loosen + open are no more than pass          what turns out to loosen is sent
 *   loosen + open are more than pass             it is left to a reconcile pass, where the guard counts it by what is live
 *
 * So what is not known never loosens more keys than the guard lets pass, and a few edits are as quick as ever. What the
 * ledger says of a key that need not be read is believed, as an edit pass always does.
 */
import { mayLoosen } from "./fields.ts";
import { mostLoosened, type GuardLimits } from "./guard.ts";
import type { Change, Plan } from "./plan.ts";

type Whole = Pick<Plan, "changes" | "held" | "summary">;

/** Whether a plan of which nothing was read could loosen more than the guard lets pass, and nobody can tell. */
export function isBlind(plan: Whole, limits: GuardLimits): boolean {
  const unseen = count(plan, isUnseen);
  return unseen > 0 && count(plan, loosens) + unseen > mostLoosened(plan, limits);
}

/** Whether everything that may turn out to loosen while it is sent would pass the guard. */
export function mayTurnOut(plan: Whole, limits: GuardLimits): boolean {
  return count(plan, loosens) + count(plan, isOpen) <= mostLoosened(plan, limits);
}

function count({ changes, held }: Whole, is: (change: Change) => boolean): number {
  return changes.filter(is).length + held.filter(is).length;
}

function loosens({ rank }: Change): boolean {
  return rank === "loosens";
}

function isUnseen(change: Change): boolean {
  return !loosens(change) && change.fields.some(({ path, from }) => from === undefined && mayLoosen(path));
}

function isOpen(change: Change): boolean {
  if (loosens(change) || !change.fields.some(({ path }) => mayLoosen(path))) return false;
  return change.carries || change.body === null || change.fields.some(({ from }) => from === undefined);
}
