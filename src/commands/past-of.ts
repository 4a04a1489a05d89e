import type { History } from "../assemble.ts";
import type { KeyId } from "../core/policy.ts";
import { confirmedValues, pastWrites, type KeyPast } from "../core/key-past.ts";
import type { RestorePorts } from "../reconcile/restore.ts";

/** What the state knows of our writes to a key: its baseline, its ledger, and what the audit trail still holds. */
export function pastReader(
  state: Pick<RestorePorts["state"], "baselineOf" | "applied">,
  history: History,
): (id: KeyId) => KeyPast {
  return (keyId) => {
    const applied = state.applied().get(keyId);
    return {
      baseline: state.baselineOf(keyId),
      confirmed: confirmedValues(applied),
      writes: pastWrites(history.entries({ keyId, limit: Number.MAX_SAFE_INTEGER }), applied),
      reach: history.start(),
      timeOf: (seq) => history.timeOf(seq),
    };
  };
}
