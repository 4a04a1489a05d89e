import type { DesiredFields } from "./effective.ts";
import type { Placed } from "./policy.ts";
import { problemAt, type Problem } from "./problem.ts";

/**
 * A warning where usage is to be reset and the budget is taken away by the same policy, now or by an override to come: what
 * Portkey makes of a reset of a key without a budget is in none of its documents.
 */
export function checkReset(
  token: Placed<string> | undefined,
  stretches: readonly DesiredFields[],
): Problem[] {
  if (token === undefined || stretches.every((fields) => fields.get("usage_limits")?.value !== null))
    return [];
  const message =
    "usage is to be reset, and usage_limits is null: what a reset does to a key without a budget is not known; " +
    "give the key a budget, or take resetUsage out";
  return [problemAt("KS1360", token.place, { severity: "warning", path: "spec.resetUsage", message })];
}
