/*
 * From the documents to what each key must look like.
 *
 * A policy whose profiles are all there and sound, whose name nobody else has, and whose effective key keeps Portkey's
 * rules gives one desired key for each id it names. Everything else is held: its keys stay as they are, since a value
 * computed from something broken could loosen them. A key that two policies name is held too, for both.
 *
 * Results are kept per policy as long as the policy and every profile that it is built from are the same objects, and as
 * long as the same overrides of it are in force, so that a pass over ten thousand policies of which one was edited, or of
 * which one override has ended, computes one.
 */
import type { KeyId, KeyPolicy, Mode, PolicySet, Profile } from "./policy.ts";
import { placeText, problemAt, sortProblems, type Place, type Problem } from "./problem.ts";
import { courseOf, noCourse, stretchesOf, type Course } from "./course.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import { checkKey } from "./key-rules.ts";
import { lineageOf, profileTable, type Lineage, type ProfileTable } from "./lineage.ts";
import { repeatedNames } from "./names.ts";
import { checkOverrides } from "./override-rules.ts";
import type { Span } from "./overrides.ts";

/** What one key must look like. */
export interface DesiredKey {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names the key. */
  readonly place: Place;
  readonly mode: Mode;
  readonly fields: DesiredFields;
  /** Which of its policy's overrides are in force, and what they will change; one object for all keys of a policy. */
  readonly course: Course;
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

export interface ResolveContext {
  /** The moment for which it is asked; milliseconds since the epoch. */
  readonly now: number;
}

export type Resolve = (set: PolicySet, context: ResolveContext) => Resolution;

interface Resolved {
  readonly policy: KeyPolicy;
  readonly profiles: readonly Profile[];
  /** As long as this lasts time changes nothing of it. */
  readonly span: Span;
  readonly keys: readonly DesiredKey[];
  readonly problems: readonly Problem[];
}

/** A resolver with a memory of its last results. */
export function createResolver(): Resolve {
  const known = new WeakMap<KeyPolicy, Resolved>();

  function resolveOne(policy: KeyPolicy, profiles: ProfileTable, now: number): Resolved {
    const lineage = lineageOf(policy.profiles, profiles);
    const before = known.get(policy);
    if (
      lineage.problems.length === 0 &&
      before !== undefined &&
      isWithin(before.span, now) &&
      sameItems(before.profiles, lineage.profiles)
    ) {
      return before;
    }
    const resolved = compute(policy, lineage, now);
    if (lineage.problems.length === 0) known.set(policy, resolved);
    return resolved;
  }

  return function resolve(set: PolicySet, { now }: ResolveContext): Resolution {
    const profiles = profileTable(set.profiles);
    const repeated = repeatedNames(set.policies);
    const resolved = set.policies.map((policy) => resolveOne(policy, profiles, now));
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

function compute(policy: KeyPolicy, lineage: Lineage, now: number): Resolved {
  const base: Layer[] = [
    ...lineage.profiles.map((profile) => ({ source: profile.name, block: profile.key })),
    { source: policy.name, block: policy.key },
  ];
  const { fields, course, span, problems } = timed(policy, base, now);
  const keys = policy.keyIds.map(({ value, place }) => ({
    keyId: value,
    policy: policy.name,
    place,
    mode: policy.mode,
    fields,
    course,
  }));
  const found = lineage.problems.length > 0 ? lineage.problems : problems;
  return { policy, profiles: lineage.profiles, span, keys, problems: found };
}

type Timed = Pick<DesiredKey, "fields" | "course"> & Pick<Resolved, "span" | "problems">;

const always: Span = { from: -Infinity, until: Infinity };

/** What holds at a moment and how long, and what is wrong from then on. */
function timed(policy: KeyPolicy, base: readonly Layer[], now: number): Timed {
  const [first, ...rest] = policy.overrides.length === 0 ? [] : stretchesOf(policy, base, now);
  if (first === undefined) {
    const fields = effectiveFields(base);
    return { fields, course: noCourse, span: always, problems: checkKey(fields) };
  }
  const stretches = [first, ...rest];
  const problems = checkOverrides(policy, stretches);
  return { fields: first.fields, course: courseOf(stretches), span: first, problems };
}

function isWithin({ from, until }: Span, now: number): boolean {
  return from <= now && now < until;
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
