/* What a run of policy tests found, for people and for programs. */
import { placeText, problemAt, type Problem } from "../core/problem.ts";
import type { TestFailure } from "../core/compare-case.ts";
import type { TestResult } from "../core/run-policy-tests.ts";
import type { Paint } from "./color.ts";
import { plural, printable } from "./human-problems.ts";
import { problemJson, resultJson } from "./json.ts";
import { fileCases, junit, type JunitCase } from "./junit.ts";

export interface TestReport {
  readonly tests: number;
  readonly results: readonly TestResult[];
  /** All that is wrong with the policies themselves. */
  readonly problems: readonly Problem[];
}

/** The failures as problems, each at the line that says what was expected. */
export function testFailures(results: readonly TestResult[]): readonly Problem[] {
  return results.flatMap((result) => result.failures.map((failure) => failureProblem(result, failure)));
}

function failureProblem({ test, case: name }: TestResult, { place, message }: TestFailure): Problem {
  return problemAt("KS1372", place, { message: `${test}, "${name}": ${message}` });
}

export function humanTests(results: readonly TestResult[], paint: Paint): string {
  const lines: string[] = [];
  let before: string | undefined;
  for (const result of results) {
    const heading = `${result.test} ${result.place.file}`;
    if (heading !== before) lines.push(`${paint("bold", result.test)} ${printable(result.place.file)}`);
    before = heading;
    const word = result.failures.length === 0 ? paint("green", "passed") : paint("red", "failed");
    lines.push(`  ${word} ${printable(result.case)}`);
    for (const { place, message } of result.failures)
      lines.push(`    ${printable(`${placeText(place)}:${place.column} ${message}`)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A line that says how it ended. */
export function testVerdict({ tests, results, problems }: TestReport, paint: Paint): string {
  // What is wrong may be the tests: then they are there.
  if (results.length === 0 && problems.some(({ severity }) => severity === "error"))
    return `${paint("red", "no policy test was run")}: mend what is told above first\n`;
  if (results.length === 0)
    return "There are no policy tests: a document of kind PolicyTest says what policies must come to.\n";
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const word = failed === 0 ? paint("green", "passed") : paint("red", "failed");
  const counts = `${plural(tests, "test")}, ${plural(results.length, "case")}`;
  return `${word}: ${counts}; ${results.length - failed} passed, ${failed} failed\n`;
}

export function testJson({ tests, results, problems }: TestReport): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  return resultJson({
    version: 1,
    ok: failed === 0 && problems.every(({ severity }) => severity !== "error"),
    tests,
    passed: results.length - failed,
    failed,
    cases: results.map(({ test, case: name, place, failures }) => ({
      test,
      name,
      file: place.file,
      line: place.line,
      ok: failures.length === 0,
      failures: failures.map(({ place: at, message }) => ({ ...at, message })),
    })),
    problems: problems.map(problemJson),
  });
}

/** A test for each case, and one for each file that something is wrong with. */
export function testJunit({ results, problems }: TestReport): string {
  const cases = results.map((result): JunitCase => ({
    className: result.test,
    name: result.case,
    failures: testFailures([result]).map(({ code, message, ...at }) => ({
      type: code,
      message,
      text: `${placeText(at)}:${at.column}\n${message}`,
    })),
    output: "",
  }));
  return junit("keysteward test", [...cases, ...fileCases([], problems)]);
}
