import type { Acknowledged } from "../core/acknowledged.ts";
import type { Coverage } from "../core/coverage.ts";
import type { ExplainedField, Said } from "../core/explain.ts";
import type { AppliedField } from "../core/ledger.ts";
import type { Mode } from "../core/policy.ts";
import { placeText } from "../core/problem.ts";
import { verdictWords } from "../core/verdict-words.ts";
import { spanText } from "./age.ts";
import type { Paint, Style } from "./color.ts";
import { humanCourse } from "./human-courses.ts";
import { humanExplainedGuardrails } from "./human-guardrails.ts";
import { humanProblems, printable } from "./human-problems.ts";
import type { ExplainResult } from "./json-keys.ts";
import { selectedByText } from "./selected-by.ts";

/** Everything that is known of one key: what is wanted and who says so, what is live, and what would happen now. */
export function humanExplain(result: ExplainResult, paint: Paint): string {
  const { coverage, fields, unmanaged, course, notices } = result.explanation;
  const mode = coverage.kind === "governed" ? coverage.mode : "enforce";
  const rest = unmanaged.map(({ path, value }) => `  ${printable(path)}: ${valueText(value)}\n`).join("");
  const told = notices
    .map(({ kind, message }) => `${paint("yellow", kind)}: ${printable(message)}\n`)
    .join("");
  const parts = [
    head(result, paint),
    fields.map((field) => humanField(field, mode, paint)).join(""),
    humanReset(result, paint),
    rest === "" ? "" : `${paint("bold", "Set on the key, and asked for by no policy:")}\n${rest}`,
    coverage.kind === "governed" ? humanCourse(course, coverage.policy, { paint, all: true }) : "",
    humanExplainedGuardrails(result.explanation.guardrails, paint),
    told,
    humanProblems(result.problems, paint),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function humanReset({ explanation: { reset } }: ExplainResult, paint: Paint): string {
  if (reset === undefined) return "";
  const { token, place, kind, message } = reset;
  const style: Style = kind === "answered" || kind === "proved" || kind === "seen" ? "green" : "yellow";
  const where = paint("dim", printable(placeWithColumn(place)));
  return `reset of usage: ${paint("bold", valueText(token))} ${where}\n    ${paint(style, printable(message))}\n`;
}

function head({ explanation, key, from, seenAt, now }: ExplainResult, paint: Paint): string {
  const name = key === null ? "" : `${paint("bold", printable(JSON.stringify(key.name)))} `;
  const workspace = key?.workspaceId == null ? "" : `, workspace ${key.workspaceId}`;
  const kind = key === null ? "" : ` ${printable(`${key.type}${workspace}, ${key.status}`)}`;
  const age = spanText(now - (seenAt ?? now));
  const live =
    from === "control-plane"
      ? "live values as read just now"
      : from === "inventory" && seenAt !== null
        ? `live values as seen ${new Date(seenAt).toISOString()}, ${age} ago`
        : "live values are not known";
  return `${name}${explanation.keyId}${kind}\n${printable(coverageText(explanation.coverage))}\n${live}\n`;
}

function coverageText(coverage: Coverage): string {
  const by = (): string => {
    if (coverage.kind === "ungoverned") return "";
    return `"${coverage.policy}" (${placeText(coverage.place)})`;
  };
  switch (coverage.kind) {
    case "governed":
      return [`governed by ${by()}, mode ${coverage.mode}`, selectedByText(coverage.selectedBy)]
        .filter((part) => part !== undefined)
        .join("; ");
    case "held":
      return `held: ${coverage.why ?? `something about ${by()} is broken`}, and the key keeps its values`;
    case "orphaned":
      return `no policy governs this key; the last one was ${by()}`;
    case "ungoverned":
      return "no policy governs this key";
    default:
      return coverage satisfies never;
  }
}

function humanField(field: ExplainedField, mode: Mode, paint: Paint): string {
  const { path, value, lost, live, applied, verdict, rank, acknowledged } = field;
  const over = lost.map((said) => {
    const what = said.path === path ? "" : ` ${said.path}`;
    return `    over${printable(what)} ${valueText(said.value)} ${paint("dim", by(said))}\n`;
  });
  const style: Style = verdict?.kind === "in-sync" || verdict?.kind === "adopt" ? "green" : "yellow";
  const way = rank === null ? "" : ` (${rank})`;
  const seen = live === undefined ? "not known" : valueText(live);
  return [
    `${printable(path)}: ${paint("bold", valueText(value))} ${paint("dim", by(field))}\n`,
    ...over,
    `    live ${seen}${appliedText(applied)}\n`,
    acknowledged === null
      ? `    ${paint(style, verdictWords(verdict, mode))}${way}\n`
      : `    ${paint("dim", acknowledgedText(acknowledged))}\n`,
  ].join("");
}

function acknowledgedText({ until, reason, place }: Acknowledged): string {
  const end = new Date(until).toISOString();
  return printable(`left as it is until ${end}: ${reason} (${placeText(place)})`);
}

function appliedText(applied: AppliedField | undefined): string {
  if (applied?.confirmed !== undefined) {
    const { value, at, policy } = applied.confirmed;
    return `; applied ${valueText(value)} at ${new Date(at).toISOString()} (${printable(policy)})`;
  }
  return applied?.claimed === undefined ? "; never applied" : `; begun: ${valueText(applied.claimed.value)}`;
}

function by({ source, place }: Said): string {
  return printable(`${placeWithColumn(place)} (${source})`);
}

function placeWithColumn({ file, line, column }: Said["place"]): string {
  return `${file}:${line}:${column}`;
}

function valueText(value: unknown): string {
  return value === null ? "(empty)" : printable(JSON.stringify(value));
}
