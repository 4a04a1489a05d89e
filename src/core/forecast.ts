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
