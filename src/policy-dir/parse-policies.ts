import type { PolicyContent } from "../core/policy.ts";
import { problemAt, sortProblems, type Problem } from "../core/problem.ts";
import { buildDocument, repeatedIds, unknownScopes } from "./document.ts";
import { brokenGuardrail, buildGuardrail, guardrailsIn } from "./guardrail-document.ts";
import type { Limits } from "./limits.ts";
import { buildPolicyTest, isPolicyTest } from "./policy-test-document.ts";
import { policySchema } from "./policy-schema.ts";
import { shapeFaults } from "./shape-faults.ts";
import { createSourceText, decodeText, type SourceText } from "./source-text.ts";
import type { PlacedValue } from "./yaml-reading.ts";
import { readValue } from "./yaml-value.ts";
import { readYamlStream, type Fault, type YamlDocument } from "./yaml-stream.ts";

/**
 * Reads the bytes of one policy file. Broken syntax costs the file, anything else costs only the document it is in.
 * Never throws for any bytes.
 */
export function parsePolicies(file: string, bytes: Uint8Array, limits: Limits): PolicyContent {
  const decoded = decodeText(bytes);
  if ("fault" in decoded) {
    const message = `${file} cannot be read as a policy: ${decoded.fault}`;
    return fileWithProblem(problemAt("KS1008", { file, line: 1, column: 1 }, { message }));
  }
  const source = createSourceText(file, decoded.text);
  const stream = readYamlStream(source.text, limits);
  if (stream.faults.length > 0) {
    const problems = stream.faults.map((fault) => toProblem(fault, source));
    const place = source.placeAt(stream.faults[0]?.offset ?? 0);
    const brokenGuardrails = Array.from({ length: guardrailsIn(source.text) }, () => ({ name: null, place }));
    return { ...nothing, brokenGuardrails, problems: sortProblems(problems) };
  }
  const content = joinContents(stream.documents.map((document) => parseDocument(document, source, limits)));
  return saysNothing(content) ? fileWithProblem(withoutDocument(file)) : content;
}

function saysNothing({ documents, problems }: PolicyContent): boolean {
  return documents === 0 && problems.length === 0;
}

/** Cut off at its beginning, or on a full disk, a file looks just like one that was never meant to say anything. */
function withoutDocument(file: string): Problem {
  const message =
    `${file} holds no document, which may be what is left of one: what it said before stays; write it again, delete it, ` +
    `or begin its name with _ so that it is not read`;
  return problemAt("KS1011", { file, line: 1, column: 1 }, { message });
}

const nothing: PolicyContent = {
  policies: [],
  profiles: [],
  guardrails: [],
  brokenGuardrails: [],
  tests: [],
  problems: [],
  testProblems: [],
  documents: 0,
};

export function fileWithProblem(problem: Problem): PolicyContent {
  return { ...nothing, problems: [problem] };
}

function parseDocument(document: YamlDocument, source: SourceText, limits: Limits): PolicyContent {
  const { read, faults } = readValue(document, source, limits);
  if (read === undefined && faults.length === 0) return nothing;
  if (read === undefined || faults.length > 0) {
    return broken({ read, faults, source, limits }, guardrailsIn(source.text) > 0);
  }
  const { judge, keyFields } = policySchema();
  const verdict = judge(read.value);
  const warnings = unknownScopes(read);
  if (!verdict.ok) {
    const found = shapeFaults(verdict.errors, read.spot, keyFields);
    return broken({ read, faults: [...found, ...warnings], source, limits });
  }
  if (verdict.document.kind === "Guardrail") {
    const { guardrail, faults: found } = buildGuardrail(verdict.document, read, source);
    if (guardrail === undefined) return broken({ read, faults: found, source, limits });
    return { ...nothing, guardrails: [guardrail], problems: problemsOf(found, source, limits), documents: 1 };
  }
  if (verdict.document.kind === "PolicyTest") {
    const { test, faults: found } = buildPolicyTest(verdict.document, read, source);
    if (test === undefined) return broken({ read, faults: found, source, limits });
    return { ...nothing, tests: [test], documents: 1 };
  }
  const repeated = repeatedIds(verdict.document, read.spot);
  if (repeated.length > 0) return broken({ read, faults: [...repeated, ...warnings], source, limits });
  const built = buildDocument(verdict.document, read, source);
  return {
    ...nothing,
    policies: built.kind === "KeyPolicy" ? [built] : [],
    profiles: built.kind === "Profile" ? [built] : [],
    problems: problemsOf(warnings, source, limits),
    documents: 1,
  };
}

interface Broken {
  readonly read: PlacedValue | undefined;
  readonly faults: readonly Fault[];
  readonly source: SourceText;
  readonly limits: Limits;
}

/** `unsure`: where its kind cannot be read, whether it may be a guardrail. */
function broken({ read, faults, source, limits }: Broken, unsure = false): PolicyContent {
  const problems = problemsOf(faults, source, limits);
  if (isPolicyTest(read, faults)) return { ...nothing, testProblems: problems, documents: 1 };
  const place = source.placeAt(read?.spot.offset ?? faults[0]?.offset ?? 0);
  const guardrail = brokenGuardrail(read?.value, place, unsure);
  return {
    ...nothing,
    brokenGuardrails: guardrail === undefined ? [] : [guardrail],
    problems,
    documents: read === undefined ? 0 : 1,
  };
}

/** The faults in order of place, bounded: a document that breaks everywhere need not say so a thousand times. */
function problemsOf(faults: readonly Fault[], source: SourceText, limits: Limits): readonly Problem[] {
  const ordered = [...faults].sort((a, b) => rank(a) - rank(b) || a.offset - b.offset);
  const shown = ordered.slice(0, limits.problems).sort((a, b) => a.offset - b.offset);
  const problems = shown.map((fault) => toProblem(fault, source));
  const next = ordered[limits.problems];
  if (next === undefined) {
    return problems;
  }
  const hidden = faults.length - shown.length;
  const message = `${hidden} more problems of this document, from here on, are not shown; correct the others first`;
  return [...problems, toProblem({ ...next, path: "", message }, source)];
}

const warningCodes: readonly Fault["code"][] = ["KS1207", "KS1346"];

function rank(fault: Fault): number {
  return warningCodes.includes(fault.code) ? 1 : 0;
}

function toProblem(fault: Fault, source: SourceText): Problem {
  return problemAt(fault.code, source.placeAt(fault.offset), {
    severity: warningCodes.includes(fault.code) ? "warning" : "error",
    path: fault.path ?? "",
    message: fault.message,
    frame: source.frameAt(fault.offset),
  });
}

/** What several documents, or files, hold together. */
export function joinContents(parts: readonly PolicyContent[]): PolicyContent {
  return {
    policies: parts.flatMap((part) => part.policies),
    profiles: parts.flatMap((part) => part.profiles),
    guardrails: parts.flatMap((part) => part.guardrails),
    brokenGuardrails: parts.flatMap((part) => part.brokenGuardrails),
    tests: parts.flatMap((part) => part.tests),
    problems: sortProblems(parts.flatMap((part) => part.problems)),
    testProblems: sortProblems(parts.flatMap((part) => part.testProblems)),
    documents: parts.reduce((sum, part) => sum + part.documents, 0),
  };
}
