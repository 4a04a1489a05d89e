import { lastGuardrails } from "../assemble.ts";
import { assemblePolicies } from "../assemble-policies.ts";
import type { Config } from "../config.ts";
import type { LiveKey } from "../core/key.ts";
import type { PolicySet } from "../core/policy.ts";
import { createResolver, type Resolution } from "../core/resolve.ts";
import { AppError } from "../errors.ts";
import { keptPolicies, type KeptPolicies } from "../reconcile/kept-policies.ts";
import { resolveContext } from "../reconcile/selection-memory.ts";

type StateParts = Parameters<typeof resolveContext>[0]["state"] &
  Parameters<typeof lastGuardrails>[0] &
  Parameters<typeof keptPolicies>[1]["state"];

/** What is known beside the policies. */
interface Known {
  readonly state: StateParts;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The live keys; as they were seen last when left out. */
  readonly live?: Iterable<LiveKey>;
}

/** The keys as they were seen last, and this one as it was read. */
export function withKey(state: { liveKeys(): Iterable<LiveKey> }, key: LiveKey): readonly LiveKey[] {
  return [key, ...[...state.liveKeys()].filter(({ id }) => id !== key.id)];
}

/** The policies and what they say. Throws USAGE where the directory cannot be believed: then nobody knows. */
export function trustedPolicies(
  config: Config,
  { state, now, live }: Known,
): {
  readonly set: PolicySet;
  readonly resolution: Resolution;
  /** Keys that are kept at what their policies said last, as the resolution has it. */
  readonly quarantined: KeptPolicies["quarantined"];
  /** What another set says, under the same circumstances and with nothing kept. */
  readonly resolve: (set: PolicySet) => Resolution;
} {
  const set = assemblePolicies(config).load();
  if (set.trusted) {
    const resolve = createResolver({ lastGuardrails: () => lastGuardrails(state) });
    const context = resolveContext({ state, now }, live);
    const resolveNow = (other: PolicySet): Resolution => resolve(other, context);
    const { resolution, quarantined } = keptPolicies(set, { resolve: resolveNow, state, now });
    return { set, resolution, quarantined, resolve: resolveNow };
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
