import { liveKeyObject, pathAt } from "./effective-key.ts";
import { matchesLabels, type Guardrail, type Offence } from "./guardrail.ts";
import { matchesKey } from "./key-match.ts";
import type { FieldPath, LiveKey } from "./key.ts";
import type { KeyId, PolicySet } from "./policy.ts";
import type { Resolution } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

/** A live key that is what a guardrail forbids. */
export interface Violation {
  readonly keyId: KeyId;
  readonly keyName: string;
  readonly guardrail: Guardrail;
  /** The field that offends, as in an update body; empty for the key as a whole. */
  readonly path: FieldPath;
  /** What was found and what was expected. */
  readonly message: string;
}

/** The labels of the policy that governs a key; undefined where none does. */
export type LabelsOf = (id: KeyId) => Readonly<Record<string, string>> | undefined;

/** By the policies that name keys, sound or not, and those that select them: a key has the labels of all of these. */
export function labelsByKey(
  { policies }: PolicySet,
  { desired, held }: Pick<Resolution, "desired" | "held">,
): LabelsOf {
  const byName = new Map(policies.map(({ name, labels }) => [name, labels]));
  const named = new Map([
    ...held.map(({ keyId, policy }) => [keyId, byName.get(policy)] as const),
    ...policies.flatMap((policy) => policy.keyIds.map(({ value }) => [value, policy.labels] as const)),
  ]);
  return (id) => {
    const selectedBy = desired.get(id)?.selectedBy;
    if (selectedBy === undefined) return named.get(id);
    return Object.assign({}, ...selectedBy.map(({ policy }) => byName.get(policy))) as Record<string, string>;
  };
}

/** The guardrails that judge a live key. */
export function guardrailsFor(
  key: LiveKey,
  guardrails: readonly Guardrail[],
  labelsOf: LabelsOf,
): readonly Guardrail[] {
  return guardrails.filter(
    ({ appliesTo, match }) =>
      appliesTo === "live" &&
      matchesLabels(match.labels, labelsOf(key.id)) &&
      (match.key === undefined || matchesKey(match.key, key)),
  );
}

/** What live keys are that they may not be, governed or not; sorted by key, then guardrail, then path. */
export function liveViolations(
  live: readonly LiveKey[],
  guardrails: readonly Guardrail[],
  labelsOf: LabelsOf,
): readonly Violation[] {
  const found = live.flatMap((key) => {
    const object = liveKeyObject(key);
    return guardrailsFor(key, guardrails, labelsOf).flatMap((guardrail) =>
      guardrail.judge(object).map((offence) => violation(key, guardrail, offence)),
    );
  });
  return found.sort(
    (a, b) =>
      compareTexts(a.keyId, b.keyId) ||
      compareTexts(a.guardrail.name, b.guardrail.name) ||
      compareTexts(a.path, b.path),
  );
}

function violation(key: LiveKey, guardrail: Guardrail, { pointer, message }: Offence): Violation {
  return { keyId: key.id, keyName: key.name, guardrail, path: pathAt(pointer), message };
}

/** Fields that a list may leave out, and what may look at fields without naming them. */
const mayLookAtUnlisted =
  /"(?:rotation_policy|allow_config_override|patternProperties|propertyNames|additionalProperties|unevaluatedProperties|minProperties|maxProperties)"|"const":\{|"enum":\[[^\]]*\{/;

/** Whether a guardrail may look at something that a list of keys does not show. */
export function looksBeyondList({ source }: Guardrail): boolean {
  return mayLookAtUnlisted.test(JSON.stringify(source));
}
