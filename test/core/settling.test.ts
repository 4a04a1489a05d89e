import { describe, expect, test } from "vitest";
import type { FieldVerdict } from "../../src/core/diff.ts";
import type { AppliedField, Replaced } from "../../src/core/ledger.ts";
import type { Json } from "../../src/core/policy.ts";
import { afterAdoption, afterClaim, afterConfirm, afterRefusal } from "../../src/state/ledger-rules.ts";
import { applied, claimed, confirmed, keyId, now, settleMs } from "./build.ts";
import { judge, reclaimed, wrote, type Given } from "./judge.ts";

const path = "usage_limits.credit_limit";

function replacedBy(given: Given): Replaced | undefined {
  const verdict = judge(given);
  return verdict.kind === "set" ? verdict.replaced : undefined;
}

/** The field after a write of what the verdict asks for, confirmed or refused at once. */
function write(given: Given & { readonly when: number }, end = afterConfirm): AppliedField {
  const verdict = judge(given);
  if (verdict.kind !== "set") throw new Error(`nothing to write: ${verdict.kind}`);
  const before = given.applied === undefined ? undefined : applied({ [path]: given.applied }).get(keyId(1));
  const { why, from, replaced } = verdict;
  const mendedFrom = why === "drift" && from !== undefined ? { mendedFrom: { value: from } } : {};
  const field = { path, value: given.desired, replaced, ...mendedFrom };
  const owner = { keyId: keyId(1), policy: "team", file: "policies/team.yaml", line: 1, at: given.when };
  const after = end(afterClaim(before, { ...owner, fields: [field] }), [path], given.when);
  return after.fields.get(path)!;
}

describe("within the settle time", () => {
  test("nothing waits for a write from the future, which a wrong clock has noted", () => {
    expect(judge({ desired: 5, applied: wrote(5, [9], now + 86_400_000), live: 9 })).toMatchObject({
      kind: "set",
      why: "drift",
    });
  });

  test("a value that our write replaced is settling, and any other value is drift at once", () => {
    const field = wrote(5, [9]);
    expect(judge({ desired: 5, applied: field, live: 9 })).toEqual({
      kind: "settling",
      from: 9,
      wasShown: true,
    });
    for (const live of [8, 0, null]) {
      expect(judge({ desired: 5, applied: field, live })).toMatchObject({ why: "drift", from: live });
    }
    expect(judge({ desired: 5, applied: wrote(5, [null]), live: null }).kind).toBe("settling");
    expect(judge({ desired: 5, applied: wrote(5, [null]), live: 9 })).toMatchObject({ why: "drift" });
  });

  test("every differing value is settling where the value before was not known, and drift afterwards", () => {
    const field = write({ desired: 5, when: now });
    expect(field.replaced).toBe("unknown");
    for (const live of [9, 8, null]) {
      expect(judge({ desired: 5, applied: field, live })).toEqual({
        kind: "settling",
        from: live,
        wasShown: false,
      });
      const later = judge({ desired: 5, applied: field, live, when: now + settleMs });
      expect(later).toMatchObject({ why: "drift", replaced: [live] });
    }
  });

  test("nothing is settling where we did not write, as after an adoption", () => {
    expect(judge({ desired: 5, applied: confirmed(5, now), live: 9 })).toMatchObject({ why: "drift" });
    const owner = { keyId: keyId(1), policy: "team", file: "policies/team.yaml", line: 1, at: now };
    const before = applied({ [path]: wrote(4, "unknown") }).get(keyId(1));
    const after = afterAdoption(before, { ...owner, confirm: [{ path, value: 5 }], drop: [] });
    expect(judge({ desired: 5, applied: after.fields.get(path)!, live: 9 })).toMatchObject({ why: "drift" });
  });

  test("a value that the field holds to be the same as a replaced one is settling too", () => {
    const override = "defaults.allow_config_override";
    const given = { path: override, desired: false, applied: wrote(false, [true]) };
    expect(judge({ ...given, live: null })).toEqual({ kind: "settling", from: null, wasShown: true });
    const limits = [{ type: "requests", unit: "rpm", value: 5 }];
    const reordered = [{ value: 5, unit: "rpm", type: "requests" }];
    expect(
      judge({ path: "rate_limits", desired: null, applied: wrote(null, [limits]), live: reordered }).kind,
    ).toBe("settling");
  });
});

describe("writes that follow each other closely", () => {
  const second = (live?: Json): AppliedField => {
    const first = write({ desired: 5, live: 9, when: now });
    return write({ desired: 6, applied: first, when: now + 1, ...(live === undefined ? {} : { live }) });
  };

  test.each([
    ["unseen", undefined],
    ["still 9", 9],
    ["5 already", 5],
  ] as const)(
    "both replaced values are settling, where the second write found the field %s",
    (_seen, live) => {
      const field = second(live);
      expect(field.replaced).toEqual([5, 9]);
      for (const late of [5, 9]) {
        expect(judge({ desired: 6, applied: field, live: late, when: now + 2 }).kind).toBe("settling");
        const after = judge({ desired: 6, applied: field, live: late, when: now + 1 + settleMs });
        expect(after).toMatchObject({ why: "drift" });
      }
      expect(judge({ desired: 6, applied: field, live: 8, when: now + 2 })).toMatchObject({ why: "drift" });
    },
  );

  test("what somebody set in between is replaced as well, and what we wrote before that may still be shown", () => {
    expect(second(8).replaced).toEqual([8, 5, 9]);
  });

  test("a write after the settle time replaces only what is there", () => {
    const first = write({ desired: 5, live: 9, when: now });
    expect(replacedBy({ desired: 6, applied: first, when: now + settleMs })).toEqual([5]);
    expect(replacedBy({ desired: 6, applied: first, live: 8, when: now + settleMs })).toEqual([8]);
  });

  test("an unknown value stays unknown until the settle time of the last write is over", () => {
    const field = write({ desired: 6, applied: write({ desired: 5, when: now }), when: now + 1 });
    expect(field.replaced).toBe("unknown");
    expect(replacedBy({ desired: 7, applied: field, live: 6, when: now + 1 + settleMs })).toEqual([6]);
  });

  test("each value is kept once, the latest four", () => {
    let field: AppliedField | undefined;
    for (const [index, desired] of [1, 2, 1, 2, 3, 4, 5].entries()) {
      const before = field === undefined ? { live: 0 } : { applied: field };
      field = write({ desired, when: now + index, ...before });
    }
    expect(field?.replaced).toEqual([4, 3, 2, 1]);
  });

  test("a claim whose outcome is open may have been written, one that was refused was not", () => {
    const open = { ...reclaimed(9, 5), replaced: [9] };
    expect(replacedBy({ desired: 6, applied: open, live: 9 })).toEqual([9, 5]);
    expect(replacedBy({ desired: 6, applied: reclaimed(9, 5, true), live: 9 })).toEqual([9]);
    const recent = { claimed: { value: 5, policy: "team", at: now, refused: false }, replaced: [9] };
    expect(replacedBy({ desired: 6, applied: recent, live: 5 })).toEqual([5, 9]);
    expect(replacedBy({ desired: 6, applied: { ...claimed(5), replaced: "unknown" }, live: 9 })).toEqual([
      9, 5,
    ]);
  });

  test("a refused write takes nothing away from what the write before it replaced", () => {
    const first = write({ desired: 5, live: 9, when: now });
    const refused = write({ desired: 6, applied: first, when: now + 1 }, afterRefusal);
    expect(replacedBy({ desired: 7, applied: refused, live: 9, when: now + 2 })).toEqual([5, 9]);
  });
});

describe("a policy that goes back to the value before", () => {
  const back = (given: Omit<Given, "desired">): FieldVerdict => judge({ desired: 9, ...given });

  test("is written though a late read shows that value, and from is what we wrote", () => {
    const expected = { kind: "set", why: "policy", from: 5 };
    expect(back({ applied: wrote(5, [9]), live: 9 })).toEqual({ ...expected, replaced: [5, 9] });
    expect(back({ applied: wrote(5, "unknown"), live: 9 })).toEqual({ ...expected, replaced: "unknown" });
    const open = { claimed: { value: 5, policy: "team", at: now, refused: false }, replaced: [9] };
    expect(back({ applied: open, live: 9 })).toMatchObject({ kind: "set", why: "policy" });
  });

  test("asks for nothing once reads can no longer be late, or where somebody set it to what we never replaced", () => {
    expect(back({ applied: wrote(5, [9]), live: 9, when: now + settleMs })).toEqual({ kind: "adopt" });
    expect(back({ applied: wrote(5, [8]), live: 9 })).toEqual({ kind: "adopt" });
    expect(back({ applied: confirmed(5, now), live: 9 })).toEqual({ kind: "adopt" });
  });
});
