import {
  contradictionsOf,
  fieldsOf,
  foundPaths,
  instantText,
  isUncommitted,
  resetOf,
  resetReadOf,
  unprovableOf,
  type FieldLine,
} from "../core/history-detail.ts";
import { requestEnds, type ChainReport, type HistoryEntry, type HistoryLine } from "../core/history.ts";
import type { Json, JsonObject } from "../core/policy.ts";
import type { Paint, Style } from "./color.ts";
import { plural, printable } from "./human-problems.ts";

export interface HistoryView {
  readonly paint: Paint;
  /** How many were asked for: as many as there are, and there may be more. */
  readonly limit: number;
}

/**
 * The audit trail, a block a request: when, which key, from where, what from and to and why, how it ended, each with the
 * number of its line.
 */
export function humanHistory(entries: readonly HistoryEntry[], { paint, limit }: HistoryView): string {
  if (entries.length === 0) return "The audit trail has nothing of that.\n";
  const blocks = entries.map((entry) => humanEntry(entry, paint)).join("\n");
  const more =
    entries.length < limit ? "" : paint("dim", `\nThese are the latest ${limit}; --limit shows more.\n`);
  return blocks + more;
}

function humanEntry({ first, rest }: HistoryEntry, paint: Paint): string {
  const { at, keyId, policy, file, line, event, detail } = first;
  const who = `${printable(keyId)} ${paint("bold", printable(policy))}`;
  const lines = [
    `${paint("bold", instantText(at))} ${who} ${paint("dim", printable(`${file}:${line}`))} ${numbered(first, paint)}`,
    ...(first.commit === null ? [] : [`  ${humanOrigin(first, detail)}`]),
    ...fieldsOf(detail).map((field) => humanField(field, first, paint)),
    ...(event === "claimed" ? humanReset(detail, paint) : []),
    ...(event === "claimed" ? [] : [`  ${humanNote(first, paint)}`]),
    ...rest.map((one) => `  ${humanNote(one, paint)}, ${later(first, one)} ${numbered(one, paint)}`),
    ...(event === "claimed" && rest.length === 0
      ? [`  ${paint("red", "how it ended was never learnt")}`]
      : []),
  ];
  return lines.map((text) => `${text}\n`).join("");
}

/** The number of the line, which `restore --to` takes. */
function numbered({ seq }: HistoryLine, paint: Paint): string {
  return paint("dim", `(line ${seq})`);
}

/** Enough of a commit to find it. */
const shortCommit = 12;

function humanOrigin({ commit, author }: Pick<HistoryLine, "commit" | "author">, detail: JsonObject): string {
  const edits = isUncommitted(detail) ? ", with edits that were not committed" : "";
  return printable(`commit ${commit?.slice(0, shortCommit) ?? ""} by ${author ?? "?"}${edits}`);
}

function humanField(field: FieldLine, { file }: HistoryLine, paint: Paint): string {
  const from = field.from === undefined ? "unseen" : value(field.from);
  const { commit = null, author = null } = field;
  const origin =
    commit === null || field.file === file ? "" : `, ${humanOrigin({ commit, author }, field.detail)}`;
  const why = paint("dim", printable(`(${field.why}, ${field.file}:${field.line}${origin})`));
  return `  ${paint("cyan", "~")} ${printable(field.path)}: ${from} -> ${value(field.to)} ${why}`;
}

function humanReset(detail: JsonObject, paint: Paint): string[] {
  const reset = resetOf(detail);
  if (reset === undefined) return [];
  const { token, previous, why, file, line } = reset;
  const before = previous === null ? "none" : JSON.stringify(previous);
  const from = paint("dim", printable(`(${why}, ${file}:${line})`));
  return [
    `  ${paint("yellow", "!")} usage reset: token ${printable(`${before} -> ${JSON.stringify(token)}`)} ${from}`,
  ];
}

/** How it went on, or what else was noted. */
function humanNote({ event, detail }: HistoryLine, paint: Paint): string {
  if (event === "read-back") return humanReadBack(detail, paint);
  const found = event === "applied" ? foundPaths(detail) : undefined;
  if (found !== undefined) {
    return `${paint("green", "found")} later as it was to be set: ${printable(found.join(", "))}`;
  }
  const isEnd = requestEnds.some((end) => end === event);
  const style: Style = event === "applied" || !isEnd ? "green" : "red";
  return `${paint(style, printable(event))}${printable(isEnd ? endText(detail) : noteText(detail))}`;
}

function humanReadBack(detail: JsonObject, paint: Paint): string {
  const otherwise = contradictionsOf(detail);
  if (otherwise === undefined) return `${paint("red", "read back")}${printable(endText(detail))}`;
  const reset = resetReadOf(detail);
  const unprovable = unprovableOf(detail);
  const told = [
    ...otherwise.map(({ path, read }) => `${printable(path)} reads ${value(read)}`),
    ...unprovable.map((path) => `no read shows ${printable(path)}, so it cannot be proved`),
    ...(reset === undefined ? [] : [printable(resetWords[reset.kind] ?? reset.kind)]),
  ];
  if (told.length === 0) return `${paint("green", "read back")} as it was set`;
  const isAsSet = otherwise.length + unprovable.length === 0;
  const hasFields = Array.isArray(detail["fields"]) && detail["fields"].length > 0;
  const parts = isAsSet && hasFields ? ["fields as they were set", ...told] : told;
  return `${paint(readStyle(detail, isAsSet), "read back")}: ${parts.join(", ")}`;
}

/** What reads otherwise is bad, and what nobody can tell is to be looked at. */
function readStyle(detail: JsonObject, isAsSet: boolean): Style {
  const kind = resetReadOf(detail)?.kind;
  if ((contradictionsOf(detail)?.length ?? 0) > 0 || (kind !== undefined && !goodEnds.includes(kind)))
    return "red";
  return isAsSet && kind !== "answered" ? "green" : "yellow";
}

const goodEnds: readonly string[] = ["done", "answered"];

const resetWords: Readonly<Record<string, string>> = {
  done: "usage was reset",
  "not-done": "usage was not reset; it is sent again",
  "not-shown": "usage was accepted to be reset, and last_reset_at did not move",
  "in-doubt": "whether usage was reset cannot be told; it is not sent again: change the token to reset it",
  answered: "usage was reset as the server answered; no read can show it",
};

function endText({ status, attempts, message }: JsonObject): string {
  const parts = [
    // A message says it already.
    ...(typeof status === "number" && typeof message !== "string" ? [`status ${status}`] : []),
    ...(typeof attempts === "number" && attempts > 1 ? [plural(attempts, "attempt")] : []),
    ...(typeof message === "string" ? [message] : []),
  ];
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

function noteText(detail: JsonObject): string {
  const { point } = detail;
  if (typeof point === "string") return `: ${point}`;
  return Object.keys(detail).length === 0 ? "" : `: ${JSON.stringify(detail)}`;
}

function later({ at }: HistoryLine, { at: then }: HistoryLine): string {
  const ms = then - at;
  return ms < 10_000 ? `${ms} ms later` : `at ${instantText(then)}`;
}

function value(canonical: Json): string {
  return canonical === null ? "(empty)" : printable(JSON.stringify(canonical));
}

/** Whether the audit trail is whole, what to note of it elsewhere, and where it breaks first. */
export function humanVerdict(report: ChainReport, paint: Paint): string {
  const { lines, before, trimmed, last, broken } = report;
  const verdict =
    broken === null
      ? `${paint("green", "whole")}: ${plural(lines, "line")}`
      : `${paint("red", "broken")} at line ${broken.seq}: ${broken.how}: ${broken.message}`;
  const end = broken === null ? "last" : "the last that holds";
  const told = [
    verdict,
    ...(last === null ? [] : [`  ${end}: line ${last.seq}, hash ${last.hash === "" ? "(none)" : last.hash}`]),
    ...(before === 0
      ? []
      : [`  ${plural(before, "line")} of them from before the chain began: they carry no hash`]),
    ...(trimmed === null
      ? []
      : [`  lines up to ${trimmed.seq} were taken off the front (audit.keep, audit.most)`]),
  ];
  return told.map((text) => `${text}\n`).join("");
}
