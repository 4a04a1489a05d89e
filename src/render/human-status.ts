import { isInSync, type PassReport } from "../core/outcome.ts";
import type { Paint } from "./color.ts";
import { countProblems, humanProblems, plural, printable } from "./human-problems.ts";

/** How things stood at the end of the last pass. */
export function humanStatus(report: PassReport, paint: Paint, interrupted = false): string {
  const verdict = isInSync(report) && !interrupted ? paint("green", "in sync") : paint("red", "not in sync");
  const { summary, requests } = report;
  const lines = [
    `${verdict}: last pass ${report.pass} (${report.kind}) ended ${report.endedAt}`,
    `  ${plural(summary.desired, "key")} governed, ${plural(summary.changes, "change")} planned, ${report.applied} applied`,
    `  ${plural(requests.reads, "read")}, ${plural(requests.writes, "write")}, ${requests.throttledMs} ms throttled`,
    ...(report.awaiting === 0 ? [] : [`  ${plural(report.awaiting, "key")} written and not read back yet`]),
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
    ...report.notices.map(({ kind, keyId, message }) => `  ${kind} ${keyId}: ${printable(message)}`),
    ...(report.problems.length === 0 ? [] : [`  ${countProblems(report.problems)}:`]),
  ];
  return `${lines.join("\n")}\n${humanProblems(report.problems, paint)}`;
}
