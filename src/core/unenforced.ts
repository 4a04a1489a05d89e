import { splitAcknowledged } from "./acknowledged.ts";
import type { SelectedBy } from "./compose.ts";
import type { DesiredField } from "./effective.ts";
import { rankOf, sameField } from "./fields.ts";
import type { Canonical, FieldPath } from "./key.ts";
import { liveValue } from "./live.ts";
import type { Sight } from "./make-plan.ts";
import type { KeyId } from "./policy.ts";
import type { Place } from "./problem.ts";
import type { Rank } from "./rank.ts";
import type { DesiredKey } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

/** A key that is not as its policy says, and is left so: because of the policy's mode, or since it says that it is known. */
export interface Unenforced {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly mode: "report" | "paused" | "acknowledged";
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
  /** Until when a known difference is left, RFC 3339, and why. */
  readonly until?: string;
  readonly reason?: string;
}

/** What is left as it is, as far as it was seen; sorted by key, then path. */
export function unenforcedDifferences(
  desired: Iterable<DesiredKey>,
  sightOf: (id: KeyId) => Sight,
  now: number,
): readonly Unenforced[] {
  const found: Unenforced[] = [];
  for (const key of desired) {
    if (key.mode === "enforce" && key.acknowledged.size === 0) continue;
    const sight = sightOf(key.keyId);
    if (sight.kind !== "seen") continue;
    const { enforced, left } = splitAcknowledged(key, sight, now);
    const { keyId, policy, mode, place, selectedBy } = key;
    const told = { keyId, policy, place, ...(selectedBy === undefined ? {} : { selectedBy }) };
    if (mode !== "enforce") {
      const fields = [...enforced.fields].flatMap(([path, field]) => differing(sight, { path, field, now }));
      if (fields.length > 0) found.push({ ...told, mode, fields: fields.sort(byPath) });
    }
    const known = left.flatMap(({ path, field, said: { until, reason } }) =>
      differing(sight, { path, field, now }).map((one): UnenforcedField => {
        return { ...one, until: new Date(until).toISOString(), reason };
      }),
    );
    if (known.length > 0) found.push({ ...told, mode: "acknowledged", fields: known.sort(byPath) });
  }
  return found.sort((a, b) => compareTexts(a.keyId, b.keyId));
}

interface Asked {
  readonly path: FieldPath;
  readonly field: DesiredField;
  readonly now: number;
}

function differing(sight: Extract<Sight, { kind: "seen" }>, { path, field, now }: Asked): UnenforcedField[] {
  const live = liveValue(sight.key, path);
  if (live === undefined || sameField(path, { desired: field.value, live, now })) return [];
  return [{ path, live, wanted: field.value, rank: rankOf(path, live, field.value), place: field.place }];
}

function byPath(a: UnenforcedField, b: UnenforcedField): number {
  return compareTexts(a.path, b.path);
}
