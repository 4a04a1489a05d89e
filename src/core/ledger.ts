import type { Canonical, FieldPath } from "./key.ts";
import type { KeyId } from "./policy.ts";
import type { KeyReset, ResetClaim, ResetNote } from "./reset.ts";
import type { SelectorToken } from "./token-change.ts";

/** A value, who asked for it, and when (milliseconds since the epoch). */
export interface AppliedValue {
  readonly value: Canonical;
  readonly policy: string;
  readonly at: number;
}

/**
 * What is known of one field that we once set. `confirmed`: the value a request set, or that was seen live, last.
 * `claimed`: a value whose request was begun and not confirmed; with `refused`, the server said no to it.
 */
export interface AppliedField {
  readonly confirmed?: AppliedValue;
  readonly claimed?: AppliedValue & { readonly refused: boolean };
  /**
   * The live value that was found instead of ours when drift was mended last. Found once more, it means that the
   * mend did not stick, and the field is left alone until the policy or the live value changes.
   */
  readonly mendedFrom?: { readonly value: Canonical };
  /** What a read that lags behind our last write may still show. Absent: nothing, we did not write. */
  readonly replaced?: Replaced;
  /** Confirmed by an answer, and no read has been judged since: whether it took effect is open. */
  readonly unproved?: true;
  /** How often we have put the value back lately. Absent: not at all. */
  readonly reverts?: Reverts;
}

/** Our own mends of one field's drift that followed each other. Instants in milliseconds since the epoch. */
export interface Reverts {
  readonly count: number;
  readonly since: number;
  readonly last: number;
}

/** Live values that a write replaced, the latest first; `unknown` when the value before was not known. */
export type Replaced = readonly Canonical[] | "unknown";

/** Everything applied to one key, and the policy that owned it last. */
export interface AppliedKey {
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  readonly fields: ReadonlyMap<FieldPath, AppliedField>;
  /** Absent: no reset of its usage was ever asked for. */
  readonly reset?: KeyReset;
  /** Where several policies select the key: the last token that each of them had, null for none. */
  readonly tokens?: ReadonlyMap<string, string | null>;
}

/** The intent to set fields of one key, recorded before the request. */
export interface Claim {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  readonly at: number;
  readonly fields: readonly ClaimedField[];
  /** Usage is to be reset too. */
  readonly reset?: ResetClaim;
  /** The token that the policy has; a key that comes under the policy with this claim has it as seen. */
  readonly token?: string;
  /** The tokens of all policies that select the key, where several do. */
  readonly selectors?: readonly SelectorToken[];
  /** Whole groups of which parts are written, as they were: a write to one part can empty another one. */
  readonly groups?: readonly { readonly path: FieldPath; readonly value: Canonical }[];
}

export interface ClaimedField {
  readonly path: FieldPath;
  readonly value: Canonical;
  /** Set when drift is being mended: the live value found. Absent: forget what was found before. */
  readonly mendedFrom?: { readonly value: Canonical };
  /** What the write to come replaces; absent: nothing that a late read could show. */
  readonly replaced?: Replaced;
  /** How often it has been put back lately, this time included. */
  readonly reverts?: Reverts;
  /** The live value before; absent when it is not known. The first one of a field is kept as its baseline. */
  readonly from?: Canonical;
}

/** What a field was before we wrote it for the first time, and when that was (milliseconds since the epoch). */
export interface Baseline {
  readonly value: Canonical;
  readonly at: number;
}

/**
 * A key that a person has put back to an earlier point: until they say otherwise its policy is paused for it.
 */
export interface Restoration {
  readonly at: number;
  /** To what it was put back, in words: `its baseline`, `line 120 of the audit trail`. */
  readonly point: string;
}

/** What a read after a write said of the fields that were written. */
export interface ReadBack {
  readonly keyId: KeyId;
  /** Fields that read as they were set. */
  readonly shown: readonly FieldPath[];
  /** Fields that read otherwise, and not because the read was late. */
  readonly notShown: readonly FieldPath[];
  /** Fields that no read shows, however long one waits. */
  readonly unprovable: readonly FieldPath[];
  /** What the read says of a reset of usage. */
  readonly reset?: ResetNote;
}

/** A correction of the ledger that needs no request. */
export interface Adoption {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  readonly at: number;
  /** Fields whose live value is what the policy asks for: from now on confirmed. */
  readonly confirm: readonly { readonly path: FieldPath; readonly value: Canonical }[];
  /** Fields that another entry has replaced (`usage_limits` by `usage_limits.credit_limit`, or the reverse). */
  readonly drop: readonly FieldPath[];
  /** What became of a reset of usage that was begun. */
  readonly reset?: ResetNote;
  /** The token that the policy has; a key that comes under the policy with this adoption has it as seen. */
  readonly token?: string;
  /** The tokens of all policies that select the key, where several do. */
  readonly selectors?: readonly SelectorToken[];
  /** That no policy covers the key any more: a token that changes meanwhile is none for it, should it come back. */
  readonly isGivenUp?: true;
}
