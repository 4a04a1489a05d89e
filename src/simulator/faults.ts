import type { Json } from "../core/policy.ts";
import type { StoredKey } from "./stored-key.ts";

/** What goes wrong. What is not said to come after the request was carried out keeps it from being carried out. */
export type Effect =
  /** An answer with this status; without a body an error body in the model's shape. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: Json;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A web page in place of an answer. */
  | { readonly kind: "html"; readonly status: number }
  /** The connection is reset, before the request was carried out or after. */
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  /** No answer as long as the simulator runs. */
  | { readonly kind: "hang"; readonly when: "before" | "after" }
  /** Carried out, but half of the answer's body is missing when the connection ends. */
  | { readonly kind: "cut-off" }
  /** Carried out, but the answer has no body. */
  | { readonly kind: "empty" }
  /** Carried out, and the answer comes in pieces of so many bytes, each after a pause. */
  | { readonly kind: "drip"; readonly bytes: number; readonly pauseMs: number }
  /** An update is accepted, and nothing changes. */
  | { readonly kind: "not-stored" }
  /** The next `reads` reads of the updated key show it as it was; infinitely many until `catchUp`. */
  | { readonly kind: "stale"; readonly reads: number }
  /** The server has its own mind: after an update it also changes this. */
  | { readonly kind: "force"; readonly change: (key: StoredKey) => Partial<StoredKey> }
  /** A page of the list lacks the key `drop`, has the key `duplicate` twice, or says another `total`. */
  | { readonly kind: "list"; readonly drop?: string; readonly duplicate?: string; readonly total?: number };

export interface Fault {
  readonly effect: Effect;
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  /** `list`: the list alone; `key`: whatever names a key. */
  readonly target?: "list" | "key";
  /** Only requests that name this key. */
  readonly id?: string;
  /** The first matching request that is hit, counted from 1 when the fault is ordered; default 1. */
  readonly nth?: number;
  /** How many requests are hit; default 1. */
  readonly count?: number;
}

export interface OrderedFault {
  /** How many requests were hit so far. */
  readonly hits: number;
  /** Withdraws the fault. What it has done stays done. */
  remove(): void;
}

/** What a fault looks at in a request. */
export interface Asked {
  readonly method: string;
  readonly target: "list" | "key" | "other";
  readonly id: string | null;
}

/** The faults in order. Of several that match a request, the one that was ordered first hits it. */
export class Faults {
  readonly #entries = new Set<Entry>();

  add(fault: Fault): OrderedFault {
    const entry: Entry = { fault, matches: 0, hits: 0 };
    this.#entries.add(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => void this.#entries.delete(entry),
    };
  }

  /** Withdraws every fault. */
  clear(): void {
    this.#entries.clear();
  }

  /** The effect on this request, which then counts as hit. */
  take(asked: Asked): Effect | undefined {
    const matching = [...this.#entries].filter(({ fault }) => matches(fault, asked));
    for (const entry of matching) entry.matches += 1;
    const hit = matching.find(isDue);
    if (hit === undefined) return undefined;
    hit.hits += 1;
    return hit.fault.effect;
  }
}

interface Entry {
  readonly fault: Fault;
  matches: number;
  hits: number;
}

function isDue({ fault, matches, hits }: Entry): boolean {
  return matches >= (fault.nth ?? 1) && hits < (fault.count ?? 1);
}

function matches({ effect, method, target, id }: Fault, asked: Asked): boolean {
  if (method !== undefined && method !== asked.method) return false;
  if (target !== undefined && target !== asked.target) return false;
  if (id !== undefined && id !== asked.id) return false;
  switch (effect.kind) {
    case "not-stored":
    case "stale":
    case "force":
      return asked.method === "PUT" && asked.target === "key";
    case "list":
      return asked.method === "GET" && asked.target === "list";
    default:
      return true;
  }
}
