import type { Quarantine } from "../core/last-good.ts";
import { spanText } from "./age.ts";
import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";

/** How many of the keys of one cause are listed. */
const shown = 5;

/** What is kept at its last good value, since when and why: a line for each cause, and its keys below it. */
export function humanQuarantines(quarantined: readonly Quarantine[], now: number, paint: Paint): string {
  const byCause = new Map<string, Quarantine[]>();
  for (const one of quarantined) {
    const group = byCause.get(one.why);
    if (group === undefined) byCause.set(one.why, [one]);
    else group.push(one);
  }
  return [...byCause.values()].map((group) => humanCause(group, now, paint)).join("");
}

function humanCause(group: readonly Quarantine[], now: number, paint: Paint): string {
  const since = group.reduce((first, one) => Math.min(first, one.since), Infinity);
  const keys = `${plural(group.length, "key")} kept at the last good value`;
  const age = `for ${spanText(now - since)}, since ${new Date(since).toISOString()}`;
  const lines = group
    .slice(0, shown)
    .map(({ keyId, policy }) => `    ${keyId} ${printable(`(${policy})`)}\n`);
  const rest = group.length > shown ? `    ... and ${group.length - shown} more\n` : "";
  return `  ${paint("yellow", "quarantined")} ${age}: ${keys}, ${printable(group[0]?.why ?? "")}\n${lines.join("")}${rest}`;
}
