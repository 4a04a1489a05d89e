import type { ExplainedGuardrail } from "../core/explain-guardrails.ts";
import type { Violation } from "../core/live-violations.ts";
import { placeText } from "../core/problem.ts";
import type { Paint, Style } from "./color.ts";
import { plural, printable } from "./human-problems.ts";
import type { AuditResult } from "./json-keys.ts";

/** What live keys are that they may not be, two lines each, and how often that is. */
export function humanViolations(
  { violations, unjudged }: Pick<AuditResult, "violations" | "unjudged">,
  paint: Paint,
): string {
  if (violations.length + unjudged.length === 0) return "";
  const told = violations.map((violation) => humanViolation(violation, paint));
  const open = unjudged.map(({ keyId, guardrail, message }) => {
    const why = printable(`by the guardrail "${guardrail}": ${message}`);
    return `${paint("yellow", "not judged")} ${keyId} ${why}\n`;
  });
  const count =
    violations.length === 0 ? "" : `${paint("red", `${plural(violations.length, "violation")}.`)}\n`;
  return told.join("") + open.join("") + count;
}

function humanViolation({ keyId, keyName, guardrail, path, message }: Violation, paint: Paint): string {
  const { severity, name, place } = guardrail;
  const head = `${paint(severity === "error" ? "red" : "yellow", `violation (${severity})`)} ${paint("bold", printable(JSON.stringify(keyName)))} ${keyId}`;
  const by = paint("dim", printable(`(guardrail "${name}", ${placeText(place)})`));
  return `${head} ${printable(path)}\n  ${printable(`${guardrail.message}: ${message}`)} ${by}\n`;
}

/** The guardrails that are about a key, and whether they hold; a line each, and one for each thing that offends. */
export function humanExplainedGuardrails(guardrails: readonly ExplainedGuardrail[], paint: Paint): string {
  if (guardrails.length === 0) return "";
  const lines = guardrails.map(({ guardrail, judged, verdict, messages }) => {
    const { name, place, severity, message } = guardrail;
    const what = judged === "policy" ? "asked for" : "live";
    const head = `  ${paint(styles[verdict], verdict)} ${printable(`${name} (${what}, ${severity}, ${placeText(place)}): ${message}`)}\n`;
    return head + messages.map((one) => `    ${printable(one)}\n`).join("");
  });
  return `${paint("bold", "Guardrails:")}\n${lines.join("")}`;
}

const styles: Readonly<Record<ExplainedGuardrail["verdict"], Style>> = {
  holds: "green",
  offended: "red",
  undecided: "yellow",
};
