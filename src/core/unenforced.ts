import type { SelectedBy } from "./compose.ts";
import { rankOf, sameField } from "./fields.ts";
import type { Canonical, FieldPath } from "./key.ts";
import { liveValue } from "./live.ts";
import type { Sight } from "./make-plan.ts";
import type { KeyId } from "./policy.ts";
import type { Place } from "./problem.ts";
import type { Rank } from "./rank.ts";
import type { DesiredKey } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

/** A key that is not as its policy says, and whose policy is not enforced. */
export interface Unenforced {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly mode: "report" | "paused";
  /** Where the policy names the key. */
  readonly place: Place;
  /** The policies that select the key; absent when one names it. */
  readonly selectedBy?: readonly SelectedBy[];
  readonly fields: readonly UnenforcedField[];
}

export interface UnenforcedField {
  readonly path: FieldPath;
  readonly live: Canonical;
  readonly wanted: Canonical;
  /** Which way a mend would go. */
  readonly rank: Rank;
  readonly place: Place;
}

/** What is left as it is because of its policy's mode, as far as it was seen; sorted by key, then path. */
export function unenforcedDifferences(
  desired: Iterable<DesiredKey>,
  sightOf: (id: KeyId) => Sight,
  now: number,
): readonly Unenforced[] {
  const found: Unenforced[] = [];
  for (const { keyId, policy, mode, place, selectedBy, fields } of desired) {
    if (mode === "enforce") continue;
    const sight = sightOf(keyId);
    if (sight.kind !== "seen") continue;
    const differing = [...fields].flatMap(([path, field]): UnenforcedField[] => {
      const live = liveValue(sight.key, path);
      if (live === undefined || sameField(path, { desired: field.value, live, now })) return [];
      return [{ path, live, wanted: field.value, rank: rankOf(path, live, field.value), place: field.place }];
    });
    if (differing.length === 0) continue;
    found.push({
      keyId,
      policy,
      mode,
      place,
      ...(selectedBy === undefined ? {} : { selectedBy }),
      fields: differing.sort((a, b) => compareTexts(a.path, b.path)),
    });
  }
  return found.sort((a, b) => compareTexts(a.keyId, b.keyId));
}
