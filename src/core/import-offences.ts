import { effectiveFields } from "./effective.ts";
import type { Guardrail } from "./guardrail.ts";
import { isAbout, judgePolicy } from "./judge-policy.ts";
import type { LiveKey } from "./key.ts";
import type { KeyPolicy } from "./policy.ts";
import type { Severity } from "./problem.ts";

/** What a guardrail says against a policy that asks for what is live. With `error` the policy is refused. */
export interface ImportOffence {
  readonly guardrail: string;
  readonly severity: Severity;
  /** The field, as in the policy's document. */
  readonly path: string;
  readonly message: string;
}

/** By the guardrails in force, as the next plan will judge a policy without profiles and overrides. */
export function importOffences(
  policy: KeyPolicy,
  live: LiveKey,
  guardrails: readonly Guardrail[],
): readonly ImportOffence[] {
  const fields = effectiveFields([{ source: policy.name, block: policy.key }]);
  return guardrails.flatMap((guardrail) => {
    const { problems, conditional } = judgePolicy(policy, fields, [guardrail]);
    const met = conditional.filter(({ match }) => isAbout(match, live, fields));
    return [...problems, ...met.flatMap((one) => one.problems)].map(({ severity, path, message }) => ({
      guardrail: guardrail.name,
      severity,
      path,
      message,
    }));
  });
}
