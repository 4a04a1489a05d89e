/*
 * From values that are to be accepted to edits of files that do just that. The edits are made one field after the other
 * and then judged by those who read policies, as a plan would read them: every other key is wanted as before, every other
 * document and every other field says what it said, and each accepted field is wanted as it is live. What a policy cannot
 * say, or is no one's to write down, is left out with its reason, and the rest is made and judged again.
 */
import { readFileSync } from "node:fs";
import type { Acceptance, LeftField } from "../core/accept-drift.ts";
import { overlaps } from "../core/fields.ts";
import type { FieldPath, LiveKey } from "../core/key.ts";
import type { Json, KeyId, PolicySet } from "../core/policy.ts";
import type { Resolution } from "../core/resolve.ts";
import { messageOf } from "../errors.ts";
import { judgeEdits, type EditFault } from "./accept-judge.ts";
import { editValue } from "./edit-value.ts";
import { defaultLimits } from "./limits.ts";
import { parsePolicies } from "./parse-policies.ts";
import { policySchema } from "./policy-schema.ts";
import { documentShape } from "./schema-order.ts";
import { createSourceText, decodeText } from "./source-text.ts";
import { readYamlStream } from "./yaml-stream.ts";

export interface AcceptRequest {
  readonly keyId: KeyId;
  readonly live: LiveKey;
  readonly set: PolicySet;
  readonly resolution: Resolution;
  /** What another set says, under the same circumstances. */
  readonly resolve: (set: PolicySet) => Resolution;
  readonly accepted: readonly Acceptance[];
  readonly now: number;
  /** Takes secrets out of a text. */
  readonly clean: (text: string) => string;
}

type Document = PolicySet["policies" | "profiles" | "guardrails"][number];

/** A file as it is and as it is to be. */
export interface AcceptedFile {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly before: string;
  readonly after: string;
}

export type AcceptEdits =
  | {
      readonly kind: "edits";
      readonly files: readonly AcceptedFile[];
      readonly accepted: readonly Acceptance[];
      readonly left: readonly LeftField[];
    }
  | { readonly kind: "refused"; readonly reason: string };

export function acceptEdits(request: AcceptRequest): AcceptEdits {
  const before = readFiles(request);
  if ("reason" in before) return { kind: "refused", reason: before.reason };
  const left: LeftField[] = [];
  let { accepted } = request;
  for (;;) {
    const fault = secretIn(request, accepted) ?? attempt(request, accepted, before);
    if (!("reason" in fault)) return { kind: "edits", files: fault, accepted, left };
    const named = accepted.filter(({ path }) => concerns(fault.path, path));
    // A fault at what a field implies, or at a rule between fields, is one of their group.
    const group = accepted.filter(({ path }) => path.split(".")[0] === fault.path.split(".")[0]);
    const out = named.length > 0 ? named : group;
    if (out.length === 0) return { kind: "refused", reason: fault.reason };
    left.push(...out.map(({ path }) => ({ path, reason: fault.reason })));
    accepted = accepted.filter((one) => !out.includes(one));
  }
}

function concerns(fault: FieldPath, path: FieldPath): boolean {
  return path === fault || overlaps(path, fault) || fault.startsWith(`${path}[`);
}

/** The files to edit, by name, as they hold what the set was read from. */
function readFiles({ set, accepted }: AcceptRequest): ReadonlyMap<string, AcceptedFile> | { reason: string } {
  const files = new Map<string, AcceptedFile>();
  for (const { owner } of accepted) {
    const { file } = owner.place;
    if (files.has(file)) continue;
    try {
      const bytes = readFileSync(file);
      const decoded = decodeText(bytes);
      const read = parsePolicies(file, bytes, defaultLimits);
      const known = allDocuments(set).filter(({ place }) => place.file === file);
      if ("fault" in decoded || JSON.stringify(allDocuments(read)) !== JSON.stringify(known))
        return { reason: `${file} changed while it was looked at; try again` };
      files.set(file, { file, bytes, before: decoded.text, after: decoded.text });
    } catch (thrown) {
      return { reason: `${file} cannot be read: ${messageOf(thrown)}` };
    }
  }
  return files;
}

function allDocuments(read: Pick<PolicySet, "policies" | "profiles" | "guardrails">): readonly Document[] {
  return [...read.policies, ...read.profiles, ...read.guardrails];
}

/** As reads show a secret: `z1*****3AX` (observed). */
const masked = /^[^\s*]{0,12}\*{3,}[^\s*]{0,12}$/;

function secretIn({ clean }: AcceptRequest, accepted: readonly Acceptance[]): EditFault | undefined {
  for (const { path, to } of accepted) {
    const json = JSON.stringify([path, to]);
    if (clean(json) !== json) return { path, reason: "it holds our own admin key" };
    if (textsIn(to).some((text) => masked.test(text)))
      return { path, reason: "it is a masked secret, which is no value to write down" };
  }
  return undefined;
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(textsIn) : [];
}

function attempt(
  request: AcceptRequest,
  accepted: readonly Acceptance[],
  before: ReadonlyMap<string, AcceptedFile>,
): EditFault | readonly AcceptedFile[] {
  const files = new Map(before);
  for (const { path, to, owner } of accepted) {
    const file = files.get(owner.place.file);
    const index = file === undefined ? -1 : documentAt(file, owner.place);
    if (file === undefined || index < 0)
      return { path: "", reason: `${owner.place.file} cannot be found again` };
    const shape = documentShape(policySchema().schema, owner.kind);
    const names = ["spec", "key", ...namesOf(path)];
    const edited = editValue(file.after, { document: index, shape }, { names, value: to });
    if (edited.kind === "refused") return { path, reason: edited.reason };
    files.set(file.file, { ...file, after: edited.text });
  }
  const changed = [...files.values()].filter((file) => file.after !== file.before);
  return judgeEdits(request, accepted, changed) ?? changed;
}

/** Which document of a file stands at a place. Edits stand below it, or in other documents that are not moved by lines. */
function documentAt({ file, before }: AcceptedFile, place: { line: number; column: number }): number {
  const source = createSourceText(file, before);
  return readYamlStream(before, defaultLimits).documents.findIndex(({ content }) => {
    const at = source.placeAt(content?.range[0] ?? 0);
    return content !== null && at.line === place.line && at.column === place.column;
  });
}

/** The names of a field inside of `key`; metadata names hold dots of their own. */
function namesOf(path: FieldPath): readonly string[] {
  const metadata = "defaults.metadata.";
  return path.startsWith(metadata) ? ["defaults", "metadata", path.slice(metadata.length)] : path.split(".");
}
