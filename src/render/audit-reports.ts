/*
 * What an audit found, for other programs: violations of guardrails by live keys stand at the guardrail, as a live key has
 * no line of its own, and name the key.
 */
import type { AuditedKey } from "../core/audit-keys.ts";
import { problemRules } from "../core/problem.ts";
import type { Finding } from "./finding.ts";
import type { AuditResult } from "./json-keys.ts";
import { fileCases, junit, type JunitCase } from "./junit.ts";

/** The errors of the policies, and every violation. */
export function auditFindings({ problems, violations }: AuditResult): Finding[] {
  return [
    ...problems.filter(({ severity }) => severity === "error"),
    ...violations.map(({ keyId, keyName, guardrail, path, message }): Finding => {
      const { severity, place, name } = guardrail;
      return {
        code: "KS1340",
        rule: problemRules.KS1340,
        severity,
        ...place,
        path: path === "" ? keyId : `${keyId}.${path}`,
        message: `the key ${JSON.stringify(keyName)} ${keyId}: ${guardrail.message}: ${message} (guardrail "${name}")`,
      };
    }),
  ];
}

/** A case for each key that was asked for, failed by what it violates; and one for each file of policies with an error. */
export function auditJunit(result: AuditResult): string {
  const errors = result.problems.filter(({ severity }) => severity === "error");
  return junit("keysteward audit", [
    ...fileCases([], errors),
    ...result.keys.map((key) => keyCase(key, result)),
  ]);
}

function keyCase({ key, coverage, power }: AuditedKey, { violations, unjudged }: AuditResult): JunitCase {
  const against = violations.filter(({ keyId }) => keyId === key.id);
  const lines = [
    coverage.kind === "ungoverned" ? coverage.kind : `${coverage.kind} by ${coverage.policy}`,
    ...(coverage.kind === "governed" ? [] : power.reasons),
    ...against.filter(({ guardrail }) => guardrail.severity === "warning").map(said),
    ...unjudged
      .filter(({ keyId }) => keyId === key.id)
      .map(({ guardrail, message }) => `not judged by the guardrail "${guardrail}": ${message}`),
  ];
  return {
    className: key.type,
    name: `${key.name} ${key.id}`,
    failures: against
      .filter(({ guardrail }) => guardrail.severity === "error")
      .map((one) => ({ type: one.guardrail.name, message: one.guardrail.message, text: said(one) })),
    output: lines.map((line) => `${line}\n`).join(""),
  };
}

function said({ guardrail, path, message }: AuditResult["violations"][number]): string {
  return `${guardrail.message}: ${message}${path === "" ? "" : ` (${path})`}`;
}
