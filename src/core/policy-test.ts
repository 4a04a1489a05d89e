import type { FieldPath, LiveKey } from "./key.ts";
import type { KeyBlock, KeyPolicy, Mode, Placed } from "./policy.ts";
import type { Place, ProblemCode } from "./problem.ts";

/** One `kind: PolicyTest` document whose shape is sound: what policies must come to. */
export interface PolicyTest {
  readonly kind: "PolicyTest";
  readonly name: string;
  readonly place: Place;
  readonly cases: readonly PolicyTestCase[];
}

export interface PolicyTestCase {
  readonly name: string;
  readonly place: Place;
  readonly given: Given;
  /** The moment that it is about, in milliseconds since the epoch; null for the moment of the run. */
  readonly at: number | null;
  readonly expect: Expected;
}

/**
 * What a case is about: a policy by its name, a live key that policies may select or name, or a policy that stands in the
 * case alone, as a sample of what somebody may write one day.
 */
export type Given =
  | { readonly kind: "policy"; readonly policy: Placed<string> }
  | { readonly kind: "key"; readonly key: LiveKey }
  | { readonly kind: "sample"; readonly policy: KeyPolicy };

/** Everything that is said must hold. */
export interface Expected {
  /** The policy that governs the key; null for none. */
  readonly policy?: Placed<string | null>;
  readonly mode?: Placed<Mode>;
  /** Fields that must be as they are written here; others are not looked at. */
  readonly key: KeyBlock;
  /** Fields of which no policy may say anything. */
  readonly unmanaged: readonly Placed<FieldPath>[];
  /** Problems that must be found, each of them; without any, no error may be. */
  readonly problems: readonly Placed<ProblemCode>[];
}
