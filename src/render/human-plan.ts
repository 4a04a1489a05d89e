import type { SelectedBy } from "../core/compose.ts";
import type { Quarantine } from "../core/last-good.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Change, Notice, Plan } from "../core/plan.ts";
import { instantText } from "../core/overrides.ts";
import { placeText, type Place } from "../core/problem.ts";
import type { PlannedReset } from "../core/reset.ts";
import { resetText } from "../core/reset-words.ts";
import type { Unenforced } from "../core/unenforced.ts";
import type { Paint } from "./color.ts";
import { humanCourses } from "./human-courses.ts";
import { humanField, rankStyles } from "./human-field.ts";
import { humanRefusals } from "./human-held.ts";
import { plural, printable } from "./human-problems.ts";
import { forecastText, unenforcedText, type PlanView } from "./plan-view.ts";
import { selectedByText } from "./selected-by.ts";

/** A plan that a person can review: grouped by key, with what changes, from what to what, and why. */
export function humanPlan(plan: Plan, paint: Paint, view: Omit<PlanView, "plan"> = {}): string {
  const { names = new Map<string, string>(), unenforced = [], all = false, courses = [], at } = view;
  const { quarantined } = view;
  const show = { paint, names, all };
  const changes = plan.changes.map((change) => humanChange(change, show)).join("\n");
  const held = plan.held.map((change) => `${paint("red", "held")} ${humanChange(change, show)}`).join("\n");
  const notices = plan.notices
    .map((notice) => humanNotice(notice, quarantined?.get(notice.keyId), paint))
    .join("");
  const left = all ? unenforced.map((one) => humanUnenforced(one, show)).join("\n") : "";
  // The verdict is the last line.
  const summary = humanLeft(unenforced, all) + humanSummary(plan, paint, at);
  const head = at === undefined ? "" : `${paint("bold", "Forecast")}: ${forecastText(at)}.\n`;
  const coming = humanCourses(courses, show);
  const refusals = humanRefusals(plan, paint);
  return [head, changes, held, left, coming, notices, refusals, summary]
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

function humanChange(change: Change, show: Show): string {
  const { paint } = show;
  const lines = change.fields.map((field) => {
    const { path, action, from, to, why, rank, place } = field;
    const mark = action === "clear" ? "-" : from === null ? "+" : "~";
    return humanField({ mark, path, from, to, rank, note: `${why}, ${placeText(place)}` }, show);
  });
  const head = {
    ...change,
    selectedBy: change.desired.selectedBy,
    word: paint(rankStyles[change.rank], change.rank),
  };
  const reset = change.reset === undefined ? "" : humanReset(change.reset, paint);
  return humanHead(head, show) + lines.join("") + reset;
}

function humanReset(reset: PlannedReset, paint: Paint): string {
  const note = paint("dim", printable(`(${reset.why}, ${placeText(reset.place)})`));
  return `  ${paint("yellow", "!")} ${paint("yellow", printable(resetText(reset)))} ${note}\n`;
}

function humanUnenforced(one: Unenforced, show: Show): string {
  const lines = one.fields.map(({ path, live, wanted, rank, place, until, reason }) => {
    const known = until === undefined ? "" : `, until ${until}: ${reason ?? ""}`;
    const note = `${placeText(place)}${known}`;
    return humanField({ mark: " ", path, from: live, to: wanted, rank, note }, show);
  });
  return humanHead({ ...one, word: show.paint("dim", `not enforced (${one.mode})`) }, show) + lines.join("");
}

interface Head {
  readonly policy: string;
  readonly keyId: string;
  readonly place: Place;
  readonly selectedBy?: readonly SelectedBy[] | undefined;
  readonly word: string;
}

function humanHead({ policy, keyId, place, selectedBy, word }: Head, { paint, names }: Show): string {
  const name = names.get(keyId);
  const called = name === undefined ? "" : ` ${printable(JSON.stringify(name))}`;
  const where = paint("dim", printable(placeText(place)));
  const selected = selectedByText(selectedBy);
  const why = selected === undefined ? "" : `  ${paint("dim", printable(selected))}\n`;
  return `${paint("bold", printable(policy))}${called} ${keyId} ${word} ${where}\n${why}`;
}

function humanLeft(unenforced: readonly Unenforced[], all: boolean): string {
  const text = unenforcedText(unenforced);
  return text === "" ? "" : `${text}${all ? "" : "; --all lists them"}.\n`;
}

function humanNotice(notice: Notice, quarantine: Quarantine | undefined, paint: Paint): string {
  const { kind, keyId, policy, message } = notice;
  const isOfIt = quarantine !== undefined && kind === "quarantined";
  const since = isOfIt ? ` since ${new Date(quarantine.since).toISOString()}` : "";
  return `${paint("yellow", kind)} ${keyId}${since} ${printable(`(${policy}): ${message}`)}\n`;
}

function humanSummary(plan: Plan, paint: Paint, at: number | undefined): string {
  const { desired, changes, tightens, loosens, live } = plan.summary;
  const keys = live === null ? plural(desired, "key") : `${plural(desired, "key")} governed of ${live} live`;
  if (changes === 0 && plan.refusals.length > 0 && at === undefined)
    return `${paint("red", "Nothing is written.")} ${keys}.\n`;
  const nothing = at === undefined ? "Nothing to change." : "Nothing would change.";
  if (changes === 0) return `${paint("green", nothing)} ${keys}.\n`;
  const ranks = `${tightens} tighten, ${loosens} loosen`;
  const ends = at === undefined ? `digest ${plan.digest}` : `at ${instantText(at)}`;
  return `${paint("bold", plural(changes, "change"))} (${ranks}); ${keys}; ${ends}\n`;
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
