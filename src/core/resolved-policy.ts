import { leavingProblem } from "./compose.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import { checkKey } from "./key-rules.ts";
import type { Lineage } from "./lineage.ts";
import type { KeyPolicy, Profile } from "./policy.ts";
import type { Problem } from "./problem.ts";

/** What one policy asks of its keys, whichever they are. */
export interface ResolvedPolicy {
  readonly policy: KeyPolicy;
  readonly profiles: readonly Profile[];
  readonly fields: DesiredFields;
  readonly problems: readonly Problem[];
}

export function resolvePolicy(policy: KeyPolicy, lineage: Lineage): ResolvedPolicy {
  const layers: Layer[] = [
    ...lineage.profiles.map((profile) => ({ source: profile.name, block: profile.key })),
    { source: policy.name, block: policy.key },
  ];
  const fields = effectiveFields(layers);
  const problems = lineage.problems.length > 0 ? lineage.problems : checkPolicy(policy, fields);
  return { policy, profiles: lineage.profiles, fields, problems };
}

function checkPolicy({ name, match }: KeyPolicy, fields: DesiredFields): Problem[] {
  const leaving = match === undefined ? undefined : leavingProblem({ name, match }, fields);
  return leaving === undefined ? checkKey(fields) : [...checkKey(fields), leaving];
}

export function isSound({ problems }: ResolvedPolicy): boolean {
  return problems.every(({ severity }) => severity !== "error");
}
