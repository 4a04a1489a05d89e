/*
 * What is kept of a plan that the guard holds, and of the approval of one.
 *
 * An approval is for one held set, by its digest: it begins only when the plan of the moment holds exactly that. From
 * then on it may be sent in more than one go (something newer comes first, the server says wait, the process is killed),
 * and what is left has another digest. So once it has begun, the approval is for each of its changes: the same values in
 * place of the same values, or, where a request was begun and never answered, the same values. It ends when all of them
 * are applied, when the plan has moved on before it began, and in any case after an hour.
 */
import { sameCanonical } from "./canonical.ts";
import type { Canonical, FieldPath } from "./key.ts";
import type { Change, FieldChange, PassKind, Refusal } from "./plan.ts";
import type { KeyId } from "./policy.ts";
import type { Rank } from "./rank.ts";
import { isWithin } from "./within.ts";

export interface HeldField {
  readonly path: FieldPath;
  /** Left out when it is not known. */
  readonly from?: Canonical;
  readonly to: Canonical;
}

/** A change as plain data, without what is needed to send it. */
export interface HeldChange {
  readonly keyId: KeyId;
  readonly policy: string;
  /** Where the policy names the key. */
  readonly file: string;
  readonly line: number;
  readonly rank: Rank;
  readonly fields: readonly HeldField[];
  /** Usage is reset too. */
  readonly reset?: HeldReset;
}

export interface HeldReset {
  readonly token: string;
  readonly previous: string | null;
}

export interface HeldPlan {
  readonly digest: string;
  /** The kind of pass that planned it. */
  readonly pass: PassKind;
  /** Since when it is held; milliseconds since the epoch. */
  readonly at: number;
  readonly refusals: readonly Refusal[];
  readonly changes: readonly HeldChange[];
}

export interface Approval extends Omit<HeldPlan, "refusals"> {
  /** Whether something of it may have been sent. */
  readonly begun: boolean;
}

const lastsMs = 3_600_000;

/** Whether an approval may still be acted on. One that is dated in the future never may: it would outlast its hour. */
export function isStanding({ at }: Approval, now: number): boolean {
  return isWithin(at, now, lastsMs);
}

export function heldChange({ keyId, policy, place, rank, fields, reset }: Change): HeldChange {
  return {
    keyId,
    policy,
    file: place.file,
    line: place.line,
    rank,
    fields: fields.map(({ path, from, to }) => (from === undefined ? { path, to } : { path, from, to })),
    ...(reset === undefined ? {} : { reset: { token: reset.token, previous: reset.previous } }),
  };
}

/** Tells whether a change is one of an approval that has begun. */
export function approvedBy(approval: Approval): (change: Change) => boolean {
  const approved = new Map(approval.changes.map((change) => [change.keyId, change]));
  return ({ keyId, fields, reset }) => {
    const held = approved.get(keyId);
    const known = new Map(held?.fields.map((field) => [field.path, field]));
    if (reset !== undefined && held?.reset?.token !== reset.token) return false;
    return fields.every((field) => isApprovedField(known.get(field.path), field));
  };
}

function isApprovedField(approved: HeldField | undefined, field: FieldChange): boolean {
  if (approved === undefined || !sameCanonical(approved.to, field.to)) return false;
  return field.why === "unconfirmed" || sameKnown(approved.from, field.from);
}

function sameKnown(a: Canonical | undefined, b: Canonical | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameCanonical(a, b);
}

/** The keys by which one held set differs from another, and how. */
export interface Difference {
  readonly added: readonly KeyId[];
  readonly gone: readonly KeyId[];
  readonly altered: readonly KeyId[];
}

export function differenceOf(before: readonly HeldChange[], now: readonly HeldChange[]): Difference {
  const then = new Map(before.map((change) => [change.keyId, change]));
  const ids = new Set(now.map(({ keyId }) => keyId));
  return {
    added: now.filter(({ keyId }) => !then.has(keyId)).map(({ keyId }) => keyId),
    gone: before.filter(({ keyId }) => !ids.has(keyId)).map(({ keyId }) => keyId),
    altered: now.filter((change) => isAltered(then.get(change.keyId), change)).map(({ keyId }) => keyId),
  };
}

function isAltered(before: HeldChange | undefined, now: HeldChange): boolean {
  if (before === undefined) return false;
  const known = new Map(before.fields.map((field) => [field.path, field]));
  return (
    before.fields.length !== now.fields.length ||
    before.reset?.token !== now.reset?.token ||
    now.fields.some(({ path, from, to }) => {
      const field = known.get(path);
      return field === undefined || !sameCanonical(field.to, to) || !sameKnown(field.from, from);
    })
  );
}
