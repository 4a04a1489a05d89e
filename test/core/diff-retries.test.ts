import { describe, expect, test } from "vitest";
import { claimed, confirmed, now, settleMs } from "./build.ts";
import { judge, mended, reclaimed, wrote } from "./judge.ts";

describe("a value that does not stick", () => {
  test("is tried again once: the same value found again is not reflected", () => {
    expect(judge({ desired: 5, applied: confirmed(5), live: 9 })).toMatchObject({
      kind: "set",
      why: "drift",
    });
    expect(judge({ desired: 5, applied: mended(5, 9), live: 9 })).toEqual({ kind: "not-reflected", from: 9 });
    expect(judge({ desired: 5, applied: mended(5, null), live: null })).toEqual({
      kind: "not-reflected",
      from: null,
    });
    expect(judge({ desired: null, applied: mended(null, 9), live: 9 })).toEqual({
      kind: "not-reflected",
      from: 9,
    });
  });

  test("stays so for as long as neither the policy nor the live value changes", () => {
    const years = confirmed(5, now - 3650 * 86_400_000);
    expect(judge({ desired: 5, applied: { ...years, mendedFrom: { value: 9 } }, live: 9 }).kind).toBe(
      "not-reflected",
    );
  });

  test("is tried anew when the live value changes", () => {
    expect(judge({ desired: 5, applied: mended(5, 9), live: 8 })).toMatchObject({
      kind: "set",
      why: "drift",
      from: 8,
    });
    expect(judge({ desired: 5, applied: mended(5, 9), live: null })).toMatchObject({
      kind: "set",
      why: "drift",
      from: null,
    });
    expect(judge({ desired: 5, applied: mended(5, null), live: 9 })).toMatchObject({
      kind: "set",
      why: "drift",
      from: 9,
    });
  });

  test("is tried anew when the policy changes", () => {
    expect(judge({ desired: 6, applied: mended(5, 9), live: 9 })).toMatchObject({
      kind: "set",
      why: "policy",
      from: 9,
    });
    expect(judge({ desired: null, applied: mended(5, 9), live: 9 })).toMatchObject({
      kind: "set",
      why: "policy",
    });
  });

  test("is settling first, right after the second try", () => {
    const applied = { ...wrote(5, [9], now - 1), mendedFrom: { value: 9 } };
    expect(judge({ desired: 5, applied, live: 9 }).kind).toBe("settling");
    expect(judge({ desired: 5, applied, live: 9, when: now + settleMs }).kind).toBe("not-reflected");
  });

  test("heals by itself when it does stick after all, which no read within the settle time can tell", () => {
    expect(judge({ desired: 5, applied: mended(5, 9), live: 5 })).toEqual({ kind: "adopt" });
    const recent = { ...wrote(5, [9], now - 1), mendedFrom: { value: 9 } };
    expect(judge({ desired: 5, applied: recent, live: 5 })).toEqual({ kind: "in-sync" });
    expect(judge({ desired: 5, applied: recent, live: 5, when: now + settleMs })).toEqual({ kind: "adopt" });
  });
});

describe("a value that the server refused", () => {
  const refused = claimed(5, true);

  test("is left by edit passes until the policy changes", () => {
    expect(judge({ desired: 5, applied: refused, retryRefused: false })).toEqual({
      kind: "refused",
      from: undefined,
    });
    expect(judge({ desired: 6, applied: refused, retryRefused: false })).toMatchObject({
      kind: "set",
      why: "policy",
    });
  });

  test("is tried again by a reconcile pass", () => {
    expect(judge({ desired: 5, applied: refused, live: 9 })).toMatchObject({
      kind: "set",
      why: "unconfirmed",
      from: 9,
    });
  });

  test("leaves what was confirmed before in force: a policy that goes back to it asks for nothing", () => {
    const applied = reclaimed(3, 5, true);
    expect(judge({ desired: 3, applied, retryRefused: false })).toEqual({ kind: "in-sync" });
    expect(judge({ desired: 3, applied })).toEqual({ kind: "in-sync" });
    expect(judge({ desired: 3, applied, live: 9 })).toMatchObject({ kind: "set" });
    expect(judge({ desired: 3, applied, live: 3 })).toEqual({ kind: "adopt" });
  });

  test("null is refused and remembered like any other value", () => {
    expect(judge({ desired: null, applied: claimed(null, true), retryRefused: false }).kind).toBe("refused");
    expect(judge({ desired: 0, applied: claimed(null, true), retryRefused: false }).kind).toBe("set");
  });
});
