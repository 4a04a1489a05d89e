/*
 * Which live keys the selectors govern, and which of them are held.
 *
 * A key that a policy names is that policy's alone, sound or broken: nothing is selected over its head. Of the others
 * each is governed by all selectors that match it, together (`compose.ts`).
 *
 *   a selector that matches the key is broken     held: whoever is below it must not take its fields over
 *   they contradict each other                    held, with a problem at both places
 *   a document cannot be read                     nobody knows what it selects, so a key goes on only where it is known
 *                                                 that the document had no part in it
 *
 * The last one needs a memory: by which policies each key was selected when the policies were last acted on. As long as
 * something cannot be read, a key goes on when every one of those is there to be read. One that is not may be what cannot
 * be read: the key is held, whoever else selects it. A key that was not selected before waits: what cannot be read
 * might name it, or pause it, or be above everything.
 *
 * Which selectors match which key is computed once for each list of live keys and each set of matches, and what they ask
 * together once for each combination: ten thousand keys of five selectors cost a few comparisons each.
 */
import { compareSelectors, compose, type Composition, type Selector } from "./compose.ts";
import { createMatching } from "./matching.ts";
import type { KeyId } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";
import type { DesiredKey, HeldKey, ResolveContext } from "./resolve.ts";
import { Conflicts } from "./selector-conflicts.ts";

export interface SelectionParts {
  readonly selectors: readonly Selector[];
  /** Whether a selector can be followed at all. */
  readonly isSound: (selector: Selector) => boolean;
  /** Keys that policies name. */
  readonly named: ReadonlySet<KeyId>;
  /** The names of all policies that could be read. */
  readonly present: ReadonlySet<string>;
  /** The first problem that hides what a document says. */
  readonly hidden: Problem | undefined;
  readonly context: ResolveContext;
}

export interface Selection {
  readonly desired: readonly DesiredKey[];
  readonly held: readonly HeldKey[];
  readonly problems: readonly Problem[];
}

const nothing: Selection = { desired: [], held: [], problems: [] };

/** Selects, with a memory of the last results. */
export function createSelection(): (parts: SelectionParts) => Selection {
  const matchesOf = createMatching();
  let known = new Map<string, Composed>();

  return function select(parts: SelectionParts): Selection {
    const remembered = parts.hidden === undefined ? undefined : parts.context.lastSelected();
    if (parts.selectors.length === 0 && (remembered?.size ?? 0) === 0) return nothing;
    const { selectors: ordered, groups, count } = matchesOf(parts.selectors, parts.context.live);
    const doubts = doubtsOf(parts, remembered);
    const next = new Map<string, Composed>();
    const desired: DesiredKey[] = [];
    const held: HeldKey[] = [];
    const problems: Problem[] = ordered.flatMap((selector, index) =>
      count > 0 && parts.isSound(selector) && !groups.some(({ by }) => by.includes(index))
        ? [emptyProblem(selector)]
        : [],
    );
    const conflicts = new Conflicts();
    const met = new Set<KeyId>();
    for (const { by, ids } of groups) {
      const selectors = by.flatMap((index) => ordered[index] ?? []).sort(compareSelectors);
      const [owner] = selectors;
      const free = ids.filter((id) => !parts.named.has(id));
      if (owner === undefined || free.length === 0) continue;
      const broken = selectors.find((one) => !parts.isSound(one));
      const composed = broken === undefined ? composedOf(selectors, known) : undefined;
      const keys = new Map<KeyId, DesiredKey>();
      if (composed !== undefined) {
        next.set(composed.name, { ...composed, keys });
        problems.push(...composed.asked.problems);
        for (const conflict of composed.asked.conflicts) conflicts.add(conflict, free);
      }
      for (const id of free) {
        met.add(id);
        const why = doubts(id, owner) ?? brokenKey(id, { broken, owner, composed });
        if (why !== undefined) held.push(why);
        else if (composed !== undefined)
          keys.set(id, composed.keys.get(id) ?? desiredKey(id, owner, composed));
      }
      desired.push(...keys.values());
    }
    for (const id of remembered?.keys() ?? []) {
      if (met.has(id) || parts.named.has(id)) continue;
      const why = doubts(id, undefined);
      if (why !== undefined) held.push(why);
    }
    known = next;
    return { desired, held, problems: [...problems, ...conflicts.problems()] };
  };
}

/** A composition, and the keys that it was made for: desired keys stay the same objects as long as they are the same. */
interface Composed {
  readonly name: string;
  readonly selectors: readonly Selector[];
  readonly asked: Composition;
  readonly keys: ReadonlyMap<KeyId, DesiredKey>;
}

function composedOf(selectors: readonly Selector[], known: ReadonlyMap<string, Composed>): Composed {
  const name = selectors.map((one) => one.name).join(" ");
  const before = known.get(name);
  const isSame =
    before?.selectors.length === selectors.length &&
    before.selectors.every(({ resolved }, index) => resolved === selectors[index]?.resolved);
  return before !== undefined && isSame
    ? before
    : { name, selectors, asked: compose(selectors), keys: new Map() };
}

function desiredKey(keyId: KeyId, owner: Selector, { asked }: Composed): DesiredKey {
  const { mode, fields, selectedBy } = asked;
  return { keyId, policy: owner.name, place: owner.match.place, mode, fields, selectedBy };
}

interface Standing {
  readonly broken: Selector | undefined;
  readonly owner: Selector;
  readonly composed: Composed | undefined;
}

function brokenKey(keyId: KeyId, { broken, owner, composed }: Standing): HeldKey | undefined {
  if (broken !== undefined) return { keyId, policy: broken.name, place: broken.match.place };
  if (composed === undefined) return undefined;
  const { conflicts, problems } = composed.asked;
  if (conflicts.length === 0 && problems.length === 0) return undefined;
  const names = composed.selectors.map(({ name }) => `"${name}"`).join(" and ");
  const why = `the policies ${names}, which all select this key, cannot be followed together`;
  return { keyId, policy: owner.name, place: owner.match.place, why };
}

/** Says why a key must be held as long as something cannot be read; `owner` is who would govern it. */
function doubtsOf(
  { hidden, present }: SelectionParts,
  remembered: ReadonlyMap<KeyId, readonly string[]> | undefined,
): (id: KeyId, owner: Selector | undefined) => HeldKey | undefined {
  if (hidden === undefined) return () => undefined;
  const where = placeText(hidden);
  return (keyId, owner) => {
    const before = remembered?.get(keyId);
    const gone = before?.find((name) => !present.has(name));
    if (gone !== undefined) {
      const why = `the policy "${gone}", which selected this key, may be what cannot be read at ${where}`;
      return { keyId, policy: gone, place: hidden, why };
    }
    if (before !== undefined || owner === undefined) return undefined;
    const why = `what cannot be read at ${where} may govern this key too, which "${owner.name}" selects for the first time`;
    return { keyId, policy: owner.name, place: owner.match.place, why };
  };
}

function emptyProblem({ name, match }: Selector): Problem {
  const message =
    `the policy "${name}" selects none of the live keys: ` +
    "check its attributes, which are compared with what reads show";
  return problemAt("KS1312", match.place, { severity: "warning", path: "spec.match", message });
}
