import { canBeInForce, instantText } from "./overrides.ts";
import type { KeyPolicy, Override } from "./policy.ts";
import { problemAt, sortProblems, type Problem } from "./problem.ts";

const soonMs = 7 * 86_400_000;

/**
 * What whoever looks after policies should know of their overrides: which are over, and which end within a week. Nothing is
 * wrong with either, so that a pass, which tells of ends by itself, does not ask.
 */
export function overrideWarnings(policies: readonly KeyPolicy[], now: number): readonly Problem[] {
  return sortProblems(
    policies.flatMap(({ overrides }) =>
      overrides.flatMap((override, index) => warning(override, index, now)),
    ),
  );
}

function warning(override: Override, index: number, now: number): Problem[] {
  const left = override.until - now;
  if (!canBeInForce(override) || left > soonMs) return [];
  const end = instantText(override.until);
  const parts = { severity: "warning", path: `spec.overrides[${index}].until` } as const;
  if (left <= 0) {
    const message = `the override is over since ${end} and has no effect any more: delete it`;
    return [problemAt("KS1354", override.untilPlace, { ...parts, message })];
  }
  const message = `the override ends ${end}, which is within 7 days: extend it if it is still needed`;
  return [problemAt("KS1355", override.untilPlace, { ...parts, message })];
}
