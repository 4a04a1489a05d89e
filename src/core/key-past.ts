/*
 * What a key was at an earlier point, from what is known of our own writes: the value of each field before its first write
 * (its baseline), each write that the audit trail still holds, and what the ledger had confirmed before each of them and
 * has now. What we never wrote is nobody's to put back.
 *
 *   point                 value of a field
 *   its baseline          the one before our first write
 *   a line, an instant    1. the latest that is known of a time up to then: what our last write up to then set, or what
 *                            the ledger had confirmed by then and still had when the field was written next
 *                         2. else the one before our first write, where that write came later
 *                         3. else, where the trail still holds every write of the field, the one that was there both
 *                            before our first request and at the first one since
 *                         4. else none: the trail has been trimmed, and nobody knows
 *
 * A value of which it is not known that the field had it at that point is never given: a baseline can be looser than
 * anything that came after it, and what a write found may be what somebody else had just done.
 *
 * A request whose answer was lost counts as made where its value was found later: by a read that was noted, by the write
 * after it, or by the ledger. Else it counts as not made.
 */
import { isObject, sameCanonical } from "./canonical.ts";
import { metadataPath, overlaps } from "./fields.ts";
import { confirmedBefore, fieldsOf, foundPaths, type FieldLine } from "./history-detail.ts";
import type { HistoryEntry, RequestEnd, TrailStart } from "./history.ts";
import type { Canonical, FieldPath } from "./key.ts";
import type { AppliedKey, Baseline } from "./ledger.ts";
import type { RestorePoint } from "./restore.ts";

/** A value that a field had at a time, in milliseconds since the epoch. */
export interface KnownValue {
  readonly value: Canonical;
  readonly at: number;
}

/** A request of ours, as the audit trail has it. */
export interface PastWrite {
  readonly seq: number;
  readonly at: number;
  readonly fields: readonly PastField[];
}

export interface PastField {
  readonly path: FieldPath;
  /** Undefined where the value before was not known. */
  readonly from: Canonical | undefined;
  readonly to: Canonical;
  /** Whether it took effect. */
  readonly made: boolean;
  /** What the ledger had confirmed before; undefined where nothing was, or a request was open. */
  readonly confirmed?: KnownValue | undefined;
}

export interface KeyPast {
  readonly baseline: ReadonlyMap<FieldPath, Baseline>;
  /** What the ledger has confirmed, without fields of which a request is open. */
  readonly confirmed: ReadonlyMap<FieldPath, KnownValue>;
  /** In the order in which they were begun. */
  readonly writes: readonly PastWrite[];
  /** The first line that the audit trail still holds, of whichever key; null where it holds them all. */
  readonly reach: TrailStart | null;
  /** When the latest line up to this number was written; undefined where none is left. */
  readonly timeOf: (seq: number) => number | undefined;
}

/** What is known of a point. */
export interface PastValues {
  readonly values: ReadonlyMap<FieldPath, Canonical>;
  /** Fields that we have written, or may have, and of which nobody knows what they were. Sorted. */
  readonly unknown: readonly FieldPath[];
  /** Whether the point is before all that we ever wrote: these are the earliest values there are. */
  readonly isEarliest: boolean;
}

/** The requests for a key, from its lines of the audit trail; in the order in which they were begun. */
export function pastWrites(entries: readonly HistoryEntry[], applied: AppliedKey | undefined): PastWrite[] {
  const claims = entries
    .filter(({ first }) => first.event === "claimed")
    .sort((a, b) => a.first.seq - b.first.seq)
    .map((entry) => ({ entry, fields: fieldsOf(entry.first.detail) }));
  return claims.map(({ entry, fields }, index) => ({
    seq: entry.first.seq,
    at: entry.first.at,
    fields: fields.map((field): PastField => {
      const { path, from, to } = field;
      const next = claims
        .slice(index + 1)
        .flatMap((later) => later.fields.filter((one) => one.path === path))[0];
      const made = isMade(entry, field, { next, ledger: applied?.fields.get(path)?.confirmed });
      return { path, from, to, made, confirmed: confirmedBefore(field.detail) };
    }),
  }));
}

/** The values that the ledger has confirmed, without those of which a request is open: it may have changed them. */
export function confirmedValues(applied: AppliedKey | undefined): Map<FieldPath, KnownValue> {
  const values = new Map<FieldPath, KnownValue>();
  for (const [path, { confirmed, claimed }] of applied?.fields ?? []) {
    if (confirmed === undefined || claimed?.refused === false) continue;
    values.set(path, { value: confirmed.value, at: confirmed.at });
  }
  return values;
}

interface Afterwards {
  /** The same field in the next request for it. */
  readonly next: FieldLine | undefined;
  readonly ledger: KnownValue | undefined;
}

/** Ends of a request that never took effect: a withdrawn one was not sent. */
const notMade: readonly RequestEnd[] = ["rejected", "missing", "withdrawn"];

function isMade(
  { first, rest }: HistoryEntry,
  { path, to }: FieldLine,
  { next, ledger }: Afterwards,
): boolean {
  if (rest.some(({ event }) => notMade.some((end) => end === event))) return false;
  for (const { event, detail } of rest) {
    if (event === "applied" && (foundPaths(detail)?.includes(path) ?? true)) return true;
  }
  if (next !== undefined) return next.from !== undefined && sameCanonical(next.from, to);
  return ledger !== undefined && ledger.at >= first.at && sameCanonical(ledger.value, to);
}

/** The fields that we have written, as they were at a point. */
export function valuesAt(past: KeyPast, point: RestorePoint): PastValues {
  if (point.kind === "baseline") {
    const values = new Map([...past.baseline].map(([path, { value }]) => [path, value]));
    return { values, unknown: [], isEarliest: false };
  }
  const cut = cutAt(past, point);
  const written = past.writes.flatMap(({ fields }) => fields.map(({ path }) => path));
  const paths = [...new Set([...past.baseline.keys(), ...written])].sort(outerFirst);
  const known = knownUpTo(past, cut, paths);
  const values = new Map(known);
  for (const path of paths) {
    if (known.has(path) || isInside(path, known)) continue;
    for (const [part, value] of untouched(past, cut, path)) if (!known.has(part)) values.set(part, value);
  }
  const unknown = paths.filter((path) => {
    if (values.has(path) || isInside(path, values) || paths.some((part) => isPart(part, path))) return false;
    return !isComplete(past, path) || past.writes.some((write) => fieldIn(write, path)?.made === true);
  });
  const isEarliest =
    unknown.length === 0 && paths.every((path) => (past.baseline.get(path)?.at ?? 0) > cut.to);
  return { values, unknown: unknown.sort(), isEarliest };
}

/** A point in time as far as it is known. */
interface Cut {
  readonly includes: (write: PastWrite) => boolean;
  /** What was at this time, was at the point or before. */
  readonly from: number;
  /** What was later than this, was after the point. */
  readonly to: number;
}

function cutAt({ reach, timeOf }: KeyPast, point: Exclude<RestorePoint, { kind: "baseline" }>): Cut {
  if (point.kind === "instant") {
    return { includes: ({ at }) => at <= point.at, from: point.at, to: point.at };
  }
  const at = timeOf(point.seq);
  return {
    includes: ({ seq }) => seq <= point.seq,
    from: at ?? -Infinity,
    // A line that was taken off the front is not younger than the first one that was not.
    to: at ?? reach?.at ?? Infinity,
  };
}

/** Rule 1. */
function knownUpTo(past: KeyPast, cut: Cut, paths: readonly FieldPath[]): Map<FieldPath, Canonical> {
  const values = new Map<FieldPath, Canonical>();
  const put = (path: FieldPath, value: Canonical): void => {
    for (const part of values.keys()) if (isPart(part, path)) values.delete(part);
    values.set(path, value);
  };
  const made = past.writes.filter(cut.includes).map((write) => ({
    at: write.at,
    fields: write.fields.filter((field) => field.made).sort((a, b) => outerFirst(a.path, b.path)),
  }));
  for (const { fields } of made) for (const { path, to } of fields) put(path, to);
  for (const path of paths) {
    const confirmed = confirmedAround(past, cut, path);
    if (confirmed === undefined || confirmed.at > cut.from) continue;
    const touches = (field: PastField): boolean => field.path === path || overlaps(field.path, path);
    const isOutdated = made.some(({ at, fields }) => at > confirmed.at && fields.some(touches));
    if (!isOutdated) put(path, confirmed.value);
  }
  return values;
}

/** What the ledger had confirmed when the field was to be written next after the point. */
function confirmedAround(past: KeyPast, cut: Cut, path: FieldPath): KnownValue | undefined {
  const next = firstSince(past, cut, path);
  return next === undefined ? past.confirmed.get(path) : next.confirmed;
}

function firstSince(past: KeyPast, cut: Cut, path: FieldPath): PastField | undefined {
  const since = past.writes.filter((write) => !cut.includes(write));
  return since.flatMap((write) => fieldIn(write, path) ?? [])[0];
}

/** Rules 2 and 3, for a field of which nothing is known up to the point. */
function untouched(past: KeyPast, cut: Cut, path: FieldPath): Iterable<readonly [FieldPath, Canonical]> {
  const first = past.baseline.get(path);
  if (first === undefined) return [];
  if (first.at > cut.to) return [[path, first.value]];
  const found = firstSince(past, cut, path)?.from;
  if (found === undefined || !isComplete(past, path)) return [];
  return sameCanonical(first.value, found) ? [[path, found]] : samePartsOf(path, first.value, found);
}

/** The parts of a group that are the same in both of its values. */
function samePartsOf(group: FieldPath, a: Canonical, b: Canonical): [FieldPath, Canonical][] {
  if (!isObject(a) || !isObject(b)) return [];
  return Object.entries(a).flatMap(([name, value]): [FieldPath, Canonical][] => {
    const isSame = Object.hasOwn(b, name) && sameCanonical(value, b[name] ?? null);
    const path = group === "defaults.metadata" ? metadataPath(name) : `${group}.${name}`;
    return isSame ? [[path, value]] : [];
  });
}

/** Whether the audit trail still holds every write of a field. */
function isComplete({ baseline, reach }: KeyPast, path: FieldPath): boolean {
  return reach === null || (baseline.get(path)?.at ?? -Infinity) > (reach.at ?? Infinity);
}

function fieldIn({ fields }: PastWrite, path: FieldPath): PastField | undefined {
  return fields.find((field) => field.path === path);
}

function isPart(part: FieldPath, group: FieldPath): boolean {
  return part.length > group.length && overlaps(part, group);
}

/** Whether what is known of a whole group says what this part of it was. */
function isInside(part: FieldPath, known: ReadonlyMap<FieldPath, Canonical>): boolean {
  return [...known.keys()].some((group) => isPart(part, group));
}

function outerFirst(a: FieldPath, b: FieldPath): number {
  return a.length - b.length;
}
