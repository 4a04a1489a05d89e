/*
 * From the documents to what each key must look like.
 *
 * A policy whose profiles are all there and sound, whose name nobody else has, and whose effective key keeps Portkey's
 * rules gives one desired key for each id it names. Everything else is held: a value computed from something broken could
 * loosen its keys, so they stay as they are, or are kept at what was said of them last (`last-good.ts`). A key that two
 * policies name is held too, for both. What a guardrail forbids is broken like anything else; and a guardrail of which
 * nobody knows what it forbids holds every policy.
 *
 * A policy may select its keys by what is live of them instead; `selection.ts` says which those are, and who has his way.
 *
 * Results are kept per policy as long as the policy, every profile that it is built from and the guardrails in force are
 * the same objects, and as long as the same overrides of it are in force, so that a pass over ten thousand policies of
 * which one was edited, or of which one override has ended, computes one.
 */
import type { SelectedBy, Selector } from "./compose.ts";
import { hiddenPolicies } from "./coverage.ts";
import type { LiveKey } from "./key.ts";
import type { KeyId, KeyPolicy, Mode, Placed, PolicySet } from "./policy.ts";
import { isSamePlace, sortProblems, type Place, type Problem } from "./problem.ts";
import type { Acknowledgements } from "./acknowledged.ts";
import type { Course } from "./course.ts";
import type { DesiredFields } from "./effective.ts";
import type { Guardrail } from "./guardrail.ts";
import { createGuardrailWatch } from "./guardrails-in-force.ts";
import { settleConditional, type LiveKeyOf } from "./judge-policy.ts";
import { lineageOf, profileTable, type ProfileTable } from "./lineage.ts";
import { repeatedNames, type Repeated } from "./names.ts";
import { faultOf, isWithin, resolvePolicy, type Moment, type ResolvedPolicy } from "./resolved-policy.ts";
import type { Unclaimed } from "./unclaimed.ts";
import { createSelection } from "./selection.ts";
import { singleOwners } from "./single-owners.ts";

/** What one key must look like. */
export interface DesiredKey {
  readonly keyId: KeyId;
  /** The policy that names the key, or the first one of those that select it. */
  readonly policy: string;
  /** Where the policy names or selects the key. */
  readonly place: Place;
  readonly mode: Mode;
  readonly fields: DesiredFields;
  /** The token of the reset of usage that is asked for last. */
  readonly resetUsage?: Placed<string>;
  /** Which of its policy's overrides are in force, and what they will change; one object for all keys of a policy. */
  readonly course: Course;
  /** The policies that select the key, that of the highest priority first; absent when one names it. */
  readonly selectedBy?: readonly SelectedBy[];
  /** Differences that are known, and left until an instant. */
  readonly acknowledged: Acknowledgements;
}

/** A key of a policy, of which nothing is said because something about the policy is wrong. */
export interface HeldKey {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names or selects the key, or what hides it. */
  readonly place: Place;
  /** What is wrong; the first of it. */
  readonly why: Problem;
  /** What that means for the key, as a clause; something about the policy itself when left out. */
  readonly reason?: string;
  /** The policies that select the key, that of the highest priority first; absent when one names it. */
  readonly selectors?: readonly string[];
}

export interface Resolution {
  readonly desired: ReadonlyMap<KeyId, DesiredKey>;
  readonly held: readonly HeldKey[];
  /** By name: the first thing for which a policy cannot be followed, also of one that has no key at the moment. */
  readonly faults?: ReadonlyMap<string, Problem>;
  /** Keys that are selected and left alone, since a policy that had them is gone; absent where there are none. */
  readonly unclaimed?: ReadonlyMap<KeyId, Unclaimed>;
  /** Those in force, some of them perhaps in an earlier form. */
  readonly guardrails: readonly Guardrail[];
  /** The set's own problems and those found here, sorted. */
  readonly problems: readonly Problem[];
}

/** What policies are resolved for. Of live keys nothing is asked where nothing depends on any. */
export interface ResolveContext {
  /** The moment for which it is asked; milliseconds since the epoch. */
  readonly now: number;
  /** The keys that may be selected. Read once; the same object stands for the same keys. */
  readonly live: Iterable<LiveKey>;
  /** The keys by which guardrails decide what they are about; left out, nothing is judged that depends on live keys. */
  readonly seen?: Iterable<LiveKey>;
  /** Whether these are all keys that there are. */
  readonly isSeenWhole?: boolean;
  /** By which policies each key was selected when policies were last acted on. */
  readonly lastSelected: () => ReadonlyMap<KeyId, readonly string[]>;
}

export type Resolve = (set: PolicySet, context: ResolveContext) => Resolution;

export interface ResolverOptions {
  /** The guardrails that were in force in an earlier process; asked once. */
  readonly lastGuardrails?: () => readonly Guardrail[];
}

/** Where no live keys are known: policies that select keys govern none, and are checked all the same. */
export function nothingLive(now: number): ResolveContext {
  return { now, live: [], lastSelected: () => new Map() };
}

/** A policy with the keys that it names. */
interface NamedKeys extends ResolvedPolicy {
  readonly keys: readonly DesiredKey[];
}

/** A resolver with a memory of its last results. */
export function createResolver({ lastGuardrails = () => [] }: ResolverOptions = {}): Resolve {
  const known = new WeakMap<KeyPolicy, NamedKeys>();
  const select = createSelection();
  const guardrailsOf = createGuardrailWatch(lastGuardrails);

  function resolveOne(policy: KeyPolicy, profiles: ProfileTable, moment: Moment): NamedKeys {
    const lineage = lineageOf(policy.profiles, profiles);
    const before = known.get(policy);
    if (
      lineage.problems.length === 0 &&
      before !== undefined &&
      isWithin(before.span, moment.now) &&
      before.guardrails === moment.guardrails &&
      sameItems(before.profiles, lineage.profiles)
    ) {
      return before;
    }
    const resolved = named(resolvePolicy(policy, lineage, moment));
    if (lineage.problems.length === 0) known.set(policy, resolved);
    return resolved;
  }

  return function resolve(set: PolicySet, context: ResolveContext): Resolution {
    const profiles = profileTable(set.profiles);
    const repeated = repeatedNames(set.policies);
    const { guardrails, unknown, problems } = guardrailsOf(set);
    const liveKeyOf = context.seen === undefined ? undefined : finder(context.seen);
    const resolved = set.policies.map((policy) =>
      settled(resolveOne(policy, profiles, { now: context.now, guardrails }), liveKeyOf, context.isSeenWhole),
    );
    const faults = new Map<ResolvedPolicy, Problem>();
    for (const one of resolved) {
      const fault = unknown ?? faultOf(one) ?? nameTaken(one, repeated);
      if (fault !== undefined) faults.set(one, fault);
    }
    const owners = singleOwners(resolved.flatMap(({ keys }) => keys));
    const desired = new Map<KeyId, DesiredKey>();
    for (const one of resolved.filter((policy) => faults.get(policy) === undefined)) {
      for (const key of one.keys) if (!owners.contested.has(key.keyId)) desired.set(key.keyId, key);
    }
    const selected = select({
      selectors: resolved.flatMap(asSelector),
      faultOf: (selector) => faults.get(selector.resolved),
      named: owners.named,
      liveKeyOf,
      present: new Set(set.policies.map(({ name }) => name)),
      hidden: hiddenPolicies(set.problems),
      context,
    });
    for (const key of selected.desired) desired.set(key.keyId, key);
    const broken = faults.size === 0 ? [] : resolved.flatMap((one) => heldKeys(one, faults.get(one)));
    const held = [...broken, ...owners.held].filter(({ keyId }) => !desired.has(keyId));
    return {
      desired,
      held: [...held, ...selected.held],
      guardrails,
      faults: new Map([...faults].map(([{ policy }, fault]) => [policy.name, fault])),
      problems: sortProblems([
        ...set.problems,
        ...problems,
        ...profiles.problems,
        ...repeated.problems,
        ...resolved.flatMap((one) => one.problems),
        ...owners.problems,
        ...selected.problems,
      ]),
    };
  };
}

function asSelector(resolved: NamedKeys): Selector[] {
  const { name, match, priority = 0 } = resolved.policy;
  return match === undefined ? [] : [{ resolved, name, match, priority }];
}

function nameTaken({ policy }: ResolvedPolicy, { names, problems }: Repeated): Problem | undefined {
  return names.has(policy.name) ? problems.find((problem) => isSamePlace(problem, policy.place)) : undefined;
}

/** Looks through the keys at the first question, as mostly there is none. */
function finder(live: Iterable<LiveKey>): LiveKeyOf {
  let byId: ReadonlyMap<KeyId, LiveKey> | undefined;
  return (id) => {
    byId ??= new Map(Array.from(live, (key) => [key.id, key]));
    return byId.get(id);
  };
}

/** Guardrails that depend on live keys, of a policy that names its keys; of the others `selection.ts` knows the keys. */
function settled(one: NamedKeys, liveKeyOf: LiveKeyOf | undefined, isComplete = false): NamedKeys {
  if (liveKeyOf === undefined || one.conditional.length === 0) return one;
  const found = settleConditional(one.policy, one.conditional, { liveKeyOf, isComplete });
  return found.length === 0 ? one : { ...one, problems: [...one.problems, ...found] };
}

function named(resolved: ResolvedPolicy): NamedKeys {
  const { policy, fields, course, acknowledged } = resolved;
  const keys = policy.keyIds.map(({ value, place }) => ({
    keyId: value,
    policy: policy.name,
    place,
    mode: policy.mode,
    fields,
    course,
    acknowledged,
    ...(policy.resetUsage === undefined ? {} : { resetUsage: policy.resetUsage }),
  }));
  return { ...resolved, keys };
}

function heldKeys({ keys }: NamedKeys, why: Problem | undefined): HeldKey[] {
  return why === undefined ? [] : keys.map(({ keyId, policy, place }) => ({ keyId, policy, place, why }));
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
