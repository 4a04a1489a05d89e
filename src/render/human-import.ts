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
  const next =
    made > 0 && !dryRun
      ? "Next: `keysteward plan` finds nothing to change; `keysteward apply` then makes the policies known.\n"
      : "";
  return `${files.map((file) => humanFile(file, paint)).join("")}${summary}${next}`;
}

function humanFile(file: ImportedFile, paint: Paint): string {
  const { outcome, keyName, keyId, leftOut, text } = file;
  const path = paint("bold", printable(file.file));
  const note = outcome === "exists" ? paint("yellow", " is there already: not written") : "";
  const head = `${path} ${printable(JSON.stringify(keyName))} ${keyId}${note}\n`;
  if (outcome === "planned") return `${head}${paint("dim", indented(printableLines(text)))}\n`;
  const left = leftOut.map(({ path: field, reason }) => {
    return `  ${paint("yellow", "left out")} ${printable(`${field}: ${reason}`)}\n`;
  });
  return head + left.join("");
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
