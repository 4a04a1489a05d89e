import { leavingProblem } from "./compose.ts";
import { courseOf, noCourse, stretchesOf, type Course } from "./course.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import { checkKey } from "./key-rules.ts";
import type { Lineage } from "./lineage.ts";
import { checkOverrides } from "./override-rules.ts";
import type { Span } from "./overrides.ts";
import type { KeyPolicy, Profile } from "./policy.ts";
import type { Problem } from "./problem.ts";

/** What one policy asks of its keys, whichever they are. */
export interface ResolvedPolicy {
  readonly policy: KeyPolicy;
  readonly profiles: readonly Profile[];
  readonly fields: DesiredFields;
  /** Which of its overrides are in force, and what they will change. */
  readonly course: Course;
  /** As long as this lasts time changes nothing of it. */
  readonly span: Span;
  readonly problems: readonly Problem[];
}

/** `now`: the moment for which it is asked, in milliseconds since the epoch. */
export function resolvePolicy(policy: KeyPolicy, lineage: Lineage, now: number): ResolvedPolicy {
  const base: Layer[] = [
    ...lineage.profiles.map((profile) => ({ source: profile.name, block: profile.key })),
    { source: policy.name, block: policy.key },
  ];
  const { problems, ...timed } =
    policy.overrides.length === 0 ? timeless(policy, base) : timely(policy, base, now);
  const found = lineage.problems.length > 0 ? lineage.problems : problems;
  return { policy, profiles: lineage.profiles, ...timed, problems: found };
}

type Timed = Pick<ResolvedPolicy, "fields" | "course" | "span" | "problems">;

const always: Span = { from: -Infinity, until: Infinity };

function timeless(policy: KeyPolicy, base: readonly Layer[]): Timed {
  const fields = effectiveFields(base);
  return {
    fields,
    course: noCourse,
    span: always,
    problems: [...checkKey(fields), ...leaving(policy, [fields])],
  };
}

/** What holds at a moment and how long, and what is wrong from then on. */
function timely(policy: KeyPolicy, base: readonly Layer[], now: number): Timed {
  const stretches = stretchesOf(policy, base, now);
  const [first] = stretches;
  if (first === undefined) return timeless(policy, base);
  const problems = [
    ...checkOverrides(policy, stretches),
    ...leaving(
      policy,
      stretches.map(({ fields }) => fields),
    ),
  ];
  return { fields: first.fields, course: courseOf(stretches), span: first, problems };
}

/** The first of these in which what a policy asks takes its keys away from it. */
function leaving({ name, match }: KeyPolicy, all: readonly DesiredFields[]): Problem[] {
  if (match === undefined) return [];
  return all.flatMap((fields) => leavingProblem({ name, match }, fields) ?? []).slice(0, 1);
}

export function isWithin({ from, until }: Span, now: number): boolean {
  return from <= now && now < until;
}

export function isSound({ problems }: ResolvedPolicy): boolean {
  return problems.every(({ severity }) => severity !== "error");
}
