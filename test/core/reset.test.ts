import { describe, expect, test } from "vitest";
import {
  judgeResetRead,
  knownBefore,
  noteOfAbsence,
  noteOfRead,
  type ClaimedReset,
  type SettledReset,
} from "../../src/core/reset.ts";
import { explainReset } from "../../src/core/reset-words.ts";
import { at, now, settleMs } from "./build.ts";

const earlier = "2026-08-01T00:00:00Z";
const minute = 60_000;

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

describe("a read of last_reset_at", () => {
  test.each([
    ["later than before: done", earlier, instant(now + 1_000), "done"],
    ["the first one ever: done", null, instant(now), "done"],
    ["by a clock that is four minutes behind ours: done", earlier, instant(now - 4 * minute), "done"],
    [
      "later than before, but long before the claim: in doubt",
      earlier,
      instant(now - 6 * minute),
      "in-doubt",
    ],
    ["as before: not done", earlier, earlier, "not-done"],
    ["never, as before: not done", null, null, "not-done"],
    ["as before, of the very moment of the claim: in doubt", instant(now), instant(now), "in-doubt"],
    ["earlier than before: in doubt", earlier, "2026-07-01T00:00:00Z", "in-doubt"],
    ["never any more: in doubt", earlier, null, "in-doubt"],
    ["not shown: in doubt", earlier, undefined, "in-doubt"],
  ] as const)("%s", (_, before, live, verdict) => {
    expect(judgeResetRead({ at: now, before }, live)).toBe(verdict);
  });

  test("says nothing where it was not known before", () => {
    expect(judgeResetRead({ at: now }, instant(now + 1_000))).toBe("in-doubt");
  });

  test("before the next claim is not believed until it shows our own reset before that", () => {
    expect(knownBefore({}, earlier)).toBe(earlier);
    const unshown = { at: now, before: earlier };
    expect(knownBefore({ unshown }, earlier)).toBeUndefined();
    expect(knownBefore({ unshown }, instant(now + 1_000))).toBe(instant(now + 1_000));
  });
});

describe("a reset that was begun", () => {
  const claimed: ClaimedReset = { token: "t", at: now - 60 * minute, before: earlier, stand: "open" };
  const look = (own: Partial<ClaimedReset>, live: string | null) =>
    noteOfRead({ claimed: { ...claimed, ...own } }, live, { now, settleMs })?.kind;

  test("is looked at twice before it counts as not done, with the settle time between", () => {
    expect(look({}, earlier)).toBe("looked");
    expect(look({ lookedAt: now - settleMs + 1 }, earlier)).toBeUndefined();
    expect(look({ lookedAt: now - settleMs }, earlier)).toBe("not-done");
  });

  test("is done with the first look that shows it", () => {
    expect(look({}, instant(now))).toBe("done");
  });

  test("is looked at anew where the first look was noted by a clock that was ahead", () => {
    expect(look({ lookedAt: now + settleMs }, earlier)).toBe("looked");
  });

  test("is in doubt when the key is not shown any more", () => {
    expect(noteOfAbsence({ claimed }, now)).toEqual({ kind: "in-doubt", token: "t", at: now });
  });

  test.each(["refused", "unsent", "not-done"] as const)("and is %s, is not looked at", (stand) => {
    expect(look({ stand }, instant(now))).toBeUndefined();
  });
});

describe("a reset that was answered", () => {
  const settled: SettledReset = {
    token: "t",
    at: now - settleMs,
    end: "answered",
    unproved: { at: now - settleMs - 1_000, before: earlier },
  };

  test.each([
    [instant(now), settled.at, "done"],
    [earlier, settled.at, "not-shown"],
    [earlier, settled.at + 1, undefined],
    [earlier, now + minute, "not-shown"],
    [undefined, settled.at, "answered"],
  ] as const)("and reads %s, answered at %s: %s", (live, answered, kind) => {
    const reset = { settled: { ...settled, at: answered } };
    expect(noteOfRead(reset, live, { now, settleMs })?.kind).toBe(kind);
  });
});

test("every stand of a token has its words", () => {
  const resetUsage = { value: "t", place: at(3) };
  const told = (own: object) =>
    explainReset({ resetUsage }, own, { due: undefined, isLeftAlone: false })?.message ?? "";
  const ends = ["seen", "answered", "proved", "not-shown", "in-doubt"] as const;
  const stands = ["open", "refused", "unsent", "not-done"] as const;
  const all = [
    ...ends.map((end) => told({ settled: { token: "t", at: now, end } })),
    ...stands.map((stand) => told({ claimed: { token: "t", at: now, stand } })),
  ];
  expect(new Set(all).size).toBe(9);
  for (const message of all) expect(message).toContain("2026-09-01T12:00:00.000Z");
});
