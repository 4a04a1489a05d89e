import { placeText, type Problem } from "../core/problem.ts";
import type { Paint } from "./color.ts";

/** Problems for people: place, code, sentence, and the lines of the file where there are any. */
export function humanProblems(problems: readonly Problem[], paint: Paint): string {
  return problems.map((problem) => humanProblem(problem, paint)).join("");
}

function humanProblem(problem: Problem, paint: Paint): string {
  const severity = problem.severity === "error" ? paint("red", "error") : paint("yellow", "warning");
  const place = printable(`${placeText(problem)}:${problem.column}`);
  const path = problem.path === "" ? "" : ` ${paint("dim", printable(problem.path))}`;
  const frame = problem.frame === undefined ? "" : `${indent(problem.frame)}\n`;
  return `${paint("bold", place)} ${severity} ${problem.code} ${problem.rule}${path}\n  ${printable(problem.message)}\n${frame}`;
}

/** "2 errors, 1 warning". */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return `${plural(errors, "error")}, ${plural(problems.length - errors, "warning")}`;
}

export function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** Text from outside without control characters, which could forge lines or move a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** The same for text whose lines are lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** The text without halves of pairs, which no encoding can hold. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

function indent(frame: string): string {
  return frame
    .split("\n")
    .map((line) => `    ${printable(line)}`)
    .join("\n");
}
