/*
 * The JSON results of the commands that are about single keys, version 1; described by schema/results.schema.json.
 */
import type { AbsentKey, AuditedKey } from "../core/audit-keys.ts";
import type { Coverage } from "../core/coverage.ts";
import type { ExplainedGuardrail } from "../core/explain-guardrails.ts";
import type { ExplainedField, Explanation, Said } from "../core/explain.ts";
import type { LeftOut } from "../core/import-fields.ts";
import type { ImportOffence } from "../core/import-offences.ts";
import type { LiveKey } from "../core/key.ts";
import type { AppliedValue } from "../core/ledger.ts";
import type { KeyId, Mode } from "../core/policy.ts";
import type { Violation } from "../core/live-violations.ts";
import type { Problem } from "../core/problem.ts";
import type { Acknowledged } from "../core/acknowledged.ts";
import type { ExplainedReset } from "../core/reset-words.ts";
import { verdictWords } from "../core/verdict-words.ts";
import { courseJson } from "./course-json.ts";
import { problemJson } from "./json.ts";
import { selectedByJson } from "./selected-by.ts";

/** A policy that was made for a live key. `planned`: it would be written. `exists`: its file was there already. */
export interface ImportedFile {
  readonly file: string;
  readonly outcome: "written" | "exists" | "planned";
  readonly policy: string;
  readonly keyId: KeyId;
  readonly keyName: string;
  readonly type: string;
  readonly workspaceId: string | null;
  /** What is set on the key and not in the policy. */
  readonly leftOut: readonly LeftOut[];
  /** What guardrails say against it; none of a file that was there already. */
  readonly offences: readonly ImportOffence[];
  /** What the file holds. */
  readonly text: string;
}

export interface ImportResult {
  readonly dryRun: boolean;
  readonly directory: string;
  /** Keys that were listed; null when none were. */
  readonly live: number | null;
  /** Keys that were asked for. */
  readonly selected: number;
  /** Those of them that a policy governs already. */
  readonly governed: number;
  readonly files: readonly ImportedFile[];
  /** Errors of the policies, for which nothing was imported. */
  readonly problems: readonly Problem[];
}

/** The text of a file stands in it only where no file is written. */
export function importJson(result: ImportResult): string {
  const files = result.files.map(({ text: content, ...file }) => ({
    ...file,
    ...(file.outcome === "planned" ? { text: content } : {}),
  }));
  return text({ version: 1, ...result, files, problems: result.problems.map(problemJson) });
}

export interface ForgetResult {
  readonly keyId: KeyId;
  readonly outcome: "forgotten" | "refused";
  readonly policy: string | null;
  readonly message: string;
}

export function forgetJson(keys: readonly ForgetResult[]): string {
  return text({ version: 1, keys });
}

export interface AuditResult {
  /** Keys that are live, whether they were asked for or not. */
  readonly live: number;
  readonly keys: readonly AuditedKey[];
  readonly absent: readonly AbsentKey[];
  /** What guardrails find in the keys that were asked for. */
  readonly violations: readonly Violation[];
  readonly unjudged: readonly {
    readonly keyId: KeyId;
    readonly guardrail: string;
    readonly message: string;
  }[];
  readonly problems: readonly Problem[];
}

export function auditJson({ live, keys, absent, violations, unjudged, problems }: AuditResult): string {
  return text({
    version: 1,
    live,
    keys: keys.map(auditedJson),
    absent: absent.map(({ keyId, policy, place, message }) => ({
      keyId,
      policy,
      file: place.file,
      line: place.line,
      message,
    })),
    violations: violations.map(violationJson),
    unjudged,
    problems: problems.map(problemJson),
  });
}

function violationJson({ keyId, keyName, guardrail, path, message }: Violation): object {
  const { name, severity, place } = guardrail;
  return {
    keyId,
    name: keyName,
    guardrail: name,
    severity,
    file: place.file,
    line: place.line,
    path,
    message: `${guardrail.message}: ${message}`,
  };
}

function auditedJson({ key, coverage, power }: AuditedKey): object {
  const { id: keyId, name, type, workspaceId, status } = key;
  return { keyId, name, type, workspaceId, status, ...coverageJson(coverage), power: power.reasons };
}

export interface ExplainResult {
  readonly explanation: Explanation;
  /** The key as it was read; null where it was not. */
  readonly key: LiveKey | null;
  /** Where that comes from. */
  readonly from: "control-plane" | "inventory" | null;
  /** When the inventory saw it, or now; milliseconds since the epoch. */
  readonly seenAt: number | null;
  readonly now: number;
  /** What is wrong with the file of the key's policy. */
  readonly problems: readonly Problem[];
}

export function explainJson({ explanation, key, from, seenAt, problems }: ExplainResult): string {
  const { keyId, coverage, fields, unmanaged, course, guardrails, notices, reset } = explanation;
  const mode = coverage.kind === "governed" ? coverage.mode : "enforce";
  return text({
    version: 1,
    keyId,
    name: key?.name ?? null,
    type: key?.type ?? null,
    workspaceId: key?.workspaceId ?? null,
    status: key?.status ?? null,
    ...coverageJson(coverage),
    live: { from, seenAt: seenAt === null ? null : new Date(seenAt).toISOString() },
    fields: fields.map((field) => explainedJson(field, mode)),
    ...(reset === undefined ? {} : { reset: explainedReset(reset) }),
    unmanaged,
    overrides: courseJson(course),
    guardrails: guardrails.map(guardrailJson),
    notices,
    problems: problems.map(problemJson),
  });
}

/** `live` and `applied` are left out where they are not known. */
function explainedJson(field: ExplainedField, mode: Mode): object {
  const { lost, live, applied, verdict, rank, acknowledged } = field;
  return {
    ...saidJson(field),
    lost: lost.map(saidJson),
    live,
    applied: applied?.confirmed === undefined ? undefined : appliedJson(applied.confirmed),
    claimed: applied?.claimed === undefined ? undefined : appliedJson(applied.claimed),
    verdict: {
      kind: verdict?.kind ?? "left-alone",
      ...(verdict?.kind === "set" ? { why: verdict.why } : {}),
      ...(rank === null ? {} : { rank }),
      message: verdictWords(verdict, mode),
    },
    ...(acknowledged === null ? {} : { acknowledged: acknowledgedJson(acknowledged) }),
  };
}

function explainedReset({ token, place, kind, message }: ExplainedReset): object {
  return { token, file: place.file, line: place.line, column: place.column, kind, message };
}

function guardrailJson({ guardrail, judged, verdict, messages }: ExplainedGuardrail): object {
  const { name, severity, message, place } = guardrail;
  return { name, severity, message, file: place.file, line: place.line, judged, verdict, offences: messages };
}

function acknowledgedJson({ until, reason, place }: Acknowledged): object {
  return { until: new Date(until).toISOString(), reason, file: place.file, line: place.line };
}

function saidJson({ path, value, source, place }: Said): object {
  return { path, value, source, file: place.file, line: place.line, column: place.column };
}

function appliedJson({ value, policy, at }: AppliedValue): object {
  return { value, policy, at: new Date(at).toISOString() };
}

function coverageJson(coverage: Coverage): object {
  if (coverage.kind === "ungoverned") return { coverage: coverage.kind };
  const { kind, policy, place } = coverage;
  const named = { coverage: kind, policy, file: place.file, line: place.line };
  if (coverage.kind === "governed") {
    return { ...named, mode: coverage.mode, ...selectedByJson(coverage.selectedBy) };
  }
  return coverage.why === undefined ? named : { ...named, why: coverage.why };
}

function text(result: object): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
