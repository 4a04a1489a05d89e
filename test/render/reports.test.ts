import schema from "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" with { type: "json" };
import ajvDraft04 from "ajv-draft-04";
import { DOMParser, onErrorStopParsing, type Element } from "@xmldom/xmldom";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemAt, problemRules, type Problem, type ProblemCode } from "../../src/core/problem.ts";
import type { Finding } from "../../src/render/finding.ts";
import { githubAnnotations } from "../../src/render/github-annotations.ts";
import { fileCases, junit } from "../../src/render/junit.ts";
import { sarif } from "../../src/render/sarif.ts";
import { propertyRuns } from "../core/build.ts";
import { controls, hostile, problems } from "./samples.ts";

/** The schema that the SARIF SDK of its authors publishes. */
const isSarif = new ajvDraft04.default({
  strict: false,
  validateFormats: false,
  unicodeRegExp: false,
}).compile(schema as object);

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(hostile, "a%0Ab", "::error::x", "]]>", "</failure>&<a b='", 'a",b:c', "\ufffe\ud800", ""),
);
const codes = Object.keys(problemRules) as ProblemCode[];
const finding: fc.Arbitrary<Problem> = fc
  .record({
    code: fc.constantFrom(...codes),
    file: fc.oneof(text, fc.constantFrom("policies/a b.yaml", "/srv/policies/ä.yaml")),
    line: fc.integer({ min: 1, max: 9999 }),
    column: fc.integer({ min: 1, max: 9999 }),
    severity: fc.constantFrom("error" as const, "warning" as const),
    path: text,
    message: text,
  })
  .map(({ code, file, line, column, ...parts }) => problemAt(code, { file, line, column }, parts));
const findings = fc.array(finding, { maxLength: 5 });

function valid(log: string): unknown {
  const parsed: unknown = JSON.parse(log);
  expect(isSarif(parsed), JSON.stringify(isSarif.errors?.slice(0, 3))).toBe(true);
  return parsed;
}

describe("sarif", () => {
  test("its schema refuses what is no SARIF", () => {
    expect(isSarif({ version: "2.1.0", runs: [{ results: [] }] })).toBe(false);
  });

  test("whatever is found and wherever, the log keeps the published schema", () => {
    fc.assert(
      fc.property(findings, (found) => void valid(sarif(found))),
      { numRuns: propertyRuns },
    );
  });

  test("a finding has its rule with help, its level, and its place as a URI", () => {
    const found: Finding = problemAt(
      "KS1207",
      { file: "policies/a b/ü.yaml", line: 7, column: 14 },
      { severity: "warning", path: "spec.key.scopes[0]", message: "nobody knows this scope" },
    );
    expect(valid(sarif([found]))).toMatchObject({
      runs: [
        {
          tool: {
            driver: {
              name: "Keysteward",
              rules: [
                {
                  id: "KS1207",
                  help: { text: expect.stringContaining("spelling") },
                  defaultConfiguration: { level: "warning" },
                },
              ],
            },
          },
          columnKind: "unicodeCodePoints",
          results: [
            {
              ruleId: "KS1207",
              ruleIndex: 0,
              level: "warning",
              message: { text: "nobody knows this scope" },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: "policies/a%20b/%C3%BC.yaml" },
                    region: { startLine: 7, startColumn: 14 },
                  },
                  logicalLocations: [{ fullyQualifiedName: "spec.key.scopes[0]" }],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  test("what is found stays the same finding when its line moves, and is another one in another file", () => {
    const at = (file: string, line: number): Finding =>
      problemAt("KS1201", { file, line, column: 1 }, { path: "spec.key.nmae", message: "unknown" });
    const prints = (...found: Finding[]): unknown[] =>
      JSON.parse(sarif(found)).runs[0].results.map((one: any) => one.partialFingerprints);
    const [first, moved, other] = prints(at("a.yaml", 1), at("a.yaml", 9), at("b.yaml", 1));
    expect(moved).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

/** As GitHub's runner takes a command apart. */
function parsed(line: string): { command: string; properties: Record<string, string>; message: string } {
  const [, command, list, data] = /^::([a-z]+) (.*?)::(.*)$/su.exec(line)!;
  const back = (value: string): string =>
    value.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%3A", ":").replaceAll("%2C", ",");
  const pairs = list!.split(",").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), back(pair.slice(at + 1)).replaceAll("%25", "%")];
  });
  return {
    command: command!,
    properties: Object.fromEntries(pairs),
    message: data!.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%"),
  };
}

describe("github", () => {
  test("a problem is a command with its place, code and message", () => {
    const found = problemAt(
      "KS1204",
      { file: "policies/a,b:c.yaml", line: 7, column: 3 },
      { message: "100% of x" },
    );
    expect(githubAnnotations([found])).toBe(
      "::error file=policies/a%2Cb%3Ac.yaml,line=7,col=3,title=KS1204 wrong-value::100%25 of x\n",
    );
  });

  test("whatever is found, it is one line that the runner reads as this one command", () => {
    fc.assert(
      fc.property(findings, (found) => {
        const lines = githubAnnotations(found).split("\n");
        expect(lines.pop()).toBe("");
        expect(lines).toHaveLength(found.length);
        lines.forEach((line, index) => {
          expect(line.replaceAll("\t", " ")).not.toMatch(controls);
          const { command, properties } = parsed(line);
          const { severity, line: at, column, code, rule } = found[index]!;
          expect(command).toBe(severity);
          expect(Object.keys(properties)).toEqual(["file", "line", "col", "title"]);
          expect(properties).toMatchObject({ line: `${at}`, col: `${column}`, title: `${code} ${rule}` });
        });
      }),
      { numRuns: propertyRuns },
    );
  });
});

interface Case {
  readonly className: string | null;
  readonly name: string | null;
  readonly failures: readonly { readonly type: string | null; readonly message: string | null }[];
  readonly output: string | null;
}

/** The cases of a report, as a parser sees them that takes nothing but XML. */
function cases(xml: string): Case[] {
  const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(xml, "text/xml");
  const inside = (parent: Element, name: string): Element[] => [...parent.getElementsByTagName(name)];
  return [...document.getElementsByTagName("testcase")].map((one) => ({
    className: one.getAttribute("classname"),
    name: one.getAttribute("name"),
    failures: inside(one, "failure").map((failure) => ({
      type: failure.getAttribute("type"),
      message: failure.getAttribute("message"),
    })),
    output: inside(one, "system-out")[0]?.textContent ?? null,
  }));
}

describe("junit", () => {
  test("a file without errors passes, one with errors fails, and warnings are its output", () => {
    const xml = junit("keysteward validate", fileCases(["policies/a.yaml", "policies/z.yaml"], problems));
    const [a, other, z] = cases(xml);
    expect(a).toEqual({ className: "policies", name: "policies/a.yaml", failures: [], output: null });
    expect(other!.name).toBe(problems[0]!.file);
    expect(other!.failures).toEqual([{ type: "KS1204", message: problems[0]!.message }]);
    expect(other!.output).toContain("nobody knows this scope");
    expect(z!.failures).toEqual([]);
    expect(xml).toContain('<testsuites name="keysteward validate" tests="3" failures="1" errors="0">');
  });

  test.each(["true", "false"])("a case whose every text is %s is one that a parser reads", (text) => {
    const failures = [{ type: text, message: text, text }];
    const xml = junit(text, [{ className: text, name: text, failures, output: text }]);
    expect(cases(xml)).toEqual([
      { className: text, name: text, failures: [{ type: text, message: text }], output: text },
    ]);
  });

  test("whatever is found, it is XML with a case for each file", () => {
    fc.assert(
      fc.property(findings, (found) => {
        const xml = junit("keysteward validate", fileCases(["a.yaml"], found));
        const files = new Set(["a.yaml", ...found.map(({ file }) => file)]);
        const errors = new Set(found.filter(({ severity }) => severity === "error").map(({ file }) => file));
        const all = cases(xml);
        expect(all).toHaveLength(files.size);
        expect(all.filter(({ failures }) => failures.length > 0)).toHaveLength(errors.size);
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/);
        expect(xml).not.toMatch(/\p{Surrogate}/u);
      }),
      { numRuns: propertyRuns },
    );
  });
});
