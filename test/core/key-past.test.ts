import { describe, expect, test } from "vitest";
import {
  confirmedValues,
  pastWrites,
  valuesAt,
  type KeyPast,
  type KnownValue,
  type PastField,
  type PastWrite,
} from "../../src/core/key-past.ts";
import type { HistoryEntry, HistoryLine } from "../../src/core/history.ts";
import type { AppliedKey } from "../../src/core/ledger.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import type { RestorePoint } from "../../src/core/restore.ts";
import { applied, claimed, confirmed, keyId } from "./build.ts";

type Step = readonly [from: Json | undefined, to: Json, rest?: Partial<PastField>];

/** Line n of the audit trail is of second n. */
function write(seq: number, fields: Record<string, Step>): PastWrite {
  return {
    seq,
    at: seq * 1_000,
    fields: Object.entries(fields).map(([path, [from, to, rest]]) => ({
      path,
      from,
      to,
      made: true,
      ...rest,
    })),
  };
}

const known = (value: Json, seq: number): KnownValue => ({ value, at: seq * 1_000 });

/** Nothing is known but what is given. */
function pastWith(given: Partial<KeyPast>): KeyPast {
  const { reach } = given;
  return {
    ...{ baseline: new Map(), confirmed: new Map(), writes: [], reach: null },
    timeOf: (seq) => (seq < (reach?.seq ?? 1) ? undefined : seq * 1_000),
    ...given,
  };
}

/** A name that went a, b, c; somebody made it x between the two; and a budget that came with the second write. */
const past = pastWith({
  baseline: new Map([
    ["name", known("a", 10)],
    ["usage_limits.credit_limit", known(null, 20)],
  ]),
  confirmed: new Map([
    ["name", known("c", 20)],
    ["usage_limits.credit_limit", known(50, 20)],
  ]),
  writes: [
    write(10, { name: ["a", "b"] }),
    write(20, { name: ["x", "c"], "usage_limits.credit_limit": [null, 50] }),
  ],
});

/** The same after the lines before this one were taken off. */
function trimmed(first: number, whole: KeyPast = past): KeyPast {
  return pastWith({
    ...whole,
    writes: whole.writes.filter(({ seq }) => seq >= first),
    reach: { seq: first, at: first * 1_000 },
    timeOf: (seq) => (seq < first ? undefined : seq * 1_000),
  });
}

function at(one: KeyPast, point: RestorePoint): Record<string, Json> {
  return Object.fromEntries(valuesAt(one, point).values);
}

function atLine(seq: number, one: KeyPast = past): Record<string, Json> {
  return at(one, { kind: "line", seq });
}

function atSecond(second: number, one: KeyPast = past): Record<string, Json> {
  return at(one, { kind: "instant", at: second * 1_000 });
}

describe("what a key was", () => {
  test("its baseline is what was there before our first write of each field", () => {
    expect(at(past, { kind: "baseline" })).toEqual({ name: "a", "usage_limits.credit_limit": null });
    expect(at(trimmed(21), { kind: "baseline" })).toEqual({ name: "a", "usage_limits.credit_limit": null });
  });

  test("after a line: what we had set by then, and what was there of fields that we set later", () => {
    expect(atLine(9)).toEqual({ name: "a", "usage_limits.credit_limit": null });
    expect(atLine(10)).toEqual({ name: "b", "usage_limits.credit_limit": null });
    expect(atLine(19)).toEqual({ name: "b", "usage_limits.credit_limit": null });
    expect(atLine(20)).toEqual({ name: "c", "usage_limits.credit_limit": 50 });
    expect(atLine(99)).toEqual({ name: "c", "usage_limits.credit_limit": 50 });
  });

  test("at an instant, the same by time", () => {
    expect(atSecond(15)).toMatchObject({ name: "b" });
    expect(atSecond(9.999)).toMatchObject({ name: "a" });
  });

  test("a value that nobody knew before a write is its baseline where that is of later, and else not told", () => {
    const unseen = [write(5, { name: [undefined, "b"] })];
    expect(atLine(4, pastWith({ writes: unseen }))).toEqual({});
    const later = pastWith({ baseline: new Map([["name", known("a", 5)]]), writes: unseen });
    expect(atLine(4, later)).toEqual({ name: "a" });
    // Of a request that was refused before: what was there then need not be what was there later.
    const earlier = pastWith({ baseline: new Map([["name", known("a", 2)]]), writes: unseen });
    expect(atLine(4, earlier)).toEqual({});
  });

  test("what was there at a refused request and at the next one was there in between", () => {
    const refused = write(2, { name: ["a", "b", { made: false }] });
    const baseline = new Map([["name", known("a", 2)]]);
    const writes = [refused, write(6, { name: ["a", "c"] })];
    expect(atLine(4, pastWith({ baseline, writes }))).toEqual({ name: "a" });
    const changed = [refused, write(6, { name: ["x", "c"] })];
    expect(atLine(4, pastWith({ baseline, writes: changed }))).toEqual({});
  });

  test("what the ledger took over since, by no write of ours, counts from when it was seen", () => {
    const adopted = pastWith({ ...past, confirmed: new Map([["name", known("y", 30)]]) });
    expect(atSecond(29, adopted)).toMatchObject({ name: "c" });
    expect(atSecond(30, adopted)).toMatchObject({ name: "y" });
  });

  test("a group that was set later ends what its parts were", () => {
    const path = "usage_limits.credit_limit";
    const baseline = new Map([
      [path, known(9, 10)],
      ["usage_limits", known({ credit_limit: 9 }, 10)],
    ]);
    const writes = [
      write(10, { [path]: [9, 50] }),
      write(20, { usage_limits: [{ credit_limit: 50 }, null] }),
    ];
    const grouped = pastWith({ baseline, writes, confirmed: new Map([["usage_limits", known(null, 20)]]) });
    expect(atLine(10, grouped)).toEqual({ [path]: 50 });
    expect(atLine(20, grouped)).toEqual({ usage_limits: null });
  });

  test("of a group only what it had before and after is known in between", () => {
    const group = "usage_limits";
    const baseline = new Map([
      [`${group}.credit_limit`, known(9, 10)],
      [group, known({ credit_limit: 9, alert_threshold: 5, periodic_reset: "weekly" }, 10)],
    ]);
    const before = { credit_limit: 50, alert_threshold: 5, periodic_reset: "monthly" };
    const writes = [
      write(10, { [`${group}.credit_limit`]: [9, 50] }),
      write(20, { [group]: [before, null] }),
    ];
    expect(atLine(10, pastWith({ baseline, writes }))).toEqual({
      [`${group}.credit_limit`]: 50,
      [`${group}.alert_threshold`]: 5,
    });
  });
});

describe("after the audit trail was trimmed", () => {
  const old = pastWith({
    baseline: new Map([["usage_limits.credit_limit", known(9_000, 10)]]),
    confirmed: new Map([["usage_limits.credit_limit", known(50, 10)]]),
    writes: [write(10, { "usage_limits.credit_limit": [9_000, 50] })],
  });
  const path = "usage_limits.credit_limit";

  test("what is confirmed since before a point was there, and never the looser baseline", () => {
    expect(atSecond(30, trimmed(20, old))).toEqual({ [path]: 50 });
    expect(atLine(30, trimmed(20, old))).toEqual({ [path]: 50 });
  });

  test("the baseline is told only for a point before the first write", () => {
    expect(atSecond(9, trimmed(20, old))).toEqual({ [path]: 9_000 });
    expect(valuesAt(trimmed(20, old), { kind: "instant", at: 9_000 }).isEarliest).toBe(true);
    // Which time a line had that is gone, nobody knows.
    expect(valuesAt(trimmed(20, old), { kind: "line", seq: 9 })).toMatchObject({ unknown: [path] });
    const young = pastWith({
      ...old,
      baseline: new Map([[path, known(9_000, 25)]]),
      writes: [],
      confirmed: new Map(),
    });
    expect(atLine(9, trimmed(20, young))).toEqual({ [path]: 9_000 });
  });

  test("a later write hides what was confirmed before it, unless its line says so", () => {
    const later = (rest: Partial<PastField>): KeyPast =>
      trimmed(
        20,
        pastWith({
          ...old,
          confirmed: new Map([[path, known(70, 40)]]),
          writes: [...old.writes, write(40, { [path]: [50, 70, rest] })],
        }),
      );
    for (const point of [
      { kind: "line", seq: 30 },
      { kind: "instant", at: 30_000 },
    ] as const) {
      expect(valuesAt(later({}), point)).toMatchObject({ values: new Map(), unknown: [path] });
      expect(at(later({ confirmed: known(50, 10) }), point)).toEqual({ [path]: 50 });
      expect(valuesAt(later({ confirmed: known(60, 35) }), point)).toMatchObject({ unknown: [path] });
      expect(at(later({ from: 8_000, confirmed: known(50, 10) }), point), "drift is nobody's").toEqual({
        [path]: 50,
      });
    }
    expect(atLine(40, later({}))).toEqual({ [path]: 70 });
  });

  test("a whole trail is not needed for fields that were first written after its beginning", () => {
    expect(valuesAt(trimmed(15), { kind: "line", seq: 16 })).toEqual({
      values: new Map([["usage_limits.credit_limit", null]]),
      unknown: ["name"],
      isEarliest: false,
    });
  });

  test("where no line is left at all, what is confirmed is still known", () => {
    const empty = pastWith({ ...old, writes: [], reach: { seq: 12, at: null }, timeOf: () => undefined });
    expect(atSecond(11, empty)).toEqual({ [path]: 50 });
    expect(valuesAt(empty, { kind: "line", seq: 11 })).toMatchObject({ values: new Map(), unknown: [path] });
  });
});

describe("our writes, as the audit trail has them", () => {
  const line = (seq: number, event: string, detail: JsonObject = {}): HistoryLine =>
    ({
      ...{ seq, at: seq, pass: "p", keyId: "k", policy: "p1", file: "f", line: 1, hash: "" },
      ...{ commit: null, author: null, event, detail },
    }) as HistoryLine;
  const claim = (seq: number, from: Json, to: Json, more: JsonObject = {}): HistoryLine =>
    line(seq, "claimed", { fields: [{ path: "name", from, to, why: "new", file: "f", line: 1, ...more }] });
  const entry = (...ends: (string | HistoryLine)[]): HistoryEntry => ({
    first: claim(1, "a", "b"),
    rest: ends.map((end) => (typeof end === "string" ? line(2, end) : end)),
  });
  const ledger = (value: Json, since: number): AppliedKey =>
    applied({ name: confirmed(value, since) }).get(keyId(1))!;
  const isMade = (entries: HistoryEntry[], key?: AppliedKey): boolean | undefined =>
    pastWrites(entries, key)[0]?.fields[0]?.made;

  test("one that was answered counts, and a refused or withdrawn one does not, whatever was found later", () => {
    expect(isMade([entry("applied")])).toBe(true);
    for (const end of ["rejected", "missing", "withdrawn"]) {
      const found = line(3, "applied", { found: true, fields: ["name"] });
      expect(isMade([entry(end, found)], ledger("b", 3)), end).toBe(false);
    }
  });

  test("one whose answer was lost counts where its value was found since", () => {
    expect(isMade([entry("unknown")], ledger("b", 1))).toBe(true);
    expect(isMade([entry()], ledger("b", 1))).toBe(true);
    expect(isMade([entry("unknown")], ledger("a", 1))).toBe(false);
    const found = (path: string): HistoryLine => line(3, "applied", { found: true, fields: [path] });
    expect(isMade([entry("unknown", found("name"))])).toBe(true);
    expect(isMade([entry("unknown", found("description"))])).toBe(false);
    expect(isMade([entry(), { first: claim(5, "b", "c"), rest: [line(6, "applied")] }])).toBe(true);
  });

  test("a value that was confirmed before a lost request, or by a later one, does not prove it", () => {
    expect(isMade([entry("unknown")], ledger("b", 0))).toBe(false);
    const again = { first: claim(5, "a", "b"), rest: [line(6, "applied")] };
    expect(isMade([again, entry("unknown")], ledger("b", 6))).toBe(false);
  });

  test("a line says what was confirmed before it, where it says so soundly", () => {
    const told = (more: JsonObject): unknown =>
      pastWrites([{ first: claim(1, "a", "b", more), rest: [] }], undefined)[0]?.fields[0]?.confirmed;
    expect(told({ confirmed: { value: null, at: 7 } })).toEqual({ value: null, at: 7 });
    for (const more of [
      {},
      { confirmed: 7 },
      { confirmed: { at: 7 } },
      { confirmed: { value: 1, at: "7" } },
    ]) {
      expect(told(more)).toBeUndefined();
    }
  });

  test("what the ledger has confirmed is not believed while a request for it is open", () => {
    const fields = { name: { ...confirmed("a", 5), ...claimed("b") } };
    expect(confirmedValues(applied(fields).get(keyId(1))).size).toBe(0);
    const refused = { name: { ...confirmed("a", 5), ...claimed("b", true) } };
    expect(confirmedValues(applied(refused).get(keyId(1)))).toEqual(
      new Map([["name", { value: "a", at: 5 }]]),
    );
  });
});
