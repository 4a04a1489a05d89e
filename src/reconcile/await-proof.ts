import type { Outcome } from "../core/outcome.ts";
import { RemoteError } from "../core/remote-error.ts";
import { messageOf } from "../errors.ts";
import { readBack, type KeyProof, type ReadBackOptions, type ReadBackPorts } from "./read-back.ts";

const firstWaitMs = 500;
const longestWaitMs = 60_000;

/** How long after a round of reading back the next one comes; `round` counts from 0, the one right after the push. */
export function proofWaitMs(round: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(round, 20));
}

/** What became of the keys that were pushed, by what was read since. */
export interface Awaited {
  /** By key, the last judgement; keys that were not read are missing. */
  readonly proofs: ReadonlyMap<string, KeyProof>;
  /** Why reading back ended early, or null. */
  readonly error: string | null;
}

/**
 * Reads back what was pushed, at once and then in growing intervals, until every key is judged or the settle time is
 * over. Never throws for what the control plane does, nor for `signal`: what is not proved by then is simply open.
 */
export async function awaitProof(ports: ReadBackPorts, options: ReadBackOptions): Promise<Awaited> {
  const proofs = new Map<string, KeyProof>();
  const end = ports.clock.now() + options.settleMs;
  try {
    for (let round = 0; ; round += 1) {
      const found = await readBack(ports, options);
      for (const proof of found) proofs.set(proof.keyId, proof);
      const left = end - ports.clock.now();
      if (found.every(({ kind }) => kind !== "open") || left < 0) return { proofs, error: null };
      // The last round comes when the settle time is just over: what still reads as before is not late any more.
      await ports.clock.sleep(Math.min(proofWaitMs(round), left + 1), options.signal);
    }
  } catch (error) {
    if (!(error instanceof RemoteError) && !options.signal.aborted) throw error;
    return { proofs, error: messageOf(error) };
  }
}

/** The outcomes of a push with what was read back of each key. */
export function withProofs(outcomes: readonly Outcome[], { proofs, error }: Awaited): Outcome[] {
  return outcomes.map((outcome) => {
    if (outcome.outcome !== "applied" || outcome.attempts === 0) return outcome;
    return { ...outcome, ...provenEnd(proofs.get(outcome.keyId), error) };
  });
}

function provenEnd(proof: KeyProof | undefined, error: string | null): Pick<Outcome, "outcome" | "message"> {
  switch (proof?.kind) {
    case "proved":
      return { outcome: "applied", message: "applied, and read back as it was set" };
    case "not-shown":
      return { outcome: "not-reflected", message: `accepted, but ${deniedText(proof)}` };
    case "unprovable": {
      const fields = proof.fields.filter(({ kind }) => kind === "unprovable").map(({ path }) => path);
      const paths = proof.reset?.kind === "answered" ? [...fields, "when usage was reset"] : fields;
      return {
        outcome: "unprovable",
        message: `accepted; it cannot be proved: no read shows ${paths.join(", ")}`,
      };
    }
    case "unlisted":
      return { outcome: "unlisted", message: "accepted, but no read shows this key" };
    case "open":
      return { outcome: "settling", message: `accepted; ${openText(proof)}` };
    case undefined: {
      const why = error === null ? "" : `: ${error}`;
      return { outcome: "settling", message: `accepted; not read back yet${why}` };
    }
  }
}

function deniedText(proof: KeyProof): string {
  const fields = differences(proof, "not-shown");
  if (proof.reset?.kind !== "not-shown") return fields;
  const reset = "usage was to be reset and last_reset_at did not move";
  return fields === "" ? reset : `${fields}; ${reset}`;
}

function openText(proof: KeyProof): string {
  const late = differences(proof, "late");
  return late === "" ? "not read back yet" : late;
}

function differences({ fields }: KeyProof, kind: "late" | "not-shown"): string {
  return fields
    .filter((field) => field.kind === kind)
    .map(
      ({ path, set, read }) => `${path} was set to ${JSON.stringify(set)} and reads ${JSON.stringify(read)}`,
    )
    .join("; ");
}
