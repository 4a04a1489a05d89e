/*
 * From a live key to the text of a policy that asks for exactly what is live: the next plan is empty, unless a guardrail
 * forbids what is live. That takes nothing out: the file says what is, and whoever imports is told (`import-offences.ts`).
 *
 * Which of a key's values a policy can say is a question for those who read policies, so it is asked of them: the text is
 * read back as a policy file is, the rules between fields are judged on it, and each field is compared with the live key
 * as a plan compares it. What is found is taken out and noted in a comment, and the text is made and read again, until
 * nothing is found any more. Nothing is asked for that way that `validate` would refuse or `plan` would change, whatever
 * a control plane shows, and no rule is written down twice.
 */
import { effectiveFields } from "../core/effective.ts";
import { overlaps, sameField } from "../core/fields.ts";
import { importFields, type EmptyFields, type LeftOut, type Statement } from "../core/import-fields.ts";
import type { FieldPath, LiveKey } from "../core/key.ts";
import { checkKey } from "../core/key-rules.ts";
import { liveValue } from "../core/live.ts";
import type { KeyPolicy } from "../core/policy.ts";
import { joinPath } from "./document-path.ts";
import { defaultLimits } from "./limits.ts";
import { parsePolicies } from "./parse-policies.ts";
import { policyText } from "./policy-text.ts";

export interface ImportRequest {
  readonly live: LiveKey;
  /** The policy's name. */
  readonly name: string;
  /** Where the schema is, as seen from the file; null for no pointer to it. */
  readonly schema: string | null;
  readonly empty: EmptyFields;
  /** Why the rotation policy is not known, where it is not. */
  readonly unreadable?: string;
  /** Takes secrets out of a text. */
  readonly clean: (text: string) => string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface ImportedPolicy {
  readonly text: string;
  /** What the text is read as. */
  readonly policy: KeyPolicy;
  /** What is set on the key and not in the policy. */
  readonly leftOut: readonly LeftOut[];
}

export function importPolicy(request: ImportRequest): ImportedPolicy {
  const fields = importFields(request.live, request);
  let { statements } = fields;
  const leftOut = [...fields.leftOut];
  for (;;) {
    const text = outlineText(request, statements, leftOut);
    const { policy, faults } = reading(request, statements, text);
    const [first] = faults;
    if (first === undefined && policy !== undefined) return { text, policy, leftOut };
    if (first === undefined) throw new Error(`the policy made for ${request.live.id} cannot be read`);
    const out = new Set(statements.filter(({ path }) => concerns(first.path, path)));
    if (out.size === 0)
      throw new Error(`the policy made for ${request.live.id} is not sound: ${first.reason}`);
    leftOut.push(...[...out].map(({ path, value }) => ({ path, value, reason: first.reason })));
    statements = statements.filter((statement) => !out.has(statement));
  }
}

function outlineText(
  request: ImportRequest,
  statements: readonly Statement[],
  leftOut: readonly LeftOut[],
): string {
  const { live, name, schema, clean } = request;
  const cleaned = leftOut.map((one) => clean(describeLeftOut(one)));
  const isPeriodic = statements.some(({ path }) => /^rotation_policy\.rotation_period/.test(path));
  return policyText({
    name,
    keyId: live.id,
    schema,
    statements,
    keyComments: [clean(describeKey(live))],
    fieldComments: new Map(
      isPeriodic ? [["rotation_policy", "the date of the next rotation is computed by Portkey"]] : [],
    ),
    blockComments: cleaned.length === 0 ? [] : ["left as they are on the key, and not managed:", ...cleaned],
  });
}

function describeLeftOut({ path, value, reason }: LeftOut): string {
  return `${clip(path)}${value === null ? "" : ` (${clip(JSON.stringify(value), 60)})`}: ${clip(reason)}`;
}

/** The key as the dashboard shows it, without its masked secret. */
function describeKey(live: LiveKey): string {
  const workspace = live.workspaceId === null ? "no workspace" : `workspace ${live.workspaceId}`;
  const status = live.status === "" || live.status === "active" ? "" : `; status: ${live.status}`;
  return `${JSON.stringify(clip(live.name))}, ${live.type}, ${workspace}${status}`;
}

/** Why something cannot stay, at the path of a field or of a group of fields. */
interface Fault {
  readonly path: FieldPath;
  readonly reason: string;
}

interface Reading {
  /** Undefined where it was not read, or is not sound. */
  readonly policy?: KeyPolicy;
  readonly faults: readonly Fault[];
}

function reading(request: ImportRequest, statements: readonly Statement[], text: string): Reading {
  const secrets = statements.filter((statement) => {
    const json = JSON.stringify(statement);
    return request.clean(json) !== json;
  });
  if (secrets.length > 0) {
    return { faults: secrets.map(({ path }) => ({ path, reason: "it holds our own admin key" })) };
  }
  const read = parsePolicies("policy.yaml", Buffer.from(text), defaultLimits);
  const broken = read.problems.filter(({ severity }) => severity === "error");
  const [policy] = read.policies;
  if (broken.length > 0 || policy?.kind !== "KeyPolicy") {
    return {
      faults: broken.map(({ path, message }) => ({ path: fieldAt(path, statements), reason: message })),
    };
  }
  return { policy, faults: judged(request, policy, statements) };
}

function judged(
  { live, now }: ImportRequest,
  policy: KeyPolicy,
  statements: readonly Statement[],
): readonly Fault[] {
  const fields = effectiveFields([{ source: policy.name, block: policy.key }]);
  const rules = checkKey(fields).map(({ path, code, rule }) => ({
    path: path.slice("spec.key.".length),
    reason: `a policy with it would break the rule ${rule} (${code})`,
  }));
  const differing = [...fields].flatMap(([path, { value, place }]): Fault[] => {
    const seen = liveValue(live, path);
    if (seen !== undefined && sameField(path, { desired: value, live: seen, now })) return [];
    // What is implied by another field stands at its place.
    const cause = [...fields].find(([other, field]) => field.place === place && isSaid(other, statements));
    return [
      { path: cause?.[0] ?? path, reason: "a policy cannot ask for what the control plane shows here" },
    ];
  });
  return [...rules, ...differing];
}

function isSaid(path: FieldPath, statements: readonly Statement[]): boolean {
  return statements.some((statement) => statement.path === path);
}

/** The field that a path of the document means, as far as it is one: messages name fields as documents do. */
function fieldAt(documentPath: string, statements: readonly Statement[]): FieldPath {
  const inside = (path: string): boolean => documentPath === path || documentPath.startsWith(`${path}[`);
  const found = statements.find(({ path }) => documentPath === pathInDocument(path));
  const around = statements.find(({ path }) => inside(pathInDocument(path)));
  return (found ?? around)?.path ?? documentPath.slice("spec.key.".length);
}

function pathInDocument(path: FieldPath): string {
  const metadata = "defaults.metadata.";
  if (!path.startsWith(metadata)) return `spec.key.${path}`;
  return joinPath("spec.key.defaults.metadata", path.slice(metadata.length));
}

/** Whether a fault at a path is about a statement: at its own path, or at that of the group it is part of. */
function concerns(fault: FieldPath, path: FieldPath): boolean {
  return path === fault || (overlaps(fault, path) && path.length > fault.length);
}

function clip(text: string, longest = 300): string {
  const characters = Array.from(text);
  return characters.length > longest ? `${characters.slice(0, longest - 3).join("")}...` : text;
}
