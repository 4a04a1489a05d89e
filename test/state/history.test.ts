import { describe, expect, it } from "vitest";

import type { HistoryFilter } from "../../src/core/history.ts";
import type { AuditEntry } from "../../src/ports.ts";
import { readHistory, readLastLine, readLineTime, readTrailStart } from "../../src/state/open-state.ts";
import { auditOf, claimOf, keyA, keyB } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

function pathWith(...entries: readonly AuditEntry[]): string {
  const path = states.path();
  const state = states.open(path);
  for (const entry of entries) {
    if (entry.event === "claimed") state.claim(claimOf(entry.keyId, []), entry);
    else state.leaveClaimed(entry.keyId, entry);
  }
  state.close();
  return path;
}

/** The numbers of the lines of each entry. */
function found(path: string, filter: Partial<HistoryFilter> = {}): number[][] {
  const entries = readHistory(`sqlite:${path}`, { limit: 50, ...filter });
  return entries.map(({ first, rest }) => [first, ...rest].map(({ seq }) => seq));
}

describe("the history", () => {
  it("gives each request with how it ended and what was read back, also in a later pass", () => {
    const path = pathWith(
      auditOf(keyA, "claimed"),
      auditOf(keyB, "claimed"),
      auditOf(keyB, "rejected"),
      auditOf(keyA, "applied"),
      { ...auditOf(keyA, "read-back"), pass: "pass-2" },
      auditOf(keyA, "claimed"),
      auditOf(keyA, "unknown"),
    );
    expect(found(path)).toEqual([
      [6, 7],
      [2, 3],
      [1, 4, 5],
    ]);
    expect(found(path, { keyId: keyA, limit: 1 })).toEqual([[6, 7]]);
  });

  it("gives what is no request by itself", () => {
    const path = pathWith(
      auditOf(keyA, "claimed"),
      auditOf(keyA, "held"),
      auditOf(keyA, "forgotten"),
      auditOf(keyA, "applied"),
    );
    expect(found(path)).toEqual([[3], [2], [1, 4]]);
  });

  it("finds by policy, time and commit, whichever file the commit is of", () => {
    const commit = "abcdef0123";
    const path = pathWith(
      { ...auditOf(keyA, "claimed", 10), policy: "one", commit },
      { ...auditOf(keyA, "claimed", 20), policy: "two", detail: { fields: [{ path: "name", commit }] } },
      { ...auditOf(keyA, "claimed", 30), policy: "one", commit: "0abcdef" },
    );
    expect(found(path, { commit: "abcd" })).toEqual([[2], [1]]);
    expect(found(path, { commit: "0abc" })).toEqual([[3]]);
    expect(found(path, { policy: "one" })).toEqual([[3], [1]]);
    expect(found(path, { since: 20 })).toEqual([[3], [2]]);
    expect(found(path, { until: 20 })).toEqual([[1]]);
    expect(found(path, { since: 11, until: 30, policy: "two", keyId: keyA, commit: "ab" })).toEqual([[2]]);
  });

  it("is empty where there is no state", () => {
    expect(found(states.path())).toEqual([]);
  });
});

describe("the beginning of the trail", () => {
  function trail(): { state: ReturnType<typeof states.open>; url: string } {
    const path = states.path();
    const state = states.open(path);
    for (const at of [10, 20, 30]) state.leaveClaimed(keyA, auditOf(keyA, "held", at));
    return { state, url: `sqlite:${path}` };
  }

  it("is told once earlier lines were taken off, also when none is left", () => {
    const { state, url } = trail();
    expect(readTrailStart(url)).toBeNull();
    state.trimAudit({ keepMs: 1_000, most: 2 }, 30);
    expect(readTrailStart(url)).toEqual({ seq: 2, at: 20 });
    state.trimAudit({ keepMs: 1, most: 9 }, 99);
    expect(readTrailStart(url)).toEqual({ seq: 4, at: null });
    expect(readTrailStart(`sqlite:${states.path()}`)).toBeNull();
  });

  it("has a last line, also when none is left", () => {
    const { state, url } = trail();
    expect(readLastLine(url)).toBe(3);
    state.trimAudit({ keepMs: 1, most: 9 }, 99);
    expect(readLastLine(url)).toBe(3);
    expect(readLastLine(`sqlite:${states.path()}`)).toBe(0);
  });

  it("bounds what is known of when a line was written", () => {
    const { state, url } = trail();
    expect([1, 2, 3, 9].map((seq) => readLineTime(url, seq))).toEqual([10, 20, 30, 30]);
    state.trimAudit({ keepMs: 1_000, most: 2 }, 30);
    expect([1, 2, 3].map((seq) => readLineTime(url, seq))).toEqual([undefined, 20, 30]);
    expect(readLineTime(`sqlite:${states.path()}`, 1)).toBeUndefined();
  });
});
