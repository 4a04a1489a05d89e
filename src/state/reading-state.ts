import type { FieldPath } from "../core/key.ts";
import type { AppliedKey, Baseline, Restoration } from "../core/ledger.ts";
import type { LastGoodOwner, LastGoodReader, Quarantine } from "../core/last-good.ts";
import type { JsonObject, KeyId } from "../core/policy.ts";
import type { DesiredKey } from "../core/resolve.ts";
import type { FactName, InventoryKey, State, StateReader } from "../ports.ts";
import { createBaselineReader } from "./baseline-table.ts";
import { createFactReader } from "./fact-table.ts";
import { createInventoryReader, createNameFinder } from "./inventory-table.ts";
import { createLastGoodReader } from "./last-good-table.ts";
import { readLedger } from "./ledger-table.ts";
import { createRestorationReader } from "./restoration-table.ts";
import { createSharing } from "./sharing.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";
import { guarded } from "./sqlite-fault.ts";

/** The state as somebody beside the writer sees it: what is committed, read again after the writer added to it. */
export class ReadingState implements StateReader {
  readonly #db: SqlDatabase;
  readonly #path: string;
  readonly #readFact: ReturnType<typeof createFactReader>;
  readonly #readKey: ReturnType<typeof createInventoryReader>;
  readonly #readBaseline: ReturnType<typeof createBaselineReader>;
  readonly #readRestorations: ReturnType<typeof createRestorationReader>;
  readonly #findNamed: ReturnType<typeof createNameFinder>;
  readonly #lastGood: LastGoodReader;
  #ledger: ReadonlyMap<KeyId, AppliedKey> = new Map();
  #version: number | undefined;
  #open = true;

  constructor({ db, path }: { readonly db: SqlDatabase; readonly path: string }) {
    this.#db = db;
    this.#path = path;
    this.#readFact = createFactReader(db);
    this.#readKey = createInventoryReader(db);
    this.#readBaseline = createBaselineReader(db);
    this.#readRestorations = createRestorationReader(db);
    this.#findNamed = createNameFinder(db);
    this.#lastGood = createLastGoodReader(db);
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

  inventoryOf(id: KeyId): InventoryKey | undefined {
    return guarded(this.#path, () => this.#readKey(id));
  }

  baselineOf(id: KeyId): ReadonlyMap<FieldPath, Baseline> {
    return guarded(this.#path, () => this.#readBaseline(id));
  }

  restorations(): ReadonlyMap<KeyId, Restoration> {
    return guarded(this.#path, () => this.#readRestorations());
  }

  keysNamed(name: string): readonly KeyId[] {
    return guarded(this.#path, () => this.#findNamed(name));
  }

  fact(name: FactName): JsonObject | undefined {
    return guarded(this.#path, () => this.#readFact(name));
  }

  lastGoodOwners(): Iterable<LastGoodOwner> {
    return guarded(this.#path, () => this.#lastGood.lastGoodOwners());
  }

  lastGoodOf(id: KeyId): DesiredKey | undefined {
    return guarded(this.#path, () => this.#lastGood.lastGoodOf(id));
  }

  quarantines(): ReadonlyMap<KeyId, Quarantine> {
    return guarded(this.#path, () => this.#lastGood.quarantines());
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
  baselineOf: () => new Map(),
  restorations: () => new Map(),
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
    baselineOf: (id) => reader.baselineOf(id),
    restorations: () => reader.restorations(),
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
    saveFact: refuse,
  };
}
