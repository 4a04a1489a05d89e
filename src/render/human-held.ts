import type { HeldPlan } from "../core/approval.ts";
import type { Plan, Refusal } from "../core/plan.ts";
import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";

/** What the guard holds of a plan, why, and how to go on; empty when it holds nothing. */
export function humanRefusals(
  { held, heldDigest, refusals }: Pick<Plan, "held" | "heldDigest" | "refusals">,
  paint: Paint,
): string {
  const [first] = refusals;
  if (first === undefined) return "";
  const reasons = refusals.map((refusal) => humanReason(refusal, paint)).join("");
  const count = paint("bold", plural(held.length, "change"));
  if (heldDigest === null) return `${reasons}${count} would be held.\n`;
  return `${reasons}${count} held. To go on with exactly that: ${first.approve}\n`;
}

/** A held plan of the state, in three lines or so. */
export function humanHeldPlan({ digest, pass, at, refusals, changes }: HeldPlan, paint: Paint): string {
  const since = new Date(at).toISOString();
  const head = `${paint("red", "held")} since ${since} (${pass}): ${plural(changes.length, "change")}\n`;
  const reasons = refusals.map((refusal) => `  ${humanReason(refusal, paint)}`).join("");
  return `  ${head}${reasons}    to go on: keysteward approve ${digest}\n`;
}

function humanReason({ rule, message }: Refusal, paint: Paint): string {
  return `${paint("red", "held")} by ${rule}: ${printable(message)}\n`;
}
