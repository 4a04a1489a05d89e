import { acknowledgementsOf, acknowledgeProblems, type Acknowledgements } from "./acknowledged.ts";
import { checkReset } from "./check-reset.ts";
import { leavingProblem } from "./compose.ts";
import { courseOf, noCourse, stretchesOf, type Course } from "./course.ts";
import { effectiveFields, type DesiredFields, type Layer } from "./effective.ts";
import { checkKey } from "./key-rules.ts";
import type { Guardrail } from "./guardrail.ts";
import { judgePolicy, type Conditional, type Judgement } from "./judge-policy.ts";
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
  /** Differences that are known, and left until an instant. */
  readonly acknowledged: Acknowledgements;
  /** As long as this lasts time changes nothing of it. */
  readonly span: Span;
  /** The guardrails in force by which it was judged. */
  readonly guardrails: readonly Guardrail[];
  readonly problems: readonly Problem[];
  /** What stands only if one of its keys is, live, what a guardrail is about. */
  readonly conditional: readonly Conditional[];
}

/** When a policy is resolved, in milliseconds since the epoch, and under which guardrails. */
export interface Moment {
  readonly now: number;
  readonly guardrails: readonly Guardrail[];
}

export function resolvePolicy(policy: KeyPolicy, lineage: Lineage, moment: Moment): ResolvedPolicy {
  const { profiles } = lineage;
  const { guardrails, now } = moment;
  const base: Layer[] = [
    ...profiles.map((profile) => ({ source: profile.name, block: profile.key })),
    { source: policy.name, block: policy.key },
  ];
  const timed = policy.overrides.length === 0 ? timeless(base) : timely(policy, base, now);
  const { fields, course, span, stretches } = timed;
  const acknowledged = acknowledgementsOf(policy);
  const resolved = { policy, profiles, guardrails, fields, course, acknowledged, span };
  if (lineage.problems.length > 0) return { ...resolved, problems: lineage.problems, conditional: [] };
  const judged = stretches.map((one) => judgePolicy(policy, one, guardrails));
  return {
    ...resolved,
    problems: [
      ...timed.problems,
      ...acknowledgeProblems(policy, fields),
      ...checkReset(policy.resetUsage, stretches),
      ...leaving(policy, stretches),
      ...judged.flatMap(({ problems }) => problems),
    ],
    conditional: judged.flatMap(({ conditional }: Judgement) => conditional),
  };
}

/** What holds now and how long, what is wrong from then on, and the fields of each stretch to come, this one first. */
interface Timed extends Pick<ResolvedPolicy, "fields" | "course" | "span" | "problems"> {
  readonly stretches: readonly DesiredFields[];
}

const always: Span = { from: -Infinity, until: Infinity };

function timeless(base: readonly Layer[]): Timed {
  const fields = effectiveFields(base);
  return { fields, course: noCourse, span: always, problems: checkKey(fields), stretches: [fields] };
}

function timely(policy: KeyPolicy, base: readonly Layer[], now: number): Timed {
  const stretches = stretchesOf(policy, base, now);
  const [first] = stretches;
  if (first === undefined) return timeless(base);
  return {
    fields: first.fields,
    course: courseOf(stretches),
    span: first,
    problems: checkOverrides(policy, stretches),
    stretches: stretches.map(({ fields }) => fields),
  };
}

/** The first of these in which what a policy asks takes its keys away from it. */
function leaving({ name, match }: KeyPolicy, all: readonly DesiredFields[]): Problem[] {
  if (match === undefined) return [];
  return all.flatMap((fields) => leavingProblem({ name, match }, fields) ?? []).slice(0, 1);
}

export function isWithin({ from, until }: Span, now: number): boolean {
  return from <= now && now < until;
}

/** The first thing for which a policy is not sound by itself; undefined for one that is. */
export function faultOf({ problems }: ResolvedPolicy): Problem | undefined {
  return problems.find(({ severity }) => severity === "error");
}
