import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { openState, readAudit, verifyAudit } from "../../src/state/open-state.ts";
import { loadDriver } from "../../src/state/sqlite-driver.ts";
import { auditOf, claimOf, keyA } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

describe("the audit trail", () => {
  it.each([
    "UPDATE audit SET event = 'applied'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 1",
    "INSERT OR REPLACE INTO audit SELECT 1, at, pass, key_id, policy, file, line, 'applied', detail, NULL, NULL, '' FROM audit",
    "REPLACE INTO audit SELECT * FROM audit",
  ])("is only ever added to: %s fails", (sql) => {
    const path = states.path();
    const state = states.open(path);
    state.leaveClaimed(keyA, auditOf(keyA, "unknown"));
    state.close();
    const db = loadDriver().open(path, { readOnly: false });
    expect(() => db.exec(sql)).toThrow(/append-only/);
    db.close();
    expect(readAudit(`sqlite:${path}`, { limit: 9 })).toMatchObject([
      { seq: 1, ...auditOf(keyA, "unknown") },
    ]);
  });

  it("gets the lines of a fact together with it", () => {
    const path = states.path();
    const state = states.open(path);
    state.saveFact("held", { digest: "x" }, [auditOf(keyA, "held", 1), auditOf(keyA, "approved", 2)]);
    expect(state.fact("held")).toEqual({ digest: "x" });
    state.close();
    expect(readAudit(`sqlite:${path}`, { limit: 9 }).map(({ event }) => event)).toEqual(["approved", "held"]);
  });

  it("gets the lines of adoptions together with them, and holds together", () => {
    const path = states.path();
    const state = states.open(path);
    state.claim(claimOf(keyA, [{ path: "name", value: "one" }]), auditOf(keyA, "claimed", 1));
    const confirm = [{ path: "name", value: "one" }];
    const adoption = { keyId: keyA, policy: "team", file: "a.yaml", line: 1, at: 2, confirm, drop: [] };
    state.adopt([adoption], [auditOf(keyA, "applied", 2)]);
    expect(state.applied().get(keyA)?.fields.get("name")?.claimed).toBeUndefined();
    state.adopt([adoption]);
    state.close();
    expect(readAudit(`sqlite:${path}`, { limit: 9 }).map(({ event }) => event)).toEqual([
      "applied",
      "claimed",
    ]);
    expect(verifyAudit(`sqlite:${path}`)).toMatchObject({ lines: 2, broken: null });
  });

  it("holds no secret, whichever of its texts had one, and neither do ledger and baseline", () => {
    const path = states.path();
    const clean = (text: string): string => text.replaceAll("s3cret", "[secret]");
    const state = openState({ url: `sqlite:${path}`, mode: "write", clean });
    const from = { policy: "a-s3cret", file: "s3cret/a.yaml", line: 1 };
    const entry = { ...auditOf(keyA, "claimed"), ...from, author: "s3cret <a@b>", detail: { a: "s3cret" } };
    const field = { path: "defaults.metadata.s3cret", value: "s3cret", from: "s3cret" };
    state.claim({ ...claimOf(keyA, [field]), ...from }, entry);
    state.close();
    expect(readFileSync(path, "latin1")).not.toContain("s3cret");
    expect(readAudit(`sqlite:${path}`, { limit: 1 })).toMatchObject([
      { policy: "a-[secret]", file: "[secret]/a.yaml", author: "[secret] <a@b>", detail: { a: "[secret]" } },
    ]);
    expect(verifyAudit(`sqlite:${path}`)).toMatchObject({ lines: 1, broken: null });
  });

  it("goes on counting where it was after reopening", () => {
    const path = states.path();
    for (let round = 0; round < 3; round++) {
      const state = states.open(path);
      state.leaveClaimed(keyA, auditOf(keyA, "failed", round));
      state.close();
    }
    expect(readAudit(`sqlite:${path}`, { limit: 2 }).map(({ seq, at }) => [seq, at])).toEqual([
      [3, 2],
      [2, 1],
    ]);
  });
});
