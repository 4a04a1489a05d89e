import { statementsOf, type DesiredField } from "./effective.ts";
import { lineageOf, profileTable } from "./lineage.ts";
import type { KeyPolicy, PolicySet, Profile } from "./policy.ts";
import { isSamePlace } from "./problem.ts";

/** Where a value belongs that is accepted. */
export interface Owner {
  /** The document that is to say it. */
  readonly owner: KeyPolicy | Profile;
  /** The profile that says it now and is shared with others. */
  readonly shared: string | null;
}

/** Where a field of a policy is to be said otherwise; in the policy itself where nobody says it yet. */
export function ownerOf(set: PolicySet, policy: KeyPolicy, field: DesiredField | undefined): Owner {
  const profiles = profileTable(set.profiles);
  const { profiles: lineage } = lineageOf(policy.profiles, profiles);
  const owner = [...lineage, policy].findLast((one) =>
    statementsOf({ source: one.name, block: one.key }).some(
      ([, said]) => field !== undefined && isSamePlace(said.place, field.place),
    ),
  );
  if (owner?.kind !== "Profile") return { owner: policy, shared: null };
  return isShared(set, policy, owner) ? { owner: policy, shared: owner.name } : { owner, shared: null };
}

/** Whether anything else may be built on a profile: another policy, a profile beside, or a file that cannot be read. */
function isShared(set: PolicySet, policy: KeyPolicy, profile: Profile): boolean {
  if (set.problems.some(({ severity }) => severity === "error")) return true;
  const table = profileTable(set.profiles);
  const own = lineageOf(policy.profiles, table).profiles;
  const others = [
    ...set.policies.filter((one) => one !== policy),
    ...set.profiles.filter((one) => !own.includes(one)),
  ];
  return others.some((one) => lineageOf(one.profiles, table).profiles.includes(profile));
}
