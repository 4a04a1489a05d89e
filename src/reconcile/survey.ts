/*
 * The reading half of a pass: policies, ledger and, in a reconcile pass, the live keys become a plan, and the guard says
 * what of it goes. Nothing that it is given can write, so preview and apply can share it without a flag.
 */
import type { DesiredKey, Resolution } from "../core/resolve.ts";
import type { AppliedKey } from "../core/ledger.ts";
import type { Approval } from "../core/approval.ts";
import { makePlan, type Sight } from "../core/make-plan.ts";
import type { PassKind, Plan } from "../core/plan.ts";
import type { KeyId, PolicySet } from "../core/policy.ts";
import type { Problem } from "../core/problem.ts";
import { unenforcedDifferences, type Unenforced } from "../core/unenforced.ts";
import type { Clock, InventoryKey, KeyReader, PolicySource, StateReader } from "../ports.ts";
import { guardPlan, type GuardSettings } from "./guarded.ts";
import { readLiveKeys, wantedKeys } from "./read-live-keys.ts";

export interface SurveyPorts {
  readonly policies: PolicySource;
  readonly resolve: (set: PolicySet) => Resolution;
  readonly reader: KeyReader;
  readonly state: StateReader;
  readonly clock: Clock;
  readonly guard: GuardSettings;
}

export interface SurveyOptions {
  readonly pass: PassKind;
  readonly settleMs: number;
  readonly signal: AbortSignal;
}

export interface Survey {
  /** As the guard has judged it. */
  readonly plan: Plan;
  /** The approval because of which something passes that the guard would hold; null when there is none. */
  readonly approval: Approval | null;
  /** Whether the policy directory as a whole can be believed; if not, the plan is empty. */
  readonly trusted: boolean;
  readonly problems: readonly Problem[];
  readonly files: number;
  /** When the first of the live keys was read, in milliseconds since the epoch; null when none was. */
  readonly readAt: number | null;
  /** The complete inventory that a reconcile pass has read; null when it did not read. */
  readonly inventory: readonly InventoryKey[] | null;
  /** Live keys that are not as their policies say and are left so; empty when the pass did not read. */
  readonly unenforced: readonly Unenforced[];
}

/** Throws a RemoteError when the live keys cannot be read as a whole. */
export async function survey(ports: SurveyPorts, options: SurveyOptions): Promise<Survey> {
  const set = ports.policies.load();
  const resolution = set.trusted ? ports.resolve(set) : untrusted(set);
  const { problems } = resolution;
  const { files, trusted } = set;
  if (!trusted || options.pass === "edit") {
    const sightOf = (id: KeyId): Sight => lastSight(resolution.desired.get(id), ports.state);
    const plan = planWith(ports, options, { resolution, sightOf, liveCount: null, trusted });
    const guarded = guardPlan(ports, plan, null);
    return { ...guarded, trusted, problems, files, readAt: null, inventory: null, unenforced: [] };
  }
  const readAt = ports.clock.now();
  const live = await readLiveKeys(
    ports,
    wantedKeys(resolution.desired.values(), ports.state.applied()),
    options.signal,
  );
  const sightOf = (id: KeyId): Sight => live.sights.get(id) ?? { kind: "unseen" };
  const plan = planWith(ports, options, { resolution, sightOf, liveCount: live.listed, trusted: true });
  const guarded = guardPlan(ports, plan, { ...live, desired: resolution.desired });
  const unenforced = unenforcedDifferences(resolution.desired.values(), sightOf, ports.clock.now());
  return { ...guarded, trusted, problems, files, readAt, inventory: live.inventory, unenforced };
}

interface Seen {
  readonly resolution: Resolution;
  readonly sightOf: (id: KeyId) => Sight;
  readonly liveCount: number | null;
  readonly trusted: boolean;
}

function planWith(ports: SurveyPorts, options: SurveyOptions, seen: Seen): Plan {
  return makePlan({
    pass: options.pass,
    resolution: seen.resolution,
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
  return { desired: new Map(), held: [], problems: set.problems };
}

/** The inventory is asked only where the ledger does not know every field that is wanted. */
function lastSight(desired: DesiredKey | undefined, state: StateReader): Sight {
  if (desired === undefined) return { kind: "unseen" };
  if (knowsAll(state.applied().get(desired.keyId), desired)) return { kind: "unseen" };
  const known = state.inventoryOf(desired.keyId)?.key;
  return known === undefined ? { kind: "unseen" } : { kind: "last-seen", key: known };
}

function knowsAll(applied: AppliedKey | undefined, desired: DesiredKey): boolean {
  if (applied === undefined) return false;
  for (const path of desired.fields.keys()) if (!applied.fields.has(path)) return false;
  return true;
}
