/*
 * Gives up what the ledger knows of keys that no policy covers any more. It says "we never had to do with this key": the
 * key stays as it is, and a policy that comes back begins anew. So it is refused as long as a policy covers the key,
 * sound or not, and while a file cannot be read that may hold one.
 */
import { coverageOf, hiddenPolicies } from "../core/coverage.ts";
import type { AppliedField, AppliedKey } from "../core/ledger.ts";
import type { JsonObject, KeyId } from "../core/policy.ts";
import { placeText } from "../core/problem.ts";
import type { Resolution } from "../core/resolve.ts";
import type { State } from "../ports.ts";
import { keepDeed } from "./report.ts";
import { dropSelected } from "./selection-memory.ts";

/** How it went for one key. `refused`: the ledger is as it was, and `message` says what to do. */
export interface Forgetting {
  readonly keyId: KeyId;
  readonly outcome: "forgotten" | "refused";
  /** The policy that the key had, or has; null when the ledger does not know the key. */
  readonly policy: string | null;
  readonly message: string;
}

export interface ForgetRequest {
  readonly ids: readonly KeyId[];
  /** Names the request in the audit trail. */
  readonly pass: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Forgets each key in a durable step of its own, with a line of the audit trail; one that may not be is refused. */
export function forgetKeys(
  state: Pick<State, "applied" | "forget" | "fact" | "saveFact">,
  resolution: Resolution,
  { ids, pass, now }: ForgetRequest,
): readonly Forgetting[] {
  return ids.map((keyId) => {
    const known = state.applied().get(keyId);
    const reason = reasonAgainst(keyId, resolution, state.applied());
    if (known === undefined && reason === null && resolution.unclaimed?.has(keyId) === true) {
      dropSelected(state, keyId);
      const message = "it is forgotten which policies had this key; the key stays as it is";
      return { keyId, outcome: "forgotten", policy: resolution.unclaimed.get(keyId)?.gone ?? null, message };
    }
    if (known === undefined || reason !== null) {
      const message = reason ?? "the ledger does not know this key: there is nothing to forget";
      return { keyId, outcome: "refused", policy: known?.policy ?? null, message };
    }
    const { policy, file, line } = known;
    state.forget(keyId, {
      at: now,
      pass,
      keyId,
      policy,
      file,
      line,
      commit: null,
      author: null,
      event: "forgotten",
      detail: { fields: [...known.fields].map(([path, field]) => forgotten(path, field)) },
    });
    dropSelected(state, keyId);
    keepDeed(state, keyId, { ends: "orphaned" });
    const message = `the policy "${policy}" (${file}) is forgotten; the key stays as it is`;
    return { keyId, outcome: "forgotten", policy, message };
  });
}

/** The keys that the ledger knows and no policy covers any more; sorted. */
export function orphanedKeys(
  applied: ReadonlyMap<KeyId, AppliedKey>,
  resolution: Resolution,
): readonly KeyId[] {
  const known = new Set([...applied.keys(), ...(resolution.unclaimed?.keys() ?? [])]);
  return [...known]
    .filter(
      (id) =>
        resolution.unclaimed?.has(id) === true || coverageOf(id, resolution, applied).kind === "orphaned",
    )
    .sort();
}

function reasonAgainst(
  id: KeyId,
  resolution: Resolution,
  applied: ReadonlyMap<KeyId, AppliedKey>,
): string | null {
  const coverage = coverageOf(id, resolution, applied);
  switch (coverage.kind) {
    case "governed":
      return (
        `the policy "${coverage.policy}" (${placeText(coverage.place)}) covers this key: delete the policy, ` +
        `or take the key out of it, before the key is forgotten`
      );
    case "held":
      return (
        `the policy "${coverage.policy}" (${placeText(coverage.place)}) covers this key, and something about it is ` +
        `broken: mend or delete it before the key is forgotten`
      );
    case "orphaned":
    case "ungoverned":
      return hiddenReason(resolution);
    default:
      return coverage satisfies never;
  }
}

function hiddenReason({ problems }: Resolution): string | null {
  const hidden = hiddenPolicies(problems);
  if (hidden === undefined) return null;
  return `${placeText(hidden)} cannot be read and may hold a policy for this key: mend it first (${hidden.code})`;
}

/** What is given up of a field: the value that was applied last, or begun. */
function forgotten(path: string, { confirmed, claimed }: AppliedField): JsonObject {
  return {
    path,
    ...(confirmed === undefined ? {} : { applied: confirmed.value }),
    ...(claimed === undefined ? {} : { claimed: claimed.value }),
  };
}
