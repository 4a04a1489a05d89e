import { effectiveKey, fieldAt, pathAt } from "./effective-key.ts";
import type { DesiredFields } from "./effective.ts";
import { matchesLabels, type Guardrail, type Offence } from "./guardrail.ts";
import { matchesKey, type KeyMatch } from "./key-match.ts";
import type { FieldPath, LiveKey } from "./key.ts";
import type { KeyId, KeyPolicy } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";

/** The most that is said of one policy by one guardrail. */
const mostOffences = 10;

/** What guardrails say of a policy. */
export interface Judgement {
  readonly problems: readonly Problem[];
  /** What stands only if one of the policy's keys is, live, what the guardrail is about. */
  readonly conditional: readonly Conditional[];
}

export interface Conditional {
  readonly guardrail: Guardrail;
  readonly match: KeyMatch;
  /** What is asked of the key: what it is about to be counts as what it is. */
  readonly fields: DesiredFields;
  readonly problems: readonly Problem[];
}

const kept: Judgement = { problems: [], conditional: [] };

/** Judges what a policy and its profiles say together by every guardrail whose labels it has. */
export function judgePolicy(
  policy: KeyPolicy,
  fields: DesiredFields,
  guardrails: readonly Guardrail[],
): Judgement {
  const asked = guardrails.filter(({ match }) => matchesLabels(match.labels, policy.labels));
  if (asked.length === 0) return kept;
  const key = effectiveKey(fields);
  const problems: Problem[] = [];
  const conditional: Conditional[] = [];
  for (const guardrail of asked) {
    const offences = guardrail.judge(key);
    if (offences.length === 0) continue;
    const found = offences
      .slice(0, mostOffences)
      .map((offence) => offenceProblem({ policy, fields, guardrail }, offence));
    const match = guardrail.match.key;
    if (match === undefined) problems.push(...found);
    else conditional.push({ guardrail, match, fields, problems: found });
  }
  return problems.length + conditional.length === 0 ? kept : { problems, conditional };
}

interface Judged {
  readonly policy: KeyPolicy;
  readonly fields: DesiredFields;
  readonly guardrail: Guardrail;
}

/**
 * At the value that offends, in the policy or profile that says it; at the policy's `key` block where a value is
 * missing. The policy is not named: what one profile says is one problem, however many policies take it.
 */
function offenceProblem({ policy, fields, guardrail }: Judged, offence: Offence): Problem {
  const path = pathAt(offence.pointer);
  const field = offence.missing ? undefined : fieldAt(fields, path);
  const place = field?.place ?? policy.key.places.get("") ?? policy.place;
  return problemAt("KS1340", place, {
    severity: guardrail.severity,
    path: path === "" ? "spec.key" : `spec.key.${path}`,
    message: offenceMessage(guardrail, offence),
  });
}

function offenceMessage({ name, message, place }: Guardrail, offence: Offence): string {
  return `${message}: ${offence.message} (guardrail "${name}", ${placeText(place)})`;
}

/** Whether a guardrail is about a key, as it is or as it will be once it is what is asked of it. */
export function isAbout(match: KeyMatch, live: LiveKey, fields: DesiredFields): boolean {
  return matchesKey(match, live) || matchesKey(match, becoming(live, fields));
}

function becoming(live: LiveKey, wanted: DesiredFields): LiveKey {
  const name = wanted.get("name")?.value;
  const metadata = new Map(
    [...wanted].flatMap(([path, { value }]) => (isMetadata(path) ? [[path, value]] : [])),
  );
  return {
    ...live,
    name: typeof name === "string" ? name : live.name,
    fields: new Map([...live.fields, ...metadata]),
  };
}

function isMetadata(path: FieldPath): boolean {
  return path === "defaults.metadata" || path.startsWith("defaults.metadata.");
}

/** What is known of the live keys; undefined where nobody looks at any (`validate`). */
export type LiveKeyOf = (id: KeyId) => LiveKey | undefined;

/**
 * Settles what depends on live keys. A key that was not seen yet may be one that the guardrail is about: until it was,
 * the policy is held.
 */
export function settleConditional(
  policy: KeyPolicy,
  conditional: readonly Conditional[],
  { liveKeyOf, isComplete }: { readonly liveKeyOf: LiveKeyOf; readonly isComplete: boolean },
): Problem[] {
  return conditional.flatMap(({ guardrail, match, fields, problems }) => {
    const keys = policy.keyIds.map(({ value, place }) => ({ id: value, place, live: liveKeyOf(value) }));
    if (keys.some(({ live }) => live !== undefined && isAbout(match, live, fields))) return problems;
    // What is not there although everything was looked at is not written either.
    if (isComplete) return [];
    const [unseen] = keys.filter(({ live }) => live === undefined);
    if (unseen === undefined) return [];
    const message =
      `the key ${unseen.id} was not seen so far, and the guardrail "${guardrail.name}" (${placeText(guardrail.place)}) ` +
      `may be about it: ${guardrail.message}; expected to be known after the next reconcile pass`;
    const { severity } = guardrail;
    return [problemAt("KS1343", unseen.place, { severity, path: "spec.keyId", message })];
  });
}
