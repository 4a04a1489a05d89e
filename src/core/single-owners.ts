import type { KeyId } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";
import type { DesiredKey, HeldKey } from "./resolve.ts";

/** Who owns the keys that policies name. */
export interface Owners {
  /** Every key that a policy names. */
  readonly named: ReadonlySet<KeyId>;
  /** Those that more than one does. */
  readonly contested: ReadonlySet<KeyId>;
  readonly held: readonly HeldKey[];
  readonly problems: readonly Problem[];
}

/**
 * Of the keys as policies name them: which one has one owner, and which several, who hold each other. Broken policies count
 * too: a key that one of two policies loses by a typo must not fall to the other.
 */
export function singleOwners(keys: readonly DesiredKey[]): Owners {
  const first = new Map<KeyId, DesiredKey>();
  const contested = new Map<KeyId, DesiredKey[]>();
  for (const key of keys) {
    const owner = first.get(key.keyId);
    if (owner === undefined) first.set(key.keyId, key);
    else contested.set(key.keyId, [...(contested.get(key.keyId) ?? [owner]), key]);
  }
  const held = [...contested.values()].flat().map((key): HeldKey => {
    const why = contestProblem(key, contested.get(key.keyId) ?? []);
    return { keyId: key.keyId, policy: key.policy, place: key.place, why };
  });
  return {
    named: new Set(first.keys()),
    contested: new Set(contested.keys()),
    held,
    problems: held.map(({ why }) => why),
  };
}

function contestProblem(key: DesiredKey, claims: readonly DesiredKey[]): Problem {
  const others = claims.filter((other) => other !== key);
  const named = others.map((other) => `"${other.policy}" at ${placeText(other.place)}`).join(", ");
  const message = `the key ${key.keyId} is named by more than one policy: also by ${named}; one key has one policy`;
  return problemAt("KS1302", key.place, { path: "spec.keyId", message });
}
