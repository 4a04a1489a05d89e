import type { Difference } from "../core/approval.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";

interface Approval {
  readonly digest: string;
  readonly outcome: "done" | "unfinished" | "moved-on" | "nothing" | "paused" | "stopped";
  readonly applied: number;
  readonly unfinished: readonly Outcome[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly held: readonly { readonly digest: string; readonly changes: number }[];
  readonly difference: Difference | null;
}

/** How an approval went, and what to do where it did not. */
export function humanApproval(result: Approval, paint: Paint): string {
  const { digest, applied, unfinished, error } = result;
  switch (result.outcome) {
    case "done":
      return `${paint("green", "done")}: ${digest} was approved, ${plural(applied, "change")} applied\n`;
    case "paused":
      return `${paint("yellow", "paused")}: ${digest} is approved and waits for \`keysteward resume\`, for an hour at most\n`;
    case "stopped":
      return `${paint("yellow", "stopped")}: ${digest} is approved; a daemon started within the hour carries it out\n`;
    case "unfinished": {
      const failed = error === null ? "" : `  ${error.code}: ${printable(error.message)}\n`;
      const lines = unfinished.map(({ keyId, outcome, message }) => {
        return `  ${outcome} ${keyId}: ${printable(message)}\n`;
      });
      return `${paint("red", "not all is done")}: ${digest} is approved, ${plural(applied, "change")} applied\n${failed}${lines.join("")}`;
    }
    case "nothing":
      return `${paint("red", "Nothing was approved")}: nothing is held under ${digest}.\n${heldNow(result)}`;
    case "moved-on":
      return `${paint("red", "Nothing was written")}: policies or keys have changed since.\n${differenceLines(result.difference)}${heldNow(result)}`;
    default:
      return result.outcome satisfies never;
  }
}

function differenceLines(difference: Difference | null): string {
  if (difference === null) return "";
  const { added, gone, altered } = difference;
  const lines = [
    ...added.map((id) => `  + ${id} is held too\n`),
    ...gone.map((id) => `  - ${id} is not held any more\n`),
    ...altered.map((id) => `  ~ ${id} would change otherwise\n`),
  ];
  return lines.join("");
}

function heldNow({ held }: Approval): string {
  if (held.length === 0)
    return "Nothing is held now. What is left to do, if anything, shows: keysteward plan\n";
  const lines = held.map(({ digest, changes }) => {
    return `Held now: ${plural(changes, "change")}. Review with \`keysteward plan\`, then: keysteward approve ${digest}\n`;
  });
  return lines.join("");
}
