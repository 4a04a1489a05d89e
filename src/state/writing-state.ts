import type { Clean } from "./clean.ts";
import { stableJson } from "../core/canonical.ts";
import type { KeptGuardrail } from "../core/guardrail.ts";
import type { FieldPath, LiveKey } from "../core/key.ts";
import type { Keeping, LastGoodOwner, Quarantine } from "../core/last-good.ts";
import type { Adoption, AppliedKey, Claim, ReadBack, Restoration } from "../core/ledger.ts";
import type { JsonObject, KeyId } from "../core/policy.ts";
import type { DesiredKey } from "../core/resolve.ts";
import { sourcesFact } from "../core/sources.ts";
import type { AuditEntry, FactName, InventoryKey, State } from "../ports.ts";
import { createAuditTable, type AuditBounds } from "./audit-table.ts";
import { createBaselineTable } from "./baseline-table.ts";
import { DiskReads } from "./disk-reads.ts";
import { createFactWriter } from "./fact-table.ts";
import { createGuardrailTable } from "./guardrail-table.ts";
import { createInventoryTable } from "./inventory-table.ts";
import {
  afterAdoption,
  afterClaim,
  afterConfirm,
  afterNoEffect,
  afterReadBack,
  afterRefusal,
  claimedPaths,
  openClaims,
} from "./ledger-rules.ts";
import { createLastGoodTable } from "./last-good-table.ts";
import { createLedgerTable, readLedger, shared } from "./ledger-table.ts";
import { resetPath } from "./reset-rules.ts";
import { createRestorationTable } from "./restoration-table.ts";
import { createSharing } from "./sharing.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";
import { guarded } from "./sqlite-fault.ts";
import { transact } from "./transaction.ts";
import type { WriterLock } from "./writer-lock.ts";

/** An open state file, its path for messages, and the lock that makes this process its one writer. */
export interface WritableFile {
  readonly db: SqlDatabase;
  readonly path: string;
  readonly lock: WriterLock;
  readonly clean: Clean;
}

/**
 * The state as its one writer has it. The ledger is read once and kept in memory; each step goes to the disk first,
 * and only what is there for good shows in memory. The inventory and the facts stay on the disk.
 *
 * What a confirmation or a refusal speaks of is the last claim of its key, not claims of former requests whose
 * outcome is still open. After a restart no request is under way; a confirmation would then speak of every open claim.
 */
export class WritingState extends DiskReads implements State {
  readonly #db: SqlDatabase;
  readonly #path: string;
  readonly #lock: WriterLock;
  readonly #sharing = createSharing();
  readonly #ledger: Map<KeyId, AppliedKey>;
  readonly #underWay = new Map<KeyId, readonly FieldPath[]>();
  readonly #ledgerTable: ReturnType<typeof createLedgerTable>;
  readonly #inventory: ReturnType<typeof createInventoryTable>;
  readonly #audit: ReturnType<typeof createAuditTable>;
  readonly #writeFact: ReturnType<typeof createFactWriter>;
  readonly #baseline: ReturnType<typeof createBaselineTable>;
  readonly #restoration: ReturnType<typeof createRestorationTable>;
  readonly #guardrails: ReturnType<typeof createGuardrailTable>;
  readonly #lastGood: ReturnType<typeof createLastGoodTable>;
  /** Replaced whenever something is noted. */
  #live: Iterable<LiveKey>;
  #open = true;

  constructor({ db, path, lock, clean }: WritableFile) {
    super({ db, path });
    this.#db = db;
    this.#path = path;
    this.#lock = lock;
    this.#ledger = readLedger(db, path, this.#sharing);
    this.#ledgerTable = createLedgerTable(db, clean);
    this.#inventory = createInventoryTable(db, clean);
    this.#audit = createAuditTable(db, clean);
    this.#writeFact = createFactWriter(db, clean);
    this.#baseline = createBaselineTable(db, clean);
    this.#restoration = createRestorationTable(db, clean);
    this.#guardrails = createGuardrailTable(db, clean);
    this.#lastGood = createLastGoodTable(db, clean);
    this.#live = super.liveKeys();
  }

  applied(): ReadonlyMap<KeyId, AppliedKey> {
    return this.#ledger;
  }

  override liveKeys(): Iterable<LiveKey> {
    return this.#live;
  }

  override lastGoodOwners(): Iterable<LastGoodOwner> {
    return guarded(this.#path, () => this.#lastGood.lastGoodOwners());
  }

  override lastGoodOf(id: KeyId): DesiredKey | undefined {
    return guarded(this.#path, () => this.#lastGood.lastGoodOf(id));
  }

  override quarantines(): ReadonlyMap<KeyId, Quarantine> {
    return guarded(this.#path, () => this.#lastGood.quarantines());
  }

  keepLastGood(kept: Keeping): void {
    const step = guarded(this.#path, () => this.#lastGood.step(kept));
    const sources = sourcesFact(kept.sources);
    const isKnown = stableJson(this.fact("sources") ?? null) === stableJson(sources);
    if (step === undefined && isKnown) return;
    this.#transact(() => {
      step?.write();
      if (!isKnown) this.#writeFact("sources", sources);
    });
    step?.written();
  }

  claim(claim: Claim, audit: AuditEntry): void {
    const key = afterClaim(this.#ledger.get(claim.keyId), claim);
    this.#save(new Map([[claim.keyId, key]]), () => {
      this.#inventory.outdate(claim.keyId);
      this.#baseline.keep(claim);
      this.#audit.append(audit);
    });
    this.#underWay.set(claim.keyId, claimedPaths(claim));
  }

  confirm(id: KeyId, at: number, audit: AuditEntry): void {
    this.#settle(id, (key, paths) => afterConfirm(key, paths, at), audit);
  }

  refuse(id: KeyId, _at: number, audit: AuditEntry): void {
    this.#settle(id, afterRefusal, audit);
  }

  leaveClaimed(id: KeyId, audit: AuditEntry, effect: "open" | "none" = "open"): void {
    const key = this.#ledger.get(id);
    const paths = this.#underWay.get(id);
    const isOver = effect === "none" && key !== undefined && paths?.includes(resetPath) === true;
    if (isOver) this.#step(id, afterNoEffect(key, paths), audit);
    else this.#transact(() => this.#audit.append(audit));
    this.#underWay.delete(id);
  }

  adopt(adoptions: readonly Adoption[], audit: readonly AuditEntry[] = []): void {
    if (adoptions.length === 0) return;
    const changed = new Map<KeyId, AppliedKey>();
    for (const adoption of adoptions) {
      const before = changed.get(adoption.keyId) ?? this.#ledger.get(adoption.keyId);
      changed.set(adoption.keyId, afterAdoption(before, adoption));
    }
    this.#save(changed, () => {
      for (const entry of audit) this.#audit.append(entry);
    });
  }

  noteReadBacks(readBacks: readonly ReadBack[], audit: readonly AuditEntry[]): void {
    const changed = new Map<KeyId, AppliedKey>();
    for (const readBack of readBacks) {
      const before = this.#ledger.get(readBack.keyId);
      if (before !== undefined) changed.set(readBack.keyId, afterReadBack(before, readBack));
    }
    if (changed.size === 0) return;
    this.#save(changed, () => {
      for (const entry of audit) this.#audit.append(entry);
    });
  }

  setRestoration(id: KeyId, restoration: Restoration | null, audit: AuditEntry): void {
    this.#transact(() => {
      this.#restoration.set(id, restoration);
      this.#audit.append(audit);
    });
  }

  forget(id: KeyId, audit: AuditEntry): void {
    this.#transact(() => {
      this.#ledgerTable.remove(id);
      this.#restoration.set(id, null);
      this.#lastGood.remove(id);
      this.#audit.append(audit);
    });
    this.#lastGood.removed(id);
    this.#ledger.delete(id);
    this.#underWay.delete(id);
  }

  saveInventory(keys: readonly InventoryKey[]): void {
    this.#note(() => this.#inventory.replace(keys));
  }

  saveInventoryKeys(keys: readonly InventoryKey[]): void {
    if (keys.length === 0) return;
    this.#note(() => {
      for (const key of keys) this.#inventory.put(key);
    });
  }

  saveInventoryKey(key: InventoryKey): void {
    this.#note(() => this.#inventory.put(key));
  }

  saveGuardrails(guardrails: readonly KeptGuardrail[]): void {
    this.#transact(() => this.#guardrails.replace(guardrails));
  }

  saveFact(name: FactName, fact: JsonObject, audit: readonly AuditEntry[] = []): void {
    this.#transact(() => {
      this.#writeFact(name, fact);
      for (const entry of audit) this.#audit.append(entry);
    });
  }

  /** Takes what is beyond the bounds off the front of the audit trail. Costs a look when nothing is. */
  trimAudit(bounds: AuditBounds, now: number): void {
    const last = guarded(this.#path, () => this.#audit.excess(bounds, now));
    if (last !== undefined) this.#transact(() => this.#audit.takeOff(last));
  }

  /** Closes the file, then lets the next writer in. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#db.close();
    } finally {
      this.#lock.release();
    }
  }

  #settle(
    id: KeyId,
    rule: (key: AppliedKey, paths: readonly FieldPath[]) => AppliedKey,
    audit: AuditEntry,
  ): void {
    const key = this.#ledger.get(id);
    if (key === undefined) throw new Error(`The outcome of key ${id} was told without a claim.`);
    this.#step(id, rule(key, this.#underWay.get(id) ?? openClaims(key)), audit);
    this.#underWay.delete(id);
  }

  #step(id: KeyId, key: AppliedKey, audit: AuditEntry): void {
    this.#save(new Map([[id, key]]), () => this.#audit.append(audit));
  }

  #save(changed: ReadonlyMap<KeyId, AppliedKey>, also?: () => void): void {
    this.#transact(() => {
      for (const [id, key] of changed) this.#ledgerTable.write(id, key);
      also?.();
    });
    for (const [id, key] of changed) this.#ledger.set(id, shared(key, this.#sharing));
  }

  #note(work: () => void): void {
    this.#transact(work);
    this.#live = super.liveKeys();
  }

  #transact(work: () => void): void {
    guarded(this.#path, () => transact(this.#db, work));
  }
}
