/*
 * Results in JUnit's XML, which build servers show as tests: one suite a command, a case for each thing that was looked
 * at. A case with a failure has failed; what is only told stands in its output.
 */
import XmlBuilder from "fast-xml-builder";
import { compareTexts } from "../core/texts.ts";
import type { Finding } from "./finding.ts";
import { printable, printableLines, wellFormed } from "./human-problems.ts";

export interface JunitFailure {
  /** A word or a code. */
  readonly type: string;
  readonly message: string;
  /** Several lines, such as where and what. */
  readonly text: string;
}

export interface JunitCase {
  /** What kind of thing it is, or where it stands. */
  readonly className: string;
  readonly name: string;
  readonly failures: readonly JunitFailure[];
  /** What is told of it without failing it; empty for nothing. */
  readonly output: string;
}

const builder = new XmlBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  suppressBooleanAttributes: false,
  format: true,
});

export function junit(suite: string, cases: readonly JunitCase[]): string {
  const counts = {
    "@name": suite,
    "@tests": String(cases.length),
    "@failures": String(cases.filter(({ failures }) => failures.length > 0).length),
    "@errors": "0",
  };
  const document = {
    testsuites: { ...counts, testsuite: { ...counts, testcase: cases.map(testCase) } },
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`;
}

function testCase({ className, name, failures, output }: JunitCase): object {
  return {
    "@classname": xmlText(className),
    "@name": xmlText(name),
    failure: failures.map(({ type, message, text }) => ({
      "@type": xmlText(type),
      "@message": xmlText(message),
      "#text": xmlLines(text),
    })),
    ...(output === "" ? {} : { "system-out": xmlLines(output) }),
  };
}

/** XML knows no way to write a control character, half a pair or these two. */
function xmlText(text: string): string {
  return xmlSigns(printable(text));
}

function xmlLines(text: string): string {
  return xmlSigns(printableLines(text));
}

function xmlSigns(text: string): string {
  return wellFormed(text).replace(/[\ufffe\uffff]/g, "\ufffd");
}

/** A case for each file of policies that was read or is missing. */
export function fileCases(files: readonly string[], findings: readonly Finding[]): JunitCase[] {
  const byFile = new Map<string, Finding[]>(files.map((file) => [file, []]));
  for (const finding of findings) byFile.set(finding.file, [...(byFile.get(finding.file) ?? []), finding]);
  return [...byFile]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([file, found]) => ({
      className: "policies",
      name: file,
      failures: found.filter(({ severity }) => severity === "error").map(failureOf),
      output: found
        .filter(({ severity }) => severity === "warning")
        .map((finding) => `${placed(finding)}\n`)
        .join(""),
    }));
}

function failureOf(finding: Finding): JunitFailure {
  return { type: finding.code, message: finding.message, text: placed(finding) };
}

function placed({ file, line, column, code, rule, path, message }: Finding): string {
  const place = printable(`${file}:${line}:${column} ${code} ${rule} ${path}`).trimEnd();
  return `${place}\n${printable(message)}`;
}
