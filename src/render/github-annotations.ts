/*
 * Findings as commands of a GitHub workflow, one a line: GitHub shows each beside the line of the pull request that it
 * is about. What would end a line or a property is escaped as GitHub's runner takes it back.
 */
import type { Finding } from "./finding.ts";
import { printable } from "./human-problems.ts";

export function githubAnnotations(findings: readonly Finding[]): string {
  return findings.map(annotation).join("");
}

function annotation({ severity, code, rule, file, line, column, message }: Finding): string {
  const properties = [
    `file=${property(file)}`,
    `line=${line}`,
    `col=${column}`,
    `title=${property(`${code} ${rule}`)}`,
  ];
  return `::${severity} ${properties.join(",")}::${data(message)}\n`;
}

function data(text: string): string {
  return printable(text).replaceAll("%", "%25");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
