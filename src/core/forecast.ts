import type { KeyId } from "./policy.ts";
import type { DesiredKey, Resolution } from "./resolve.ts";
import { instantText } from "./overrides.ts";
import { digestOf, type Plan } from "./plan.ts";

/**
 * A plan of what policies will ask for at a later moment, against what is known of keys now. It answers a question and is
 * never carried out: its digest is no other plan's, nothing in it can be approved, and what is only told of now is left out.
 */
export function forecast(plan: Plan, at: number): Plan {
  return {
    ...plan,
    digest: digestOf([...plan.changes, ...plan.held], { at }),
    heldDigest: null,
    notices: plan.notices.filter(({ kind }) => kind !== "override-ends"),
    refusals: plan.refusals.map((refusal) => ({
      ...refusal,
      approve: `keysteward plan  # from ${instantText(at)} on`,
    })),
  };
}

/**
 * What is asked for without what is done once: a reset of usage is for the next pass, whenever that is, and by a later moment
 * it will have been made.
 */
export function withoutResets(resolution: Resolution): Resolution {
  const desired = new Map<KeyId, DesiredKey>();
  for (const [id, { resetUsage: _token, ...rest }] of resolution.desired) desired.set(id, rest);
  return { ...resolution, desired };
}

/** What is acknowledged until then is enforced again at a later moment. */
export function withoutEnded(resolution: Resolution, at: number): Resolution {
  const desired = new Map(
    [...resolution.desired].map(([id, key]) => {
      const acknowledged = new Map([...key.acknowledged].filter(([, { until }]) => until > at));
      return [id, acknowledged.size === key.acknowledged.size ? key : { ...key, acknowledged }] as const;
    }),
  );
  return { ...resolution, desired };
}
