/*
 * Findings as a SARIF 2.1.0 log, the format in which code scanners report: GitHub, GitLab and editors show it. Paths are
 * relative to where the command ran, which is the root of the checkout in the usual workflow; columns count characters.
 */
import { isAbsolute, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { problemHelp } from "../core/problem-help.ts";
import { compareTexts } from "../core/texts.ts";
import { version } from "../version.ts";
import type { Finding } from "./finding.ts";
import { printable, wellFormed } from "./human-problems.ts";

const schema = "https://json.schemastore.org/sarif-2.1.0.json";

export function sarif(findings: readonly Finding[]): string {
  const codes = [...new Set(findings.map(({ code }) => code))].sort(compareTexts);
  const run = {
    tool: {
      driver: {
        name: "Keysteward",
        version,
        rules: codes.map((code) => rule(code, findings)),
      },
    },
    columnKind: "unicodeCodePoints",
    results: findings.map((finding) => result(finding, codes.indexOf(finding.code))),
  };
  return `${JSON.stringify({ $schema: schema, version: "2.1.0", runs: [run] }, null, 2)}\n`;
}

function rule(code: Finding["code"], findings: readonly Finding[]): object {
  const { about, mend } = problemHelp[code];
  const first = findings.find((finding) => finding.code === code);
  return {
    id: code,
    name: first?.rule,
    shortDescription: { text: about },
    help: { text: mend },
    defaultConfiguration: { level: first?.severity },
  };
}

function result({ code, severity, message, file, line, column, path }: Finding, ruleIndex: number): object {
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: printable(message) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: { startLine: line, startColumn: column },
        },
        ...(path === "" ? {} : { logicalLocations: [{ fullyQualifiedName: printable(path) }] }),
      },
    ],
    // Lines move while a pull request is worked on: what is wrong with what stays the same.
    partialFingerprints: { "problem/v1": [code, file, path].map(encoded).join(":") },
  };
}

function uriOf(file: string): string {
  return isAbsolute(file) ? pathToFileURL(file).href : file.split(sep).map(encoded).join("/");
}

function encoded(text: string): string {
  return encodeURIComponent(wellFormed(text));
}
