import type { Acknowledgement } from "../core/policy.ts";
import type { Place } from "../core/problem.ts";
import type { AcknowledgementEntry } from "./policy-schema.types.ts";
import type { SourceText } from "./source-text.ts";
import type { Spot } from "./yaml-reading.ts";

/** What a policy says of known differences, with the places that later messages point to. */
export function buildAcknowledge(
  entries: readonly AcknowledgementEntry[],
  spots: readonly Spot[],
  source: SourceText,
): readonly Acknowledgement[] {
  return entries.map(({ path, until, reason }, index) => {
    const spot = spots[index];
    const placeOf = (name: string): Place =>
      source.placeAt(spot?.entries?.get(name)?.spot.offset ?? spot?.offset ?? 0);
    return {
      path: { value: path, place: placeOf("path") },
      until: { value: Date.parse(until), place: placeOf("until") },
      reason,
    };
  });
}
