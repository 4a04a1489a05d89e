import { assemblePolicies } from "../assemble-policies.ts";
import { checkPolicies } from "../core/check-policies.ts";
import { createResolver } from "../core/resolve.ts";
import { runPolicyTests } from "../core/run-policy-tests.ts";
import type { Paint } from "../render/color.ts";
import { githubAnnotations } from "../render/github-annotations.ts";
import { countProblems, humanProblems } from "../render/human-problems.ts";
import { sarif } from "../render/sarif.ts";
import {
  humanTests,
  testFailures,
  testJson,
  testJunit,
  testVerdict,
  type TestReport,
} from "../render/test-report.ts";
import { createContext, exits, type CommonFlags, type Format, type Io } from "./context.ts";

/** Runs the policy tests, offline; policies that are not valid fail it too. */
export function test(io: Io, flags: CommonFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const set = assemblePolicies(config).load();
  const now = Date.now();
  const results = set.trusted ? runPolicyTests(set, createResolver(), now) : [];
  const report = { tests: set.tests.length, results, problems: checkPolicies(set, now) };
  print(rendered(format, report, paint));
  const isWell =
    results.every(({ failures }) => failures.length === 0) &&
    report.problems.every(({ severity }) => severity !== "error");
  return Promise.resolve(isWell ? exits.ok : exits.invalid);
}

function rendered(format: Format, report: TestReport, paint: Paint): string {
  const { problems, results } = report;
  switch (format) {
    case "json":
      return testJson(report);
    case "junit":
      return testJunit(report);
    case "sarif":
      return sarif([...problems, ...testFailures(results)]);
    case "github":
      return githubAnnotations([...problems, ...testFailures(results)]) + verdict(report, paint);
    case "human":
      return humanProblems(problems, paint) + humanTests(results, paint) + verdict(report, paint);
    default:
      return format satisfies never;
  }
}

function verdict(report: TestReport, paint: Paint): string {
  const { problems } = report;
  const isValid = problems.every(({ severity }) => severity !== "error");
  const policies = isValid ? "" : `${paint("red", "not valid")}: ${countProblems(problems)}\n`;
  return policies + testVerdict(report, paint);
}
