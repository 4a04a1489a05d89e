import type { PassReport } from "../core/outcome.ts";
import type { Problem } from "../core/problem.ts";
import type { Paint } from "./color.ts";
import { humanHeldPlan } from "./human-held.ts";
import { countProblems, humanProblems, plural, printable } from "./human-problems.ts";
import { humanQuarantines } from "./human-quarantine.ts";
import { isAllWell, type Standing } from "./standing.ts";

/** How things stand, and how they stood at the end of the last pass. */
export function humanStatus(standing: Standing, paint: Paint): string {
  const { report, held, quarantined, paused, now } = standing;
  const verdict = isAllWell(standing) ? paint("green", "in sync") : paint("red", "not in sync");
  const since = paused === null ? "" : new Date(paused).toISOString();
  const pause =
    paused === null
      ? ""
      : `  ${paint("yellow", "paused")} since ${since}: nothing is written until you say keysteward resume\n`;
  const plans = held.map((plan) => humanHeldPlan(plan, paint)).join("");
  const kept = humanQuarantines(quarantined, now, paint);
  const head =
    report === null
      ? ": no pass has ended yet\n"
      : `: last pass ${report.pass} (${report.kind}) ended ${report.endedAt}\n`;
  const last = report === null ? "" : lastPass(report, paint, standing);
  const problems = report === null ? "" : humanProblems(errorsFirst(report), paint);
  // What somebody has to do something about stands right below the verdict.
  return `${verdict}${head}${pause}${plans}${kept}${last}${liveLine(standing)}${problemCount(report)}${problems}`;
}

function errorsFirst({ problems }: PassReport): readonly Problem[] {
  return problems.toSorted((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
}

function liveLine({ live, doing, next }: Standing): string {
  if (!live) return "";
  const now =
    doing === null ? "idle" : `in ${article(doing.kind)} pass since ${new Date(doing.since).toISOString()}`;
  return `  the daemon is ${now}; the schedule rings ${next ?? "never"}\n`;
}

function article(kind: string): string {
  return kind === "edit" ? "an edit" : `a ${kind}`;
}

function lastPass(report: PassReport, paint: Paint, { interrupted, quarantined }: Standing): string {
  const { summary, requests } = report;
  const kept = new Set(quarantined.map(({ keyId }) => keyId));
  // Told by themselves, with their age.
  const notices = report.notices.filter(({ kind, keyId }) => kind !== "quarantined" || !kept.has(keyId));
  const lines = [
    // A pass that failed has counted nothing.
    ...(report.error === null || summary.desired > 0
      ? [
          `  ${plural(summary.desired, "key")} governed, ${plural(summary.changes, "change")} planned, ${report.applied} applied`,
        ]
      : []),
    `  ${plural(requests.reads, "read")}, ${plural(requests.writes, "write")}, ${requests.throttledMs} ms throttled`,
    ...(report.awaiting === 0 ? [] : [`  ${plural(report.awaiting, "key")} written and not read back yet`]),
    ...overrideLines(report),
    ...(interrupted
      ? ["  a later pass began to write and has not ended: it is under way, or was killed"]
      : []),
    ...(report.error === null
      ? []
      : [`  ${paint("red", "failed")}: ${report.error.code}: ${printable(report.error.message)}`]),
    ...(report.trusted
      ? []
      : [`  ${paint("red", "the policy directory cannot be believed: nothing is written")}`]),
    ...report.unfinished.map(({ keyId, outcome, message }) => `  ${outcome} ${keyId}: ${printable(message)}`),
    ...notices.map(({ kind, keyId, message }) => `  ${kind} ${keyId}: ${printable(message)}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function overrideLines({ overrides }: PassReport): string[] {
  if (overrides === null || (overrides.inForce === 0 && overrides.next === null)) return [];
  const { inForce, next } = overrides;
  const coming = next === null ? "" : `; the next one begins or ends ${next.at} (${printable(next.policy)})`;
  return [`  ${plural(inForce, "override")} in force${coming}`];
}

function problemCount(report: PassReport | null): string {
  if (report === null || report.problems.length === 0) return "";
  return `  ${countProblems(report.problems)}:\n`;
}
