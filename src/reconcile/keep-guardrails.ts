import { keptGuardrail, type Guardrail } from "../core/guardrail.ts";
import type { State } from "../ports.ts";

/** Keeps the guardrails in force for the next process, which may find one of them broken; nothing where it has them. */
export function keepGuardrails(
  state: Pick<State, "guardrails" | "saveGuardrails">,
  inForce: readonly Guardrail[],
): void {
  const kept = inForce.map(keptGuardrail);
  if (JSON.stringify(state.guardrails()) !== JSON.stringify(kept)) state.saveGuardrails(kept);
}
