import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ChainBreak } from "../../src/core/history.ts";
import type { AuditEntry } from "../../src/ports.ts";
import { hashOf } from "../../src/state/audit-chain.ts";
import { readAudit, verifyAudit } from "../../src/state/open-state.ts";
import { migrations } from "../../src/state/schema.ts";
import type { SqlDatabase } from "../../src/state/sqlite-driver.ts";
import { auditOf, keyA, keyB } from "./fixtures.ts";
import { behind, useStates } from "./use-states.ts";

const states = useStates();

/** The path of a closed state with this many lines of the audit trail. */
function trailOf(lines: number): string {
  const path = states.path();
  addTo(path, lines);
  return path;
}

function addTo(path: string, lines: number): void {
  const state = states.open(path);
  for (let at = 1; at <= lines; at += 1)
    state.leaveClaimed(at % 2 === 0 ? keyA : keyB, auditOf(keyA, "failed", at));
  state.close();
}

function verify(path: string): ReturnType<typeof verifyAudit> {
  return verifyAudit(`sqlite:${path}`);
}

/** Somebody who can write to the file takes the triggers away first. */
function tamper(path: string, work: (db: SqlDatabase) => unknown): void {
  behind(path, (db) => {
    for (const row of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
      db.exec(`DROP TRIGGER ${String(row["name"])}`);
    }
    work(db);
  });
}

function renumber(db: SqlDatabase, from: number, by: number): void {
  db.exec(
    `UPDATE audit SET seq = -(seq + ${by}) WHERE seq >= ${from}; UPDATE audit SET seq = -seq WHERE seq < 0`,
  );
}

function swap(db: SqlDatabase, one: number, two: number): void {
  db.exec(
    `UPDATE audit SET seq = -${one} WHERE seq = ${one}; UPDATE audit SET seq = ${one} WHERE seq = ${two};
     UPDATE audit SET seq = ${two} WHERE seq = -${one}`,
  );
}

function forge(db: SqlDatabase, seq: number): void {
  db.exec(`INSERT INTO audit SELECT ${seq}, at, pass, key_id, policy, file, line, event, '{}', commit_id, author, hash
           FROM audit WHERE seq <> ${seq} LIMIT 1`);
}

/** Writes the chain anew from a line on, as somebody can who knows how it is made. */
function rechain(db: SqlDatabase, from: number): void {
  let previous = String(db.prepare("SELECT hash FROM audit WHERE seq = ?").get(from - 1)?.["hash"] ?? "");
  for (const row of db.prepare("SELECT * FROM audit WHERE seq >= ? ORDER BY seq").all(from)) {
    previous = hashOf(previous, row);
    db.prepare("UPDATE audit SET hash = ? WHERE seq = ?").run(previous, row["seq"]!);
  }
}

describe("an audit trail that nobody touched", () => {
  it("holds together, and says where it ends", () => {
    const path = trailOf(5);
    const [latest] = readAudit(`sqlite:${path}`, { limit: 1 });
    const last = { seq: 5, hash: latest!.hash };
    expect(verify(path)).toEqual({ lines: 5, before: 0, trimmed: null, last, broken: null });
    expect(last.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is one chain over reopenings, and beside its writer", () => {
    const path = trailOf(2);
    addTo(path, 2);
    const state = states.open(path);
    state.leaveClaimed(keyA, auditOf(keyA, "unknown"));
    expect(verify(path)).toMatchObject({ lines: 5, broken: null });
  });

  it("is empty where there is no state, and in a new one", () => {
    const empty = { lines: 0, before: 0, trimmed: null, last: null, broken: null };
    expect(verify(states.path())).toEqual(empty);
    expect(verify(trailOf(0))).toEqual(empty);
  });

  it("holds whatever is written into it", () => {
    const text = fc.string({ unit: "binary", maxLength: 12 });
    const entry = fc.record({
      ...{ at: fc.integer({ min: 0, max: 2 ** 50 }), line: fc.integer({ min: 0, max: 2 ** 31 }) },
      ...{ pass: text, policy: text, file: text, commit: fc.option(text), author: fc.option(text) },
      detail: fc.dictionary(text, fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }))),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
        const path = states.path();
        const state = states.open(path);
        for (const one of entries) {
          const detail = JSON.parse(JSON.stringify(one.detail)) as AuditEntry["detail"];
          state.leaveClaimed(keyA, { ...auditOf(keyA, "unknown"), ...one, detail });
        }
        state.close();
        expect(verify(path)).toMatchObject({ lines: entries.length, broken: null });
      }),
      { numRuns: 50 },
    );
  });

  it("takes no part of a step that fails", () => {
    const path = states.path();
    const state = states.open(path, "write", { maxPages: 60 });
    const long = { ...auditOf(keyA, "failed"), detail: { message: "x".repeat(3_000) } };
    expect(() => {
      for (let count = 0; count < 1_000; count += 1) state.leaveClaimed(keyA, long);
    }).toThrow(/full/);
    state.leaveClaimed(keyA, auditOf(keyA, "failed"));
    state.close();
    expect(verify(path).broken).toBeNull();
    addTo(path, 3);
    expect(verify(path).broken).toBeNull();
  });
});

describe("what somebody does to the file shows", () => {
  const cases: readonly [string, (db: SqlDatabase) => unknown, Partial<ChainBreak>][] = [
    [
      "a value changed",
      (db) => db.exec("UPDATE audit SET detail = '{}' WHERE seq = 4"),
      { seq: 4, how: "changed" },
    ],
    [
      "an instant changed",
      (db) => db.exec("UPDATE audit SET at = at + 1 WHERE seq = 1"),
      { seq: 1, how: "changed" },
    ],
    [
      "an author put in",
      (db) => db.exec("UPDATE audit SET author = 'x' WHERE seq = 9"),
      { seq: 9, how: "changed" },
    ],
    [
      "a hash emptied",
      (db) => db.exec("UPDATE audit SET hash = '' WHERE seq = 2"),
      { seq: 2, how: "changed" },
    ],
    [
      "a hash in capitals",
      (db) => db.exec("UPDATE audit SET hash = upper(hash) WHERE seq = 3"),
      { seq: 3, how: "changed" },
    ],
    [
      "a huge number",
      (db) => db.exec("UPDATE audit SET at = 9007199254740993 WHERE seq = 6"),
      { seq: 6, how: "changed" },
    ],
    [
      "a line taken out",
      (db) => db.exec("DELETE FROM audit WHERE seq = 5"),
      { seq: 5, how: "missing", message: "line 5 is not there" },
    ],
    [
      "lines taken out",
      (db) => db.exec("DELETE FROM audit WHERE seq IN (5, 6, 7)"),
      { seq: 5, how: "missing", message: "lines 5 to 7 are not there" },
    ],
    ["the front lost", (db) => db.exec("DELETE FROM audit WHERE seq < 4"), { seq: 1, how: "missing" }],
    [
      "a line taken out, the rest renumbered",
      (db) => {
        db.exec("DELETE FROM audit WHERE seq = 5");
        renumber(db, 6, -1);
      },
      { seq: 5, how: "missing" },
    ],
    [
      "the last but one taken out, the last renumbered",
      (db) => {
        db.exec("DELETE FROM audit WHERE seq = 8");
        renumber(db, 9, -1);
      },
      { seq: 8, how: "missing" },
    ],
    [
      "a line put in",
      (db) => {
        renumber(db, 5, 1);
        forge(db, 5);
      },
      { seq: 5, how: "inserted" },
    ],
    ["a line put behind the last", (db) => forge(db, 10), { seq: 10, how: "inserted" }],
    ["a line put before the first", (db) => forge(db, 0), { seq: 0, how: "inserted" }],
    ["neighbours changed round", (db) => swap(db, 4, 5), { seq: 4, how: "reordered" }],
    ["lines far apart changed round", (db) => swap(db, 2, 8), { seq: 2, how: "reordered" }],
    [
      "a line moved to the end",
      (db) => {
        db.exec("UPDATE audit SET seq = 10 WHERE seq = 3");
        renumber(db, 4, -1);
      },
      { seq: 3, how: "reordered" },
    ],
    [
      "the end cut off",
      (db) => db.exec("DELETE FROM audit WHERE seq > 7"),
      { seq: 8, how: "truncated", message: "lines 8 to 9 are cut off the end" },
    ],
    ["everything taken out", (db) => db.exec("DELETE FROM audit"), { seq: 1, how: "truncated" }],
    [
      "a change with the chain written anew, but for the stored head",
      (db) => {
        db.exec("UPDATE audit SET policy = 'x' WHERE seq = 3");
        rechain(db, 3);
      },
      { seq: 9, how: "changed" },
    ],
    [
      "the stored head taken away",
      (db) => db.exec("DELETE FROM audit_mark WHERE name = 'head'"),
      { how: "missing" },
    ],
    [
      "the anchor moved on",
      (db) => db.exec("UPDATE audit_mark SET seq = 3 WHERE name = 'anchor'"),
      { seq: 1, how: "inserted" },
    ],
    [
      "the beginning moved on",
      (db) => db.exec("UPDATE audit_mark SET seq = 4 WHERE name = 'began'"),
      { seq: 1, how: "changed" },
    ],
  ];

  it.each(cases)("%s", (_what, work, broken) => {
    const path = trailOf(9);
    tamper(path, work);
    expect(verify(path).broken).toMatchObject(broken);
  });

  it("also after more was written behind it, and what is written behind it is not lost", () => {
    for (const [, work, broken] of cases) {
      const path = trailOf(9);
      tamper(path, work);
      addTo(path, 3);
      expect(readAudit(`sqlite:${path}`, { limit: 3 }).map(({ at }) => at)).toEqual([3, 2, 1]);
      const after = verify(path).broken;
      expect(after).not.toBeNull();
      if (broken.how === "changed" && broken.seq !== 9) expect(after).toMatchObject(broken);
    }
  });
});

describe("lines from before the chain", () => {
  /** A state as the version before the chain left it. */
  function oldTrail(lines: number): string {
    const path = states.path();
    behind(path, (db) => {
      db.exec(migrations[0]!);
      db.exec(`PRAGMA application_id = 1263752279; PRAGMA user_version = 1`);
      const insert = db.prepare(
        "INSERT INTO audit (at, pass, key_id, policy, file, line, event, detail) VALUES (?, 'p', ?, 'team', 'a.yaml', 1, 'applied', '{}')",
      );
      for (let at = 1; at <= lines; at += 1) insert.run(at, keyA);
    });
    return path;
  }

  it("are kept, counted, and not taken for broken", () => {
    const path = oldTrail(3);
    addTo(path, 2);
    expect(verify(path)).toMatchObject({ lines: 5, before: 3, last: { seq: 5 }, broken: null });
    expect(readAudit(`sqlite:${path}`, { limit: 9 })[4]).toMatchObject({ seq: 1, hash: "", commit: null });
  });

  it("cannot be made of later ones", () => {
    const path = oldTrail(3);
    addTo(path, 2);
    tamper(path, (db) => db.exec("UPDATE audit SET hash = '', policy = 'x' WHERE seq = 4"));
    expect(verify(path).broken).toMatchObject({ seq: 4, how: "changed" });
  });

  it("are missed when they are gone", () => {
    const path = oldTrail(3);
    addTo(path, 2);
    tamper(path, (db) => db.exec("DELETE FROM audit WHERE seq = 2"));
    expect(verify(path).broken).toMatchObject({ seq: 2, how: "missing" });
  });
});

describe("a bounded audit trail", () => {
  const day = 86_400_000;
  const all = { keepMs: 400 * day, most: 1_000 };

  function trimmed(path: string, bounds: Partial<typeof all>, now = 10): void {
    const state = states.open(path);
    state.trimAudit({ ...all, ...bounds }, now);
    state.close();
  }

  it("loses its oldest lines, and the rest verifies from there on", () => {
    const path = trailOf(9);
    const fourth = readAudit(`sqlite:${path}`, { limit: 9 }).find(({ seq }) => seq === 4)!;
    trimmed(path, { most: 5 });
    const anchor = { seq: 4, hash: fourth.hash };
    expect(verify(path)).toMatchObject({ lines: 5, trimmed: anchor, last: { seq: 9 }, broken: null });
    addTo(path, 1);
    expect(verify(path)).toMatchObject({ lines: 6, trimmed: anchor, last: { seq: 10 }, broken: null });
  });

  it("loses what is too old, up to the first line that is not", () => {
    const path = trailOf(9);
    trimmed(path, { keepMs: 5 }, 10);
    expect(verify(path)).toMatchObject({ lines: 5, trimmed: { seq: 4 }, broken: null });
  });

  it("is left alone while it is within its bounds", () => {
    const path = trailOf(9);
    trimmed(path, {});
    trimmed(path, { most: 9, keepMs: 9 });
    expect(verify(path)).toMatchObject({ lines: 9, trimmed: null });
  });

  it("may be taken off whole, and goes on counting where it was", () => {
    const path = trailOf(9);
    trimmed(path, { keepMs: 1 }, 10 * day);
    expect(verify(path)).toMatchObject({ lines: 0, trimmed: { seq: 9 }, last: { seq: 9 }, broken: null });
    addTo(path, 1);
    expect(readAudit(`sqlite:${path}`, { limit: 2 }).map(({ seq }) => seq)).toEqual([10]);
    expect(verify(path)).toMatchObject({ lines: 1, trimmed: { seq: 9 }, last: { seq: 10 }, broken: null });
  });

  it("with lines from before the chain verifies as well, wherever it is cut", () => {
    for (const most of [1, 2, 3, 4]) {
      const path = trailOf(0);
      behind(path, (db) => {
        db.exec("DROP TRIGGER audit_mark_onwards; UPDATE audit_mark SET seq = 3 WHERE name = 'began'");
        db.exec("UPDATE audit_mark SET seq = 2 WHERE name = 'head'");
        for (const seq of [1, 2]) {
          db.exec(
            `INSERT INTO audit VALUES (${seq}, 1, 'p', 'k', 'team', 'a.yaml', 1, 'applied', '{}', NULL, NULL, '')`,
          );
        }
      });
      addTo(path, 2);
      trimmed(path, { most });
      expect(verify(path)).toMatchObject({ lines: most, before: Math.max(0, most - 2), broken: null });
    }
  });

  it("tells a front that was taken off from one that was lost", () => {
    const path = trailOf(9);
    trimmed(path, { most: 5 });
    tamper(path, (db) => db.exec("DELETE FROM audit WHERE seq = 5"));
    expect(verify(path).broken).toMatchObject({ seq: 5, how: "missing" });
  });

  it.each([
    "DELETE FROM audit WHERE seq = 5",
    "UPDATE audit_mark SET seq = 9 WHERE name = 'anchor'",
    "UPDATE audit_mark SET seq = seq - 1",
    "UPDATE audit_mark SET name = 'began' WHERE name = 'anchor'",
    "DELETE FROM audit_mark",
    "INSERT OR REPLACE INTO audit_mark VALUES ('anchor', 9, '')",
  ])("loses nothing else: %s fails", (sql) => {
    const path = trailOf(9);
    trimmed(path, { most: 5 });
    behind(path, (db) => expect(() => db.exec(sql)).toThrow(/append-only/));
    expect(verify(path)).toMatchObject({ lines: 5, broken: null });
  });

  it("is not trimmed where the state was opened for reading", () => {
    const path = trailOf(9);
    const state = states.open(path, "read");
    state.trimAudit({ keepMs: 1, most: 1 }, 1e12);
    expect(verify(path)).toMatchObject({ lines: 9 });
  });
});
