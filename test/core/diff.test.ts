import { describe, expect, test } from "vitest";
import { type FieldVerdict } from "../../src/core/diff.ts";
import type { Json } from "../../src/core/policy.ts";
import { claimed, confirmed, now, settleMs } from "./build.ts";
import { judge, mended, reclaimed } from "./judge.ts";

/** D and another value than D, null on either side: null is a value. */
const pairs: readonly (readonly [Json, Json])[] = [
  [5, 9],
  [5, null],
  [null, 9],
];

describe.each(pairs)("D = %j, another value = %j", (D, other) => {
  test("V equals D: nothing where the ledger says so, else the ledger is healed", () => {
    expect(judge({ desired: D, applied: confirmed(D), live: D })).toEqual({ kind: "in-sync" });
    const others = [
      undefined,
      confirmed(other),
      claimed(D),
      claimed(other),
      claimed(D, true),
      mended(D, other),
    ];
    for (const applied of [...others, reclaimed(other, D), reclaimed(D, other), reclaimed(D, D)]) {
      const given = applied === undefined ? { desired: D, live: D } : { desired: D, live: D, applied };
      expect(judge(given)).toEqual({ kind: "adopt" });
    }
  });

  test("A equals D, confirmed a moment ago, V is what we replaced: settling; from the settle time on it is drift", () => {
    const at = (age: number): FieldVerdict =>
      judge({ desired: D, applied: { ...confirmed(D, now - age), replaced: [other] }, live: other });
    expect(at(0)).toEqual({ kind: "settling", from: other, wasShown: true });
    expect(at(settleMs - 1)).toEqual({ kind: "settling", from: other, wasShown: true });
    expect(at(settleMs)).toMatchObject({ kind: "set", why: "drift", from: other });
    expect(at(settleMs + 1)).toMatchObject({ kind: "set", why: "drift", from: other });
  });

  test("A equals D, confirmed a moment ago, V is neither: drift, however soon", () => {
    const third = "somebody's";
    const replaced = { ...confirmed(D, now), replaced: [other] };
    expect(judge({ desired: D, applied: replaced, live: third })).toMatchObject({
      kind: "set",
      why: "drift",
    });
    // Confirmed without a write: there is no write that a read could lag behind.
    expect(judge({ desired: D, applied: confirmed(D, now), live: other })).toMatchObject({ why: "drift" });
  });

  test("what we replaced was not known: every other value may be late", () => {
    const applied = { ...confirmed(D, now), replaced: "unknown" as const };
    expect(judge({ desired: D, applied, live: other })).toEqual({
      kind: "settling",
      from: other,
      wasShown: true,
    });
    expect(judge({ desired: D, applied, live: "somebody's" }).kind).toBe("settling");
  });

  test("A claimed and not confirmed: set, V differs or unseen", () => {
    expect(judge({ desired: D, applied: claimed(D), live: other })).toMatchObject({
      kind: "set",
      why: "unconfirmed",
      from: other,
    });
    expect(judge({ desired: D, applied: claimed(D) })).toMatchObject({
      kind: "set",
      why: "unconfirmed",
      from: undefined,
    });
    expect(judge({ desired: D, applied: reclaimed(other, D) })).toMatchObject({
      kind: "set",
      why: "unconfirmed",
      from: other,
    });
  });

  test("A claimed with another value: set, because the policy changed", () => {
    expect(judge({ desired: D, applied: claimed(other), live: other })).toMatchObject({
      kind: "set",
      why: "policy",
      from: other,
    });
    expect(judge({ desired: D, applied: claimed(other) })).toMatchObject({ kind: "set", why: "policy" });
  });

  test("A was D, then another value was claimed and its fate is unknown: D is set again", () => {
    expect(judge({ desired: D, applied: reclaimed(D, other) })).toMatchObject({
      kind: "set",
      why: "policy",
      from: D,
    });
  });

  test("A equals D, V unseen: nothing", () => {
    expect(judge({ desired: D, applied: confirmed(D) })).toEqual({ kind: "in-sync" });
    expect(judge({ desired: D, applied: mended(D, other) })).toEqual({ kind: "in-sync" });
    expect(judge({ desired: D, applied: confirmed(D), lastSeen: other })).toEqual({ kind: "in-sync" });
  });

  test("A absent: set as new, V differs or unseen", () => {
    expect(judge({ desired: D, live: other })).toMatchObject({ kind: "set", why: "new", from: other });
    expect(judge({ desired: D })).toMatchObject({ kind: "set", why: "new", from: undefined });
  });

  test("A other: set as policy, V differs or unseen, settle time or not", () => {
    expect(judge({ desired: D, applied: confirmed(other), live: other })).toMatchObject({
      kind: "set",
      why: "policy",
      from: other,
    });
    expect(judge({ desired: D, applied: confirmed(other) })).toMatchObject({
      kind: "set",
      why: "policy",
      from: other,
    });
    expect(judge({ desired: D, applied: confirmed(other, now), live: other })).toMatchObject({
      why: "policy",
    });
  });

  test("the last sight counts only where there is no A at all", () => {
    expect(judge({ desired: D, lastSeen: D })).toEqual({ kind: "adopt" });
    expect(judge({ desired: D, lastSeen: other })).toMatchObject({ kind: "set", why: "new", from: other });
    expect(judge({ desired: D, applied: confirmed(other), lastSeen: D })).toMatchObject({
      kind: "set",
      why: "policy",
    });
    expect(judge({ desired: D, applied: claimed(D), lastSeen: D })).toMatchObject({
      kind: "set",
      why: "unconfirmed",
    });
  });
});

describe("sameness is the field's own", () => {
  test("an unset config switch is as good as true, and the ledger then says true", () => {
    const path = "defaults.allow_config_override";
    expect(judge({ path, desired: true, live: null })).toEqual({ kind: "adopt" });
    expect(judge({ path, desired: true, applied: confirmed(true), live: null })).toEqual({ kind: "in-sync" });
    expect(judge({ path, desired: false, applied: confirmed(false), live: null })).toMatchObject({
      why: "drift",
    });
  });

  test("structures are compared by content", () => {
    const path = "rate_limits";
    const one = [{ type: "requests", unit: "rpm", value: 5 }];
    const same = [{ value: 5, unit: "rpm", type: "requests" }];
    expect(judge({ path, desired: one, applied: confirmed(same), live: same })).toEqual({ kind: "in-sync" });
    expect(
      judge({ path, desired: one, applied: { ...confirmed(one), mendedFrom: { value: [] } }, live: null })
        .kind,
    ).toBe("set");
  });
});

describe("what a write replaces is remembered", () => {
  const replacedBy = (given: Parameters<typeof judge>[0]): unknown => {
    const verdict = judge(given);
    return verdict.kind === "set" ? verdict.replaced : verdict;
  };

  test("the live value, or that it is not known", () => {
    expect(replacedBy({ desired: 5, live: 9 })).toEqual([9]);
    expect(replacedBy({ desired: 5, live: null })).toEqual([null]);
    expect(replacedBy({ desired: 5 })).toBe("unknown");
    expect(replacedBy({ desired: 5, applied: confirmed(7) })).toEqual([7]);
  });

  test("with what was begun before, and what writes of a moment ago replaced", () => {
    expect(replacedBy({ desired: 5, applied: claimed(7), live: 9 })).toEqual([9, 7]);
    const justNow = { ...confirmed(7, now - 1), replaced: [8] };
    expect(replacedBy({ desired: 5, applied: justNow, live: 7 })).toEqual([7, 8]);
    const longAgo = { ...confirmed(7, now - settleMs), replaced: [8] };
    expect(replacedBy({ desired: 5, applied: longAgo, live: 7 })).toEqual([7]);
    const unsure = { ...confirmed(7, now - 1), replaced: "unknown" as const };
    expect(replacedBy({ desired: 5, applied: unsure, live: 7 })).toBe("unknown");
  });

  test("bounded, the latest first", () => {
    const many = { ...confirmed(1, now - 1), replaced: [2, 3, 4, 5] };
    expect(replacedBy({ desired: 9, applied: many, live: 1 })).toEqual([1, 2, 3, 4]);
  });
});
