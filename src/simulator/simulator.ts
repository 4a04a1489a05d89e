import { randomBytes } from "node:crypto";
import { once, setMaxListeners } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mostInWindow, SlidingWindow, type RateLimit } from "./arrivals.ts";
import { timestamp } from "./calendar.ts";
import { Faults } from "./faults.ts";
import { makeModel, type Model } from "./model.ts";
import { seedKey } from "./seed-key.ts";
import { serve, type Desk, type LoggedRequest } from "./serve.ts";
import { KeyStore, KeyView } from "./store.ts";
import type { StoredKey } from "./stored-key.ts";

export interface SimulatorOptions {
  readonly keys?: readonly StoredKey[];
  /** The credential that is accepted; default a random one. */
  readonly adminKey?: string;
  /** Milliseconds since the epoch; default the real time, which never runs backwards here. */
  readonly now?: () => number;
  /** On 127.0.0.1; default 0, any free one. */
  readonly port?: number;
  readonly model?: Partial<Model>;
  /** How long every answer waits, in real milliseconds. */
  readonly latencyMs?: number;
  readonly rateLimit?: RateLimit;
}

/** A stand-in for the part of Portkey's control plane that is about API keys. */
export interface Simulator {
  /** Without the prefix of the API, and so not where the API is. */
  readonly url: string;
  /** With the prefix. */
  readonly baseUrl: string;
  readonly adminKey: string;
  /** What is stored, whatever reads show; deep copies. */
  readonly keys: ReadonlyMap<string, StoredKey>;
  /** Every request in order of arrival; no header and no secret is among what is kept. */
  readonly requests: readonly LoggedRequest[];
  readonly model: Model;
  readonly faults: Faults;
  /** Ids of keys that the admin key may not touch: 403. They are listed all the same. */
  readonly forbidden: Set<string>;
  /** Somebody creates a key in the dashboard. */
  create(given?: Partial<StoredKey>): StoredKey;
  /** Somebody edits a key in the dashboard; top-level fields, each one whole. Throws when there is no such key. */
  edit(id: string, patch: Partial<StoredKey>): void;
  /** Somebody deletes a key in the dashboard. Throws when there is no such key. */
  remove(id: string): void;
  /** Ends every lag of reads. */
  catchUp(): void;
  /** The most requests that arrived in any window of this many milliseconds. */
  maxInWindow(ms: number): number;
  setLatency(ms: number): void;
  setRateLimit(limit: RateLimit | undefined): void;
  /** Destroys every connection and ends. */
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const now = options.now ?? (() => performance.timeOrigin + performance.now());
  const store = new KeyStore(now, options.keys ?? []);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const control = { store, model: makeModel(options.model), forbidden: new Set<string>(), now };
  const desk: Desk = {
    control,
    adminKey: options.adminKey ?? `admin-${randomBytes(16).toString("hex")}`,
    faults: new Faults(),
    requests: [],
    latencyMs: options.latencyMs ?? 0,
    window: windowFor(options.rateLimit),
    closing: closing.signal,
  };
  const server = createServer((request, response) => {
    serve(desk, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function stored(id: string): StoredKey {
    const key = store.get(id);
    if (key === undefined) throw new Error(`there is no key ${id} in the simulator`);
    return key;
  }

  let ended: Promise<unknown> | undefined;

  function end(): Promise<unknown> {
    const closed = once(server, "close");
    closing.abort();
    server.close();
    server.closeAllConnections();
    return closed;
  }

  return {
    url,
    baseUrl: `${url}/v1`,
    adminKey: desk.adminKey,
    keys: new KeyView(store),
    requests: desk.requests,
    model: control.model,
    faults: desk.faults,
    forbidden: control.forbidden,
    create(given = {}) {
      const key = seedKey({ created_at: timestamp(now()), ...structuredClone(given) });
      store.put(key);
      return structuredClone(key);
    },
    edit(id, patch) {
      store.put({ ...stored(id), last_updated_at: timestamp(now()), ...structuredClone(patch) });
    },
    remove: (id) => void store.delete(stored(id).id),
    catchUp: () => store.catchUp(),
    maxInWindow(ms) {
      const arrivals = desk.requests.map(({ at }) => at);
      return mostInWindow(arrivals, ms);
    },
    setLatency: (ms) => void (desk.latencyMs = ms),
    setRateLimit: (limit) => void (desk.window = windowFor(limit)),
    async close() {
      ended ??= end();
      await ended;
    },
  };
}

function windowFor(limit: RateLimit | undefined): SlidingWindow | undefined {
  return limit === undefined ? undefined : new SlidingWindow(limit);
}
