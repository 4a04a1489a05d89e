/*
 * A key whose policy is gone does not fall to a policy that selects it.
 *
 * That a file is gone may be the wish to end its policy, or a file that was lost; nobody can tell. Where another policy
 * names the key, somebody has written that down. A selector has said nothing of this key in particular: it may be far looser,
 * and it was below the policy that is gone. So the key is left as it is, and told as orphaned, until a person brings a
 * policy back or says `forget`.
 *
 *   policies that had the key       policies that select it now    what becomes of it
 *   all there, by name              any                            it is theirs
 *   one gone, or names others now   any                            left alone, orphaned
 *   none known                      any                            it is theirs: it is a new key
 */
import type { KeyId, KeyPolicy } from "./policy.ts";
import type { DesiredKey, Resolution } from "./resolve.ts";

/** A key that is left alone since a policy that had it is gone. */
export interface Unclaimed {
  readonly keyId: KeyId;
  /** The policy that is gone. */
  readonly gone: string;
  /** The policy that selects the key now. */
  readonly heir: string;
  /** All policies that had the key. */
  readonly former: readonly string[];
}

export interface UnclaimedInput {
  readonly resolution: Resolution;
  /** All policies that there are, sound or not. */
  readonly policies: readonly KeyPolicy[];
  /** Which policies had a key when policies were last acted on; none where nobody knows. */
  readonly formerOf: (id: KeyId) => readonly string[];
}

/** The resolution without what selectors ask of such keys. */
export function leaveUnclaimed({ resolution, policies, formerOf }: UnclaimedInput): Resolution {
  const byName = new Map(policies.map((policy) => [policy.name, policy]));
  const unclaimed = new Map<KeyId, Unclaimed>();
  for (const { keyId, policy, selectedBy } of resolution.desired.values()) {
    if (selectedBy === undefined) continue;
    const former = formerOf(keyId);
    const gone = former.find((name) => hasGivenUp(byName.get(name), keyId));
    if (gone !== undefined) unclaimed.set(keyId, { keyId, gone, heir: policy, former });
  }
  if (unclaimed.size === 0) return resolution;
  const desired: ReadonlyMap<KeyId, DesiredKey> = new Map(
    [...resolution.desired].filter(([keyId]) => !unclaimed.has(keyId)),
  );
  return { ...resolution, desired, unclaimed };
}

/** A policy that is gone, or that names its keys and this one not any more: that may be a typo. */
function hasGivenUp(policy: KeyPolicy | undefined, keyId: KeyId): boolean {
  if (policy === undefined) return true;
  return policy.match === undefined && policy.keyIds.every(({ value }) => value !== keyId);
}
