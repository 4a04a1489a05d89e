import { lastGuardrails } from "../assemble.ts";
import { assemblePolicies } from "../assemble-policies.ts";
import type { Config } from "../config.ts";
import type { LiveKey } from "../core/key.ts";
import type { PolicySet } from "../core/policy.ts";
import { createResolver, type Resolution } from "../core/resolve.ts";
import { AppError } from "../errors.ts";
import { resolveContext } from "../reconcile/selection-memory.ts";

/** What is known beside the policies. */
interface Known {
  readonly state: Parameters<typeof resolveContext>[0]["state"] & Parameters<typeof lastGuardrails>[0];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The live keys; as they were seen last when left out. */
  readonly live?: Iterable<LiveKey>;
}

/** The policies and what they say. Throws USAGE where the directory cannot be believed: then nobody knows. */
export function trustedPolicies(
  config: Config,
  { state, now, live }: Known,
): {
  readonly set: PolicySet;
  readonly resolution: Resolution;
} {
  const set = assemblePolicies(config).load();
  if (set.trusted) {
    const resolve = createResolver({ lastGuardrails: () => lastGuardrails(state) });
    return { set, resolution: resolve(set, resolveContext({ state, now }, live)) };
  }
  const [first] = set.problems;
  throw new AppError(
    "USAGE",
    `the policy directory cannot be believed: ${first?.message ?? config.policies}`,
    {
      hint: "Without it nobody can say which keys a policy covers; `keysteward validate` shows what is wrong.",
    },
  );
}
