/*
 * A plan as a comment on a pull request: a line that says it all, the counts, a fold a key with the difference in it,
 * what is told, and the command that applies exactly this. GitHub takes 65,536 characters; what does not fit is left out
 * from the end and counted, the command never.
 */
import type { Change, FieldChange, Notice, Plan, Refusal } from "../core/plan.ts";
import type { SelectedBy } from "../core/compose.ts";
import { instantText } from "../core/overrides.ts";
import type { PolicyCourse } from "../core/policy-courses.ts";
import { placeText, type Place, type Problem } from "../core/problem.ts";
import type { Rank } from "../core/rank.ts";
import type { PlannedReset } from "../core/reset.ts";
import { resetText } from "../core/reset-words.ts";
import type { Unenforced } from "../core/unenforced.ts";
import { plural } from "./human-problems.ts";
import { codeElement, codeSpan, diffBlock } from "./markdown.ts";
import { forecastText, rankCounts, unenforcedText, type PlanView } from "./plan-view.ts";
import { selectedByText } from "./selected-by.ts";
import { valueDelta, type ItemDelta } from "./value-delta.ts";

export const longestComment = 65_536;

/** Room for the sentence about what was left out. */
const reserve = 200;

/** With so many changes each is shown at once; with more they are folded. */
const unfolded = 5;
const itemsShown = 20;
const fieldsShown = 40;

/** A part of the comment; those that do not fit are counted under what they are. */
interface Section {
  readonly what:
    "problem" | "refusal" | "change" | "difference that is not enforced" | "policy with overrides" | "notice";
  readonly text: string;
}

export function githubPlan(view: PlanView, problems: readonly Problem[]): string {
  const { plan, unenforced = [], all = false, courses = [], at } = view;
  const header = `${title(plan, problems, at)}\n\n${counts(plan)}`;
  const footer = closing(plan, unenforcedText(unenforced), at);
  const isOpen = plan.changes.length + plan.held.length <= unfolded;
  const held = new Set(plan.held);
  const sections: Section[] = [
    ...problems.map((problem): Section => ({ what: "problem", text: problemText(problem) })),
    ...plan.refusals.map((refusal): Section => ({ what: "refusal", text: refusalText(refusal, at) })),
    ...[...plan.held, ...plan.changes].map((change): Section => {
      return { what: "change", text: changeText(change, view, { isOpen, isHeld: held.has(change) }) };
    }),
    ...(all ? unenforced : []).map((one): Section => ({
      what: "difference that is not enforced",
      text: unenforcedSection(one, view),
    })),
    ...courses.map((one): Section => ({ what: "policy with overrides", text: courseText(one, all) })),
    ...plan.notices.map((notice): Section => ({ what: "notice", text: noticeText(notice) })),
  ];
  return fit(header, sections, footer);
}

/** The mark by which a comment is found again: a forecast is not the plan's. */
function title(plan: Plan, problems: readonly Problem[], at: number | undefined): string {
  if (at === undefined) return `<!-- keysteward plan -->\n### ${headline(plan, problems)}`;
  const head = headline(plan, problems).replace(
    "Keysteward:",
    `Keysteward, forecast for ${instantText(at)}:`,
  );
  return `<!-- keysteward forecast -->\n### ${head}\n\nThis is ${forecastText(at)}.`;
}

/** As many of the sections as there is room for, in their order, and how many there was none for. */
function fit(header: string, sections: readonly Section[], footer: string): string {
  let room = longestComment - header.length - footer.length - reserve;
  const shown = sections.filter(({ text }) => {
    const fits = text.length <= room;
    // Once something did not fit nothing else is shown: what is left out is the end, not the long ones.
    room = fits ? room - text.length : -1;
    return fits;
  });
  const left = sections.slice(shown.length);
  return header + shown.map(({ text }) => text).join("") + leftOut(left) + footer;
}

function leftOut(sections: readonly Section[]): string {
  if (sections.length === 0) return "";
  const whats = [...new Set(sections.map(({ what }) => what))];
  const parts = whats.map((what) => plural(sections.filter((one) => one.what === what).length, what));
  return `\n**Left out, since a comment holds no more:** ${parts.join(", ")}. \`keysteward plan\` shows everything.\n`;
}

function headline({ changes, held }: Plan, problems: readonly Problem[]): string {
  const count = changes.length + held.length;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (errors > 0) return `Keysteward: ${plural(errors, "error")} in the policies, ${plural(count, "change")}`;
  if (count === 0) return "Keysteward: nothing to change";
  return `Keysteward: ${plural(count, "change")}${held.length > 0 ? `, ${held.length} of them held` : ""}`;
}

function counts({ changes, held, summary }: Plan): string {
  const { tightens, neutral, loosens } = rankCounts([...changes, ...held]);
  const live = summary.live === null ? "not read" : String(summary.live);
  return (
    `| tighten | neutral | loosen | keys governed | keys live |\n| ---: | ---: | ---: | ---: | ---: |\n` +
    `| ${tightens} | ${neutral} | ${loosens} | ${summary.desired} | ${live} |\n`
  );
}

const marks: Readonly<Record<Rank, string>> = { tightens: "🟢", neutral: "⚪", loosens: "🟡" };

interface ChangeLook {
  readonly isOpen: boolean;
  readonly isHeld: boolean;
}

function changeText(
  change: Change,
  { names, all = false }: PlanView,
  { isOpen, isHeld }: ChangeLook,
): string {
  const { policy, keyId, place, rank, fields, reset } = change;
  const mark = isHeld ? "⛔ held," : marks[rank];
  const head = `${mark} ${rank} ${keyHead(policy, names?.get(keyId), keyId)}`;
  const shown = all ? fields : fields.slice(0, fieldsShown);
  const hidden = fields.length - shown.length;
  const lines = shown.flatMap((field) => fieldLines({ ...field, note: field.why }, all));
  const rest = hidden === 0 ? [] : [`  ... and ${plural(hidden, "field")} more`];
  const last = reset === undefined ? [] : resetLines(reset);
  const where = placeLine(place, change.desired.selectedBy);
  return fold(head, `${where}\n\n${diffBlock([...lines, ...rest, ...last])}`, isOpen);
}

function unenforcedSection(one: Unenforced, { names }: PlanView): string {
  const { policy, keyId, place, selectedBy, mode, fields } = one;
  const head = `⏸️ not enforced (${mode}) ${keyHead(policy, names?.get(keyId), keyId)}`;
  const lines = fields.flatMap(({ path, live, wanted, rank, place: at }) =>
    fieldLines({ path, from: live, to: wanted, rank, place: at, note: mode }, true),
  );
  return fold(head, `${placeLine(place, selectedBy)}\n\n${diffBlock(lines)}`, false);
}

/** Where the policy stands, and which policies brought the key in where none names it. */
function placeLine(place: Place, selectedBy: readonly SelectedBy[] | undefined): string {
  const selected = selectedByText(selectedBy);
  return selected === undefined ? codeSpan(placeText(place)) : codeSpan(selected);
}

/** What overrides of one policy change by themselves, in a fold. */
function courseText({ policy, place, keys, course }: PolicyCourse, all: boolean): string {
  const lines = course.upcoming.flatMap(({ at, begins, ends, fields }) => [
    ...ends.map((one) => `! ends ${instantText(at)}: ${one.reason}, ${placeText(one.place)}`),
    ...begins.map((one) => `! begins ${instantText(at)}: ${one.reason}, ${placeText(one.place)}`),
    ...fields.flatMap((field) => fieldLines({ ...field, note: "override" }, all)),
  ]);
  const head = `⏳ overrides of <b>${codeElement(policy)}</b> ${codeElement(plural(keys, "key"))}`;
  return fold(head, `${codeSpan(placeText(place))}\n\n${diffBlock(lines)}`, false);
}

function keyHead(policy: string, name: string | undefined, keyId: string): string {
  const called = name === undefined ? "" : ` ${codeElement(name)}`;
  return `<b>${codeElement(policy)}</b>${called} ${codeElement(keyId)}`;
}

function fold(head: string, body: string, isOpen: boolean): string {
  return `\n<details${isOpen ? " open" : ""}><summary>${head}</summary>\n\n${body}\n</details>\n`;
}

type FieldLines = Pick<FieldChange, "path" | "from" | "to" | "rank" | "place"> & { readonly note: string };

function fieldLines({ path, from, to, rank, place, note }: FieldLines, all: boolean): string[] {
  const head = `@@ ${path} @@ ${rank}, ${note}, ${placeText(place)}`;
  const delta = valueDelta(path, from, to);
  if (delta.kind === "value") return [head, `- ${delta.from}`, `+ ${delta.to}`];
  const lines = delta.items.flatMap(itemLines);
  const shown = all ? lines : lines.slice(0, itemsShown);
  const hidden = lines.length - shown.length;
  return [head, ...shown, ...(hidden === 0 ? [] : [`  ... and ${hidden} more`])];
}

function resetLines(reset: PlannedReset): string[] {
  return [`@@ reset of usage @@ loosens, ${reset.why}, ${placeText(reset.place)}`, `! ${resetText(reset)}`];
}

function itemLines(item: ItemDelta): string[] {
  if (item.sign !== "~") return [`${item.sign} ${item.text}`];
  return [`- ${item.text} ${item.from}`, `+ ${item.text} ${item.to}`];
}

function problemText({ severity, code, rule, message, ...place }: Problem): string {
  return `\n- **${severity}** ${code} ${rule} ${codeSpan(placeText(place))} ${codeSpan(message)}\n`;
}

function refusalText({ message, approve }: Refusal, at: number | undefined): string {
  if (at !== undefined) return `\n- **would be held** ${codeSpan(message)}\n`;
  return `\n- **held** ${codeSpan(message)}. To go on: ${codeSpan(approve)}\n`;
}

function noticeText({ kind, keyId, policy, message }: Notice): string {
  return `\n- **${kind}** ${codeSpan(keyId)} ${codeSpan(policy)} ${codeSpan(message)}\n`;
}

function closing({ changes, held, digest }: Plan, unenforced: string, at: number | undefined): string {
  const rest = unenforced === "" ? "" : `\n${unenforced}; \`keysteward plan --all\` lists them.\n`;
  if (changes.length + held.length === 0 || at !== undefined) return rest;
  return `${rest}\nDigest \`${digest}\`. To apply exactly this: \`keysteward apply --expect ${digest}\`\n`;
}
