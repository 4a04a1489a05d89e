import type { KeyBlock } from "../core/policy.ts";
import type { Place } from "../core/problem.ts";
import { compactPlaces } from "./compact-places.ts";
import { pooled } from "./pool.ts";
import type { Key } from "./policy-schema.types.ts";
import type { SourceText } from "./source-text.ts";
import type { Entry, Spot } from "./yaml-reading.ts";

/** What a block without an entry of its own is placed by. */
interface Fallback {
  readonly offset: number;
  readonly source: SourceText;
}

/** A `key` block with the places of its properties; `entry` is where it stands, or what it is missing in. */
export function buildKeyBlock(
  key: Key | undefined,
  entry: Entry | undefined,
  { offset, source }: Fallback,
): KeyBlock {
  const places = new Map<string, Place>([["", source.placeAt(entry?.keyOffset ?? offset)]]);
  if (key !== undefined && entry !== undefined) {
    addPlaces(places, "", { spot: entry.spot, source });
  }
  return { value: (key ?? {}) as KeyBlock["value"], places: compactPlaces(source.file, places) };
}

function addPlaces(
  places: Map<string, Place>,
  pointer: string,
  at: { readonly spot: Spot; readonly source: SourceText },
): void {
  for (const [name, entry] of at.spot.entries ?? []) {
    const inner = pooled(`${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    places.set(inner, at.source.placeAt(entry.keyOffset));
    addPlaces(places, inner, { spot: entry.spot, source: at.source });
  }
}
