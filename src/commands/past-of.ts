import type { History } from "../assemble.ts";
import type { KeyId } from "../core/policy.ts";
import { pastWrites, type KeyPast } from "../core/restore.ts";
import type { RestorePorts } from "../reconcile/restore.ts";

/** What the state knows of our writes to a key: its baseline, and what the audit trail still holds. */
export function pastReader(
  state: Pick<RestorePorts["state"], "baselineOf" | "applied">,
  history: History,
): (id: KeyId) => KeyPast {
  return (keyId) => ({
    baseline: state.baselineOf(keyId),
    writes: pastWrites(
      history.entries({ keyId, limit: Number.MAX_SAFE_INTEGER }),
      state.applied().get(keyId),
    ),
  });
}
