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

type Labels = Readonly<Record<string, string>>;

/** The labels of each policy that governs a key; none where no policy does. */
export type LabelsOf = (id: KeyId) => readonly Labels[];

/**
 * By the policies that name keys, sound or not, and those that select them. Each keeps its own: where two have different
 * values of one label, the key has both.
 */
export function labelsByKey(
  { policies }: PolicySet,
  { desired, held }: Pick<Resolution, "desired" | "held">,
): LabelsOf {
  const byName = new Map(policies.map(({ name, labels }) => [name, labels]));
  const labelsOf = (policy: string): readonly Labels[] => {
    const labels = byName.get(policy);
    return labels === undefined ? [] : [labels];
  };
  const named = new Map<KeyId, readonly Labels[]>();
  const add = (id: KeyId, labels: readonly Labels[]): void => {
    named.set(id, [...(named.get(id) ?? []), ...labels]);
  };
  for (const { keyId, policy, selectors = [policy] } of held) add(keyId, selectors.flatMap(labelsOf));
  for (const { keyIds, labels } of policies) for (const { value } of keyIds) add(value, [labels]);
  return (id) => [
    ...(named.get(id) ?? []),
    ...(desired.get(id)?.selectedBy ?? []).flatMap(({ policy }) => labelsOf(policy)),
  ];
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
      (match.labels === undefined ||
        labelsOf(key.id).some((labels) => matchesLabels(match.labels, labels))) &&
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
