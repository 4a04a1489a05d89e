import type { KeptGuardrail } from "./core/guardrail.ts";
import type { FieldPath, LiveKey, UpdateBody } from "./core/key.ts";
import type { AppliedKey, Adoption, Baseline, Claim, ReadBack, Restoration } from "./core/ledger.ts";
import type { Keeping, LastGoodReader } from "./core/last-good.ts";
import type { HistoryLine } from "./core/history.ts";
import type { JsonObject, KeyId, PolicySet } from "./core/policy.ts";

/** Time, handed in. `now` is milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The policy directory. `load` never throws for what is in the directory: that becomes problems. */
export interface PolicySource {
  load(): PolicySet;
}

/** Where a file comes from, as the checkout around it tells. */
export interface Origin {
  /** The last commit that touched the file, in full. */
  readonly commit: string;
  /** `Name <address>`. */
  readonly author: string;
  /** RFC 3339, with the committer's own zone. */
  readonly committedAt: string;
  /** Whether the file is not as the checked-out commit has it. */
  readonly uncommitted: boolean;
}

/** Knows where policies come from. */
export interface Provenance {
  /**
   * The origin of a file, named as places name it; undefined where nobody can tell. Never throws, and never waits long:
   * what it answers explains a write, and must not hold one up.
   */
  of(file: string): Promise<Origin | undefined>;
}

/** Whatever can say "look again". */
export interface Bell {
  /** Calls `ring` after something may have changed; more often than needed is fine, less often is not. */
  start(ring: () => void): Promise<void>;
  stop(): Promise<void>;
}

export interface RequestOptions {
  /** Rank in the queue: higher goes first. */
  readonly priority?: number;
  /** Ends the request wherever it is; one on the wire is cut off. */
  readonly signal?: AbortSignal;
  /** Takes the request back while it queues; one on the wire is not touched. */
  readonly withdraw?: AbortSignal;
}

/** A live key as it arrives: `raw` is the JSON object of the answer without its masked secret. */
export interface LiveRecord {
  readonly key: LiveKey;
  readonly raw: JsonObject;
}

/** The half of the control plane that reads. Every failure is thrown as a `RemoteError`. */
export interface KeyReader {
  /** Every key the credential can see, all pages; complete or thrown. */
  list(options?: RequestOptions): Promise<readonly LiveRecord[]>;
  get(id: KeyId, options?: RequestOptions): Promise<LiveRecord>;
  /** How many requests the last whole list took; undefined before the first one. */
  listCost(): number | undefined;
}

export interface UpdateReceipt {
  /** HTTP status of the last answer. */
  readonly status: number;
  readonly attempts: number;
}

/** The half of the control plane that writes. Every failure is thrown as a `RemoteError`. */
export interface KeyWriter {
  update(id: KeyId, body: UpdateBody, options?: RequestOptions): Promise<UpdateReceipt>;
}

/** What has been asked of the control plane so far. */
export interface RequestTally {
  readonly reads: number;
  readonly writes: number;
  /** Milliseconds during which everything waited because the server said so. */
  readonly throttledMs: number;
}

/** A key of the inventory: the last time it was seen. */
export interface InventoryKey extends LiveRecord {
  /** When a list or a GET last showed it; milliseconds since the epoch. */
  readonly seenAt: number;
  /** When a GET last showed its rotation policy, or null. */
  readonly rotationReadAt: number | null;
}

/** The reading half of the state. */
export interface StateReader extends LastGoodReader {
  /** Everything applied so far, by key. */
  applied(): ReadonlyMap<KeyId, AppliedKey>;
  inventoryOf(id: KeyId): InventoryKey | undefined;
  /**
   * Every key of the inventory as it was seen last, also one that is written since and whose values nobody knows. The same
   * object as long as nothing was noted in between, where that can be known.
   */
  liveKeys(): Iterable<LiveKey>;
  /** What the fields of a key were before the first write to each. */
  baselineOf(id: KeyId): ReadonlyMap<FieldPath, Baseline>;
  /** The keys that were put back to an earlier point, and are left alone since. */
  restorations(): ReadonlyMap<KeyId, Restoration>;
  /** The guardrails that were in force when they were kept last. */
  guardrails(): readonly KeptGuardrail[];
  /** The keys of the inventory that have exactly this name: names are not unique. Sorted. */
  keysNamed(name: string): readonly KeyId[];
  /** Facts about past passes, by name; JSON. */
  fact(name: FactName): JsonObject | undefined;
}

/**
 * `reconciled`: the last complete reconcile pass, `{ at, target, listed }`. `report`: the last pass as `status` shows it.
 * `begun`: the last pass that had something to write, `{ pass, at }`, kept before its first request.
 * `budget`: `{ until }`, up to when a former process may have spent requests. `held`: what the guard holds, by kind of
 * pass. `approved`: the approval of that, or how the last one ended. `own`: `{ keys }`, the keys that we may be using
 * ourselves. `paused`: `{ since }`, null as long as the daemon may write. `reminded`: `{ told }`, of which ends of
 * overrides people were told, and how near they were. `selected`: `{ groups, keys }`, by which policies each key was
 * selected when the policies were last acted on. `sources`: what the last pass that was carried out leaves to the next one
 * of the policies' files.
 */
export type FactName =
  | "reconciled"
  | "report"
  | "begun"
  | "budget"
  | "held"
  | "approved"
  | "own"
  | "paused"
  | "reminded"
  | "selected"
  | "sources";

/** A line of the audit trail before it has its number and its hash. */
export type AuditEntry = Omit<HistoryLine, "seq" | "hash">;

/** The writing half of the state. Each call is one durable transaction. */
export interface StateWriter {
  /**
   * Records the intent to write before the request goes out, with its line of the audit trail. What was last seen of the
   * key is not believed any more: it is about to change. What a field was before its first write is kept for good.
   */
  claim(claim: Claim, audit: AuditEntry): void;
  /** The request succeeded: what was claimed is now applied. */
  confirm(id: KeyId, at: number, audit: AuditEntry): void;
  /** The server refused the request: what was claimed did not take effect. */
  refuse(id: KeyId, at: number, audit: AuditEntry): void;
  /**
   * The request may or may not have taken effect, or never went out: the claim stays. With `none` it certainly had no
   * effect, which matters for a reset of usage: it is sent again without a look.
   */
  leaveClaimed(id: KeyId, audit: AuditEntry, effect?: "open" | "none"): void;
  /** Leaves a key alone from now on, since a person has put it back; with null, no longer. */
  setRestoration(id: KeyId, restoration: Restoration | null, audit: AuditEntry): void;
  /** Reads after writes were judged; a line of the audit trail for each. */
  noteReadBacks(readBacks: readonly ReadBack[], audit: readonly AuditEntry[]): void;
  /**
   * Heals the ledger without a request: values that are live already, entries that are no longer asked for. With lines of
   * the audit trail where that settles a request whose end was never learnt.
   */
  adopt(adoptions: readonly Adoption[], audit?: readonly AuditEntry[]): void;
  /**
   * Removes a key from the ledger, with its last good value and its line of the audit trail. What was seen of the key stays.
   */
  forget(id: KeyId, audit: AuditEntry): void;
  /** Leaves to the next passes what is wanted of each key, and which are quarantined; costs a look when nothing is new. */
  keepLastGood(kept: Keeping): void;
  /** Replaces the inventory by a complete list; keys that are not in it are dropped. */
  saveInventory(keys: readonly InventoryKey[]): void;
  /** Notes keys as they were seen, and leaves the others as they are. */
  saveInventoryKeys(keys: readonly InventoryKey[]): void;
  /** Notes one key as a GET showed it. */
  saveInventoryKey(key: InventoryKey): void;
  /** Replaces the guardrails that are in force. */
  saveGuardrails(guardrails: readonly KeptGuardrail[]): void;
  /** Keeps a fact, with its lines of the audit trail where it has some. */
  saveFact(name: FactName, fact: JsonObject, audit?: readonly AuditEntry[]): void;
}

export interface State extends StateReader, StateWriter {
  close(): void;
}
