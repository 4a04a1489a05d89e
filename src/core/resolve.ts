/*
 * From the documents to what each key must look like.
 *
 * A policy whose profiles are all there and sound, whose name nobody else has, and whose effective key keeps Portkey's
 * rules gives one desired key for each id it names. Everything else is held: its keys stay as they are, since a value
 * computed from something broken could loosen them. A key that two policies name is held too, for both. What a guardrail
 * forbids is broken like anything else; and a guardrail of which nobody knows what it forbids holds every policy.
 *
 * Results are kept per policy as long as the policy, every profile that it is built from and the guardrails in force are
 * the same objects, so that a pass over ten thousand policies of which one was edited computes one.
 */
import type { KeyId, KeyPolicy, Mode, PolicySet, Profile } from "./policy.ts";
import { placeText, problemAt, sortProblems, type Place, type Problem } from "./problem.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import type { Guardrail } from "./guardrail.ts";
import { createGuardrailWatch } from "./guardrails-in-force.ts";
import { judgePolicy, settleConditional, type Conditional, type LiveKeyOf } from "./judge-policy.ts";
import { checkKey } from "./key-rules.ts";
import type { LiveKey } from "./key.ts";
import { lineageOf, profileTable, type Lineage, type ProfileTable } from "./lineage.ts";
import { repeatedNames } from "./names.ts";

/** What one key must look like. */
export interface DesiredKey {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names the key. */
  readonly place: Place;
  readonly mode: Mode;
  readonly fields: DesiredFields;
}

/** A key that a policy names and that is left as it is because something about the policy is wrong. */
export interface HeldKey {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names the key. */
  readonly place: Place;
}

export interface Resolution {
  readonly desired: ReadonlyMap<KeyId, DesiredKey>;
  readonly held: readonly HeldKey[];
  /** Those in force, some of them perhaps in an earlier form. */
  readonly guardrails: readonly Guardrail[];
  /** The set's own problems and those found here, sorted. */
  readonly problems: readonly Problem[];
}

/** What is known beside the policies. */
export interface ResolveContext {
  /** The live keys as they were last seen; looked at only where something depends on them. */
  readonly live: Iterable<LiveKey>;
}

/** Without a context nothing is judged that depends on live keys. */
export type Resolve = (set: PolicySet, context?: ResolveContext) => Resolution;

export interface ResolverOptions {
  /** The guardrails that were in force in an earlier process; asked once. */
  readonly lastGuardrails?: () => readonly Guardrail[];
}

interface Resolved {
  readonly policy: KeyPolicy;
  readonly profiles: readonly Profile[];
  readonly guardrails: readonly Guardrail[];
  readonly keys: readonly DesiredKey[];
  readonly problems: readonly Problem[];
  readonly conditional: readonly Conditional[];
}

/** A resolver with a memory of its last results. */
export function createResolver({ lastGuardrails = () => [] }: ResolverOptions = {}): Resolve {
  const known = new WeakMap<KeyPolicy, Resolved>();
  const guardrailsOf = createGuardrailWatch(lastGuardrails);

  function resolveOne(policy: KeyPolicy, profiles: ProfileTable, guardrails: readonly Guardrail[]): Resolved {
    const lineage = lineageOf(policy.profiles, profiles);
    const before = known.get(policy);
    if (
      lineage.problems.length === 0 &&
      before !== undefined &&
      before.guardrails === guardrails &&
      sameItems(before.profiles, lineage.profiles)
    ) {
      return before;
    }
    const resolved = compute(policy, lineage, guardrails);
    if (lineage.problems.length === 0) known.set(policy, resolved);
    return resolved;
  }

  return function resolve(set: PolicySet, context?: ResolveContext): Resolution {
    const profiles = profileTable(set.profiles);
    const repeated = repeatedNames(set.policies);
    const { guardrails, blind, problems } = guardrailsOf(set);
    const liveKeyOf = context === undefined ? undefined : finder(context.live);
    const resolved = set.policies.map((policy) =>
      settled(resolveOne(policy, profiles, guardrails), liveKeyOf),
    );
    const mayApply = (one: Resolved): boolean =>
      !blind && isSound(one) && !repeated.names.has(one.policy.name);
    const sound = resolved.filter(mayApply);
    const broken = resolved.filter((one) => !mayApply(one));
    const keys = singleOwners(resolved);
    const desired = new Map<KeyId, DesiredKey>();
    for (const one of sound) {
      for (const key of one.keys) if (!keys.contested.has(key.keyId)) desired.set(key.keyId, key);
    }
    return {
      desired,
      held: [...broken.flatMap(heldKeys), ...keys.held].filter((held) => !desired.has(held.keyId)),
      guardrails,
      problems: sortProblems([
        ...set.problems,
        ...problems,
        ...profiles.problems,
        ...repeated.problems,
        ...resolved.flatMap((one) => one.problems),
        ...keys.problems,
      ]),
    };
  };
}

/** Looks through the keys at the first question, as mostly there is none. */
function finder(live: Iterable<LiveKey>): LiveKeyOf {
  let byId: ReadonlyMap<KeyId, LiveKey> | undefined;
  return (id) => {
    byId ??= new Map(Array.from(live, (key) => [key.id, key]));
    return byId.get(id);
  };
}

function settled(one: Resolved, liveKeyOf: LiveKeyOf | undefined): Resolved {
  if (liveKeyOf === undefined || one.conditional.length === 0) return one;
  const found = settleConditional(one.policy, one.conditional, liveKeyOf);
  return { ...one, problems: [...one.problems, ...found] };
}

function compute(policy: KeyPolicy, lineage: Lineage, guardrails: readonly Guardrail[]): Resolved {
  const layers: Layer[] = [
    ...lineage.profiles.map((profile) => ({ source: profile.name, block: profile.key })),
    { source: policy.name, block: policy.key },
  ];
  const fields = effectiveFields(layers);
  const keys = policy.keyIds.map(({ value, place }) => ({
    keyId: value,
    policy: policy.name,
    place,
    mode: policy.mode,
    fields,
  }));
  const { profiles } = lineage;
  if (lineage.problems.length > 0) {
    return { policy, profiles, guardrails, keys, problems: lineage.problems, conditional: [] };
  }
  const { problems, conditional } = judgePolicy(policy, fields, guardrails);
  return { policy, profiles, guardrails, keys, problems: [...checkKey(fields), ...problems], conditional };
}

function isSound(resolved: Resolved): boolean {
  return resolved.problems.every((problem) => problem.severity !== "error");
}

function heldKeys(resolved: Resolved): HeldKey[] {
  return resolved.keys.map(({ keyId, policy, place }) => ({ keyId, policy, place }));
}

interface Owners {
  readonly contested: ReadonlySet<KeyId>;
  readonly held: readonly HeldKey[];
  readonly problems: readonly Problem[];
}

/** Broken policies count too: a key that one of two policies loses by a typo must not fall to the other. */
function singleOwners(resolved: readonly Resolved[]): Owners {
  const first = new Map<KeyId, DesiredKey>();
  const contested = new Map<KeyId, DesiredKey[]>();
  for (const one of resolved) {
    for (const key of one.keys) {
      const owner = first.get(key.keyId);
      if (owner === undefined) first.set(key.keyId, key);
      else contested.set(key.keyId, [...(contested.get(key.keyId) ?? [owner]), key]);
    }
  }
  const claims = [...contested.values()].flat();
  return {
    contested: new Set(contested.keys()),
    held: claims.map(({ keyId, policy, place }) => ({ keyId, policy, place })),
    problems: claims.map((key) => contestProblem(key, contested.get(key.keyId) ?? [])),
  };
}

function contestProblem(key: DesiredKey, claims: readonly DesiredKey[]): Problem {
  const others = claims.filter((other) => other !== key);
  const named = others.map((other) => `"${other.policy}" at ${placeText(other.place)}`).join(", ");
  const message = `the key ${key.keyId} is named by more than one policy: also by ${named}; one key has one policy`;
  return problemAt("KS1302", key.place, { path: "spec.keyId", message });
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
