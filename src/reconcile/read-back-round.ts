import { keysToProve } from "../core/proof.ts";
import { RemoteError } from "../core/remote-error.ts";
import { messageOf } from "../errors.ts";
import type { PassSignals } from "./loop.ts";
import { readBack, type KeyProof, type ReadBackPorts } from "./read-back.ts";
import { keepReadBack } from "./report.ts";

export interface RoundOptions extends PassSignals {
  /** Names the round in the audit trail. */
  readonly pass: string;
  readonly settleMs: number;
}

export interface Round {
  readonly pass: string;
  readonly proofs: readonly KeyProof[];
  readonly open: number;
  readonly contradicted: number;
  readonly gaveWay: boolean;
  readonly refused: boolean;
  /** Why nothing could be read, or null. */
  readonly error: string | null;
}

/** One round of reading back, as the daemon has it: it gives way to an edit, and never throws. */
export async function readBackRound(ports: ReadBackPorts, options: RoundOptions): Promise<Round> {
  const { pass, settleMs } = options;
  const signal = AbortSignal.any([options.signal, options.stopping, options.yielding]);
  const none = { pass, proofs: [], contradicted: 0, gaveWay: false, refused: false, error: null };
  try {
    const proofs = await readBack(ports, { pass, settleMs, signal });
    keepReadBack(ports.state, proofs);
    const contradicted = count(proofs, "not-shown") + count(proofs, "unlisted");
    return { ...none, proofs, open: count(proofs, "open"), contradicted };
  } catch (error) {
    const open = keysToProve(ports.state.applied()).length;
    if (signal.aborted) return { ...none, open, gaveWay: true };
    const refused = error instanceof RemoteError && error.failure.consequence === "auth";
    return { ...none, open, refused, error: messageOf(error) };
  }
}

function count(proofs: readonly KeyProof[], kind: KeyProof["kind"]): number {
  return proofs.filter((proof) => proof.kind === kind).length;
}
