/*
 * From the documents to what each key must look like.
 *
 * A policy whose profiles are all there and sound, whose name nobody else has, and whose effective key keeps Portkey's
 * rules gives one desired key for each id it names. Everything else is held: its keys stay as they are, since a value
 * computed from something broken could loosen them. A key that two policies name is held too, for both.
 *
 * Results are kept per policy as long as the policy and every profile that it is built from are the same objects,
 * so that a pass over ten thousand policies of which one was edited computes one.
 */
import type { KeyId, KeyPolicy, Mode, Placed, PolicySet, Profile } from "./policy.ts";
import { placeText, problemAt, sortProblems, type Place, type Problem } from "./problem.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import { checkKey } from "./key-rules.ts";
import { lineageOf, profileTable, type Lineage, type ProfileTable } from "./lineage.ts";
import { repeatedNames } from "./names.ts";
import { checkReset } from "./check-reset.ts";

/** What one key must look like. */
export interface DesiredKey {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names the key. */
  readonly place: Place;
  readonly mode: Mode;
  readonly fields: DesiredFields;
  /** The token of the reset of usage that is asked for last. */
  readonly resetUsage?: Placed<string>;
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
  /** The set's own problems and those found here, sorted. */
  readonly problems: readonly Problem[];
}

interface Resolved {
  readonly policy: KeyPolicy;
  readonly profiles: readonly Profile[];
  readonly keys: readonly DesiredKey[];
  readonly problems: readonly Problem[];
}

/** A resolver with a memory of its last results. */
export function createResolver(): (set: PolicySet) => Resolution {
  const known = new WeakMap<KeyPolicy, Resolved>();

  function resolveOne(policy: KeyPolicy, profiles: ProfileTable): Resolved {
    const lineage = lineageOf(policy.profiles, profiles);
    const before = known.get(policy);
    if (
      lineage.problems.length === 0 &&
      before !== undefined &&
      sameItems(before.profiles, lineage.profiles)
    ) {
      return before;
    }
    const resolved = compute(policy, lineage);
    if (lineage.problems.length === 0) known.set(policy, resolved);
    return resolved;
  }

  return function resolve(set: PolicySet): Resolution {
    const profiles = profileTable(set.profiles);
    const repeated = repeatedNames(set.policies);
    const resolved = set.policies.map((policy) => resolveOne(policy, profiles));
    const sound = resolved.filter((one) => isSound(one) && !repeated.names.has(one.policy.name));
    const broken = resolved.filter((one) => !isSound(one) || repeated.names.has(one.policy.name));
    const keys = singleOwners(resolved);
    const desired = new Map<KeyId, DesiredKey>();
    for (const one of sound) {
      for (const key of one.keys) if (!keys.contested.has(key.keyId)) desired.set(key.keyId, key);
    }
    return {
      desired,
      held: [...broken.flatMap(heldKeys), ...keys.held].filter((held) => !desired.has(held.keyId)),
      problems: sortProblems([
        ...set.problems,
        ...profiles.problems,
        ...repeated.problems,
        ...resolved.flatMap((one) => one.problems),
        ...keys.problems,
      ]),
    };
  };
}

function compute(policy: KeyPolicy, lineage: Lineage): Resolved {
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
    ...(policy.resetUsage === undefined ? {} : { resetUsage: policy.resetUsage }),
  }));
  const problems =
    lineage.problems.length > 0
      ? lineage.problems
      : [...checkKey(fields), ...checkReset(policy.resetUsage, fields)];
  return { policy, profiles: lineage.profiles, keys, problems };
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
