import type { Change, Plan } from "../core/plan.ts";
import type { Quarantine } from "../core/last-good.ts";
import { instantText } from "../core/overrides.ts";
import type { KeyId } from "../core/policy.ts";
import type { PolicyCourse } from "../core/policy-courses.ts";
import type { Unenforced } from "../core/unenforced.ts";
import { plural } from "./human-problems.ts";

/** A plan and what helps to read it. */
export interface PlanView {
  readonly plan: Plan;
  /** The keys' own names, as far as they were seen. */
  readonly names?: ReadonlyMap<KeyId, string>;
  /** What is left as it is because of its policy's mode. */
  readonly unenforced?: readonly Unenforced[];
  /** Keys that are kept at what their policies said last. */
  readonly quarantined?: ReadonlyMap<KeyId, Quarantine>;
  /** Show what is not enforced, and long lists to their end. */
  readonly all?: boolean;
  /** What overrides will change by themselves. */
  readonly courses?: readonly PolicyCourse[];
  /** The later moment that the plan is a forecast for; milliseconds since the epoch. */
  readonly at?: number | undefined;
}

/** What a forecast is, for whoever takes it for a plan. */
export function forecastText(at: number): string {
  return `what the policies will ask for at ${instantText(at)}, compared with the keys as they are now; it can be neither applied nor approved`;
}

/** "2 differences on 1 key are not enforced", or nothing where there is none. */
export function unenforcedText(unenforced: readonly Unenforced[]): string {
  const differences = unenforced.reduce((sum, { fields }) => sum + fields.length, 0);
  if (differences === 0) return "";
  const verb = differences === 1 ? "is" : "are";
  const modes = [...new Set(unenforced.map(({ mode }) => mode))].sort().join(", ");
  return `${plural(differences, "difference")} on ${plural(unenforced.length, "key")} ${verb} not enforced (${modes})`;
}

/** At most so many characters of a text, with three dots for the rest. */
export function clip(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${Array.from(text.slice(0, longest * 2))
    .slice(0, longest)
    .join("")}...`;
}

/** How many changes go which way. */
export function rankCounts(changes: readonly Change[]): {
  tightens: number;
  neutral: number;
  loosens: number;
} {
  const counts = { tightens: 0, neutral: 0, loosens: 0 };
  for (const { rank } of changes) counts[rank] += 1;
  return counts;
}
