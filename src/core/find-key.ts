import { isUuid } from "./canonical.ts";
import type { KeyId } from "./policy.ts";

/** A way in which people name keys; `what` is for messages ("policies"). */
export interface KeyLookup {
  readonly what: string;
  readonly find: (text: string) => readonly KeyId[];
}

export type FoundKey =
  | { readonly kind: "key"; readonly id: KeyId }
  /** The name stands for more than one key. */
  | { readonly kind: "several"; readonly what: string; readonly ids: readonly KeyId[] }
  | { readonly kind: "none" };

/** The key that a text means: an id, or a name in the first of the lookups that knows it. */
export function findKey(text: string, lookups: readonly KeyLookup[]): FoundKey {
  if (isUuid(text)) return { kind: "key", id: text.toLowerCase() };
  for (const { what, find } of lookups) {
    const ids = [...new Set(find(text))].sort();
    const [first] = ids;
    if (first !== undefined)
      return ids.length === 1 ? { kind: "key", id: first } : { kind: "several", what, ids };
  }
  return { kind: "none" };
}
