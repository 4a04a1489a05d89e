import { overdueProblems } from "../core/acknowledged.ts";
import { withLastGood, type Keeping, type LastGoodReader } from "../core/last-good.ts";
import type { KeyId, PolicySet } from "../core/policy.ts";
import { sortProblems } from "../core/problem.ts";
import type { Resolution } from "../core/resolve.ts";
import { readSources, sourcesOf, withoutStandIns } from "../core/sources.ts";
import { leaveUnclaimed } from "../core/unclaimed.ts";
import type { StateReader } from "../ports.ts";
import { lastSelected } from "./selection-memory.ts";

/** What the policies say, with the last good values of the keys of those that are broken. */
export interface KeptPolicies extends Pick<Keeping, "quarantined" | "sources"> {
  readonly resolution: Resolution;
}

export interface KeptPorts {
  readonly resolve: (set: PolicySet) => Resolution;
  readonly state: LastGoodReader & Pick<StateReader, "fact" | "applied">;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Reads from the state only what the keys of broken policies need. The set has to be one that can be believed. */
export function keptPolicies(set: PolicySet, { resolve, state, now }: KeptPorts): KeptPolicies {
  const before = readSources(state.fact("sources"));
  const sound = withoutStandIns(set, before);
  const own = leaveUnclaimed({
    resolution: resolve(sound),
    policies: set.policies,
    formerOf: formerPolicies(state),
  });
  const kept = withLastGood({ set: sound, resolution: own, before, reader: state, now });
  const { resolution } = kept;
  const overdue = overdueProblems(sound, now);
  const problems =
    overdue.length === 0 ? resolution.problems : sortProblems([...resolution.problems, ...overdue]);
  return { ...kept, resolution: { ...resolution, problems }, sources: sourcesOf(sound, before) };
}

/** By which policies each key was governed; looked up at the first question, as mostly there is none. */
function formerPolicies(state: KeptPorts["state"]): (id: KeyId) => readonly string[] {
  let known:
    | { readonly selected: ReturnType<typeof lastSelected>; readonly owners: ReadonlyMap<KeyId, string> }
    | undefined;
  return (id) => {
    known ??= {
      selected: lastSelected(state),
      owners: new Map(Array.from(state.lastGoodOwners(), ({ keyId, policy }) => [keyId, policy])),
    };
    const owners = [known.owners.get(id), state.applied().get(id)?.policy].filter(
      (name) => name !== undefined,
    );
    return [...new Set([...(known.selected.get(id) ?? []), ...owners])];
  };
}
