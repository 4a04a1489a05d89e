/*
 * Whether the token that a key's policy has is a change, which resets usage, or was there before, which does not.
 *
 * Of a policy that has its keys to itself the ledger's last token tells: it differs. Where several policies select a key,
 * the token that counts is that of the highest priority, and who that is changes without anybody changing a token: a key
 * comes under another selector and leaves it again, with its status or its name. So the ledger keeps the last token of each
 * of them. A token is a change only where the same policy selected the key before, with another one or none.
 */
import type { AppliedKey } from "./ledger.ts";

/** A policy that selects a key together with others, and its token. */
export interface SelectorToken {
  readonly policy: string;
  readonly token: string | null;
}

/** The tokens that are asked for under a policy. */
export interface AskedTokens {
  readonly policy: string;
  /** The one that counts. */
  readonly token?: string;
  /** Those of all policies that select the key, the one that counts first among those that are none; where several do. */
  readonly selectors?: readonly SelectorToken[];
}

type Known = Pick<AppliedKey, "policy" | "reset" | "tokens"> | undefined;

/** Whether the token that counts differs from the last one that the same policy had for the key, and is not begun or over. */
export function isTokenDue(known: Known, { policy, token, selectors }: AskedTokens): boolean {
  if (token === undefined || known === undefined) return false;
  if ([known.reset?.settled?.token, known.reset?.claimed?.token].includes(token)) return false;
  const owner = selectors?.find((one) => one.token !== null)?.policy ?? policy;
  const last = lastToken(known, owner);
  return last !== undefined && last !== token;
}

/**
 * The last tokens of the policies that select a key, once what is asked was noted; undefined where one has it to itself and
 * the rest of the ledger says as much. One whose reset is due is not noted before that is begun.
 */
export function tokensAfter(
  known: Known,
  asked: AskedTokens,
  isBegun: boolean,
): AppliedKey["tokens"] | undefined {
  const { selectors = [] } = asked;
  if (selectors.length < 2) return tokenPutAway(known, asked);
  const owner = selectors.find(({ token }) => token !== null)?.policy;
  const waits = !isBegun && isTokenDue(known, asked);
  return new Map(
    selectors.map(({ policy, token }) => {
      const last = lastToken(known, policy) ?? null;
      return [policy, waits && policy === owner ? last : (token ?? last)];
    }),
  );
}

/** A token that was taken out of a policy while that of another one counted: to put it back is no change either. */
function tokenPutAway(known: Known, { policy, token }: AskedTokens): AppliedKey["tokens"] | undefined {
  const last = known?.tokens?.get(policy) ?? null;
  const isElsewhere = [known?.reset?.settled?.token, known?.reset?.claimed?.token].includes(
    last ?? undefined,
  );
  return token !== undefined || last === null || isElsewhere ? undefined : new Map([[policy, last]]);
}

/** Whether the ledger knows these tokens already. */
export function hasTokens(known: Known, tokens: AppliedKey["tokens"] | undefined): boolean {
  const before = known?.tokens;
  if (before?.size !== tokens?.size) return false;
  return [...(tokens ?? [])].every(([policy, token]) => before?.get(policy) === token);
}

/** Null where a policy that had the key asked for nothing; undefined where it did not have it. */
function lastToken(known: Known, policy: string): string | null | undefined {
  if (known?.tokens !== undefined) return known.tokens.get(policy);
  if (known?.policy !== policy) return undefined;
  return known.reset?.claimed?.token ?? known.reset?.settled?.token ?? null;
}
