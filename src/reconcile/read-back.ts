/*
 * After a push: what was written is read, judged (`core/proof.ts`) and noted. Nothing is written to the control plane
 * here; what does not read as it was set is for the next pass.
 *
 * Single GETs where they are fewer requests than the list, else the list. A key or a field that no read shows, and an error,
 * prove nothing: they are asked again, the former two until the settle time is over.
 */
import type { KeyId } from "../core/policy.ts";
import type { Sight } from "../core/make-plan.ts";
import type { AppliedKey, ReadBack } from "../core/ledger.ts";
import {
  fieldsToProve,
  isOverdue,
  keysToProve,
  proveKey,
  readBackOf,
  type FieldProof,
} from "../core/proof.ts";
import { isResetOpen, noteOfAbsence, noteOfRead, openToken, type ResetNote } from "../core/reset.ts";
import type { AuditEntry, Clock, KeyReader, StateReader, StateWriter } from "../ports.ts";
import { readLiveKeys, askedOf, tryGet, type WantedKey } from "./read-live-keys.ts";

export interface ReadBackPorts {
  readonly reader: KeyReader;
  readonly state: StateReader & StateWriter;
  readonly clock: Clock;
}

export interface ReadBackOptions {
  /** Names the look in the audit trail. */
  readonly pass: string;
  readonly settleMs: number;
  /** Breaks off the reads; what was read by then is not judged. */
  readonly signal: AbortSignal;
}

/**
 * How a key reads after the write. `proved`: as it was set. `open`: not all of it can be told yet. `not-shown`: otherwise.
 * `unprovable`: as it was set as far as a read shows it, and of the rest it will never be told. `unlisted`: no read shows the
 * key.
 */
export type ProofKind = "proved" | "open" | "not-shown" | "unprovable" | "unlisted";

export interface KeyProof {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly kind: ProofKind;
  /** What was judged of each field; empty where the key was not seen. */
  readonly fields: readonly FieldProof[];
  /** What was judged of a reset of usage; absent where none was open. */
  readonly reset?: ResetProof;
}

/** A reset of usage and what a read says of it; `late`: it is read once more. */
export interface ResetProof {
  readonly token: string;
  readonly kind: "late" | Exclude<ResetNote["kind"], "looked">;
}

/** How many GETs are fewer than a list of unknown length. */
const fewKeys = 10;

/** One round: every key whose effect is open is read and judged. Throws a RemoteError when it cannot be read at all. */
export async function readBack(ports: ReadBackPorts, options: ReadBackOptions): Promise<readonly KeyProof[]> {
  const keys = keysToProve(ports.state.applied());
  if (keys.length === 0) return [];
  const few = keys.length <= (ports.reader.listCost() ?? fewKeys);
  const sights = few
    ? await readEach(ports, keys, options.signal)
    : await readList(ports, keys, options.signal);
  return noteSights(ports, { ...options, sightOf: (id) => sights.get(id) });
}

async function readEach(
  { reader, state, clock }: ReadBackPorts,
  keys: readonly KeyId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<KeyId, Sight>> {
  const answers = await Promise.all(
    keys.map(async (id) => [id, await tryGet(reader, { id, listed: false, signal })] as const),
  );
  const now = clock.now();
  const seen = answers.flatMap(([, answer]) => ("kind" in answer ? [] : [answer]));
  state.saveInventoryKeys(seen.map((record) => ({ ...record, seenAt: now, rotationReadAt: now })));
  return new Map(
    answers.map(([id, answer]): [KeyId, Sight] => {
      return [id, "kind" in answer ? answer : { kind: "seen", key: answer.key, complete: true }];
    }),
  );
}

async function readList(
  ports: ReadBackPorts,
  keys: readonly KeyId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<KeyId, Sight>> {
  const applied = ports.state.applied();
  const wanted = keys.map((keyId): WantedKey => {
    const key = applied.get(keyId);
    const asked = askedOf(key === undefined ? [] : fieldsToProve(key));
    return isResetOpen(key?.reset) ? { keyId, asked, asksReset: true } : { keyId, asked };
  });
  const live = await readLiveKeys(ports, wanted, signal);
  // The list was not judged by the guard: it is believed for these keys alone, and replaces nothing.
  const asked = new Set(keys);
  ports.state.saveInventoryKeys(live.inventory.filter(({ key }) => asked.has(key.id)));
  return live.sights;
}

export interface NoteOptions extends Pick<ReadBackOptions, "pass" | "settleMs"> {
  readonly sightOf: (id: KeyId) => Sight | undefined;
}

/** Judges what a read shows of the keys whose effect is open, and notes what is settled by it. */
export function noteSights(
  { state, clock }: Pick<ReadBackPorts, "state" | "clock">,
  options: NoteOptions,
): readonly KeyProof[] {
  const applied = state.applied();
  const context = { now: clock.now(), settleMs: options.settleMs };
  const readBacks: ReadBack[] = [];
  const audit: AuditEntry[] = [];
  const proofs = keysToProve(applied).flatMap((keyId): KeyProof[] => {
    const key = applied.get(keyId);
    const sight = options.sightOf(keyId);
    if (key === undefined || sight === undefined) return [];
    const { noted, ...judged } = judgeKey(keyId, key, { sight, ...context });
    if (noted !== undefined) {
      readBacks.push(noted);
      // A look in vain is noted, and is no news.
      const isNews = noted.shown.length + noted.notShown.length > 0 || noted.reset?.kind !== "looked";
      if (isNews) audit.push(auditEntry(key, noted, { at: context.now, pass: options.pass, ...judged }));
    }
    return [{ keyId, policy: key.policy, ...judged }];
  });
  if (readBacks.length > 0) state.noteReadBacks(readBacks, audit);
  return proofs;
}

interface Judgement {
  readonly kind: ProofKind;
  readonly fields: readonly FieldProof[];
  readonly reset?: ResetProof;
  readonly noted: ReadBack | undefined;
}

function judgeKey(
  keyId: KeyId,
  key: AppliedKey,
  look: { readonly sight: Sight; readonly now: number; readonly settleMs: number },
): Judgement {
  const { sight } = look;
  if (sight.kind === "missing" && isOverdue(key, look)) {
    const note = isResetOpen(key.reset) ? noteOfAbsence(key.reset, look.now) : undefined;
    const noted = {
      keyId,
      shown: [],
      notShown: fieldsToProve(key),
      unprovable: [],
      ...(note === undefined ? {} : { reset: note }),
    };
    return { kind: "unlisted", fields: [], ...resetProof(key, note), noted };
  }
  if (sight.kind !== "seen") return { kind: "open", fields: [], noted: undefined };
  const fields = proveKey(key, sight.key, { ...look, complete: sight.complete });
  const isOpen = isResetOpen(key.reset);
  const isLook = sight.complete || sight.key.lastResetAt !== undefined;
  const note = isOpen && isLook ? noteOfRead(key.reset, sight.key.lastResetAt, look) : undefined;
  const proof = isOpen ? resetProof(key, note) : {};
  return {
    kind: kindOf(fields, proof.reset?.kind),
    fields,
    ...proof,
    noted: readBackOf(keyId, fields, note),
  };
}

function resetProof({ reset }: AppliedKey, note: ResetNote | undefined): { readonly reset?: ResetProof } {
  const token = reset === undefined ? undefined : openToken(reset);
  if (token === undefined || !isResetOpen(reset)) return {};
  return { reset: { token, kind: note === undefined || note.kind === "looked" ? "late" : note.kind } };
}

/**
 * A reset that turned out to have had no effect, or of which nobody can tell, is not as it was asked for; one that was
 * answered and that no read can show cannot be proved.
 */
function kindOf(fields: readonly FieldProof[], reset: ResetProof["kind"] | undefined): ProofKind {
  const isDenied = reset === "not-shown" || reset === "not-done" || reset === "in-doubt";
  if (isDenied || fields.some(({ kind }) => kind === "not-shown")) return "not-shown";
  if (reset === "late" || fields.some(({ kind }) => kind === "late" || kind === "unseen")) return "open";
  return reset !== "answered" && fields.every(({ kind }) => kind === "shown") ? "proved" : "unprovable";
}

interface Judged {
  readonly at: number;
  readonly pass: string;
  readonly kind: ProofKind;
  readonly fields: readonly FieldProof[];
  readonly reset?: ResetProof;
}

function auditEntry(
  key: AppliedKey,
  noted: ReadBack,
  { at, pass, kind: proof, fields, reset }: Judged,
): AuditEntry {
  const { policy, file, line } = key;
  const shown = fields.flatMap(({ path, kind, set, read }) =>
    kind === "shown" || kind === "not-shown"
      ? [{ path, set, read: read ?? null, shown: kind === "shown" }]
      : [],
  );
  const unprovable = noted.unprovable.length === 0 ? {} : { unprovable: [...noted.unprovable] };
  const told = reset === undefined || reset.kind === "late" ? {} : { reset: { ...reset } };
  const detail =
    proof === "unlisted"
      ? { message: "no read shows this key", paths: [...noted.notShown], ...told }
      : { fields: shown, ...unprovable, ...told };
  const origin = { commit: null, author: null };
  return { at, pass, keyId: noted.keyId, policy, file, line, ...origin, event: "read-back", detail };
}
