import { noOverrides } from "../core/overrides.ts";
import type { Override } from "../core/policy.ts";
import { buildKeyBlock } from "./key-block.ts";
import type { Override as OverrideEntry } from "./policy-schema.types.ts";
import type { SourceText } from "./source-text.ts";
import type { Spot } from "./yaml-reading.ts";

/** The overrides of a policy; `spots` are those of the list's items. */
export function buildOverrides(
  entries: readonly OverrideEntry[],
  spots: readonly Spot[],
  source: SourceText,
): readonly Override[] {
  if (entries.length === 0) return noOverrides;
  return entries.map((entry, index): Override => {
    const spot = spots[index];
    const offset = spot?.offset ?? 0;
    return {
      from: entry.from === undefined ? null : Date.parse(entry.from),
      until: Date.parse(entry.until),
      reason: entry.reason.trim(),
      key: buildKeyBlock(entry.key, spot?.entries?.get("key"), { offset, source }),
      place: source.placeAt(offset),
      untilPlace: source.placeAt(spot?.entries?.get("until")?.keyOffset ?? offset),
    };
  });
}
