/*
 * A control plane that holds keys: what it stores and how it shows it are the model server's; here it answers, fails,
 * lets requests queue, and refuses to take an update that nobody has claimed.
 */
import type { UpdateBody } from "../../src/core/key.ts";
import { readLiveKey } from "../../src/core/live.ts";
import type { JsonObject, KeyId } from "../../src/core/policy.ts";
import { RemoteError, type Consequence } from "../../src/core/remote-error.ts";
import type {
  KeyReader,
  KeyWriter,
  LiveRecord,
  RequestOptions,
  RequestTally,
  UpdateReceipt,
} from "../../src/ports.ts";
import { update, type Stored, type Variant } from "../core/model-server.ts";
import { picker, show, type Pick, type View } from "../core/model-shapes.ts";
import { Fuse, Killed } from "./fuse.ts";

export interface PlaneParts {
  readonly keys: ReadonlyMap<KeyId, Stored>;
  readonly updatedAt?: ReadonlyMap<KeyId, string>;
  readonly now: () => number;
  readonly variant?: Variant;
  readonly seed?: number;
  /** What its list shows; now this, now that when left out. */
  readonly view?: View;
  /** Whether an update of this key may be sent. */
  readonly isClaimed?: (id: KeyId) => boolean;
  readonly log?: string[];
  readonly fuse?: Fuse;
  /** Resets of usage: when each key's was reset, whether reads show it, and how late. Left out: shown at random. */
  readonly resets?: PlaneResets;
}

export interface PlaneResets {
  readonly made: Map<KeyId, readonly number[]>;
  readonly shown: boolean;
  readonly lagMs: number;
}

export function remoteError(
  consequence: Consequence,
  status: number | null,
  message = "it failed",
): RemoteError {
  return new RemoteError(message, { consequence, status, errorCode: null, attempts: 1 });
}

const replaces: Variant = { defaults: "replace", metadata: "replace", groups: "replace" };

export class FakePlane implements KeyReader, KeyWriter {
  readonly keys: Map<KeyId, Stored>;
  /** When each key was updated last, in whole seconds, as the control plane tells it. */
  readonly updatedAt: Map<KeyId, string>;
  readonly log: string[];
  /** What an update of a key meets, by key; what a GET meets, by key; what the list meets. */
  readonly refusedUpdates = new Map<KeyId, Error>();
  /** Keys whose next update is carried out, and its answer lost. */
  readonly lostAnswers = new Set<KeyId>();
  readonly refusedReads = new Map<KeyId, Error>();
  refusedList: Error | null = null;
  /** The rows of the last list, as they were shown. */
  readonly rows = new Map<KeyId, JsonObject>();
  /** Every body that was taken, in order. */
  readonly bodies: { readonly id: KeyId; readonly body: UpdateBody }[] = [];
  /** The most updates that were under way at a time. */
  mostAtOnce = 0;
  readonly #parts: PlaneParts;
  readonly #pick: Pick;
  readonly #fuse: Fuse;
  readonly #waiting: (() => void)[] = [];
  #queueing = false;
  #atOnce = 0;
  #counts = { reads: 0, writes: 0 };

  constructor(parts: PlaneParts) {
    this.#parts = parts;
    this.keys = new Map(parts.keys);
    this.updatedAt = new Map(parts.updatedAt);
    this.log = parts.log ?? [];
    this.#fuse = parts.fuse ?? new Fuse();
    this.#pick = picker(parts.seed ?? 1);
  }

  /** From now on updates wait in the queue, where they can still be withdrawn. */
  queueUp(): void {
    this.#queueing = true;
  }

  get resets(): PlaneResets | undefined {
    return this.#parts.resets;
  }

  /** How many updates wait in the queue. */
  get queued(): number {
    return this.#waiting.length;
  }

  /** Sends what waits; `count` of it, the earliest first, and leaves the queue closed when told how many. */
  release(count?: number): void {
    if (count === undefined) this.#queueing = false;
    for (const go of this.#waiting.splice(0, count ?? Infinity)) go();
  }

  tally(): RequestTally {
    return { ...this.#counts, throttledMs: 0 };
  }

  /** As if each page held a hundred keys. */
  listCost(): number {
    return Math.max(1, Math.ceil(this.keys.size / 100));
  }

  async list(options: RequestOptions = {}): Promise<readonly LiveRecord[]> {
    await this.#read("list", options);
    if (this.refusedList !== null) throw this.refusedList;
    return [...this.keys.keys()].map((id) => this.#record(id, "list"));
  }

  async get(id: KeyId, options: RequestOptions = {}): Promise<LiveRecord> {
    await this.#read(`get ${id}`, options);
    const refusal = this.refusedReads.get(id);
    if (refusal !== undefined) throw refusal;
    if (!this.keys.has(id)) throw remoteError("missing", 404);
    return this.#record(id, "get");
  }

  async update(id: KeyId, body: UpdateBody, options: RequestOptions = {}): Promise<UpdateReceipt> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      throwIfAborted(options.withdraw);
      throwIfAborted(options.signal);
      if (this.#queueing) await this.#inQueue(options);
      if (this.#parts.isClaimed?.(id) === false)
        throw new Error(`an update of ${id} that nobody has claimed`);
      this.#fuse.call(() => this.#take(id, body));
      this.log.push(`update ${id}`);
      this.#counts.writes += 1;
      await Promise.resolve();
      const refusal = this.refusedUpdates.get(id);
      if (refusal !== undefined) throw refusal;
      if (this.lostAnswers.delete(id)) throw remoteError("unknown", null, "the answer was lost");
      if (this.#fuse.blown) throw new Killed("nobody is there to hear the answer");
      return { status: 200, attempts: 1 };
    } finally {
      this.#atOnce -= 1;
    }
  }

  #take(id: KeyId, body: UpdateBody): void {
    if (this.refusedUpdates.has(id)) return;
    const stored = this.keys.get(id);
    if (stored === undefined) throw remoteError("missing", 404);
    const { reset_usage: resets, ...fields } = body;
    const made = this.#parts.resets?.made;
    if (resets === true) made?.set(id, [...(made.get(id) ?? []), this.#parts.now()]);
    this.keys.set(id, update(stored, fields, this.#parts.variant ?? replaces));
    this.updatedAt.set(id, `${new Date(this.#parts.now()).toISOString().slice(0, 19)}.000Z`);
    this.bodies.push({ id, body });
  }

  async #read(line: string, options: RequestOptions): Promise<void> {
    throwIfAborted(options.withdraw);
    throwIfAborted(options.signal);
    this.log.push(line);
    this.#counts.reads += 1;
    await Promise.resolve();
  }

  #record(id: KeyId, source: "list" | "get"): LiveRecord {
    const view = source === "get" ? "get" : (this.#parts.view ?? "list");
    const shown = show(this.keys.get(id)!, id, view, this.#pick);
    const raw: JsonObject = {
      ...this.#withLastReset(id, shown),
      last_updated_at: this.updatedAt.get(id) ?? "2026-01-01T00:00:00.000Z",
    };
    if (source === "list") this.rows.set(id, raw);
    return { key: readLiveKey(raw, source), raw };
  }

  /** What is shown of resets, in place of what is shown at random. */
  #withLastReset(id: KeyId, shown: JsonObject): JsonObject {
    const { resets, now } = this.#parts;
    if (resets === undefined) return shown;
    const { last_reset_at: _random, ...others } = shown;
    if (!resets.shown) return others;
    const at = resets.made.get(id)?.findLast((time) => now() - time >= resets.lagMs);
    return { ...others, last_reset_at: at === undefined ? null : new Date(at).toISOString() };
  }

  #inQueue({ withdraw, signal }: RequestOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject((withdraw?.aborted === true ? withdraw : signal)?.reason as Error);
      };
      const go = (): void => {
        withdraw?.removeEventListener("abort", leave);
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      this.#waiting.push(go);
      withdraw?.addEventListener("abort", leave, { once: true });
      signal?.addEventListener("abort", leave, { once: true });
    });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}
