import { overdueProblems } from "./acknowledged.ts";
import { repeatedNames } from "./names.ts";
import { overrideWarnings } from "./override-warnings.ts";
import type { PolicySet } from "./policy.ts";
import { sortProblems, type Problem } from "./problem.ts";
import { createResolver, nothingLive } from "./resolve.ts";

/**
 * Everything that is to be said of a set on its own, at a moment in milliseconds since the epoch: what holds keys back, and
 * what whoever looks after policies should know although nothing is wrong yet. Sorted.
 */
export function checkPolicies(set: PolicySet, now: number): readonly Problem[] {
  if (!set.trusted) return set.problems;
  const { problems } = createResolver()(set, nothingLive(now));
  return sortProblems([
    ...problems,
    ...overrideWarnings(set.policies, now),
    ...overdueProblems(set, now),
    ...set.testProblems,
    ...repeatedNames(set.tests).problems,
  ]);
}
