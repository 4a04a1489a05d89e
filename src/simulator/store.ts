import { passTime } from "./pass-time.ts";
import type { StoredKey } from "./stored-key.ts";

/** The state of a key that reads still show, and how many more of them. */
interface Lag {
  readonly shown: StoredKey;
  reads: number;
}

/** The keys, as they are at `now()`, and what reads show of them. */
export class KeyStore {
  readonly #keys = new Map<string, StoredKey>();
  readonly #lags = new Map<string, Lag>();
  readonly #now: () => number;

  constructor(now: () => number, keys: readonly StoredKey[]) {
    this.#now = now;
    for (const key of keys) this.put(structuredClone(key));
  }

  get size(): number {
    return this.#keys.size;
  }

  get(id: string): StoredKey | undefined {
    const key = this.#keys.get(id);
    if (key === undefined) return undefined;
    const current = passTime(key, this.#now());
    if (current !== key) this.#keys.set(id, current);
    return current;
  }

  /** Ids in the order in which keys were stored. */
  ids(): string[] {
    return [...this.#keys.keys()];
  }

  /** Every key, the youngest first (observed). */
  youngestFirst(): StoredKey[] {
    const keys = this.ids().flatMap((id) => this.get(id) ?? []);
    return keys.sort((a, b) => (a.created_at === b.created_at ? 0 : a.created_at < b.created_at ? 1 : -1));
  }

  /** Stores a key. The next `lagReads` reads of it show what was there before. */
  put(key: StoredKey, lagReads = 0): void {
    const shown = this.#lags.get(key.id)?.shown ?? this.#keys.get(key.id);
    if (lagReads > 0 && shown !== undefined) this.#lags.set(key.id, { shown, reads: lagReads });
    this.#keys.set(key.id, key);
  }

  delete(id: string): boolean {
    this.#lags.delete(id);
    return this.#keys.delete(id);
  }

  /** What a read shows of this key, and one read less that lags. */
  read(key: StoredKey): StoredKey {
    const lag = this.#lags.get(key.id);
    if (lag === undefined) return key;
    lag.reads -= 1;
    if (lag.reads === 0) this.#lags.delete(key.id);
    return lag.shown;
  }

  /** From now on reads show every key as it is. */
  catchUp(): void {
    this.#lags.clear();
  }
}

/** What is stored, to look at: each value is a copy of its own, taken when it is asked for. */
export class KeyView implements ReadonlyMap<string, StoredKey> {
  readonly #store: KeyStore;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#store.size;
  }

  get(id: string): StoredKey | undefined {
    return structuredClone(this.#store.get(id));
  }

  has(id: string): boolean {
    return this.#store.get(id) !== undefined;
  }

  keys(): MapIterator<string> {
    return this.#copy().keys();
  }

  values(): MapIterator<StoredKey> {
    return this.#copy().values();
  }

  entries(): MapIterator<[string, StoredKey]> {
    return this.#copy().entries();
  }

  forEach(visit: (key: StoredKey, id: string, keys: ReadonlyMap<string, StoredKey>) => void): void {
    this.#copy().forEach((key, id) => visit(key, id, this));
  }

  [Symbol.iterator](): MapIterator<[string, StoredKey]> {
    return this.entries();
  }

  #copy(): Map<string, StoredKey> {
    return new Map(this.#store.ids().flatMap((id) => this.#entry(id)));
  }

  #entry(id: string): [string, StoredKey][] {
    const key = this.get(id);
    return key === undefined ? [] : [[id, key]];
  }
}
