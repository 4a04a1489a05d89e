import { describe, expect, test } from "vitest";
import type { AppliedField, AppliedKey } from "../../src/core/ledger.ts";
import { fieldsToProve, isOverdue, keysToProve, proveKey, readBackOf } from "../../src/core/proof.ts";
import { applied, claimed, confirmed, keyId, live, now, settleMs } from "./build.ts";

const context = { now, settleMs, complete: false };

/** A value that a request of ours set just now. */
function written(value: number, own: Partial<AppliedField> = {}): AppliedField {
  return { ...confirmed(value, now - 1_000), replaced: [100], unproved: true, ...own };
}

function keyWith(fields: Record<string, AppliedField>): AppliedKey {
  return applied(fields).get(keyId(1))!;
}

function judgeLimit(field: AppliedField, creditLimit: number | null, when = now): string | undefined {
  const usage = creditLimit === null ? null : { type: "cost", credit_limit: creditLimit };
  const key = keyWith({ "usage_limits.credit_limit": field });
  return proveKey(key, live({ usage_limits: usage }), { ...context, now: when })[0]?.kind;
}

describe("a read after a write", () => {
  test("shows what was written", () => {
    expect(judgeLimit(written(5), 5)).toBe("shown");
    expect(judgeLimit(written(5), 5, now + settleMs)).toBe("shown");
  });

  test("is late while it shows what the write replaced, and proves the contrary once the settle time is over", () => {
    expect(judgeLimit(written(5), 100)).toBe("late");
    expect(judgeLimit(written(5), 100, now - 1_000 + settleMs - 1)).toBe("late");
    expect(judgeLimit(written(5), 100, now - 1_000 + settleMs)).toBe("not-shown");
  });

  test("proves the contrary at once where it shows a value that the write did not replace", () => {
    expect(judgeLimit(written(5), 9)).toBe("not-shown");
    expect(judgeLimit(written(5), null)).toBe("not-shown");
  });

  test("may be late with any value where it was not known what the write replaced", () => {
    expect(judgeLimit(written(5, { replaced: "unknown" }), 9)).toBe("late");
  });

  test("judges as the field compares: a date in the past that the server moved on is shown", () => {
    const path = "rotation_policy.next_rotation_at";
    const key = keyWith({ [path]: { ...confirmed("2026-08-01T00:00:00Z", now), unproved: true } });
    const rotation = { rotation_period: null, next_rotation_at: "2026-10-01T00:00:00Z" };
    expect(proveKey(key, live({ rotation_policy: rotation }), context)[0]?.kind).toBe("shown");
  });

  test("that does not carry a field says nothing of it", () => {
    const key = keyWith({
      "rotation_policy.rotation_period": { ...confirmed("weekly", now), unproved: true },
    });
    expect(proveKey(key, live({}, "list"), context)[0]?.kind).toBe("unseen");
  });
});

describe("a field that no read shows", () => {
  const path = "rotation_policy.rotation_period";
  const key = keyWith({ [path]: { ...confirmed("weekly", now - 1_000), unproved: true } });
  const shown = live({}, "list");

  function kindAt(at: number, complete: boolean): string | undefined {
    return proveKey(key, shown, { settleMs, now: at, complete })[0]?.kind;
  }

  test("is asked for until the settle time is over, and then, where the read shows all there is, is unprovable", () => {
    expect(kindAt(now, true)).toBe("unseen");
    expect(kindAt(now - 1_000 + settleMs - 1, true)).toBe("unseen");
    expect(kindAt(now - 1_000 + settleMs, true)).toBe("unprovable");
    expect(kindAt(now - 1_000 + settleMs, false)).toBe("unseen");
    expect(kindAt(now - 1_001, true)).toBe("unprovable");
  });

  test("is noted as such, which ends the question as any other answer does", () => {
    const proofs = proveKey(key, shown, { settleMs, now: now + settleMs, complete: true });
    expect(readBackOf(keyId(1), proofs)).toEqual({
      keyId: keyId(1),
      shown: [],
      notShown: [],
      unprovable: [path],
    });
  });
});

describe("what is open", () => {
  test("is what an answer confirmed and no read was judged for", () => {
    const key = keyWith({ name: written(1), description: confirmed(2), scopes: claimed(["a"]) });
    expect(fieldsToProve(key)).toEqual(["name"]);
    expect(
      keysToProve(
        new Map([
          ["a", key],
          ["b", keyWith({ name: confirmed(1) })],
        ]),
      ),
    ).toEqual(["a"]);
  });

  test("is not what a newer request is under way for", () => {
    expect(fieldsToProve(keyWith({ name: { ...written(1), ...claimed(2) } }))).toEqual([]);
  });

  test("is waited for until the settle time of the newest write is over", () => {
    const old = { ...confirmed(1, now - 2 * settleMs), unproved: true as const };
    expect(isOverdue(keyWith({ name: old }), context)).toBe(true);
    expect(isOverdue(keyWith({ name: old, description: written(1) }), context)).toBe(false);
  });

  test("is not waited for because of a clock that was ahead when it was written", () => {
    const ahead = { ...confirmed(1, now + 1), unproved: true as const };
    expect(isOverdue(keyWith({ name: ahead }), context)).toBe(true);
    expect(isOverdue(keyWith({ name: ahead, description: written(1) }), context)).toBe(false);
  });

  test("stays open as long as nothing was judged", () => {
    const key = keyWith({ "usage_limits.credit_limit": written(5), name: written(1) });
    const late = proveKey(key, live({ name: "100", usage_limits: { credit_limit: 100 } }), context);
    expect(
      readBackOf(
        keyId(1),
        late.filter(({ kind }) => kind === "late"),
      ),
    ).toBeUndefined();
    const shown = proveKey(key, live({ usage_limits: { credit_limit: 5 } }), context);
    expect(readBackOf(keyId(1), shown)).toEqual({
      keyId: keyId(1),
      shown: ["usage_limits.credit_limit"],
      notShown: ["name"],
      unprovable: [],
    });
  });
});
