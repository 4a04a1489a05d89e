import type { KeyPolicy, Profile } from "../core/policy.ts";
import { problemAt, sortProblems, type Problem } from "../core/problem.ts";
import { buildDocument, repeatedIds, unknownScopes } from "./document.ts";
import type { Limits } from "./limits.ts";
import { policySchema } from "./policy-schema.ts";
import { shapeFaults } from "./shape-faults.ts";
import { createSourceText, decodeText, type SourceText } from "./source-text.ts";
import { readValue } from "./yaml-value.ts";
import { readYamlStream, type Fault, type YamlDocument } from "./yaml-stream.ts";

/** All that one file gave. The objects are kept as long as the file is the same. */
export interface FileContent {
  readonly policies: readonly KeyPolicy[];
  readonly profiles: readonly Profile[];
  readonly problems: readonly Problem[];
  /** Documents that are not empty, sound or not. */
  readonly documents: number;
}

/**
 * Reads the bytes of one policy file. Broken syntax costs the file, anything else costs only the document it is in.
 * Never throws for any bytes.
 */
export function parsePolicies(file: string, bytes: Uint8Array, limits: Limits): FileContent {
  const decoded = decodeText(bytes);
  if ("fault" in decoded) {
    const message = `${file} cannot be read as a policy: ${decoded.fault}`;
    return fileWithProblem(problemAt("KS1008", { file, line: 1, column: 1 }, { message }));
  }
  const source = createSourceText(file, decoded.text);
  const stream = readYamlStream(source.text, limits);
  if (stream.faults.length > 0) {
    const problems = stream.faults.map((fault) => toProblem(fault, source));
    return { policies: [], profiles: [], problems: sortProblems(problems), documents: 0 };
  }
  return joinDocuments(stream.documents.map((document) => parseDocument(document, source, limits)));
}

export function fileWithProblem(problem: Problem): FileContent {
  return { policies: [], profiles: [], problems: [problem], documents: 0 };
}

function parseDocument(document: YamlDocument, source: SourceText, limits: Limits): FileContent {
  const { read, faults } = readValue(document, source, limits);
  if (read === undefined || faults.length > 0) {
    const problems = problemsOf(faults, source, limits);
    return { policies: [], profiles: [], problems, documents: read === undefined ? 0 : 1 };
  }
  const { judge, keyFields } = policySchema();
  const verdict = judge(read.value);
  const broken = verdict.ok
    ? repeatedIds(verdict.document, read.spot)
    : shapeFaults(verdict.errors, read.spot, keyFields);
  const problems = problemsOf([...broken, ...unknownScopes(read)], source, limits);
  if (!verdict.ok || broken.length > 0) {
    return { policies: [], profiles: [], problems, documents: 1 };
  }
  const built = buildDocument(verdict.document, read, source);
  return {
    policies: built.kind === "KeyPolicy" ? [built] : [],
    profiles: built.kind === "Profile" ? [built] : [],
    problems,
    documents: 1,
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

function rank(fault: Fault): number {
  return fault.code === "KS1207" ? 1 : 0;
}

function toProblem(fault: Fault, source: SourceText): Problem {
  return problemAt(fault.code, source.placeAt(fault.offset), {
    severity: fault.code === "KS1207" ? "warning" : "error",
    path: fault.path ?? "",
    message: fault.message,
    frame: source.frameAt(fault.offset),
  });
}

function joinDocuments(parts: readonly FileContent[]): FileContent {
  return {
    policies: parts.flatMap((part) => part.policies),
    profiles: parts.flatMap((part) => part.profiles),
    problems: sortProblems(parts.flatMap((part) => part.problems)),
    documents: parts.reduce((sum, part) => sum + part.documents, 0),
  };
}
