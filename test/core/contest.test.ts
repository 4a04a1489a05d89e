import { describe, expect, test } from "vitest";
import { contestedUntil, withRevert } from "../../src/core/contest.ts";
import type { Reverts } from "../../src/core/ledger.ts";
import { confirmed, now } from "./build.ts";
import { judge } from "./judge.ts";

const minute = 60_000;
const hour = 60 * minute;

/** The count after so many mends, the last one just now. */
function reverted(times: number): Reverts {
  return { count: times, since: now - hour, last: now };
}

describe("a field that we put back again and again", () => {
  test("is put back at once three times, and then after growing waits of at most four hours", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 20].map((count) => {
      const until = contestedUntil(reverted(count), now);
      return until === undefined ? 0 : (until - now) / minute;
    });
    expect(waits).toEqual([0, 0, 30, 60, 120, 240, 240, 240]);
    expect(contestedUntil(undefined, now)).toBeUndefined();
  });

  test("may be put back once the wait is over", () => {
    expect(contestedUntil(reverted(3), now + 30 * minute - 1)).toBe(now + 30 * minute);
    expect(contestedUntil(reverted(3), now + 30 * minute)).toBeUndefined();
  });

  test("is forgotten when nobody touched it for a day", () => {
    const day = 24 * hour;
    expect(withRevert(reverted(5), now + day - 1)).toEqual({
      count: 6,
      since: now - hour,
      last: now + day - 1,
    });
    expect(withRevert(reverted(5), now + day)).toEqual({ count: 1, since: now + day, last: now + day });
    expect(withRevert(undefined, now)).toEqual({ count: 1, since: now, last: now });
  });
});

describe("the three-way rule, where somebody else keeps writing", () => {
  const fought = { ...confirmed(5), reverts: reverted(3) };

  test("tells both values and writes nothing while it waits, and goes on counting afterwards", () => {
    const until = now + 30 * minute;
    expect(judge({ desired: 5, applied: fought, live: 9, when: now + 1 })).toEqual({
      kind: "contested",
      from: 9,
      reverts: reverted(3),
      until,
    });
    expect(judge({ desired: 5, applied: fought, live: 9, when: until })).toMatchObject({
      kind: "set",
      why: "drift",
      reverts: { count: 4, last: until },
    });
  });

  test("says nothing while the field is as it should be", () => {
    expect(judge({ desired: 5, applied: fought, live: 5 }).kind).toBe("in-sync");
  });

  test("counts only our own mends: a policy that changes often is no fight", () => {
    const changed = judge({ desired: 6, applied: fought, live: 9 });
    expect(changed).toMatchObject({ kind: "set", why: "policy", reverts: undefined });
    expect(judge({ desired: 5, applied: undefined!, live: 9 })).toMatchObject({ reverts: undefined });
  });

  test("keeps the count over a mend that was killed before it was confirmed", () => {
    const killed = { ...fought, claimed: { value: 5, policy: "team", at: now, refused: false } };
    expect(judge({ desired: 5, applied: killed, live: 9, when: now + 1 })).toMatchObject({
      kind: "set",
      why: "unconfirmed",
      reverts: reverted(3),
    });
  });
});
