import type { Paint } from "./color.ts";
import { plural, printable, printableLines } from "./human-problems.ts";
import type { ImportedFile, ImportResult } from "./json-keys.ts";

/** A line a policy, below it what could not be said in it, and what to do next. */
export function humanImport(result: ImportResult, paint: Paint): string {
  const { files, dryRun, directory, live, selected, governed } = result;
  const made = files.filter(({ outcome }) => outcome !== "exists").length;
  const counts = `${plural(selected, "key")} of ${live ?? 0} asked for, ${governed} of them with a policy already`;
  const verb = dryRun ? "would be written" : "written";
  const summary = `${paint("bold", `${made} ${made === 1 ? "policy" : "policies"}`)} ${verb} to ${printable(directory)}; ${counts}.\n`;
  const refused = files.filter(({ offences }) =>
    offences.some(({ severity }) => severity === "error"),
  ).length;
  const next = made > 0 && !dryRun ? nextStep(refused) : "";
  return `${files.map((file) => humanFile(file, paint)).join("")}${summary}${next}`;
}

function nextStep(refused: number): string {
  if (refused === 0) {
    return "Next: `keysteward plan` finds nothing to change; `keysteward apply` then makes the policies known.\n";
  }
  return (
    `Next: guardrails refuse ${refused} of these policies, and \`keysteward plan\` reports them as not valid: change what they ` +
    "ask for, or the guardrail. Until then their keys stay as they are.\n"
  );
}

function humanFile(file: ImportedFile, paint: Paint): string {
  const { outcome, keyName, keyId, leftOut, offences, text } = file;
  const path = paint("bold", printable(file.file));
  const note = outcome === "exists" ? paint("yellow", " is there already: not written") : "";
  const head = `${path} ${printable(JSON.stringify(keyName))} ${keyId}${note}\n`;
  const against = offences
    .map(({ severity, message }) => {
      const word = severity === "error" ? paint("red", "refused") : paint("yellow", "warned of");
      return `  ${word} ${printable(message)}\n`;
    })
    .join("");
  if (outcome === "planned") return `${head}${against}${paint("dim", indented(printableLines(text)))}\n`;
  const left = leftOut.map(({ path: field, reason }) => {
    return `  ${paint("yellow", "left out")} ${printable(`${field}: ${reason}`)}\n`;
  });
  return head + against + left.join("");
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
