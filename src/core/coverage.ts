import type { SelectedBy } from "./compose.ts";
import type { AppliedKey } from "./ledger.ts";
import type { KeyId, Mode } from "./policy.ts";
import type { Place, Problem } from "./problem.ts";
import type { Resolution } from "./resolve.ts";

/**
 * Whether a policy covers a key. `governed`: a sound one does. `held`: one does, or did, and something about it is
 * broken. `orphaned`: none does any more, and the ledger knows the key. `ungoverned`: none does, and none did.
 */
export type Coverage =
  | {
      readonly kind: "governed";
      readonly policy: string;
      readonly place: Place;
      readonly mode: Mode;
      /** The policies that select the key; absent when one names it. */
      readonly selectedBy?: readonly SelectedBy[];
    }
  | {
      readonly kind: "held" | "orphaned";
      readonly policy: string;
      readonly place: Place;
      /** What is wrong, where it is not the policy itself. */
      readonly why?: string;
    }
  | { readonly kind: "ungoverned" };

export function coverageOf(
  id: KeyId,
  resolution: Resolution,
  applied: ReadonlyMap<KeyId, AppliedKey>,
): Coverage {
  const desired = resolution.desired.get(id);
  if (desired !== undefined) {
    const { policy, place, mode, selectedBy } = desired;
    return { kind: "governed", policy, place, mode, ...(selectedBy === undefined ? {} : { selectedBy }) };
  }
  const held = resolution.held.find(({ keyId }) => keyId === id);
  if (held !== undefined) {
    const { policy, place, reason } = held;
    return { kind: "held", policy, place, ...(reason === undefined ? {} : { why: reason }) };
  }
  const known = applied.get(id);
  if (known === undefined) return { kind: "ungoverned" };
  const place = { file: known.file, line: known.line, column: 1 };
  const broken = resolution.problems.some((problem) => breaksFile(problem) && problem.file === known.file);
  return { kind: broken ? "held" : "orphaned", policy: known.policy, place };
}

/**
 * Whether nobody can say what a file asks as long as there is this problem. That two policies contradict each other on some
 * keys is about those keys: what each of them covers is known.
 */
export function breaksFile({ severity, code }: Problem): boolean {
  return severity === "error" && code !== "KS1310";
}

/**
 * The first problem that hides what a file or a document says: as long as there is one, a key that no policy seems to
 * cover may be covered all the same.
 */
export function hiddenPolicies(problems: readonly Problem[]): Problem | undefined {
  return problems.find(isHiding);
}

/** Whether a problem hides what a file, a document or a folder says. */
export function isHiding({ severity, code }: Problem): boolean {
  return severity === "error" && /^KS1[0-2]/.test(code);
}
