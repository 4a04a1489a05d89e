import { stableJson } from "./canonical.ts";
import { compareSelectors, type Selector } from "./compose.ts";
import type { LiveKey } from "./key.ts";
import { matchesKey } from "./key-match.ts";
import type { Json, KeyId } from "./policy.ts";

/** Keys that the same selectors match. */
interface Group {
  /** Places in the ordered selectors. */
  readonly by: readonly number[];
  readonly ids: readonly KeyId[];
}

export interface Matching {
  /** In the order that the groups speak of. */
  readonly selectors: readonly Selector[];
  readonly groups: readonly Group[];
  /** How many keys are live. */
  readonly count: number;
}

/** Groups the live keys by the selectors that match them; keys that none matches are in no group. */
export function createMatching(): (selectors: readonly Selector[], live: Iterable<LiveKey>) => Matching {
  const known = new WeakMap<Iterable<LiveKey>, Matched & { readonly matches: string }>();
  return (given, live) => {
    const selectors = given.toSorted(byName);
    // By content: an edit of what a selector asks does not change whom it selects.
    const matches = stableJson(selectors.map(({ match }) => match.value as Json));
    const before = known.get(live);
    const { groups, count } = before?.matches === matches ? before : matchAll(selectors, live);
    known.set(live, { groups, count, matches });
    return { selectors, groups, count };
  };
}

type Matched = Omit<Matching, "selectors">;

function matchAll(selectors: readonly Selector[], live: Iterable<LiveKey>): Matched {
  const groups = new Map<string, { by: number[]; ids: KeyId[] }>();
  const seen = new Set<KeyId>();
  if (selectors.length === 0) return { groups: [], count: 0 };
  for (const key of live) {
    if (seen.has(key.id)) continue;
    seen.add(key.id);
    const by = selectors.flatMap(({ match }, index) => (matchesKey(match.value, key) ? [index] : []));
    if (by.length === 0) continue;
    const name = by.join(" ");
    const group = groups.get(name) ?? { by, ids: [] };
    group.ids.push(key.id);
    groups.set(name, group);
  }
  return { groups: [...groups.values()], count: seen.size };
}

function byName(a: Selector, b: Selector): number {
  return compareSelectors({ ...a, priority: 0 }, { ...b, priority: 0 });
}
