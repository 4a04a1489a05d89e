import type { PolicySet } from "../../src/core/policy.ts";
import { createResolver } from "../../src/core/resolve.ts";
import { runPolicyTests, type TestResult } from "../../src/core/run-policy-tests.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";
import { now } from "./build.ts";

/** The set that one file `p/a.yaml` gives; each document as it is written after its apiVersion. */
export function setOf(...documents: readonly string[]): PolicySet {
  const text = documents.map((one) => `apiVersion: keysteward/v1\n${one}`).join("---\n");
  const content = parsePolicies("p/a.yaml", Buffer.from(text), defaultLimits);
  return { trusted: true, files: 1, ...content };
}

export function policyText(name: string, ...lines: readonly string[]): string {
  return documentText("KeyPolicy", name, lines);
}

export function profileText(name: string, ...lines: readonly string[]): string {
  return documentText("Profile", name, lines);
}

export function guardrailText(name: string, ...lines: readonly string[]): string {
  return documentText("Guardrail", name, ["message: a rule", ...lines]);
}

/** A test of one case. */
export function caseText(given: string, expected: string, name = "t"): string {
  return documentText("PolicyTest", name, [
    "cases:",
    "  - name: it",
    `    given: ${given}`,
    `    expect: ${expected}`,
  ]);
}

function documentText(kind: string, name: string, lines: readonly string[]): string {
  return `kind: ${kind}\nmetadata: { name: ${name} }\nspec:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

export function runTests(set: PolicySet, at = now): TestResult[] {
  return runPolicyTests(set, createResolver(), at);
}

/** What is said of the only case in the documents. */
export function failuresOf(...documents: readonly string[]): string[] {
  const set = setOf(...documents);
  const [result, ...others] = runTests(set);
  if (result === undefined || others.length > 0)
    throw new Error(`not one case: ${JSON.stringify([...set.problems, ...set.testProblems])}`);
  return result.failures.map(({ place, message }) => `${place.line}:${place.column} ${message}`);
}
