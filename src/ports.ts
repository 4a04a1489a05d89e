import type { LiveKey, UpdateBody } from "./core/key.ts";
import type { AppliedKey, Adoption, Claim } from "./core/ledger.ts";
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
export interface StateReader {
  /** Everything applied so far, by key. */
  applied(): ReadonlyMap<KeyId, AppliedKey>;
  inventoryOf(id: KeyId): InventoryKey | undefined;
  /** The keys of the inventory that have exactly this name: names are not unique. Sorted. */
  keysNamed(name: string): readonly KeyId[];
  /** Facts about past passes, by name; JSON. */
  fact(name: FactName): JsonObject | undefined;
}

/**
 * `reconciled`: the last complete reconcile pass, `{ at, target }`. `report`: the last pass as `status` shows it.
 * `begun`: the last pass that had something to write, `{ pass, at }`, kept before its first request.
 * `budget`: `{ until }`, up to when a former process may have spent requests.
 */
export type FactName = "reconciled" | "report" | "begun" | "budget";

/** One line of the audit trail. */
export interface AuditEntry {
  readonly at: number;
  /** The pass that caused it. */
  readonly pass: string;
  readonly keyId: KeyId;
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  /** `claimed` before a request; how it ended afterwards. */
  readonly event:
    | "claimed"
    | "applied"
    | "rejected"
    | "failed"
    | "unknown"
    | "missing"
    | "withdrawn"
    /** The ledger's entry of a key without a policy was given up. */
    | "forgotten";
  /** The change and the outcome, as data. */
  readonly detail: JsonObject;
}

/** The writing half of the state. Each call is one durable transaction. */
export interface StateWriter {
  /**
   * Records the intent to write before the request goes out, with its line of the audit trail. What was last seen of the
   * key is forgotten: it is about to change.
   */
  claim(claim: Claim, audit: AuditEntry): void;
  /** The request succeeded: what was claimed is now applied. */
  confirm(id: KeyId, at: number, audit: AuditEntry): void;
  /** The server refused the request: what was claimed did not take effect. */
  refuse(id: KeyId, at: number, audit: AuditEntry): void;
  /** The request may or may not have taken effect, or never went out: the claim stays. */
  leaveClaimed(id: KeyId, audit: AuditEntry): void;
  /** Heals the ledger without a request: values that are live already, entries that are no longer asked for. */
  adopt(adoptions: readonly Adoption[]): void;
  /** Removes a key from the ledger, with its line of the audit trail. What was seen of the key stays. */
  forget(id: KeyId, audit: AuditEntry): void;
  /** Replaces the inventory by a complete list; keys that are not in it are dropped. */
  saveInventory(keys: readonly InventoryKey[]): void;
  /** Notes one key as a GET showed it. */
  saveInventoryKey(key: InventoryKey): void;
  saveFact(name: FactName, fact: JsonObject): void;
}

export interface State extends StateReader, StateWriter {
  close(): void;
}
