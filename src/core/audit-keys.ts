/*
 * The inventory of live keys against the policies: who governs which key. The keys that nobody governs come first, the
 * most powerful of them at the top; then those whose policy is broken; then the governed ones.
 */
import { coverageOf, type Coverage } from "./coverage.ts";
import type { LiveKey } from "./key.ts";
import type { AppliedKey } from "./ledger.ts";
import type { KeyId } from "./policy.ts";
import type { Place } from "./problem.ts";
import { comparePower, powerOf, type Power } from "./power.ts";
import type { Resolution } from "./resolve.ts";
import { compareTexts } from "./texts.ts";

export interface AuditedKey {
  readonly key: LiveKey;
  readonly coverage: Coverage;
  readonly power: Power;
}

/** A key that a policy names and that is not live. */
export interface AbsentKey {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly place: Place;
  readonly message: string;
}

/** The live keys, in the order in which people should look at them. */
export function auditKeys(
  live: readonly LiveKey[],
  resolution: Resolution,
  applied: ReadonlyMap<KeyId, AppliedKey>,
): readonly AuditedKey[] {
  return live
    .map((key) => ({ key, coverage: coverageOf(key.id, resolution, applied), power: powerOf(key) }))
    .sort(
      (a, b) =>
        coverageOrder[a.coverage.kind] - coverageOrder[b.coverage.kind] || comparePower(a.power, b.power),
    );
}

/** Keys that policies name, sound or not; one for each policy and key, sorted by key. */
export function namedKeys({ desired, held }: Resolution): readonly Omit<AbsentKey, "message">[] {
  return [...desired.values(), ...held]
    .map(({ keyId, policy, place }) => ({ keyId, policy, place }))
    .sort((a, b) => compareTexts(a.keyId, b.keyId) || compareTexts(a.policy, b.policy));
}

/** A key without a policy is one, whether it had one before or not. */
const coverageOrder: Readonly<Record<Coverage["kind"], number>> = {
  ungoverned: 0,
  orphaned: 0,
  held: 1,
  governed: 2,
};
