import type { KeyMatch } from "./key-match.ts";
import type { BrokenGuardrail, Guardrail } from "./guardrail.ts";
import type { PolicyTest } from "./policy-test.ts";
import type { Place, Problem } from "./problem.ts";

/** A Portkey API key's UUID, lower case. */
export type KeyId = string;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** `enforce`: drift is mended. `report`: drift is told, not mended. `paused`: the key is left alone. */
export type Mode = "enforce" | "report" | "paused";

/** Where the properties of a block stand, by JSON pointer. */
export interface Places extends Iterable<readonly [string, Place]> {
  get(pointer: string): Place | undefined;
}

/**
 * A `key:` block as written, field names as in Portkey's update body. `null` says "must be empty"; an absent field
 * says nothing.
 */
export interface KeyBlock {
  readonly value: JsonObject;
  /**
   * Places of the block's properties by JSON pointer (`/usage_limits/credit_limit`, `/rate_limits`), arrays as one;
   * the block itself is ``. What is missing here is placed at its nearest ancestor.
   */
  readonly places: Places;
}

/** A value together with where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly place: Place;
}

/** An exception to a policy that begins and ends by itself. Instants in milliseconds since the epoch. */
export interface Override {
  /** The first instant at which it is in force; null for ever since. */
  readonly from: number | null;
  /** The first instant at which it is over. */
  readonly until: number;
  readonly reason: string;
  readonly key: KeyBlock;
  /** Where it stands in the list. */
  readonly place: Place;
  /** Where its end is written. */
  readonly untilPlace: Place;
}

/** One `kind: KeyPolicy` document whose shape is sound. */
export interface KeyPolicy {
  readonly kind: "KeyPolicy";
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where the document begins. */
  readonly place: Place;
  /** The keys that it names; none when it selects them. */
  readonly keyIds: readonly Placed<KeyId>[];
  /** What it selects live keys by; absent when it names them. */
  readonly match?: Placed<KeyMatch>;
  /** Among the policies that select a key the higher one has its way; 0 when absent. */
  readonly priority?: number;
  readonly mode: Mode;
  readonly profiles: readonly Placed<string>[];
  readonly key: KeyBlock;
  /** As they are listed: later ones win. */
  readonly overrides: readonly Override[];
  /** Differences that are known, and left until an instant. */
  readonly acknowledge: readonly Acknowledgement[];
  /** The token of the reset of usage that is asked for last. */
  readonly resetUsage?: Placed<string>;
}

/** That the difference of one field, or of a group, is left as it is. */
export interface Acknowledgement {
  /** As written: it may name no field. */
  readonly path: Placed<string>;
  /** Milliseconds since the epoch. */
  readonly until: Placed<number>;
  readonly reason: string;
}

/** One `kind: Profile` document whose shape is sound. */
export interface Profile {
  readonly kind: "Profile";
  readonly name: string;
  readonly place: Place;
  readonly profiles: readonly Placed<string>[];
  readonly key: KeyBlock;
}

/** What one document, one file, or a whole directory of them holds. */
export interface PolicyContent {
  readonly policies: readonly KeyPolicy[];
  readonly profiles: readonly Profile[];
  readonly guardrails: readonly Guardrail[];
  /** Documents that are, or may be, guardrails and cannot be read as such. */
  readonly brokenGuardrails: readonly BrokenGuardrail[];
  /** What `keysteward test` runs; nothing that governs keys looks at them. */
  readonly tests: readonly PolicyTest[];
  /** What is wrong with files and the shape of their documents, but for tests; sorted. */
  readonly problems: readonly Problem[];
  /** What is wrong with the shape of tests; sorted. It hides nothing of what governs keys, and holds none. */
  readonly testProblems: readonly Problem[];
  /** Documents that are not empty, sound or not. */
  readonly documents: number;
}

/** All that one reading of the policy directory gave. Its problems are also those of the directory itself. */
export interface PolicySet extends PolicyContent {
  /**
   * False when the directory as a whole cannot be believed (missing, empty, unreadable, a checkout under way):
   * nothing may be written on the strength of this set.
   */
  readonly trusted: boolean;
  readonly files: number;
}
