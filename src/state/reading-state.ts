import type { AppliedKey } from "../core/ledger.ts";
import type { KeyId } from "../core/policy.ts";
import type { State, StateReader } from "../ports.ts";
import { DiskReads } from "./disk-reads.ts";
import { readLedger } from "./ledger-table.ts";
import { createSharing } from "./sharing.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";
import { guarded } from "./sqlite-fault.ts";

/** The state as somebody beside the writer sees it: what is committed, read again after the writer added to it. */
export class ReadingState extends DiskReads implements StateReader {
  readonly #db: SqlDatabase;
  readonly #path: string;
  #ledger: ReadonlyMap<KeyId, AppliedKey> = new Map();
  #version: number | undefined;
  #open = true;

  constructor({ db, path }: { readonly db: SqlDatabase; readonly path: string }) {
    super({ db, path });
    this.#db = db;
    this.#path = path;
  }

  applied(): ReadonlyMap<KeyId, AppliedKey> {
    return guarded(this.#path, () => {
      // Moves whenever another connection has committed something.
      const version = Number(this.#db.prepare("PRAGMA data_version").get()?.["data_version"]);
      if (version !== this.#version) this.#ledger = readLedger(this.#db, this.#path, createSharing());
      this.#version = version;
      return this.#ledger;
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#db.close();
  }
}

/** What a state that does not exist yet holds. */
export const emptyReader: StateReader & { close(): void } = {
  applied: () => new Map(),
  inventoryOf: () => undefined,
  liveKeys: () => [],
  baselineOf: () => new Map(),
  restorations: () => new Map(),
  guardrails: () => [],
  keysNamed: () => [],
  fact: () => undefined,
  lastGoodOwners: () => [],
  lastGoodOf: () => undefined,
  quarantines: () => new Map(),
  close: () => undefined,
};

/** A state whose writing half throws: whoever opened it for reading has a defect if it comes to that. */
export function readOnly(reader: StateReader & { close(): void }): State {
  function refuse(): never {
    throw new Error("The state was opened for reading only.");
  }
  return {
    applied: () => reader.applied(),
    inventoryOf: (id) => reader.inventoryOf(id),
    liveKeys: () => reader.liveKeys(),
    baselineOf: (id) => reader.baselineOf(id),
    restorations: () => reader.restorations(),
    guardrails: () => reader.guardrails(),
    keysNamed: (name) => reader.keysNamed(name),
    fact: (name) => reader.fact(name),
    lastGoodOwners: () => reader.lastGoodOwners(),
    lastGoodOf: (id) => reader.lastGoodOf(id),
    quarantines: () => reader.quarantines(),
    close: () => reader.close(),
    claim: refuse,
    confirm: refuse,
    refuse,
    leaveClaimed: refuse,
    noteReadBacks: refuse,
    setRestoration: refuse,
    adopt: refuse,
    forget: refuse,
    keepLastGood: refuse,
    saveInventory: refuse,
    saveInventoryKeys: refuse,
    saveInventoryKey: refuse,
    saveGuardrails: refuse,
    saveFact: refuse,
  };
}
