import { compareTexts } from "./texts.ts";

/** Where something stands in the policy directory. Lines and columns count from 1, columns in characters. */
export interface Place {
  /** Path as a person would open it: the policy directory as given, then the path inside it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function isSamePlace(a: Place, b: Place): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column;
}

/** A place as people write it: `file:line`. */
export function placeText(place: Place): string {
  return `${place.file}:${place.line}`;
}

export type Severity = "error" | "warning";

/** The codes of problems, one word for the rule behind each. Codes are stable: users filter on them. */
export const problemRules = {
  // The directory and its files.
  KS1001: "directory-missing",
  KS1002: "directory-unreadable",
  KS1003: "directory-empty",
  KS1004: "checkout-in-progress",
  KS1005: "file-unreadable",
  KS1006: "file-vanished",
  KS1007: "file-too-large",
  KS1008: "file-not-text",
  KS1009: "link-leads-outside",
  KS1010: "too-many-files",
  KS1011: "file-without-document",
  // YAML.
  KS1101: "yaml-syntax",
  KS1102: "yaml-duplicate-key",
  KS1103: "yaml-unknown-tag",
  KS1104: "yaml-directive",
  KS1105: "yaml-aliases",
  KS1106: "yaml-depth",
  KS1107: "yaml-documents",
  KS1108: "yaml-number",
  // The shape of one document.
  KS1201: "unknown-field",
  KS1202: "missing-field",
  KS1203: "wrong-type",
  KS1204: "wrong-value",
  KS1205: "wrong-format",
  KS1206: "unknown-kind",
  KS1207: "unknown-scope",
  // Documents among each other.
  KS1301: "duplicate-name",
  KS1302: "duplicate-key",
  KS1303: "profile-missing",
  KS1304: "profile-cycle",
  // Policies that select keys, among each other and against the live keys.
  KS1310: "selector-conflict",
  KS1311: "selector-loses-its-keys",
  KS1312: "selector-without-keys",
  // What stands in for what cannot be read, and differences that are known.
  KS1330: "profile-stands-in",
  KS1331: "acknowledge-path",
  KS1332: "acknowledge-unmanaged",
  KS1333: "acknowledge-over",
  // Guardrails.
  KS1340: "guardrail-offended",
  KS1341: "guardrail-last-good",
  KS1342: "guardrail-unknown",
  KS1343: "guardrail-undecided",
  KS1344: "guardrail-matches-nothing",
  KS1345: "guardrail-schema",
  KS1346: "guardrail-lets-empty-pass",
  // Overrides and their times.
  KS1350: "override-never-in-force",
  KS1351: "override-empty",
  KS1352: "override-without-return",
  KS1353: "override-conflict",
  KS1354: "override-over",
  KS1355: "override-ends-soon",
  // Resets of usage.
  KS1360: "reset-without-budget",
  // Policy tests.
  KS1370: "test-unknown-field",
  KS1371: "test-unknown-problem",
  KS1372: "test-failed",
  // Rules of Portkey's API between fields, judged on the effective key.
  KS1401: "reset-period-twice",
  KS1402: "rotation-period-twice",
  KS1403: "alert-above-limit",
  KS1404: "limit-missing",
  KS1405: "rotation-empty",
  KS1406: "transition-too-long",
  KS1407: "rate-limit-twice",
  KS1408: "value-unreadable",
} as const;

export type ProblemCode = keyof typeof problemRules;

/** Something wrong in the policies: what was found, what was expected, and where. */
export interface Problem extends Place {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly rule: (typeof problemRules)[ProblemCode];
  /** Dotted path inside the document (`spec.key.usage_limits.credit_limit`); empty for a whole file. */
  readonly path: string;
  readonly message: string;
  /** The source lines around the place, for people; only where the source was text. */
  readonly frame?: string;
}

/** The parts of a problem that its author chooses; the rule follows from the code. */
export interface ProblemParts {
  readonly severity?: Severity;
  readonly path?: string;
  readonly message: string;
  readonly frame?: string;
}

export function problemAt(code: ProblemCode, place: Place, parts: ProblemParts): Problem {
  return {
    code,
    severity: parts.severity ?? "error",
    rule: problemRules[code],
    file: place.file,
    line: place.line,
    column: place.column,
    path: parts.path ?? "",
    message: parts.message,
    ...(parts.frame === undefined ? {} : { frame: parts.frame }),
  };
}

/** Sorts by place, then code and path, so that the same tree always gives the same list; drops exact repeats. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const sorted = [...problems].sort(
    (a, b) =>
      compareTexts(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareTexts(a.code, b.code) ||
      compareTexts(a.path, b.path) ||
      compareTexts(a.message, b.message),
  );
  return sorted.filter((problem, index) => {
    const before = sorted[index - 1];
    return before === undefined || !sameProblem(before, problem);
  });
}

function sameProblem(a: Problem, b: Problem): boolean {
  return (
    a.file === b.file &&
    a.line === b.line &&
    a.column === b.column &&
    a.code === b.code &&
    a.path === b.path &&
    a.message === b.message
  );
}
