import { createHash } from "node:crypto";
import { stableJson } from "./canonical.ts";
import { compareTexts } from "./texts.ts";
import type { Why } from "./diff.ts";
import type { DesiredKey } from "./resolve.ts";
import type { Canonical, FieldPath, UpdateBody } from "./key.ts";
import type { Adoption, Replaced, Reverts } from "./ledger.ts";
import type { Json, KeyId } from "./policy.ts";
import type { Place } from "./problem.ts";
import type { Rank } from "./rank.ts";
import type { PlannedReset } from "./reset.ts";

export type PassKind = "edit" | "reconcile";

/** One field that will be set. `from` is undefined when the value before is not known. */
export interface FieldChange {
  readonly path: FieldPath;
  readonly action: "set" | "clear";
  readonly from: Canonical | undefined;
  readonly to: Canonical;
  readonly why: Why;
  readonly rank: Rank;
  /** What late reads may still show once this is written. */
  readonly replaced: Replaced;
  /** For the ledger: how often it has been put back, this time included. */
  readonly reverts: Reverts | undefined;
  /** Where the value is written. */
  readonly place: Place;
}

/** One request: everything that changes on one key. */
export interface Change {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names the key. */
  readonly place: Place;
  readonly rank: Rank;
  /** None when usage is reset and nothing else changes. */
  readonly fields: readonly FieldChange[];
  /** Usage is reset in the same request. */
  readonly reset?: PlannedReset;
  readonly desired: DesiredKey;
  /** Whether the key is quarantined: what is set was said before the policy's file was broken. */
  readonly lastGood?: true;
  /** What is sent; null when parts that nobody manages have to be read first. */
  readonly body: UpdateBody | null;
  /** Whole groups of which a part changes, as they were seen; for the ledger. */
  readonly groups: readonly { readonly path: FieldPath; readonly value: Canonical }[];
  /** Whether the body holds what nobody manages, as it was when the key was read. */
  readonly carries: boolean;
}

/**
 * Something that is told and not written.
 *
 * `settling`: read back different within the settle time. `not-reflected`: a value does not stick. `contested`:
 * somebody sets a field back again and again. `acknowledged`: a difference that the policy says is known. `refused`: the server said no to this value before. `drift`: found on a key whose policy only reports. `released`: a field is no
 * longer managed, its value stays. `orphaned`: no policy covers a key any more. `held`: something about the key's
 * policy is broken, and nothing is known of what it said before. `quarantined`: it is broken, and the key is kept at what
 * it said last. `paused`. `override-ends`: an override in force ends within a week. `restored`: a person has put the key back,
 * and it is left so. `not-reset`: a token that a policy had before its key was known resets nothing. `in-doubt`: whether usage
 * was reset cannot be told. `missing`: the control plane does not show the key. `unreadable`: it cannot be read.
 */
export type NoticeKind =
  | "settling"
  | "not-reflected"
  | "contested"
  | "acknowledged"
  | "refused"
  | "drift"
  | "released"
  | "orphaned"
  | "held"
  | "quarantined"
  | "paused"
  | "override-ends"
  | "restored"
  | "not-reset"
  | "in-doubt"
  | "missing"
  | "unreadable";

export interface Notice {
  readonly kind: NoticeKind;
  readonly keyId: KeyId;
  readonly policy: string;
  readonly message: string;
  /** Of `settling`: a read has shown the value since it was written, so that only another pass tells what it is now. */
  readonly wasShown?: true;
}

/** The guard's rules, which `guard.ts` explains. */
export type GuardRule = "changed" | "loosened" | "shrunk" | "foreign" | "self-lockout";

/** A reason for which some changes of the plan, or all, are held. */
export interface Refusal {
  readonly rule: GuardRule;
  readonly message: string;
  /** The most that passes without an approval; for `foreign` the least that has to be known. */
  readonly limit: number;
  readonly actual: number;
  /** The one command that goes on with exactly what is held. */
  readonly approve: string;
}

export interface PlanSummary {
  /** Keys that policies ask something of. */
  readonly desired: number;
  /** Those of them that can be written: not paused or only reported, and there as far as is known. */
  readonly enforced: number;
  /** Keys that were read; null when the pass did not read. */
  readonly live: number | null;
  /** All that was planned, held or not. */
  readonly changes: number;
  /** How many of them the guard holds. */
  readonly held: number;
  readonly unchanged: number;
  readonly tightens: number;
  readonly loosens: number;
}

/** What one pass would write, and why. Plain data: it can be compared, counted, printed and approved. */
export interface Plan {
  readonly pass: PassKind;
  /** The same for the same changes, those that are held among them: what a review of the whole plan is bound to. */
  readonly digest: string;
  /** What goes, in the order in which it is sent. */
  readonly changes: readonly Change[];
  /** What the guard holds, in the same order. */
  readonly held: readonly Change[];
  /**
   * What an approval is bound to: the same as long as the same is held, whatever else was sent meanwhile. Null when
   * nothing is refused.
   */
  readonly heldDigest: string | null;
  readonly notices: readonly Notice[];
  readonly refusals: readonly Refusal[];
  /** Corrections of the ledger that need no request. */
  readonly adoptions: readonly Adoption[];
  readonly summary: PlanSummary;
}

/** A digest of what would be written: keys, fields, values before and after; and of what else it is to depend on. */
export function digestOf(changes: readonly Change[], also: Json = null): string {
  const written: Json = changes.map(({ keyId, fields, reset }) => ({
    keyId,
    ...(reset === undefined ? {} : { reset: { token: reset.token, previous: reset.previous } }),
    fields: fields.map(({ path, from, to }) => (from === undefined ? { path, to } : { path, from, to })),
  }));
  const content = also === null ? written : { written, also };
  return createHash("sha256").update(stableJson(content)).digest("hex").slice(0, 16);
}

const rankOrder: Readonly<Record<Rank, number>> = { tightens: 0, neutral: 1, loosens: 2 };

/**
 * The order of a push: what tightens before what is neutral before what loosens; among equals edits before drift,
 * then by key id.
 */
export function inPushOrder(changes: readonly Change[]): Change[] {
  return [...changes].sort(
    (a, b) =>
      rankOrder[a.rank] - rankOrder[b.rank] ||
      Number(isDrift(a)) - Number(isDrift(b)) ||
      compareTexts(a.keyId, b.keyId),
  );
}

function isDrift(change: Change): boolean {
  return change.reset === undefined && change.fields.every(({ why }) => why === "drift");
}
