import { describe, expect, it } from "vitest";

import type { HistoryFilter } from "../../src/core/history.ts";
import type { AuditEntry } from "../../src/ports.ts";
import { readHistory } from "../../src/state/open-state.ts";
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
