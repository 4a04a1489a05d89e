import { describe, expect, test } from "vitest";
import type { Json } from "../../src/core/policy.ts";
import { pastWrites, valuesAt, wishesFor, type KeyPast, type PastWrite } from "../../src/core/restore.ts";
import type { HistoryEntry, HistoryLine } from "../../src/core/history.ts";
import type { AppliedKey } from "../../src/core/ledger.ts";
import { applied, at, confirmed, keyId, live } from "./build.ts";

function write(seq: number, fields: Record<string, [from: Json | undefined, to: Json]>): PastWrite {
  return {
    seq,
    at: seq * 1_000,
    fields: Object.entries(fields).map(([path, [from, to]]) => ({ path, from, to })),
  };
}

/** A name that went a, b, c; somebody made it x between the two; and a budget that came with the second write. */
const past: KeyPast = {
  baseline: new Map([
    ["name", { value: "a", at: 10_000 }],
    ["usage_limits.credit_limit", { value: null, at: 20_000 }],
  ]),
  writes: [
    write(10, { name: ["a", "b"] }),
    write(20, { name: ["x", "c"], "usage_limits.credit_limit": [null, 50] }),
  ],
};

function at_(seq: number): Record<string, Json> {
  return Object.fromEntries(valuesAt(past, { kind: "line", seq }));
}

describe("what a key was", () => {
  test("its baseline is what was there before our first write of each field", () => {
    expect(Object.fromEntries(valuesAt(past, { kind: "baseline" }))).toEqual({
      name: "a",
      "usage_limits.credit_limit": null,
    });
  });

  test("after a line: what we had set by then, and what was there of fields that we set later", () => {
    expect(at_(9)).toEqual({ name: "a", "usage_limits.credit_limit": null });
    expect(at_(10)).toEqual({ name: "b", "usage_limits.credit_limit": null });
    expect(at_(19)).toEqual({ name: "b", "usage_limits.credit_limit": null });
    expect(at_(20)).toEqual({ name: "c", "usage_limits.credit_limit": 50 });
    expect(at_(99)).toEqual({ name: "c", "usage_limits.credit_limit": 50 });
  });

  test("at an instant, the same by time", () => {
    expect(valuesAt(past, { kind: "instant", at: 15_000 }).get("name")).toBe("b");
    expect(valuesAt(past, { kind: "instant", at: 9_999 }).get("name")).toBe("a");
  });

  test("a value that nobody knew before a write is told by its baseline, and else not at all", () => {
    const unknown: KeyPast = { baseline: new Map(), writes: [write(5, { name: [undefined, "b"] })] };
    expect(valuesAt(unknown, { kind: "line", seq: 4 }).size).toBe(0);
    expect(valuesAt({ ...past, writes: unknown.writes }, { kind: "line", seq: 4 }).get("name")).toBe("a");
  });
});

describe("our writes, as the audit trail has them", () => {
  const line = (seq: number, event: string, to: Json): HistoryLine =>
    ({
      ...{ seq, at: seq, pass: "p", keyId: "k", policy: "p1", file: "f", line: 1, hash: "" },
      ...{ commit: null, author: null, event },
      detail: { fields: [{ path: "name", from: "a", to, why: "new", file: "f", line: 1 }] },
    }) as HistoryLine;
  const entry = (end: string): HistoryEntry => ({
    first: line(1, "claimed", "b"),
    rest: [line(2, end, "b")],
  });
  const ledger = (value: Json): AppliedKey => applied({ name: confirmed(value) }).get(keyId(1))!;

  test("one whose answer was lost counts where a later read has confirmed its value, and else not", () => {
    expect(pastWrites([entry("applied")], undefined)).toHaveLength(1);
    expect(pastWrites([entry("unknown")], ledger("b"))).toHaveLength(1);
    expect(pastWrites([{ ...entry("unknown"), rest: [] }], ledger("b"))).toHaveLength(1);
    expect(pastWrites([entry("unknown")], ledger("a"))).toEqual([]);
    expect(pastWrites([entry("rejected")], ledger("b"))).toEqual([]);
  });
});

describe("the wishes for a key that is put back", () => {
  const wish = { policy: "team", place: at(3) };

  function wishes(values: Record<string, Json>, key = live()): Record<string, Json> {
    const fields = wishesFor(new Map(Object.entries(values)), key, wish);
    return Object.fromEntries([...fields].map(([path, { value }]) => [path, value]));
  }

  test("name each part of a group that was there, the empty ones too", () => {
    expect(wishes({ usage_limits: { type: "cost", credit_limit: 5 } })).toEqual({
      "usage_limits.type": "cost",
      "usage_limits.credit_limit": 5,
      "usage_limits.alert_threshold": null,
      "usage_limits.periodic_reset": null,
      "usage_limits.periodic_reset_days": null,
    });
  });

  test("empty the metadata that came since", () => {
    const now = live({ defaults: { metadata: { team: "b", extra: "x" }, config_id: null } });
    expect(wishes({ "defaults.metadata": { team: "a" } }, now)).toEqual({
      "defaults.metadata.team": "a",
      "defaults.metadata.extra": null,
    });
  });

  test("believe what was known of a part by itself before what its group says", () => {
    expect(wishes({ usage_limits: { credit_limit: 5 }, "usage_limits.credit_limit": 7 })).toMatchObject({
      "usage_limits.credit_limit": 7,
    });
    expect(wishes({ usage_limits: null, "usage_limits.credit_limit": 7 })).toEqual({
      "usage_limits.credit_limit": 7,
    });
    expect(wishes({ usage_limits: null })).toEqual({ usage_limits: null });
  });
});
