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
import { createMatching, type Matching } from "./matching.ts";
import { isAbout, type LiveKeyOf } from "./judge-policy.ts";
import type { LiveKey } from "./key.ts";
import type { KeyId } from "./policy.ts";
import { placeText, problemAt, type Problem } from "./problem.ts";
import type { DesiredKey, HeldKey, ResolveContext } from "./resolve.ts";
import { conflictProblems } from "./selector-conflicts.ts";

export interface SelectionParts {
  readonly selectors: readonly Selector[];
  /** Why a selector cannot be followed at all; undefined when it can. */
  readonly faultOf: (selector: Selector) => Problem | undefined;
  /** Keys that policies name. */
  readonly named: ReadonlySet<KeyId>;
  /** The names of all policies that could be read. */
  readonly present: ReadonlySet<string>;
  /** The first problem that hides what a document says. */
  readonly hidden: Problem | undefined;
  /** The keys by which guardrails decide what they are about; undefined where nobody looks at live keys. */
  readonly liveKeyOf: LiveKeyOf | undefined;
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
  let known: ReadonlyMap<string, Composed> = new Map();

  return function select(parts: SelectionParts): Selection {
    const remembered = parts.hidden === undefined ? undefined : parts.context.lastSelected();
    if (parts.selectors.length === 0 && (remembered?.size ?? 0) === 0) return nothing;
    const matching = matchesOf(parts.selectors, parts.context.live);
    const doubt = doubtsOf(parts, remembered);
    const groups = groupsOf(matching, parts.named);
    const judged = groups.map((group) => judgeGroup(group, { ...parts, doubt, known }));
    const composed = judged.flatMap((one) => one.composed ?? []);
    known = new Map(composed.map((one) => [one.name, one]));
    const met = new Set(groups.flatMap(({ ids }) => ids));
    const rest = [...(remembered?.keys() ?? [])].filter((id) => !met.has(id) && !parts.named.has(id));
    return {
      desired: composed.flatMap(({ keys }) => [...keys.values()]),
      held: [...judged.flatMap(({ held }) => held), ...rest.flatMap((id) => doubt(id, undefined) ?? [])],
      problems: [
        ...unmatched(matching, parts).map(emptyProblem),
        ...composed.flatMap(({ asked }) => asked.problems),
        ...judged.flatMap(({ offences }) => offences),
        ...conflictProblems(
          judged.flatMap(
            ({ composed: one, ids }) => one?.asked.conflicts.map((conflict) => ({ conflict, ids })) ?? [],
          ),
        ),
      ],
    };
  };
}

/** Keys that nobody names, and all the selectors that match them: the first one stands for all. */
interface KeyGroup {
  readonly selectors: readonly [Selector, ...Selector[]];
  readonly ids: readonly KeyId[];
}

function groupsOf({ selectors, groups }: Matching, named: ReadonlySet<KeyId>): KeyGroup[] {
  return groups.flatMap(({ by, ids }): KeyGroup[] => {
    const [owner, ...others] = by.flatMap((index) => selectors[index] ?? []).sort(compareSelectors);
    const free = ids.filter((id) => !named.has(id));
    return owner === undefined || free.length === 0 ? [] : [{ selectors: [owner, ...others], ids: free }];
  });
}

/** Sound selectors that match no live key, named or not; none where no live key is known. */
function unmatched({ selectors, groups, count }: Matching, parts: SelectionParts): Selector[] {
  if (count === 0) return [];
  const matching = new Set(groups.flatMap(({ by }) => by));
  return selectors.filter((selector, index) => !matching.has(index) && parts.faultOf(selector) === undefined);
}

interface GroupParts extends Pick<SelectionParts, "faultOf" | "liveKeyOf"> {
  readonly doubt: Doubt;
  /** What was composed last time. */
  readonly known: ReadonlyMap<string, Composed>;
}

interface JudgedGroup {
  readonly ids: readonly KeyId[];
  /** Undefined where one of the selectors is broken. */
  readonly composed: Composed | undefined;
  readonly held: readonly HeldKey[];
  /** What guardrails say that are about some of the keys alone. */
  readonly offences: readonly Problem[];
}

function judgeGroup({ selectors, ids }: KeyGroup, parts: GroupParts): JudgedGroup {
  const { faultOf, doubt, known, liveKeyOf } = parts;
  const [owner] = selectors;
  const broken = firstBroken(selectors, faultOf);
  const composed = broken === undefined ? composedOf(selectors, known) : undefined;
  const keys = new Map<KeyId, DesiredKey>();
  const held: HeldKey[] = [];
  const offences = new Set<Problem>();
  for (const id of ids) {
    const against = offencesOf(liveKeyOf?.(id), composed);
    for (const offence of against) offences.add(offence);
    const why =
      doubt(id, owner) ?? brokenKey(id, { broken, owner, composed }) ?? offendingKey(id, owner, against);
    if (why !== undefined) held.push({ ...why, selectors: selectors.map(({ name }) => name) });
    else if (composed !== undefined) keys.set(id, composed.keys.get(id) ?? desiredKey(id, owner, composed));
  }
  const kept = composed === undefined ? undefined : { ...composed, keys };
  return { ids, composed: kept, held, offences: [...offences] };
}

/** What the guardrails say that are about this key. */
function offencesOf(live: LiveKey | undefined, composed: Composed | undefined): readonly Problem[] {
  if (live === undefined || composed === undefined) return [];
  return composed.asked.conditional
    .filter(({ match, fields }) => isAbout(match, live, fields))
    .flatMap(({ problems }) => problems);
}

function offendingKey(keyId: KeyId, owner: Selector, against: readonly Problem[]): HeldKey | undefined {
  const offence = against.find(({ severity }) => severity === "error");
  if (offence === undefined) return undefined;
  return { keyId, policy: owner.name, place: owner.match.place, why: offence, reason: offence.message };
}

interface Broken {
  readonly selector: Selector;
  readonly fault: Problem;
}

function firstBroken(selectors: readonly Selector[], faultOf: SelectionParts["faultOf"]): Broken | undefined {
  for (const selector of selectors) {
    const fault = faultOf(selector);
    if (fault !== undefined) return { selector, fault };
  }
  return undefined;
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
  const { mode, fields, course, acknowledged, selectedBy } = asked;
  const place = owner.match.place;
  const resetUsage = selectedBy.find((one) => one.resetUsage !== undefined)?.resetUsage;
  return {
    ...{ keyId, policy: owner.name, place, mode, fields, course, acknowledged, selectedBy },
    ...(resetUsage === undefined ? {} : { resetUsage }),
  };
}

interface Standing {
  readonly broken: Broken | undefined;
  readonly owner: Selector;
  readonly composed: Composed | undefined;
}

function brokenKey(keyId: KeyId, { broken, owner, composed }: Standing): HeldKey | undefined {
  if (broken !== undefined) {
    const { selector, fault } = broken;
    return { keyId, policy: selector.name, place: selector.match.place, why: fault };
  }
  if (composed === undefined) return undefined;
  const { conflicts, problems } = composed.asked;
  const [conflict] = conflicts;
  const why =
    conflict === undefined
      ? problems.find(({ severity }) => severity === "error")
      : conflictProblems([{ conflict, ids: [keyId] }])[0];
  if (why === undefined) return undefined;
  const names = composed.selectors.map(({ name }) => `"${name}"`).join(" and ");
  const reason = `the policies ${names}, which all select this key, cannot be followed together`;
  return { keyId, policy: owner.name, place: owner.match.place, why, reason };
}

/** Why a key must be held as long as something cannot be read; `owner` is who would govern it. */
type Doubt = (id: KeyId, owner: Selector | undefined) => HeldKey | undefined;

function doubtsOf(
  { hidden, present }: SelectionParts,
  remembered: ReadonlyMap<KeyId, readonly string[]> | undefined,
): Doubt {
  if (hidden === undefined) return () => undefined;
  const where = placeText(hidden);
  return (keyId, owner) => {
    const before = remembered?.get(keyId);
    const gone = before?.find((name) => !present.has(name));
    if (gone !== undefined) {
      const reason = `the policy "${gone}", which selected this key, may be what cannot be read at ${where}`;
      return { keyId, policy: gone, place: hidden, why: hidden, reason };
    }
    if (before !== undefined || owner === undefined) return undefined;
    const reason = `what cannot be read at ${where} may govern this key too, which "${owner.name}" selects for the first time`;
    return { keyId, policy: owner.name, place: owner.match.place, why: hidden, reason };
  };
}

function emptyProblem({ name, match }: Selector): Problem {
  const message =
    `the policy "${name}" selects none of the live keys: ` +
    "check its attributes, which are compared with what reads show";
  return problemAt("KS1312", match.place, { severity: "warning", path: "spec.match", message });
}
