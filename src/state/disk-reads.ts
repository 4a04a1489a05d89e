import type { KeptGuardrail } from "../core/guardrail.ts";
import type { FieldPath, LiveKey } from "../core/key.ts";
import type { LastGoodOwner, LastGoodReader, Quarantine } from "../core/last-good.ts";
import type { Baseline, Restoration } from "../core/ledger.ts";
import type { JsonObject, KeyId } from "../core/policy.ts";
import type { DesiredKey } from "../core/resolve.ts";
import type { FactName, InventoryKey, StateReader } from "../ports.ts";
import { createBaselineReader } from "./baseline-table.ts";
import { createFactReader } from "./fact-table.ts";
import { createGuardrailReader } from "./guardrail-table.ts";
import { createInventoryReader, createLiveKeys, createNameFinder } from "./inventory-table.ts";
import { createLastGoodReader } from "./last-good-table.ts";
import { createRestorationReader } from "./restoration-table.ts";
import type { SqlDatabase } from "./sqlite-driver.ts";
import { guarded } from "./sqlite-fault.ts";

/** What stays on the disk and is read from there each time, by the writer and by whoever reads beside it. */
export class DiskReads implements Omit<StateReader, "applied"> {
  readonly #path: string;
  readonly #readFact: ReturnType<typeof createFactReader>;
  readonly #readKey: ReturnType<typeof createInventoryReader>;
  readonly #readBaseline: ReturnType<typeof createBaselineReader>;
  readonly #readRestorations: ReturnType<typeof createRestorationReader>;
  readonly #findNamed: ReturnType<typeof createNameFinder>;
  readonly #readLive: ReturnType<typeof createLiveKeys>;
  readonly #lastGood: LastGoodReader;
  readonly #readGuardrails: ReturnType<typeof createGuardrailReader>;

  constructor({ db, path }: { readonly db: SqlDatabase; readonly path: string }) {
    this.#path = path;
    this.#readFact = createFactReader(db);
    this.#readKey = createInventoryReader(db);
    this.#readBaseline = createBaselineReader(db);
    this.#readRestorations = createRestorationReader(db);
    this.#findNamed = createNameFinder(db);
    this.#readLive = createLiveKeys(db, (work) => guarded(path, work));
    this.#readGuardrails = createGuardrailReader(db);
    this.#lastGood = createLastGoodReader(db);
  }

  inventoryOf(id: KeyId): InventoryKey | undefined {
    return guarded(this.#path, () => this.#readKey(id));
  }

  liveKeys(): Iterable<LiveKey> {
    return this.#readLive();
  }

  baselineOf(id: KeyId): ReadonlyMap<FieldPath, Baseline> {
    return guarded(this.#path, () => this.#readBaseline(id));
  }

  restorations(): ReadonlyMap<KeyId, Restoration> {
    return guarded(this.#path, () => this.#readRestorations());
  }

  guardrails(): readonly KeptGuardrail[] {
    return guarded(this.#path, () => this.#readGuardrails());
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

  keysNamed(name: string): readonly KeyId[] {
    return guarded(this.#path, () => this.#findNamed(name));
  }

  fact(name: FactName): JsonObject | undefined {
    return guarded(this.#path, () => this.#readFact(name));
  }
}
