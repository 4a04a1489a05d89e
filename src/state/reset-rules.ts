import type { Claim } from "../core/ledger.ts";
import type { ClaimedReset, KeyReset, ResetNote, SettledReset } from "../core/reset.ts";

/*
 * What each step does to what the ledger knows of the resets of one key. Pure.
 *
 * | step                    | settled                              | claimed                                |
 * |-------------------------|--------------------------------------|----------------------------------------|
 * | the key comes under     | the policy's token, seen, unless it  | stays where it is for that token, else |
 * | the policy              | is known already                     | gone                                   |
 * | claim                   | stays                                | the new token, open                    |
 * | confirm                 | what was claimed, answered, unproved | gone                                   |
 * | refuse, left unsent     | stays                                | refused, unsent                        |
 * | a look in vain          | stays                                | when the first one was                 |
 * | done, in doubt          | what was claimed, else proved        | gone                                   |
 * | not done                | stays                                | not done                               |
 * | not shown, no proof     | not shown, answered for good         | stays                                  |
 */

/** The path by which the steps of a request name its reset, beside those of its fields. It is no field's. */
export const resetPath = "reset_usage";

/** What a key that comes under a policy knows of its token: it was there before, and asks for nothing. */
export function withTokenSeen(
  before: KeyReset | undefined,
  token: string | undefined,
  at: number,
): KeyReset | undefined {
  if (token === undefined || before?.settled?.token === token || before?.claimed?.token === token)
    return before;
  return { settled: { token, at, end: "seen" } };
}

export function withResetClaim(before: KeyReset | undefined, claim: Claim): KeyReset | undefined {
  const { at, reset } = claim;
  if (reset === undefined) return before;
  return resetOf(before?.settled, { ...reset, at, stand: "open" });
}

export function withResetConfirmed({ settled, claimed }: KeyReset, at: number): KeyReset {
  if (claimed === undefined) return resetOf(settled, claimed);
  const { token, at: begunAt, before } = claimed;
  const unproved = before === undefined ? undefined : { at: begunAt, before };
  return {
    settled: { token, at, end: "answered", ...(unproved === undefined ? {} : { unproved }) },
  };
}

export function withResetStand(
  { settled, claimed }: KeyReset,
  stand: Exclude<ClaimedReset["stand"], "open">,
): KeyReset {
  return resetOf(settled, claimed === undefined ? undefined : { ...claimed, stand });
}

/** What a look says is about the reset of its token, whether that was begun or answered; of another one it says nothing. */
export function withResetNote(before: KeyReset, { kind, token, at }: ResetNote): KeyReset {
  const { settled, claimed } = before;
  if (claimed?.token === token) {
    switch (kind) {
      case "looked":
        return resetOf(settled, { ...claimed, lookedAt: at });
      case "not-done":
        return withResetStand(before, "not-done");
      case "done":
        return { settled: { token, at, end: "proved" } };
      case "in-doubt":
        return { settled: { token, at: claimed.at, end: "in-doubt" } };
      case "not-shown":
      case "answered":
        return before;
      default:
        return kind satisfies never;
    }
  }
  if (settled?.token !== token) return before;
  const end = kind === "done" ? "proved" : kind;
  const isVerdict = end === "proved" || end === "not-shown" || end === "answered";
  return isVerdict ? resetOf(judged(settled, end), claimed) : before;
}

function judged(settled: SettledReset, end: SettledReset["end"]): SettledReset {
  if (settled.unproved === undefined) return settled;
  return { token: settled.token, at: settled.at, end };
}

function resetOf(settled: SettledReset | undefined, claimed: ClaimedReset | undefined): KeyReset {
  return {
    ...(settled === undefined ? {} : { settled }),
    ...(claimed === undefined ? {} : { claimed }),
  };
}
