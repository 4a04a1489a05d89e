import type { Outcome } from "../core/outcome.ts";
import type { PassKind } from "../core/plan.ts";
import type { KeyId } from "../core/policy.ts";
import type { Clock } from "../ports.ts";
import { withProofs } from "../reconcile/await-proof.ts";
import type { KeyProof } from "../reconcile/read-back.ts";
import type { Round } from "../reconcile/read-back-round.ts";

export interface ProofWatchParts {
  readonly clock: Clock;
  readonly settleMs: number;
  /** Resolves when a round of reading back that began after the call has ended. */
  readonly readBack: () => Promise<void>;
}

/** What a pass did, and what it read back of earlier writes. */
export interface WatchedPass {
  readonly kind: PassKind;
  readonly outcomes: readonly Outcome[];
  readonly proofs: readonly KeyProof[];
}

export interface Following {
  /**
   * How the changes of the reconcile passes since then have ended, once each is read back as far as it ever will be: at the
   * latest right after the settle time, or when the daemon stops. To be asked once, after the last of those passes.
   */
  ended(): Promise<readonly Outcome[]>;
}

/** Tells whoever waits for a reconcile pass what became of its writes, as `apply` is told of its own. */
export interface ProofWatch {
  pass(pass: WatchedPass): void;
  round(round: Pick<Round, "proofs" | "error" | "refused">): void;
  follow(): Following;
  /** Nobody waits any longer. */
  stop(): void;
}

export function createProofWatch(parts: ProofWatchParts): ProofWatch {
  const followers = new Set<Follower>();
  const stopping = new AbortController();
  return {
    pass: (pass) => followers.forEach((one) => one.pass(pass)),
    round: (round) => followers.forEach((one) => one.round(round)),
    follow() {
      const follower = createFollower(parts, stopping.signal);
      followers.add(follower);
      return { ended: () => follower.ended().finally(() => followers.delete(follower)) };
    },
    stop: () => stopping.abort(),
  };
}

interface Follower extends Following, Pick<ProofWatch, "pass" | "round"> {}

function createFollower({ clock, settleMs, readBack }: ProofWatchParts, stopping: AbortSignal): Follower {
  const outcomes = new Map<KeyId, Outcome>();
  const proofs = new Map<KeyId, KeyProof>();
  const over = new AbortController();
  let error: string | null = null;
  let waiting = false;

  function note(read: readonly KeyProof[]): void {
    for (const proof of read) {
      if (isOpen(proofs.get(proof.keyId))) proofs.set(proof.keyId, proof);
    }
    endWhereJudged();
  }

  function endWhereJudged(): void {
    const sent = [...outcomes.values()].filter(
      ({ outcome, attempts }) => outcome === "applied" && attempts > 0,
    );
    if (waiting && sent.every(({ keyId }) => !isOpen(proofs.get(keyId)))) over.abort();
  }

  return {
    pass({ kind, outcomes: made, proofs: read }) {
      note(read);
      // What comes after is somebody else's: a write that does not stick, say, is tried once more.
      if (waiting || kind !== "reconcile") return;
      for (const outcome of made) {
        outcomes.set(outcome.keyId, outcome);
        proofs.delete(outcome.keyId);
      }
    },
    round(round) {
      error = round.error;
      note(round.proofs);
      if (round.refused && waiting) over.abort();
    },
    async ended() {
      waiting = true;
      endWhereJudged();
      const signal = AbortSignal.any([over.signal, stopping]);
      // What reads as before when the settle time is just over is not late any more.
      await clock.sleep(settleMs + 1, signal).catch(() => undefined);
      if (!signal.aborted) await readBack();
      return withProofs([...outcomes.values()], { proofs, error });
    },
  };
}

function isOpen(proof: KeyProof | undefined): boolean {
  return proof === undefined || proof.kind === "open";
}
