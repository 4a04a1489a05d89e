/*
 * What several selectors ask together of a key that each of them selects.
 *
 *   fields      the selector of the highest priority that says something of a field has its way; what it says of a group
 *               (`usage_limits: null`) is of all its parts, and the other way round, as between a policy and its profiles
 *   priority    two that have one priority may say the same; different values are a conflict, and nobody's way is had
 *   mode        the most careful of all: what one of them wants to be told, or left alone, no other one may write
 *   reset       the token of the highest priority that has one, in the order of the names where two are equal: whose token
 *               is a change is for `token-change.ts` to say
 *   selection   together they must not take the key away from one of them, else what it asks would come and go
 *   rules       what each asks alone may contradict what they ask together: Portkey's rules and guardrails are judged
 *               once more
 *
 * The order in which selectors come decides nothing.
 */
import { covers, type Acknowledged, type Acknowledgements } from "./acknowledged.ts";
import { noCourse, type Course } from "./course.ts";
import { sameCanonical } from "./canonical.ts";
import { checkReset } from "./check-reset.ts";
import type { DesiredField, DesiredFields } from "./effective.ts";
import { overlaps } from "./fields.ts";
import type { FieldPath } from "./key.ts";
import { judgePolicy, type Conditional, type Judgement } from "./judge-policy.ts";
import { leavesMatch, type KeyMatch } from "./key-match.ts";
import { checkKey } from "./key-rules.ts";
import type { Mode, Placed } from "./policy.ts";
import { placeText, problemAt, type Place, type Problem } from "./problem.ts";
import type { ResolvedPolicy } from "./resolved-policy.ts";
import { compareTexts } from "./texts.ts";

/** A policy that selects keys. */
export interface Selector {
  readonly resolved: ResolvedPolicy;
  readonly name: string;
  readonly match: Placed<KeyMatch>;
  readonly priority: number;
}

/** A policy that selects a key, as it is told. */
export interface SelectedBy {
  readonly policy: string;
  readonly priority: number;
  readonly mode: Mode;
  /** Where its `match` stands. */
  readonly place: Place;
  /** Its token, where it has one. */
  readonly resetUsage?: Placed<string>;
}

/** What the selectors of a key ask of it together. */
export interface Composition {
  /** The highest priority first, then by name. */
  readonly selectedBy: readonly SelectedBy[];
  readonly mode: Mode;
  readonly fields: DesiredFields;
  /** What the overrides of all of them will change, as far as it shows below those of a higher priority. */
  readonly course: Course;
  /** Each selector speaks of what it has its way in. */
  readonly acknowledged: Acknowledgements;
  readonly conflicts: readonly Conflict[];
  /** Why they cannot be followed together, beside the conflicts. */
  readonly problems: readonly Problem[];
  /** What stands of a key that is, live, what a guardrail is about. */
  readonly conditional: readonly Conditional[];
}

/** Two selectors of one priority that say different things of a field, or of a group and of a part of it. */
export interface Conflict {
  readonly one: Saying;
  readonly other: Saying;
}

interface Saying {
  readonly selector: Selector;
  readonly path: FieldPath;
  readonly field: DesiredField;
}

/** The higher priority first, then by name and place: the first one stands for all. */
export function compareSelectors(a: Selector, b: Selector): number {
  return (
    b.priority - a.priority ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.match.place.file, b.match.place.file) ||
    a.match.place.line - b.match.place.line
  );
}

/** What sound selectors ask together; at least one, in the order of `compareSelectors`. */
export function compose(selectors: readonly Selector[]): Composition {
  const [only] = selectors;
  const { fields, acknowledged, conflicts } =
    selectors.length === 1 && only !== undefined
      ? { ...only.resolved, conflicts: [] }
      : layTogether(selectors);
  return {
    selectedBy: selectors.map(({ name, priority, match, resolved }) => {
      const { mode, resetUsage } = resolved.policy;
      const reset = resetUsage === undefined ? {} : { resetUsage };
      return { policy: name, priority, mode, place: match.place, ...reset };
    }),
    mode: mostCareful(selectors.map(({ resolved }) => resolved.policy.mode)),
    fields,
    course: selectors.length === 1 && only !== undefined ? only.resolved.course : courseTogether(selectors),
    acknowledged,
    conflicts,
    ...(selectors.length === 1 && only !== undefined
      ? { problems: [], conditional: only.resolved.conditional }
      : judgedTogether(selectors, fields)),
  };
}

function layTogether(
  selectors: readonly Selector[],
): Pick<Composition, "fields" | "acknowledged" | "conflicts"> {
  const acknowledged = new Map<FieldPath, Acknowledged>();
  const fields = new Map<FieldPath, DesiredField>();
  const conflicts: Conflict[] = [];
  const above = new Set<FieldPath>();
  for (const priority of new Set(selectors.map((one) => one.priority))) {
    const tier = selectors.filter((one) => one.priority === priority);
    const sayings = new Map<FieldPath, Saying>();
    for (const selector of tier) {
      for (const [path, field] of selector.resolved.fields) {
        if (isSaid(path, above)) continue;
        const saying = { selector, path, field };
        for (const other of sayings.values())
          if (contradict(saying, other)) conflicts.push({ one: other, other: saying });
        if (!sayings.has(path)) sayings.set(path, saying);
      }
    }
    for (const { path, field, selector } of sayings.values()) {
      fields.set(path, field);
      const known = [...selector.resolved.acknowledged].find(([outer]) => covers(outer, path));
      if (known !== undefined) acknowledged.set(path, known[1]);
    }
    for (const { resolved } of tier) for (const path of resolved.fields.keys()) above.add(path);
  }
  return { fields, acknowledged, conflicts };
}

/** What happens at one moment in several policies stays one step of each. */
function courseTogether(selectors: readonly Selector[]): Course {
  const courses = selectors.map(({ priority, resolved }): Course => {
    const above = new Set(
      selectors
        .filter((other) => other.priority > priority)
        .flatMap((other) => [...other.resolved.fields.keys()]),
    );
    const upcoming = resolved.course.upcoming.map((step) => ({
      ...step,
      fields: step.fields.filter(({ path }) => !isSaid(path, above)),
    }));
    return { inForce: resolved.course.inForce, upcoming };
  });
  if (courses.every(({ inForce, upcoming }) => inForce.length + upcoming.length === 0)) return noCourse;
  return {
    inForce: courses.flatMap(({ inForce }) => inForce),
    upcoming: courses.flatMap(({ upcoming }) => upcoming).sort((a, b) => a.at - b.at),
  };
}

function isSaid(path: FieldPath, paths: ReadonlySet<FieldPath>): boolean {
  if (paths.has(path)) return true;
  for (const other of paths) if (overlaps(path, other)) return true;
  return false;
}

/** One policy does not contradict itself: its own layers are laid over each other already. */
function contradict(a: Saying, b: Saying): boolean {
  if (a.selector === b.selector) return false;
  return a.path === b.path ? !sameCanonical(a.field.value, b.field.value) : overlaps(a.path, b.path);
}

const care: Readonly<Record<Mode, number>> = { enforce: 0, report: 1, paused: 2 };

function mostCareful(modes: readonly Mode[]): Mode {
  return modes.reduce((most, mode) => (care[mode] > care[most] ? mode : most), "enforce");
}

function togetherProblems(selectors: readonly Selector[], fields: DesiredFields): Problem[] {
  const names = selectors.map(({ name }) => `"${name}"`).join(" and ");
  const rules = checkKey(fields).map((problem) => ({
    ...problem,
    message: `${problem.message} (asked for by ${names} together, of the keys that all of them select)`,
  }));
  const lost = selectors.flatMap((selector) => leavingProblem(selector, fields) ?? []);
  return [...rules, ...resetProblems(selectors, fields), ...lost];
}

/** What they say together of the budget of a reset; what a policy says alone was told of it. */
function resetProblems(selectors: readonly Selector[], fields: DesiredFields): Problem[] {
  const asking = selectors.find(({ resolved }) => resolved.policy.resetUsage !== undefined)?.resolved;
  if (asking === undefined || checkReset(asking.policy.resetUsage, [asking.fields]).length > 0) return [];
  return checkReset(asking.policy.resetUsage, [fields]);
}

/** A guardrail is about a key when one of the policies that select it has its labels. */
function judgedTogether(selectors: readonly Selector[], fields: DesiredFields): Judgement {
  const judged = selectors.map(({ resolved }) => judgePolicy(resolved.policy, fields, resolved.guardrails));
  return {
    problems: [...togetherProblems(selectors, fields), ...judged.flatMap(({ problems }) => problems)],
    conditional: judged.flatMap(({ conditional }) => conditional),
  };
}

/** What is wrong where what is asked of a key takes it away from a selector. */
export function leavingProblem(
  { name, match }: Pick<Selector, "name" | "match">,
  fields: DesiredFields,
): Problem | undefined {
  const path = leavesMatch(match.value, fields);
  const field = path === undefined ? undefined : fields.get(path);
  if (path === undefined || field === undefined) return undefined;
  const message =
    `${path} = ${JSON.stringify(field.value)} would take each key away from the policy "${name}", which selects by it ` +
    `(${placeText(match.place)}): its keys keep their values until one of the two is changed`;
  return problemAt("KS1311", field.place, { path: `spec.key.${path}`, message });
}
