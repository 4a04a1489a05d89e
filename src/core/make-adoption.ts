import type { FieldPath } from "./key.ts";
import type { Adoption, AppliedKey } from "./ledger.ts";
import type { Judged } from "./notices.ts";
import { askedTokens } from "./plan-reset.ts";
import type { DesiredKey } from "./resolve.ts";
import { hasTokens, tokensAfter } from "./token-change.ts";

interface AdoptParts {
  readonly desired: DesiredKey;
  readonly judged: readonly Judged[];
  readonly gone: readonly FieldPath[];
  readonly applied: AppliedKey | undefined;
  readonly now: number;
  /** Whether the policy's token of a reset of usage is to be kept as seen. */
  readonly isTokenSeen: boolean;
}

/** The correction of the ledger that needs no request; undefined where it says all there is to say. */
export function adopt(parts: AdoptParts): Adoption | undefined {
  const { desired, judged, gone, applied, now, isTokenSeen } = parts;
  const confirm = judged.filter(({ verdict }) => verdict.kind === "adopt");
  const moved =
    applied !== undefined && (applied.policy !== desired.policy || applied.file !== desired.place.file);
  const { policy, ...tokens } = askedTokens(desired);
  const isNoted =
    applied === undefined || hasTokens(applied, tokensAfter(applied, { policy, ...tokens }, false));
  if (confirm.length === 0 && gone.length === 0 && !moved && !isTokenSeen && isNoted) return undefined;
  return {
    keyId: desired.keyId,
    policy,
    file: desired.place.file,
    line: desired.place.line,
    at: now,
    confirm: confirm.map(({ path, field }) => ({ path, value: field.value })),
    drop: gone,
    ...tokens,
  };
}
