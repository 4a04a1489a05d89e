import type { DesiredFields } from "./effective.ts";
import { matchesLabels, type Guardrail } from "./guardrail.ts";
import { isAbout, judgePolicy } from "./judge-policy.ts";
import type { LiveKey } from "./key.ts";
import { guardrailsFor, liveViolations, type LabelsOf } from "./live-violations.ts";
import type { KeyPolicy } from "./policy.ts";

/** What a guardrail says of one key. */
export interface ExplainedGuardrail {
  readonly guardrail: Guardrail;
  /** What it judges: what the policy asks for, or the live key. */
  readonly judged: "policy" | "live";
  /** `undecided`: it may be about the key, which was not seen. */
  readonly verdict: "holds" | "offended" | "undecided";
  readonly messages: readonly string[];
}

export interface GuardrailsInput {
  readonly guardrails: readonly Guardrail[];
  /** The policies that govern the key, and what they ask for together; undefined where none does, or nobody can tell. */
  readonly governed: Governed | undefined;
  readonly labelsOf: LabelsOf;
  /** Undefined where the key was not seen. */
  readonly live: LiveKey | undefined;
}

interface Governed {
  readonly policies: readonly KeyPolicy[];
  readonly fields: DesiredFields;
}

/** The guardrails that are about one key, in their order, and whether they hold. */
export function explainGuardrails({
  guardrails,
  governed,
  labelsOf,
  live,
}: GuardrailsInput): ExplainedGuardrail[] {
  return guardrails.flatMap((guardrail) => [
    ...(governed === undefined ? [] : ofPolicies(guardrail, governed, live)),
    ...(live === undefined ? [] : ofLiveKey(guardrail, live, labelsOf)),
  ]);
}

/** It is about the key when one of the policies has its labels. */
function ofPolicies(
  guardrail: Guardrail,
  { policies, fields }: Governed,
  live: LiveKey | undefined,
): ExplainedGuardrail[] {
  const { labels, key } = guardrail.match;
  const policy = policies.find((one) => matchesLabels(labels, one.labels));
  if (policy === undefined || (key !== undefined && live !== undefined && !isAbout(key, live, fields)))
    return [];
  const { problems, conditional } = judgePolicy(policy, fields, [guardrail]);
  const found = [...problems, ...conditional.flatMap((one) => one.problems)];
  const isUndecided = key !== undefined && live === undefined;
  return [explained(guardrail, "policy", { found, offends: isUndecided ? "undecided" : "offended" })];
}

function ofLiveKey(guardrail: Guardrail, live: LiveKey, labelsOf: LabelsOf): ExplainedGuardrail[] {
  if (guardrailsFor(live, [guardrail], labelsOf).length === 0) return [];
  const found = liveViolations([live], [guardrail], labelsOf);
  return [explained(guardrail, "live", { found, offends: "offended" })];
}

interface Found {
  readonly found: readonly { readonly message: string }[];
  /** What that something was found means. */
  readonly offends: ExplainedGuardrail["verdict"];
}

function explained(
  guardrail: Guardrail,
  judged: ExplainedGuardrail["judged"],
  { found, offends }: Found,
): ExplainedGuardrail {
  return {
    guardrail,
    judged,
    verdict: found.length === 0 ? "holds" : offends,
    messages: found.map(({ message }) => message),
  };
}
