import type { DesiredKey } from "./resolve.ts";
import type { ClaimedReset, KeyReset, PlannedReset, SettledReset } from "./reset.ts";
import { tokenText } from "./plan-reset.ts";
import type { Place } from "./problem.ts";

/** What there is to say of the token of a key's policy. */
export interface ExplainedReset {
  readonly token: string;
  readonly place: Place;
  /** `due`: the next pass resets usage. `left-alone`: it would, and the key is left alone. Else how it stands. */
  readonly kind: "due" | "left-alone" | SettledReset["end"] | ClaimedReset["stand"];
  readonly message: string;
}

/** The reset in words, as a plan tells it. */
export function resetText(reset: Pick<PlannedReset, "token" | "previous" | "withoutBudget">): string {
  const budget =
    reset.withoutBudget === true
      ? "; the key has no budget, and what a reset does to such a key is not known"
      : "";
  return `usage will be reset (${tokenText(reset)})${budget}`;
}

/** How it stands with the token of a key's policy; undefined when it has none. */
export function explainReset(
  { resetUsage }: Pick<DesiredKey, "resetUsage">,
  reset: KeyReset | undefined,
  planned: { readonly due: PlannedReset | undefined; readonly isLeftAlone: boolean },
): ExplainedReset | undefined {
  if (resetUsage === undefined) return undefined;
  const { value: token, place } = resetUsage;
  if (planned.due !== undefined) return { token, place, kind: "due", message: resetText(planned.due) };
  if (reset?.claimed?.token === token) {
    return { token, place, kind: reset.claimed.stand, message: claimedWords(reset.claimed) };
  }
  if (reset?.settled?.token === token) {
    return { token, place, kind: reset.settled.end, message: settledWords(reset.settled) };
  }
  if (planned.isLeftAlone) {
    return {
      token,
      place,
      kind: "left-alone",
      message: "usage is not reset as long as the key is left alone",
    };
  }
  return { token, place, kind: "seen", message: "a pass keeps the token as seen, and resets nothing" };
}

function settledWords({ at, end }: SettledReset): string {
  const when = new Date(at).toISOString();
  switch (end) {
    case "seen":
      return `the policy had the token when the key came under it (${when}): usage was not reset`;
    case "answered":
      return `usage was reset at ${when}, as the server answered`;
    case "proved":
      return `usage was reset, as a read at ${when} showed`;
    case "not-shown":
      return `the server accepted a reset at ${when}, and last_reset_at did not move`;
    case "in-doubt":
      return `whether usage was reset about ${when} cannot be told; it is not sent again`;
    default:
      return end satisfies never;
  }
}

function claimedWords({ at, stand }: ClaimedReset): string {
  const when = new Date(at).toISOString();
  switch (stand) {
    case "open":
      return `a reset was begun at ${when}, and how it ended is not known yet: the key is looked at again`;
    case "refused":
      return `the server refused the reset at ${when}; it is sent again in a reconcile pass`;
    case "unsent":
      return `the reset of ${when} did not get through; it is sent again`;
    case "not-done":
      return `the reset of ${when} had no effect; it is sent again`;
    default:
      return stand satisfies never;
  }
}
