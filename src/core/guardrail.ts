import type { KeyMatch } from "./key-match.ts";
import type { JsonObject } from "./policy.ts";
import type { Place, Severity } from "./problem.ts";

/** Which keys a guardrail judges; all that is given must hold. */
export interface GuardrailMatch {
  /** Labels of the policy that governs the key. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Attributes of the live key. */
  readonly key?: KeyMatch;
}

/** One way in which a key offends. */
export interface Offence {
  /** Where, as a JSON pointer into the effective key; the pointer of the absent property when it is `missing`. */
  readonly pointer: string;
  readonly missing: boolean;
  /** What was found and what was expected, as a sentence without an end. */
  readonly message: string;
}

/** One `kind: Guardrail` document that is sound. */
export interface Guardrail {
  readonly kind: "Guardrail";
  readonly name: string;
  readonly place: Place;
  readonly match: GuardrailMatch;
  readonly severity: Severity;
  readonly message: string;
  readonly appliesTo: "policies" | "live";
  /** The document as it was written: what is kept of it across restarts. */
  readonly source: JsonObject;
  /** Every way in which a key offends; none when it keeps to the rule. Never throws: what cannot be judged offends. */
  readonly judge: (key: JsonObject) => readonly Offence[];
}

/** A document that is, or may be, a guardrail and that cannot be read as one. */
export interface BrokenGuardrail {
  /** Null where not even that can be read. */
  readonly name: string | null;
  readonly place: Place;
}

/** A guardrail as it was last sound, in a form that can be stored. */
export interface KeptGuardrail {
  readonly name: string;
  readonly source: JsonObject;
  readonly file: string;
  readonly line: number;
}

export function keptGuardrail({ name, source, place }: Guardrail): KeptGuardrail {
  return { name, source, file: place.file, line: place.line };
}

/** Whether the labels that are asked for are there; a key without a policy has none. */
export function matchesLabels(
  asked: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (asked === undefined) return true;
  return Object.entries(asked).every(
    ([name, value]) => labels !== undefined && Object.hasOwn(labels, name) && labels[name] === value,
  );
}

/** Whether it depends on live keys which policies are judged. */
export function asksLiveKeys(guardrails: readonly Guardrail[]): boolean {
  return guardrails.some(({ match }) => match.key !== undefined);
}
