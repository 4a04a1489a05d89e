import type { Canonical } from "../core/key.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Change, Notice, Plan } from "../core/plan.ts";
import { placeText, type Place } from "../core/problem.ts";
import type { Rank } from "../core/rank.ts";
import type { PlannedReset } from "../core/reset.ts";
import { resetText } from "../core/reset-words.ts";
import type { Unenforced } from "../core/unenforced.ts";
import type { Paint, Style } from "./color.ts";
import { humanRefusals } from "./human-held.ts";
import { plural, printable } from "./human-problems.ts";
import { clip, unenforcedText, type PlanView } from "./plan-view.ts";
import { valueDelta, type ItemDelta } from "./value-delta.ts";

/** A plan that a person can review: grouped by key, with what changes, from what to what, and why. */
export function humanPlan(plan: Plan, paint: Paint, view: Omit<PlanView, "plan"> = {}): string {
  const { names = new Map<string, string>(), unenforced = [], all = false } = view;
  const show = { paint, names, all };
  const changes = plan.changes.map((change) => humanChange(change, show)).join("\n");
  const held = plan.held.map((change) => `${paint("red", "held")} ${humanChange(change, show)}`).join("\n");
  const notices = plan.notices.map((notice) => humanNotice(notice, paint)).join("");
  const left = all ? unenforced.map((one) => humanUnenforced(one, show)).join("\n") : "";
  // The verdict is the last line.
  const summary = humanLeft(unenforced, all) + humanSummary(plan, paint);
  return [changes, held, left, notices, humanRefusals(plan, paint), summary]
    .filter((part) => part !== "")
    .join("\n");
}

/** What is said in place of a plan when the policy directory as a whole is not believed. */
export function humanUntrusted(paint: Paint): string {
  return `${paint("red", "Nothing is written")}: the policy directory cannot be believed.\n`;
}

interface Show {
  readonly paint: Paint;
  readonly names: ReadonlyMap<string, string>;
  readonly all: boolean;
}

/** What tightens is green, what loosens is to be looked at. */
const rankStyles: Readonly<Record<Rank, Style>> = { tightens: "green", neutral: "cyan", loosens: "yellow" };

function humanChange(change: Change, show: Show): string {
  const { paint } = show;
  const lines = change.fields.map((field) => {
    const { path, action, from, to, why, rank, place } = field;
    const mark = action === "clear" ? "-" : from === null ? "+" : "~";
    return humanField({ mark, path, from, to, rank, note: `${why}, ${placeText(place)}` }, show);
  });
  const head = { ...change, word: paint(rankStyles[change.rank], change.rank) };
  const reset = change.reset === undefined ? "" : humanReset(change.reset, paint);
  return humanHead(head, show) + lines.join("") + reset;
}

function humanReset(reset: PlannedReset, paint: Paint): string {
  const note = paint("dim", printable(`(${reset.why}, ${placeText(reset.place)})`));
  return `  ${paint("yellow", "!")} ${paint("yellow", printable(resetText(reset)))} ${note}\n`;
}

function humanUnenforced(one: Unenforced, show: Show): string {
  const lines = one.fields.map(({ path, live, wanted, rank, place }) =>
    humanField({ mark: " ", path, from: live, to: wanted, rank, note: placeText(place) }, show),
  );
  return humanHead({ ...one, word: show.paint("dim", `not enforced (${one.mode})`) }, show) + lines.join("");
}

interface Head {
  readonly policy: string;
  readonly keyId: string;
  readonly place: Place;
  readonly word: string;
}

function humanHead({ policy, keyId, place, word }: Head, { paint, names }: Show): string {
  const name = names.get(keyId);
  const called = name === undefined ? "" : ` ${printable(JSON.stringify(name))}`;
  const where = paint("dim", printable(placeText(place)));
  return `${paint("bold", printable(policy))}${called} ${keyId} ${word} ${where}\n`;
}

interface FieldLine {
  readonly mark: string;
  readonly path: string;
  readonly from: Canonical | undefined;
  readonly to: Canonical;
  readonly rank: Rank;
  readonly note: string;
}

/** As many items as stand on the line itself, and as many as are shown below it before the rest is counted. */
const itemsInLine = 4;
const itemsShown = 12;
/** Characters of a value, unless all is to be shown. */
const longest = 400;

function humanField({ mark, path, from, to, rank, note }: FieldLine, { paint, all }: Show): string {
  const delta = valueDelta(path, from, to);
  const style = rankStyles[rank];
  const head = `  ${paint(style, mark)} ${printable(path)}:`;
  const tail = paint("dim", `(${printable(note)})`);
  if (delta.kind === "value") {
    const [before, after] = [delta.from, delta.to].map((text) => printable(all ? text : clip(text, longest)));
    return `${head} ${before ?? ""} -> ${paint(style, after ?? "")} ${tail}\n`;
  }
  const texts = delta.items.map(itemLine);
  const items = texts.map((text) => paint(style, printable(text)));
  const between = texts.some((text) => text.includes(" ")) ? ", " : " ";
  if (items.length <= itemsInLine) return `${head} ${items.join(between)} ${tail}\n`;
  const shown = all ? items : items.slice(0, itemsShown);
  const hidden = items.length - shown.length;
  const rest = hidden === 0 ? "" : `      ... and ${hidden} more (--all shows them)\n`;
  return `${head} ${tail}\n${shown.map((item) => `      ${item}\n`).join("")}${rest}`;
}

function itemLine(item: ItemDelta): string {
  return item.sign === "~" ? `${item.text} ${item.from} -> ${item.to}` : `${item.sign}${item.text}`;
}

function humanLeft(unenforced: readonly Unenforced[], all: boolean): string {
  const text = unenforcedText(unenforced);
  return text === "" ? "" : `${text}${all ? "" : "; --all lists them"}.\n`;
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
