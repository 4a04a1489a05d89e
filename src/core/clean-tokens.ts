import type { KeyPolicy, PolicySet } from "./policy.ts";
import type { Resolve } from "./resolve.ts";

/**
 * The resolver, to which the token of a policy is what can be stored of it. A token is compared with the stored one, and
 * the state takes our own secret out of what it stores: were the token compared as it is written, it would be another one
 * in each process, and each would reset the usage again. `clean` must leave alone what it has cleaned.
 */
export function withCleanTokens(resolve: Resolve, clean: (text: string) => string): Resolve {
  // The same object for the same policy: what was resolved of it is remembered by that.
  const known = new WeakMap<KeyPolicy, KeyPolicy>();

  function cleaned(policy: KeyPolicy): KeyPolicy {
    const { resetUsage } = policy;
    if (resetUsage === undefined) return policy;
    const before = known.get(policy);
    if (before !== undefined) return before;
    const value = clean(resetUsage.value);
    const now = value === resetUsage.value ? policy : { ...policy, resetUsage: { ...resetUsage, value } };
    known.set(policy, now);
    return now;
  }

  return (set: PolicySet, context) => {
    if (set.policies.every((policy) => cleaned(policy) === policy)) return resolve(set, context);
    return resolve({ ...set, policies: set.policies.map(cleaned) }, context);
  };
}
