/*
 * Which guardrails are in force when some cannot be read.
 *
 * A guardrail only ever forbids, so to lose one loosens every key that it was about: a typo in its file must not do that.
 * As long as anything in the directory cannot be read, a guardrail that was in force and is not to be found stays in force
 * in its last sound form: the document that cannot be read may be it, moved or renamed. Only in a directory of which every
 * document can be read is a guardrail that is gone one that was deleted.
 *
 *   the document                           its name was in force           it was not
 *   sound                                  its new form                    in force from now on
 *   broken                                 its last sound form             nobody knows what it forbids: no policy is applied
 *   gone, everything else can be read      ended
 *   gone, something cannot be read         its last sound form
 *
 * Where not even the name can be read, a guardrail that the same file held before is taken for it, one for one.
 *
 * To hold every policy because of one document is hard, and the only answer: which policies it is about stands in the
 * document that cannot be read. It can only happen to a guardrail that was never sound where anybody remembers it.
 */
import { hiddenPolicies } from "./coverage.ts";
import { matchesLabels, type BrokenGuardrail, type Guardrail } from "./guardrail.ts";
import { repeatedNames } from "./names.ts";
import type { PolicySet } from "./policy.ts";
import { problemAt, type Problem } from "./problem.ts";

export interface Standing {
  readonly guardrails: readonly Guardrail[];
  /** That there is a guardrail of which nobody knows what it forbids: no policy may be applied. */
  readonly unknown: Problem | undefined;
  readonly problems: readonly Problem[];
}

/** Remembers which guardrails were in force; `remembered` is asked once for those of an earlier process. */
export function createGuardrailWatch(remembered: () => readonly Guardrail[]): (set: PolicySet) => Standing {
  let last: readonly Guardrail[] | undefined;
  return (set) => {
    last ??= remembered();
    const standing = standingOf(set, last);
    // The same list as long as it has the same items: what was judged by it is kept.
    if (!sameItems(last, standing.guardrails)) last = standing.guardrails;
    return { ...standing, guardrails: last };
  };
}

function standingOf(set: PolicySet, last: readonly Guardrail[]): Standing {
  const { guardrails: sound, brokenGuardrails: broken } = set;
  const isWhole = broken.length === 0 && hiddenPolicies(set.problems) === undefined;
  const names = new Set(sound.map(({ name }) => name));
  const gone = isWhole ? [] : last.filter(({ name }) => !names.has(name));
  const unknown = unknownOnes(broken, names, gone).map(unknownProblem);
  return {
    guardrails: [...sound, ...gone],
    unknown: unknown[0],
    problems: [
      ...repeatedNames(sound).problems,
      ...gone.map(lastGoodProblem),
      ...unknown,
      ...(isWhole ? sound.filter((one) => !isOfUse(one, set)).map(uselessProblem) : []),
    ],
  };
}

/** The broken ones for which no guardrail stands in. */
function unknownOnes(
  broken: readonly BrokenGuardrail[],
  names: ReadonlySet<string>,
  gone: readonly Guardrail[],
): readonly BrokenGuardrail[] {
  const free = new Map(gone.map((guardrail) => [guardrail.name, guardrail.place.file]));
  const known = (name: string): boolean => names.has(name) || gone.some((one) => one.name === name);
  for (const { name } of broken) if (name !== null) free.delete(name);
  return broken.filter(({ name, place }) => {
    if (name !== null) return !known(name);
    const [standIn] = [...free].find(([, file]) => file === place.file) ?? [];
    if (standIn !== undefined) free.delete(standIn);
    return standIn === undefined;
  });
}

function lastGoodProblem(guardrail: Guardrail): Problem {
  const message =
    `the guardrail "${guardrail.name}" stays in force as it last was, since something in the policies cannot be read: ` +
    "mend that, and it ends where it was deleted, or takes its new form";
  return problemAt("KS1341", guardrail.place, { severity: "warning", message });
}

function unknownProblem({ name, place }: BrokenGuardrail): Problem {
  const what = name === null ? "a guardrail" : `the guardrail "${name}"`;
  const message =
    `${what} cannot be read here, and no earlier form of it is known: which keys it is about is not known either, ` +
    "so every key keeps its values until it is mended";
  return problemAt("KS1342", place, { message });
}

function isOfUse({ match }: Guardrail, { policies }: PolicySet): boolean {
  return match.labels === undefined || policies.some(({ labels }) => matchesLabels(match.labels, labels));
}

function uselessProblem({ name, place, match }: Guardrail): Problem {
  const asked = Object.entries(match.labels ?? {}).map(([label, value]) => `${label}: ${value}`);
  const message =
    `the guardrail "${name}" is about policies with the labels ${asked.join(", ")}, and there is none: ` +
    "correct the labels, or delete it";
  return problemAt("KS1344", place, { severity: "warning", path: "spec.match.labels", message });
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
