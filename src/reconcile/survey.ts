/*
 * The reading half of a pass: policies, ledger and, in a reconcile pass, the live keys become a plan, and the guard says
 * what of it goes. Nothing that it is given can write, so preview and apply can share it without a flag.
 *
 * An edit pass whose plan could loosen more than the guard lets pass, without anybody knowing, becomes a reconcile pass
 * (`core/blind.ts`): it reads, and its plan says so.
 */
import { asksLiveKeys } from "../core/guardrail.ts";
import type { DesiredKey, Resolution, Resolve, ResolveContext } from "../core/resolve.ts";
import type { AppliedKey } from "../core/ledger.ts";
import type { Approval } from "../core/approval.ts";
import { isBlind, mayTurnOut } from "../core/blind.ts";
import { forecast, withoutEnded, withoutResets } from "../core/forecast.ts";
import { makePlan, type Sight } from "../core/make-plan.ts";
import { nextMoment, withCourses, type Moments } from "../core/next-moment.ts";
import type { PassKind, Plan } from "../core/plan.ts";
import type { KeyId, PolicySet } from "../core/policy.ts";
import { policyCourses, type PolicyCourse } from "../core/policy-courses.ts";
import type { Problem } from "../core/problem.ts";
import { unenforcedDifferences, type Unenforced } from "../core/unenforced.ts";
import type { Keeping, Quarantine } from "../core/last-good.ts";
import type { Clock, InventoryKey, KeyReader, PolicySource, StateReader } from "../ports.ts";
import { guardPlan, type GuardSettings } from "./guarded.ts";
import { keptPolicies, type KeptPolicies } from "./kept-policies.ts";
import { completeKeys, listKeys, wantedKeys } from "./read-live-keys.ts";
import { resolveContext } from "./selection-memory.ts";

export interface SurveyPorts {
  readonly policies: PolicySource;
  readonly resolve: Resolve;
  readonly reader: KeyReader;
  readonly state: StateReader;
  readonly clock: Clock;
  readonly guard: GuardSettings;
}

export interface SurveyOptions {
  readonly pass: PassKind;
  readonly settleMs: number;
  readonly signal: AbortSignal;
  /** Ask what policies will want at this instant, not now; milliseconds since the epoch. The plan is a forecast then. */
  readonly at?: number;
}

export interface Survey {
  /** As the guard has judged it; of a reconcile pass where an edit pass had to become one. */
  readonly plan: Plan;
  /** The approval because of which something passes that the guard would hold; null when there is none. */
  readonly approval: Approval | null;
  /** Whether the policy directory as a whole can be believed; if not, the plan is empty. */
  readonly trusted: boolean;
  /** What was planned from; empty for a directory that cannot be believed. */
  readonly resolution: Resolution;
  readonly problems: readonly Problem[];
  readonly files: number;
  /** Whether a change that turns out to loosen when its key is read to be sent may go. */
  readonly mayTurnOut: boolean;
  /** Keys that are kept at what their policies said last. */
  readonly quarantined: ReadonlyMap<KeyId, Quarantine>;
  /** What the writing half leaves to the next passes; null when the directory cannot be believed. */
  readonly keeping: Keeping | null;
  /** When the first of the live keys was read, in milliseconds since the epoch; null when none was. */
  readonly readAt: number | null;
  /** The complete inventory that a reconcile pass has read; null when it did not read. */
  readonly inventory: readonly InventoryKey[] | null;
  /** Live keys that are not as their policies say and are left so; empty when the pass did not read. */
  readonly unenforced: readonly Unenforced[];
  /** The policies of which an override is in force or to come. */
  readonly courses: readonly PolicyCourse[];
  /** What the overrides have to come; null when the policy directory cannot be believed. */
  readonly moments: Moments | null;
}

/** Throws a RemoteError when the live keys cannot be read as a whole. */
export async function survey(ports: SurveyPorts, options: SurveyOptions): Promise<Survey> {
  const set = ports.policies.load();
  const now = options.at ?? ports.clock.now();
  if (!set.trusted || options.pass === "edit") {
    const context = resolveContext({ state: ports.state, now });
    const kept = set.trusted ? keep(ports, set, context) : null;
    const plan = planUnread(ports, options, seenOf(set, kept));
    if (!set.trusted || !isBlind(plan, ports.guard.limits)) {
      const judged = judge(ports, plan, null);
      return { ...judged, ...policiesRead(set, kept, now), readAt: null, inventory: null, unenforced: [] };
    }
  }
  return surveyLive(ports, { ...options, pass: "reconcile" }, set);
}

type Policies = Pick<
  Survey,
  "trusted" | "resolution" | "quarantined" | "keeping" | "problems" | "files" | "courses" | "moments"
>;

function policiesRead(set: PolicySet, kept: KeptPolicies | null, now: number): Policies {
  const { resolution, quarantined, trusted } = seenOf(set, kept);
  const courses = policyCourses(resolution.desired.values());
  return {
    trusted,
    resolution,
    quarantined,
    keeping: keepingOf(kept),
    problems: resolution.problems,
    files: set.files,
    courses,
    moments: trusted ? withCourses(nextMoment(set.policies, now), courses) : null,
  };
}

/** The list comes first: which keys are selected shows in it, and what else has to be asked follows from that. */
async function surveyLive(ports: SurveyPorts, options: SurveyOptions, set: PolicySet): Promise<Survey> {
  const { signal } = options;
  const readAt = ports.clock.now();
  const listed = await listKeys(ports, signal);
  const now = options.at ?? ports.clock.now();
  const keys = listed.records.map(({ key }) => key);
  const { seen: _unread, ...context } = resolveContext({ state: ports.state, now }, keys);
  // What depends on live keys can only take keys away from what is wanted without them.
  const known = keep(ports, set, context);
  const wanted = wantedKeys(known.resolution.desired.values(), ports.state.applied());
  const live = await completeKeys(ports, listed, { wanted, signal });
  const kept = asksLiveKeys(known.resolution.guardrails)
    ? keep(ports, set, { ...context, seen: live.inventory.map(({ key }) => key), isSeenWhole: true })
    : known;
  const desired =
    options.at === undefined ? kept.resolution.desired : withoutEnded(kept.resolution, options.at).desired;
  const sightOf = (id: KeyId): Sight => live.sights.get(id) ?? { kind: "unseen" };
  const made = planWith(ports, options, { ...seenOf(set, kept), sightOf, liveCount: live.listed });
  const judged = judge(ports, made, { ...live, desired });
  const unenforced = unenforcedDifferences(desired.values(), sightOf, ports.clock.now());
  const plan = options.at === undefined ? judged.plan : forecast(judged.plan, options.at);
  const read = policiesRead(set, kept, now);
  return { ...judged, ...read, plan, readAt, inventory: live.inventory, unenforced };
}

function keep(ports: SurveyPorts, set: PolicySet, context: ResolveContext): KeptPolicies {
  const resolve = (sound: PolicySet): Resolution => ports.resolve(sound, context);
  return keptPolicies(set, { resolve, state: ports.state, now: context.now });
}

function judge(
  ports: SurveyPorts,
  plan: Plan,
  look: Parameters<typeof guardPlan>[2],
): Pick<Survey, "plan" | "approval" | "mayTurnOut"> {
  return { ...guardPlan(ports, plan, look), mayTurnOut: mayTurnOut(plan, ports.guard.limits) };
}

type FromPolicies = Pick<Seen, "resolution" | "quarantined" | "trusted">;

function seenOf(set: PolicySet, kept: KeptPolicies | null): FromPolicies {
  const { resolution, quarantined } = kept ?? { resolution: untrusted(set), quarantined: new Map() };
  return { resolution, quarantined, trusted: set.trusted };
}

function planUnread(ports: SurveyPorts, options: SurveyOptions, seen: FromPolicies): Plan {
  const sightOf = (id: KeyId): Sight => lastSight(seen.resolution.desired.get(id), ports.state);
  return planWith(ports, options, { ...seen, sightOf, liveCount: null });
}

function keepingOf(kept: KeptPolicies | null): Keeping | null {
  if (kept === null) return null;
  const { resolution, quarantined, sources } = kept;
  return { desired: resolution.desired, quarantined, sources };
}

interface Seen extends Pick<KeptPolicies, "resolution" | "quarantined"> {
  readonly sightOf: (id: KeyId) => Sight;
  readonly liveCount: number | null;
  readonly trusted: boolean;
}

function planWith(ports: SurveyPorts, options: SurveyOptions, seen: Seen): Plan {
  return makePlan({
    pass: options.pass,
    resolution:
      options.at === undefined ? seen.resolution : withoutResets(withoutEnded(seen.resolution, options.at)),
    quarantined: seen.quarantined,
    // Of a directory that cannot be believed not even "no policy covers this key" may be said.
    applied: seen.trusted ? ports.state.applied() : new Map(),
    sightOf: seen.sightOf,
    restorations: ports.state.restorations(),
    liveCount: seen.liveCount,
    now: ports.clock.now(),
    settleMs: options.settleMs,
  });
}

function untrusted(set: PolicySet): Resolution {
  return { desired: new Map(), held: [], guardrails: [], problems: set.problems };
}

/** The inventory is asked only where the ledger does not know every field that is wanted. */
function lastSight(desired: DesiredKey | undefined, state: StateReader): Sight {
  if (desired === undefined) return { kind: "unseen" };
  // What is left of a group depends on whether the group is there.
  if (desired.acknowledged.size === 0 && knowsAll(state.applied().get(desired.keyId), desired))
    return { kind: "unseen" };
  const known = state.inventoryOf(desired.keyId)?.key;
  return known === undefined ? { kind: "unseen" } : { kind: "last-seen", key: known };
}

function knowsAll(applied: AppliedKey | undefined, desired: DesiredKey): boolean {
  if (applied === undefined) return false;
  for (const path of desired.fields.keys()) if (!applied.fields.has(path)) return false;
  return true;
}
