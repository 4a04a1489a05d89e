import type { FieldPath } from "../core/key.ts";
import { sameCanonical } from "../core/canonical.ts";
import type { KeyReset } from "../core/reset.ts";
import { isTokenDue, tokensAfter, type AskedTokens } from "../core/token-change.ts";
import type { Adoption, AppliedField, AppliedKey, AppliedValue, Claim, ReadBack } from "../core/ledger.ts";
import {
  resetPath,
  withResetClaim,
  withResetConfirmed,
  withResetNote,
  withResetStand,
  withTokenSeen,
} from "./reset-rules.ts";

/*
 * What each step does to the ledger of one key. Pure: each function returns a new AppliedKey, and nothing that was
 * handed out before ever changes.
 *
 * | step      | confirmed        | claimed        | mendedFrom          | replaced          | reverts           | unproved |
 * |-----------|------------------|----------------|---------------------|-------------------|-------------------|----------|
 * | claim     | stays            | the new value  | as given, or gone   | as given, or gone | as given, or gone | gone     |
 * | confirm   | what was claimed | gone           | stays               | stays             | stay              | set      |
 * | refuse    | stays            | marked refused | stays               | stays             | stay              | stays    |
 * | adopt     | the value given  | gone           | gone                | gone              | stay, same value  | gone     |
 * | read back | stays            | stays          | gone where shown    | stays             | stay              | gone     |
 *
 * Claim and adopt also set the policy that owns the key and where it stands. Confirm drops entries above or below its
 * paths, adopt those that it is told to. What is known of resets of usage goes its own way: `reset-rules.ts`.
 */

/** The key after an intent has been recorded. */
export function afterClaim(before: AppliedKey | undefined, claim: Claim): AppliedKey {
  const fields = new Map(before?.fields);
  for (const { path, value, mendedFrom, replaced, reverts } of claim.fields) {
    const confirmed = fields.get(path)?.confirmed;
    fields.set(path, {
      ...(confirmed === undefined ? {} : { confirmed }),
      claimed: { value, policy: claim.policy, at: claim.at, refused: false },
      ...(mendedFrom === undefined ? {} : { mendedFrom }),
      ...(replaced === undefined ? {} : { replaced }),
      ...(reverts === undefined ? {} : { reverts }),
    });
  }
  const { policy, file, line } = claim;
  const tokens = tokensAfter(before, claim, claim.reset !== undefined);
  const reset = withResetClaim(resetUnder(before, claim), claim);
  return withReset({ policy, file, line, fields, ...(tokens === undefined ? {} : { tokens }) }, reset);
}

/** The paths of a claim, that of its reset of usage among them. */
export function claimedPaths({ fields, reset }: Claim): FieldPath[] {
  const paths = fields.map(({ path }) => path);
  return reset === undefined ? paths : [...paths, resetPath];
}

/** What is known of resets once a key is under the policies of a claim or an adoption. */
function resetUnder(
  before: AppliedKey | undefined,
  asked: AskedTokens & Pick<Claim, "at">,
): KeyReset | undefined {
  return isTokenDue(before, asked) ? before?.reset : withTokenSeen(before?.reset, asked.token, asked.at);
}

function withReset(key: Omit<AppliedKey, "reset">, reset: KeyReset | undefined): AppliedKey {
  return reset === undefined ? key : { ...key, reset };
}

/**
 * The key after the request for `paths` succeeded at `at`. A value that is now known replaces entries for a part of
 * it and for what it is a part of (`usage_limits` and `usage_limits.credit_limit`), unless they were set as well.
 */
export function afterConfirm(before: AppliedKey, paths: readonly FieldPath[], at: number): AppliedKey {
  const fields = new Map(before.fields);
  const confirmed = new Set<FieldPath>();
  for (const path of paths) {
    const field = fields.get(path);
    if (field?.claimed === undefined) continue;
    const { value, policy } = field.claimed;
    fields.set(path, { ...confirmedField({ value, policy, at }, field), unproved: true });
    confirmed.add(path);
  }
  for (const path of fields.keys()) {
    if (!confirmed.has(path) && [...confirmed].some((other) => overlap(path, other))) fields.delete(path);
  }
  const { reset } = before;
  const isReset = reset !== undefined && paths.includes(resetPath);
  return { ...before, fields, ...(isReset ? { reset: withResetConfirmed(reset, at) } : {}) };
}

/** The key after the server refused the request for `paths`. */
export function afterRefusal(before: AppliedKey, paths: readonly FieldPath[]): AppliedKey {
  const fields = new Map(before.fields);
  for (const path of paths) {
    const field = fields.get(path);
    if (field?.claimed === undefined) continue;
    fields.set(path, { ...field, claimed: { ...field.claimed, refused: true } });
  }
  return withStand({ ...before, fields }, paths, "refused");
}

/** The key after the request for `paths` certainly had no effect. What was claimed stays so: it is sent again. */
export function afterNoEffect(before: AppliedKey, paths: readonly FieldPath[]): AppliedKey {
  return withStand(before, paths, "unsent");
}

function withStand(key: AppliedKey, paths: readonly FieldPath[], stand: "refused" | "unsent"): AppliedKey {
  const { reset } = key;
  if (reset === undefined || !paths.includes(resetPath)) return key;
  return { ...key, reset: withResetStand(reset, stand) };
}

/** The key after its ledger was corrected without a request. A path both dropped and confirmed is confirmed. */
export function afterAdoption(before: AppliedKey | undefined, adoption: Adoption): AppliedKey {
  if (before !== undefined && adoption.isGivenUp === true) return { ...before, tokens: new Map() };
  const { policy, file, line, at, reset: note } = adoption;
  const fields = new Map(before?.fields);
  for (const path of adoption.drop) fields.delete(path);
  for (const { path, value } of adoption.confirm) {
    const old = before?.fields.get(path);
    const fought = old?.confirmed !== undefined && sameCanonical(old.confirmed.value, value);
    const reverts = fought ? old.reverts : undefined;
    fields.set(path, confirmedField({ value, policy, at }, reverts === undefined ? {} : { reverts }));
  }
  const tokens = tokensAfter(before, adoption, false);
  const reset = resetUnder(before, adoption);
  const noted = note === undefined || reset === undefined ? reset : withResetNote(reset, note);
  return withReset({ policy, file, line, fields, ...(tokens === undefined ? {} : { tokens }) }, noted);
}

/** The key after a read was judged. */
export function afterReadBack(before: AppliedKey, readBack: ReadBack): AppliedKey {
  const { shown, notShown, unprovable, reset: note } = readBack;
  const fields = new Map(before.fields);
  for (const path of [...shown, ...notShown, ...unprovable]) {
    const field = fields.get(path);
    if (field === undefined) continue;
    const { unproved: _judged, mendedFrom, ...rest } = field;
    const remembered = mendedFrom !== undefined && !shown.includes(path) ? { mendedFrom } : {};
    fields.set(path, { ...rest, ...remembered });
  }
  const { reset } = before;
  const noted = note === undefined || reset === undefined ? reset : withResetNote(reset, note);
  return withReset({ ...before, fields }, noted);
}

/** The paths whose request was begun and whose outcome is open. */
export function openClaims(key: AppliedKey): FieldPath[] {
  const paths = [...key.fields].filter(([, { claimed }]) => claimed?.refused === false).map(([path]) => path);
  return key.reset?.claimed?.stand === "open" ? [...paths, resetPath] : paths;
}

function confirmedField(
  confirmed: AppliedValue,
  kept: Pick<AppliedField, "mendedFrom" | "replaced" | "reverts"> = {},
): AppliedField {
  const { mendedFrom, replaced, reverts } = kept;
  return {
    confirmed,
    ...(mendedFrom === undefined ? {} : { mendedFrom }),
    ...(replaced === undefined ? {} : { replaced }),
    ...(reverts === undefined ? {} : { reverts }),
  };
}

/** Whether one of two paths lies inside the other. Metadata names hold dots of their own: nothing lies inside them. */
function overlap(a: FieldPath, b: FieldPath): boolean {
  const [outer, inner] = a.length < b.length ? [a, b] : [b, a];
  return inner.startsWith(`${outer}.`) && !outer.startsWith("defaults.metadata.");
}
