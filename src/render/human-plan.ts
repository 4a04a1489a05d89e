import type { Outcome } from "../core/outcome.ts";
import type { Change, FieldChange, Notice, Plan } from "../core/plan.ts";
import { placeText } from "../core/problem.ts";
import type { Rank } from "../core/rank.ts";
import type { Paint, Style } from "./color.ts";
import { humanRefusals } from "./human-held.ts";
import { plural, printable } from "./human-problems.ts";

/** A plan that a person can review: grouped by key, with what changes, from what to what, and why. */
export function humanPlan(plan: Plan, paint: Paint): string {
  const changes = plan.changes.map((change) => humanChange(change, paint)).join("\n");
  const held = plan.held.map((change) => `${paint("red", "held")} ${humanChange(change, paint)}`).join("\n");
  const notices = plan.notices.map((notice) => humanNotice(notice, paint)).join("");
  return [changes, held, notices, humanRefusals(plan, paint), humanSummary(plan, paint)]
    .filter((part) => part !== "")
    .join("\n");
}

/** What is said in place of a plan when the policy directory as a whole is not believed. */
export function humanUntrusted(paint: Paint): string {
  return `${paint("red", "Nothing is written")}: the policy directory cannot be believed.\n`;
}

const rankStyles: Readonly<Record<Rank, Style>> = { tightens: "green", neutral: "cyan", loosens: "yellow" };

function humanChange(change: Change, paint: Paint): string {
  const rank = paint(rankStyles[change.rank], change.rank);
  const place = paint("dim", printable(placeText(change.place)));
  const head = `${paint("bold", printable(change.policy))} ${change.keyId} ${rank} ${place}\n`;
  return head + change.fields.map((field) => humanField(field, paint)).join("");
}

function humanField(field: FieldChange, paint: Paint): string {
  const mark = field.action === "clear" ? paint("red", "-") : paint("cyan", "~");
  const why = paint("dim", printable(`(${field.why}, ${placeText(field.place)})`));
  const from = field.from === undefined ? "unseen" : value(field.from);
  return `  ${mark} ${printable(field.path)}: ${from} -> ${value(field.to)} ${why}\n`;
}

function humanNotice(notice: Notice, paint: Paint): string {
  const { kind, keyId, policy, message } = notice;
  return `${paint("yellow", kind)} ${keyId} ${printable(`(${policy}): ${message}`)}\n`;
}

function humanSummary(plan: Plan, paint: Paint): string {
  const { desired, changes, tightens, loosens, live } = plan.summary;
  const keys = live === null ? plural(desired, "key") : `${plural(desired, "key")} governed of ${live} live`;
  if (changes === 0 && plan.refusals.length > 0) return `${paint("red", "Nothing is written.")} ${keys}.\n`;
  if (changes === 0) return `${paint("green", "Nothing to change.")} ${keys}.\n`;
  const ranks = `${tightens} tighten, ${loosens} loosen`;
  return `${paint("bold", plural(changes, "change"))} (${ranks}); ${keys}; digest ${plan.digest}\n`;
}

/** How each change ended; one line for all that were applied, and one for all that were not begun. */
export function humanOutcomes(outcomes: readonly Outcome[], paint: Paint): string {
  const applied = outcomes.filter(({ outcome }) => outcome === "applied").length;
  const skipped = outcomes.filter(({ outcome }) => outcome === "skipped");
  const rest = outcomes.filter(({ outcome }) => outcome !== "applied" && outcome !== "skipped");
  const lines = rest.map(({ keyId, policy, outcome, message }) => {
    return `${paint("red", outcome)} ${keyId} ${printable(`(${policy}): ${message}`)}\n`;
  });
  const [one] = skipped;
  if (one !== undefined) {
    lines.push(`${paint("red", "skipped")} ${plural(skipped.length, "change")}: ${printable(one.message)}\n`);
  }
  return `${lines.join("")}${applied} of ${plural(outcomes.length, "change")} applied.\n`;
}

function value(canonical: unknown): string {
  return canonical === null ? "(empty)" : printable(JSON.stringify(canonical));
}
