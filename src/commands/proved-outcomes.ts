import type { Outcome } from "../core/outcome.ts";
import { keysToProve } from "../core/proof.ts";
import { awaitProof, withProofs } from "../reconcile/await-proof.ts";
import type { ReadBackOptions, ReadBackPorts } from "../reconcile/read-back.ts";
import { keepReadBack } from "../reconcile/report.ts";
import { keptAlive } from "./context.ts";

/**
 * The outcomes of a command's own push once it is read back, for which it waits as long as reads may lag: an answer of 200 is
 * not yet an effect.
 */
export async function provedOutcomes(
  ports: ReadBackPorts,
  outcomes: readonly Outcome[],
  options: ReadBackOptions,
): Promise<readonly Outcome[]> {
  if (keysToProve(ports.state.applied()).length === 0) return outcomes;
  const awaited = await keptAlive(awaitProof(ports, options));
  keepReadBack(ports.state, awaited.proofs.values());
  return withProofs(outcomes, awaited);
}
