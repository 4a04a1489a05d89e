import { approvedBy, isStanding, type Approval } from "../core/approval.ts";
import { judgePlan, releasePlan, type GuardContext, type GuardLimits } from "../core/guard.ts";
import type { Sight } from "../core/make-plan.ts";
import type { Plan } from "../core/plan.ts";
import type { KeyId } from "../core/policy.ts";
import type { DesiredKey } from "../core/resolve.ts";
import type { Clock, StateReader } from "../ports.ts";
import { approvalOf } from "./holding.ts";
import type { LiveKeys } from "./read-live-keys.ts";
import { lastSelected } from "./selection-memory.ts";

export interface GuardSettings {
  readonly limits: GuardLimits;
  /** The request budget as it is really used. */
  readonly budget: { readonly requests: number; readonly perMs: number };
  /** The control plane's base URL: a list of another one says nothing about this one's. */
  readonly target: string;
}

interface GuardPorts {
  readonly state: StateReader;
  readonly clock: Clock;
  readonly guard: GuardSettings;
}

/** What a reconcile pass saw. */
interface Look extends LiveKeys {
  readonly desired: ReadonlyMap<KeyId, DesiredKey>;
}

export interface Guarded {
  readonly plan: Plan;
  readonly approval: Approval | null;
}

/** What the guard says of a plan, with what somebody has approved before. `look` is null for a pass that did not read. */
export function guardPlan(ports: GuardPorts, plan: Plan, look: Look | null): Guarded {
  const context = contextOf(ports, look);
  const judged = judgePlan(plan, context);
  const approval = approvalOf(ports.state);
  if (judged.heldDigest === null || approval === null || !isStanding(approval, context.now)) {
    return { plan: judged, approval: null };
  }
  if (approval.digest === judged.heldDigest) return { plan: releasePlan(judged), approval };
  if (!approval.begun) return { plan: judged, approval: null };
  const rest = judgePlan(plan, { ...context, isApproved: approvedBy(approval) });
  return { plan: rest, approval: rest.held.length < judged.held.length ? approval : null };
}

function contextOf({ state, clock, guard }: GuardPorts, look: Look | null): GuardContext {
  const reconciled = state.fact("reconciled");
  const listed = reconciled?.["target"] === guard.target ? reconciled["listed"] : null;
  const own = new Set(look === null ? ownKeys(state) : ownKeysIn(look, state));
  return {
    limits: guard.limits,
    budget: guard.budget,
    now: clock.now(),
    lastListed: typeof listed === "number" ? listed : null,
    foreign: look !== null && isForeign(look, state),
    isOwn: (id) => own.has(id),
  };
}

/**
 * Whether keys are known, and none of them is there. An error is never absence. Those that policies name are; what they
 * select is found in any organisation, and says nothing. Where something is selected, the keys that we have written before
 * are known as well: one of them in the list, and it is the same organisation.
 */
function isForeign({ desired, sights }: Look, state: StateReader): boolean {
  const keys = [...desired.values()];
  const named = keys.filter(({ selectedBy }) => selectedBy === undefined).map(({ keyId }) => keyId);
  const selects = named.length < keys.length || lastSelected(state).size > 0;
  const known = selects ? [...named, ...state.applied().keys()] : named;
  const kinds = known.map((id): Sight["kind"] => sights.get(id)?.kind ?? "unseen");
  return kinds.length > 0 && kinds.every((kind) => kind === "missing" || kind === "unseen");
}

/** The keys of a list that we may be using ourselves; where it marks none, those of an earlier one. */
export function ownKeysIn({ inventory }: Pick<LiveKeys, "inventory">, state: StateReader): readonly KeyId[] {
  const marked = inventory.filter(({ key }) => key.own === true).map(({ key }) => key.id);
  return marked.length > 0 ? marked : ownKeys(state);
}

/**
 * A claim forgets what was last seen of a key, its mark too. So the marks are kept by themselves, for the passes that read
 * nothing.
 */
function ownKeys(state: StateReader): readonly KeyId[] {
  const keys = state.fact("own")?.["keys"];
  return Array.isArray(keys) ? keys.filter((id) => typeof id === "string") : [];
}
