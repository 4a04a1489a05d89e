import { judgePolicy } from "./judge-policy.ts";
import type { DesiredFields } from "./effective.ts";
import { matchesLabels, type Guardrail } from "./guardrail.ts";
import { matchesKey } from "./key-match.ts";
import type { LiveKey } from "./key.ts";
import { liveViolations } from "./live-violations.ts";
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
  /** What governs the key, and what it asks for with its profiles; undefined where nothing does, or nobody can tell. */
  readonly governed: { readonly policy: KeyPolicy; readonly fields: DesiredFields } | undefined;
  /** Undefined where the key was not seen. */
  readonly live: LiveKey | undefined;
}

/** The guardrails that are about one key, in their order, and whether they hold. */
export function explainGuardrails({ guardrails, governed, live }: GuardrailsInput): ExplainedGuardrail[] {
  return guardrails.flatMap((guardrail) => {
    const { match, appliesTo } = guardrail;
    if (!matchesLabels(match.labels, governed?.policy.labels)) return [];
    const isAbout = match.key === undefined || live === undefined ? undefined : matchesKey(match.key, live);
    if (isAbout === false) return [];
    const isUndecided = match.key !== undefined && live === undefined;
    return [
      ...(governed === undefined ? [] : [ofPolicy(guardrail, governed, isUndecided)]),
      ...(appliesTo === "policies" || live === undefined
        ? []
        : [ofLiveKey(guardrail, live, governed?.policy)]),
    ];
  });
}

function ofPolicy(
  guardrail: Guardrail,
  { policy, fields }: NonNullable<GuardrailsInput["governed"]>,
  isUndecided: boolean,
): ExplainedGuardrail {
  const { problems, conditional } = judgePolicy(policy, fields, [guardrail]);
  const found = [...problems, ...conditional.flatMap((one) => one.problems)];
  const offends = isUndecided ? "undecided" : "offended";
  return {
    guardrail,
    judged: "policy",
    verdict: found.length === 0 ? "holds" : offends,
    messages: found.map(({ message }) => message),
  };
}

function ofLiveKey(guardrail: Guardrail, live: LiveKey, policy: KeyPolicy | undefined): ExplainedGuardrail {
  const found = liveViolations([live], [guardrail], () => (policy === undefined ? [] : [policy.labels]));
  return {
    guardrail,
    judged: "live",
    verdict: found.length === 0 ? "holds" : "offended",
    messages: found.map(({ message }) => message),
  };
}
