import { assemblePolicies } from "../assemble-policies.ts";
import type { Config } from "../config.ts";
import type { PolicySet } from "../core/policy.ts";
import { createResolver, type Resolution } from "../core/resolve.ts";
import { AppError } from "../errors.ts";

/** The policies and what they say. Throws USAGE as `trustedSet` does. */
export function trustedPolicies(config: Config): {
  readonly set: PolicySet;
  readonly resolution: Resolution;
} {
  const set = trustedSet(config);
  return { set, resolution: createResolver()(set) };
}

/** The policies. Throws USAGE where the directory cannot be believed: then nobody knows. */
export function trustedSet(config: Config): PolicySet {
  const set = assemblePolicies(config).load();
  if (set.trusted) return set;
  const [first] = set.problems;
  throw new AppError(
    "USAGE",
    `the policy directory cannot be believed: ${first?.message ?? config.policies}`,
    {
      hint: "Without it nobody can say which keys a policy covers; `keysteward validate` shows what is wrong.",
    },
  );
}
