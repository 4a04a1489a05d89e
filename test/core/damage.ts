import fc from "fast-check";
import type { KeyPolicy, PolicySet } from "../../src/core/policy.ts";
import { problemAt, type Problem } from "../../src/core/problem.ts";
import { at, keyId, policySet } from "./build.ts";

export const ids = [1, 2, 3, 4].map(keyId);

/** What may happen to the policies `p0` to `p3`, one for each id, and to the profiles `base` and `top`. */
export interface Damage {
  readonly lostPolicies: readonly number[];
  readonly lostProfiles: readonly string[];
  readonly broken: readonly number[];
  readonly twins: readonly number[];
  readonly contested: readonly (readonly [number, number])[];
  readonly trusted: boolean;
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  lostPolicies: fc.subarray([0, 1, 2, 3]),
  lostProfiles: fc.subarray(["base", "top"]),
  broken: fc.subarray([0, 1, 2, 3], { maxLength: 2 }),
  twins: fc.subarray([0, 1, 2, 3], { maxLength: 1 }),
  contested: fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { maxLength: 1 }),
  trusted: fc.boolean(),
});

/** The set as it is read after something happened to the directory. */
export function damaged(set: PolicySet, done: Damage): PolicySet {
  const problems: Problem[] = [];
  const left = set.policies.flatMap((one, index): KeyPolicy[] => {
    if (done.lostPolicies.includes(index)) return [];
    if (!done.broken.includes(index)) return [one];
    // A file that cannot be read any more: its document is gone, its problem is there.
    problems.push(problemAt("KS1101", at(1, one.place.file), { message: "no YAML" }));
    return [];
  });
  const twins = done.twins.flatMap((index) =>
    set.policies[index] === undefined
      ? []
      : [{ ...set.policies[index], place: at(1, "policies/twin.yaml"), keyIds: [] }],
  );
  const contesting = done.contested.map(([from, to]) => {
    const owner = set.policies[from]!;
    const claimed = { value: ids[to]!, place: at(9, owner.place.file) };
    return { ...owner, name: `${owner.name}-too`, keyIds: [claimed], place: at(50, owner.place.file) };
  });
  return policySet({
    policies: [...left, ...twins, ...contesting],
    profiles: set.profiles.filter(({ name }) => !done.lostProfiles.includes(name)),
    problems,
    trusted: done.trusted,
  });
}
