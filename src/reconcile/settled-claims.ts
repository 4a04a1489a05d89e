import { sameCanonical } from "../core/canonical.ts";
import type { Adoption, AppliedKey } from "../core/ledger.ts";
import type { JsonObject, KeyId } from "../core/policy.ts";
import type { AuditEntry } from "../ports.ts";

/**
 * The lines of the audit trail for adoptions that settle requests whose end was never learnt: which values were found as
 * they were to be set, and which are others. An adoption that settles none has no line: nothing was written.
 */
export function settledClaims(
  adoptions: readonly Adoption[],
  applied: ReadonlyMap<KeyId, AppliedKey>,
  pass: string,
): AuditEntry[] {
  return adoptions.flatMap((adoption) => linesFor(adoption, applied.get(adoption.keyId), pass));
}

function linesFor(adoption: Adoption, key: AppliedKey | undefined, pass: string): AuditEntry[] {
  const settled = adoption.confirm.flatMap(({ path, value }) => {
    const claimed = key?.fields.get(path)?.claimed;
    if (claimed === undefined || claimed.refused) return [];
    return [{ path, set: claimed.value, read: value, shown: sameCanonical(claimed.value, value) }];
  });
  const { keyId, policy, file, line, at } = adoption;
  const entry = { at, pass, keyId, policy, file, line, commit: null, author: null };
  const found = settled.filter(({ shown }) => shown).map(({ path }) => path);
  const others = settled.filter(({ shown }) => !shown);
  const reset = settledReset(adoption, key);
  return [
    ...(found.length === 0
      ? []
      : [{ ...entry, event: "applied" as const, detail: { found: true, fields: found } }]),
    ...(others.length === 0 && reset === undefined
      ? []
      : [
          {
            ...entry,
            event: "read-back" as const,
            detail: { fields: others, ...(reset === undefined ? {} : { reset }) },
          },
        ]),
  ];
}

/** What became of a reset of usage that was begun, where the adoption settles it. */
function settledReset({ reset }: Adoption, key: AppliedKey | undefined): JsonObject | undefined {
  if (reset === undefined || key?.reset?.claimed?.token !== reset.token) return undefined;
  return { token: reset.token, kind: reset.kind };
}
