import type { KeyId } from "../core/policy.ts";
import type { State } from "../ports.ts";

/** Lets the policy of a key that was put back hold again; false when the key was not put back. */
export function resumeKey(
  state: Pick<State, "applied" | "restorations" | "setRestoration">,
  keyId: KeyId,
  { pass, now }: { readonly pass: string; readonly now: number },
): boolean {
  const restoration = state.restorations().get(keyId);
  if (restoration === undefined) return false;
  const known = state.applied().get(keyId);
  const owner = { policy: known?.policy ?? "", file: known?.file ?? "", line: known?.line ?? 1 };
  const origin = { commit: null, author: null };
  const detail = { point: restoration.point };
  state.setRestoration(keyId, null, { at: now, pass, keyId, ...owner, ...origin, event: "resumed", detail });
  return true;
}
