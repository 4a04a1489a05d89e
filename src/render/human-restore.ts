import type { Plan, Refusal } from "../core/plan.ts";
import { humanPlan } from "./human-plan.ts";
import { printable } from "./human-problems.ts";
import type { Paint } from "./color.ts";

export interface RestoreView {
  readonly plan: Plan;
  readonly point: string;
  readonly refusals: readonly Refusal[];
}

/** What putting a key back would write. */
export function humanRestore({ plan, point, refusals }: RestoreView, paint: Paint): string {
  const held = refusals.map(({ message }) => `${paint("red", "held")}: ${printable(message)}\n`).join("");
  if (plan.changes.length === 0) return `The key is as it was already: ${printable(point)}.\n`;
  return `Back to ${printable(point)}:\n\n${humanPlan(plan, paint)}${held}`;
}
