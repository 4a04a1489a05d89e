/*
 * Whether what was written took effect, judged by a read after the write. An answer of 200 says that a request was
 * accepted, not that it was stored: some fields, and some plans of Portkey, accept and ignore.
 *
 *   the read shows             within the settle time        afterwards
 *   what was written           shown                         shown
 *   what the write replaced    late: it is judged again      not shown
 *   another value              not shown                     not shown
 *   no such field              unseen: asked for otherwise   unseen; unprovable where the read shows all there is
 *
 * A reset of usage is judged beside the fields, by `last_reset_at` (`reset.ts`); one whose answer was lost is looked at too.
 *
 * Each field is judged once: shown, not shown or unprovable ends the question for this write. What follows from "not
 * shown" is for the three-way rule to say. Unprovable is told once; to ask on would be to ask for good. Written anew, or
 * seen to differ, the field is judged again.
 */
import { mayBeLate } from "./diff.ts";
import { sameField } from "./fields.ts";
import type { Canonical, FieldPath, LiveKey } from "./key.ts";
import type { AppliedField, AppliedKey, ReadBack } from "./ledger.ts";
import { liveValue } from "./live.ts";
import type { KeyId } from "./policy.ts";
import { isResetOpen, type ResetNote } from "./reset.ts";
import { isWithin } from "./within.ts";

/** A field that was written, and what a read shows of it. */
export interface FieldProof {
  readonly path: FieldPath;
  readonly kind: "shown" | "late" | "not-shown" | "unseen" | "unprovable";
  readonly set: Canonical;
  /** Undefined when unseen or unprovable. */
  readonly read: Canonical | undefined;
}

interface ProofContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly settleMs: number;
}

interface ReadContext extends ProofContext {
  /** Whether the read shows all that any read can: a whole GET. What it does not show, none will. */
  readonly complete: boolean;
}

/** The keys with something written whose effect is open. */
export function keysToProve(applied: ReadonlyMap<KeyId, AppliedKey>): KeyId[] {
  return [...applied].flatMap(([id, key]) => (isOpenKey(key) ? [id] : []));
}

function isOpenKey(key: AppliedKey): boolean {
  return isResetOpen(key.reset) || fieldsToProve(key).length > 0;
}

/** The fields of a key whose effect is open: confirmed, never judged, and no newer request begun. */
export function fieldsToProve(key: AppliedKey): FieldPath[] {
  const paths: FieldPath[] = [];
  for (const [path, field] of key.fields) if (isOpen(field)) paths.push(path);
  return paths;
}

function isOpen(field: AppliedField): boolean {
  return field.unproved === true && field.claimed === undefined;
}

/** Judges every open field of a key by what was read of it. */
export function proveKey(key: AppliedKey, live: LiveKey, context: ReadContext): FieldProof[] {
  return fieldsToProve(key).flatMap((path) => {
    const field = key.fields.get(path);
    if (field?.confirmed === undefined) return [];
    const set = field.confirmed.value;
    const read = liveValue(live, path);
    return [{ path, set, read, kind: judge({ path, set, field }, read, context) }];
  });
}

interface Written {
  readonly path: FieldPath;
  readonly set: Canonical;
  readonly field: AppliedField;
}

function judge(
  { path, set, field }: Written,
  read: Canonical | undefined,
  context: ReadContext,
): FieldProof["kind"] {
  if (read === undefined)
    return context.complete && isOver(field.confirmed, context) ? "unprovable" : "unseen";
  if (sameField(path, { desired: set, live: read, now: context.now })) return "shown";
  return mayBeLate({ path, applied: field }, read, context) ? "late" : "not-shown";
}

/** Whether the settle time of a key's open fields is over: a key that no read shows by then is not waited for. */
export function isOverdue(key: AppliedKey, context: ProofContext): boolean {
  if (!fieldsToProve(key).every((path) => isOver(key.fields.get(path)?.confirmed, context))) return false;
  return !isResetOpen(key.reset) || isOver(key.reset.claimed ?? key.reset.settled, context);
}

function isOver(written: { readonly at: number } | undefined, { now, settleMs }: ProofContext): boolean {
  return written === undefined || !isWithin(written.at, now, settleMs);
}

/** What the ledger is to note of it; undefined when everything is still open. */
export function readBackOf(
  keyId: KeyId,
  proofs: readonly FieldProof[],
  reset?: ResetNote,
): ReadBack | undefined {
  const paths = (kind: FieldProof["kind"]): FieldPath[] =>
    proofs.filter((proof) => proof.kind === kind).map(({ path }) => path);
  const shown = paths("shown");
  const notShown = paths("not-shown");
  const unprovable = paths("unprovable");
  const judged = shown.length + notShown.length + unprovable.length;
  if (judged === 0 && reset === undefined) return undefined;
  return { keyId, shown, notShown, unprovable, ...(reset === undefined ? {} : { reset }) };
}
