import type { JsonObject, KeyId } from "./policy.ts";

/**
 * What a line of the audit trail tells. `claimed` comes before a request; `applied`, `rejected`, `failed`, `unknown`,
 * `missing` and `withdrawn` are how it ended; `read-back` is what the key had afterwards. `approved` and `held` speak of a
 * plan, `forgotten`, `restored` and `resumed` of a key, without a request of their own.
 */
export type AuditEvent =
  "claimed" | RequestEnd | "read-back" | "forgotten" | "restored" | "resumed" | "approved" | "held";

export type RequestEnd = "applied" | "rejected" | "failed" | "unknown" | "missing" | "withdrawn";

export const requestEnds: readonly RequestEnd[] = [
  "applied",
  "rejected",
  "failed",
  "unknown",
  "missing",
  "withdrawn",
];

/** A line of the audit trail. */
export interface HistoryLine {
  /** Rises by one from line to line. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly pass: string;
  readonly keyId: KeyId;
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  /** The last commit that touched the policy's file, and who wrote it; null where git could not tell. */
  readonly commit: string | null;
  readonly author: string | null;
  readonly event: AuditEvent;
  readonly detail: JsonObject;
  /** Over this line and the hash of the line before; empty on lines from before the chain. */
  readonly hash: string;
}

/** A request, or something else that was noted: the line that began it, and those that tell how it went on. */
export interface HistoryEntry {
  readonly first: HistoryLine;
  readonly rest: readonly HistoryLine[];
}

/** Which entries are asked for; every part that is given must hold. */
export interface HistoryFilter {
  readonly keyId?: KeyId;
  readonly policy?: string;
  /** The beginning of a commit, in lower case: of the policy, or of a profile that gave one of the values. */
  readonly commit?: string;
  /** Not before this, in milliseconds since the epoch. */
  readonly since?: number;
  /** Before this, in milliseconds since the epoch. */
  readonly until?: number;
  /** At most this many entries, the latest. */
  readonly limit: number;
}

/** A place in the chain: a line and its hash. */
export interface ChainMark {
  readonly seq: number;
  readonly hash: string;
}

/** The first line that is left of a trail of which earlier ones were taken off. `at` is null where none is left at all. */
export interface TrailStart {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number | null;
}

/** The first place where the audit trail is not what was written, and in which way. */
export interface ChainBreak {
  readonly seq: number;
  readonly how: "changed" | "missing" | "inserted" | "reordered" | "truncated";
  readonly message: string;
}

/** What a check of the whole audit trail found. */
export interface ChainReport {
  /** How many lines hold together, from the first one that is kept. */
  readonly lines: number;
  /** How many of these are from before the chain began: they carry no hash. */
  readonly before: number;
  /** The last line that was taken off the front because of age or number; null when none was. */
  readonly trimmed: ChainMark | null;
  /** The last line that holds; null when there is none. Noted elsewhere, it proves the trail up to it. */
  readonly last: ChainMark | null;
  readonly broken: ChainBreak | null;
}
