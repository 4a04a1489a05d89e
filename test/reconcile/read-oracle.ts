import type { FieldPath } from "../../src/core/key.ts";
import type { JsonObject, KeyId } from "../../src/core/policy.ts";
import type { DesiredKey } from "../../src/core/resolve.ts";

/* Which GETs a reconcile pass may make, said without a look at the code that makes them. */

/** Fields that a list may leave out; a GET shows them. */
const leftOut: readonly FieldPath[] = ["rotation_policy", "defaults.allow_config_override"];

function isShown(field: FieldPath, row: JsonObject): boolean {
  return (field === "rotation_policy" ? row["rotation_policy"] : row["allow_config_override"]) !== undefined;
}

interface Remembered {
  readonly readAt: number;
  readonly updatedAt: string;
}

export class ReadOracle {
  readonly #remembered = new Map<KeyId, Remembered>();

  /** The keys that have to be asked for in a pass at `now` whose list shows these rows; they are remembered then. */
  gets(desired: Iterable<DesiredKey>, rows: ReadonlyMap<KeyId, JsonObject>, now: number): KeyId[] {
    return [...desired].filter((key) => this.#asks(key, rows.get(key.keyId)!, now)).map(({ keyId }) => keyId);
  }

  /** Whether what was said of this key by a GET is still believed. */
  knows(id: KeyId): boolean {
    return this.#remembered.has(id);
  }

  /** The key was written to: what was seen of it does not count any more. */
  forget(id: KeyId): void {
    this.#remembered.delete(id);
  }

  #asks({ keyId, fields }: DesiredKey, row: JsonObject, now: number): boolean {
    const wanted = (field: FieldPath): boolean => [...fields.keys()].some((path) => path.startsWith(field));
    const before = this.#remembered.get(keyId);
    this.#remembered.delete(keyId);
    if (!leftOut.some((field) => wanted(field) && !isShown(field, row))) return false;
    const updatedAt = row["last_updated_at"] as string;
    const isKnown =
      before !== undefined &&
      before.updatedAt === updatedAt &&
      before.readAt - Date.parse(updatedAt) >= 5_000;
    this.#remembered.set(keyId, isKnown ? before : { readAt: now, updatedAt });
    return !isKnown;
  }
}
