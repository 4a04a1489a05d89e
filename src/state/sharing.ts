import type { Canonical } from "../core/key.ts";
import { stableJson } from "../core/canonical.ts";

/**
 * Lets equal strings and values in the ledger be one object in memory: ten thousand keys name the same few
 * policies, files and scope lists. Bounded; what is forgotten is only stored twice.
 */
export interface Sharing {
  text(text: string): string;
  /** The value, or an equal one that was seen before; never the caller's own object. */
  value(value: Canonical): Canonical;
}

export function createSharing(limit = 2_000): Sharing {
  const texts = new Map<string, string>();
  const values = new Map<string, Canonical>();

  function text(given: string): string {
    return remembered(texts, given, () => given);
  }

  function value(given: Canonical): Canonical {
    if (typeof given === "string") return text(given);
    if (given === null || typeof given !== "object") return given;
    const json = stableJson(given);
    return remembered(values, json, () => JSON.parse(json) as Canonical);
  }

  function remembered<T>(pool: Map<string, T>, name: string, make: () => T): T {
    const known = pool.get(name);
    if (known !== undefined) return known;
    if (pool.size >= limit) pool.clear();
    const made = make();
    pool.set(name, made);
    return made;
  }

  return { text, value };
}
