import type { Acceptance } from "../core/accept-drift.ts";
import { isObject, sameCanonical, stableJson } from "../core/canonical.ts";
import type { DesiredFields } from "../core/effective.ts";
import { overlaps, sameField } from "../core/fields.ts";
import type { FieldPath, LiveKey } from "../core/key.ts";
import { liveValue } from "../core/live.ts";
import type { Json, PolicyContent, PolicySet } from "../core/policy.ts";
import { isSamePlace, type Place, type Problem } from "../core/problem.ts";
import type { DesiredKey, Resolution } from "../core/resolve.ts";
import type { AcceptedFile, AcceptRequest } from "./accept-edits.ts";
import { documentValues } from "./document-values.ts";
import { defaultLimits } from "./limits.ts";
import { joinContents, parsePolicies } from "./parse-policies.ts";

/** Why something cannot be done, at the path of a field; at an empty one where it is about the whole. */
export interface EditFault {
  readonly path: FieldPath;
  readonly reason: string;
}

/** What is wrong with edits; undefined where they do exactly what they are for. */
export function judgeEdits(
  request: AcceptRequest,
  accepted: readonly Acceptance[],
  files: readonly AcceptedFile[],
): EditFault | undefined {
  const contents = files.map(({ file, after }) => parsePolicies(file, Buffer.from(after), defaultLimits));
  const { keyId, set, resolution, resolve } = request;
  for (const { problems } of contents) {
    const broken = problems.find(({ severity }) => severity === "error");
    if (broken !== undefined) return faultAt(broken);
  }
  if (!files.every((file) => keepsTheRest(file, accepted)))
    return { path: "", reason: "the edit would change more than this key's policy" };
  const next = resolve(withFiles(set, files, contents));
  const own = next.desired.get(keyId);
  const before = resolution.desired.get(keyId);
  if (own === undefined || before === undefined) {
    const known = resolution.problems.map(({ message }) => message);
    const fresh = next.problems.find(
      ({ severity, message }) => severity === "error" && !known.includes(message),
    );
    return fresh === undefined
      ? { path: "", reason: "the edited policy would not be valid" }
      : faultAt(fresh);
  }
  if (!keepsOthers(resolution, next, keyId) || own.mode !== before.mode || own.policy !== before.policy)
    return { path: "", reason: "the edit would change what is wanted of other keys" };
  return judgeFields(request, accepted, { before: before.fields, after: own.fields });
}

function faultAt({ code, path, message }: Problem): EditFault {
  const inside = "spec.key.";
  const why = code === "KS1340" ? "a guardrail forbids it" : "a policy cannot say it";
  return {
    path: path.startsWith(inside) ? path.slice(inside.length) : "",
    reason: `${why}: ${message}`,
  };
}

/** Documents say what they said, the `key` blocks of the owners left aside. */
function keepsTheRest({ file, before, after }: AcceptedFile, accepted: readonly Acceptance[]): boolean {
  const owners = accepted.map(({ owner }) => owner).filter(({ place }) => place.file === file);
  const without = (value: Json): Json => {
    const spec = isObject(value) ? value["spec"] : undefined;
    const name = isObject(value) && isObject(value["metadata"]) ? value["metadata"]["name"] : undefined;
    const isOwner = isObject(value) && owners.some((one) => one.kind === value["kind"] && one.name === name);
    return isOwner && isObject(spec) ? { ...value, spec: { ...spec, key: null } } : value;
  };
  const [old, fresh] = [before, after].map((text) => documentValues(text, defaultLimits).map(without));
  return stableJson(old ?? []) === stableJson(fresh ?? []);
}

function withFiles(
  set: PolicySet,
  files: readonly AcceptedFile[],
  contents: readonly PolicyContent[],
): PolicySet {
  const isElsewhere = (file: string): boolean => !files.some((one) => one.file === file);
  const others = <T extends { readonly place: Place }>(items: readonly T[]): readonly T[] =>
    items.filter(({ place }) => isElsewhere(place.file));
  const fresh = joinContents(contents);
  return {
    ...set,
    policies: [...others(set.policies), ...fresh.policies],
    profiles: [...others(set.profiles), ...fresh.profiles],
    guardrails: [...others(set.guardrails), ...fresh.guardrails],
    brokenGuardrails: [...others(set.brokenGuardrails), ...fresh.brokenGuardrails],
    problems: [...set.problems.filter(({ file }) => isElsewhere(file)), ...fresh.problems],
  };
}

function keepsOthers(before: Resolution, after: Resolution, keyId: string): boolean {
  const held = ({ held: keys }: Resolution): string =>
    keys
      .map((one) => one.keyId)
      .sort()
      .join();
  return (
    before.desired.size === after.desired.size &&
    held(before) === held(after) &&
    [...before.desired].every(([id, key]) => id === keyId || isSameKey(key, after.desired.get(id)))
  );
}

function isSameKey(a: DesiredKey, b: DesiredKey | undefined): boolean {
  return (
    a.policy === b?.policy &&
    a.mode === b.mode &&
    a.fields.size === b.fields.size &&
    [...a.fields].every(([path, { value }]) => {
      const other = b.fields.get(path);
      return other !== undefined && sameCanonical(other.value, value);
    })
  );
}

interface Sides {
  readonly before: DesiredFields;
  readonly after: DesiredFields;
}

function judgeFields(
  { live, now }: AcceptRequest,
  accepted: readonly Acceptance[],
  { before, after }: Sides,
): EditFault | undefined {
  for (const { path } of accepted) {
    const said = [...after.keys()].filter((one) => one === path || overlaps(one, path));
    if (said.length === 0) return { path, reason: "something else is said of it elsewhere, and wins" };
  }
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(path), after.get(path)];
    const isOurs = isTouched(path, accepted, { before, after });
    const isKept = old !== undefined && fresh !== undefined && sameCanonical(old.value, fresh.value);
    if (!isOurs && !isKept) return { path, reason: `what is wanted of ${path} would change, too` };
    if (isOurs && fresh !== undefined && !isLive(path, { live, now }, fresh.value))
      return { path, reason: "a policy cannot ask for what the control plane shows here" };
  }
  return undefined;
}

function isLive(path: FieldPath, { live, now }: { live: LiveKey; now: number }, desired: Json): boolean {
  const value = liveValue(live, path);
  return value !== undefined && sameField(path, { desired, live: value, now });
}

/** Whether a field is accepted, part of what is, or implied by it: what is implied stands at the place of its cause. */
function isTouched(path: FieldPath, accepted: readonly Acceptance[], { before, after }: Sides): boolean {
  const isAccepted = (one: FieldPath): boolean =>
    accepted.some((acceptance) => one === acceptance.path || overlaps(one, acceptance.path));
  return (
    isAccepted(path) ||
    [before, after].some((fields) => {
      const place = fields.get(path)?.place;
      return [...fields].some(
        ([other, field]) => isAccepted(other) && place && isSamePlace(field.place, place),
      );
    })
  );
}
