import { describe, expect, it } from "vitest";

import { AppError } from "../../src/errors.ts";
import { readAudit } from "../../src/state/open-state.ts";
import { auditOf, claimOf, inventoryKey, keyA, keyB, thrownBy } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();

/** Fills the state until a claim fails; gives the failure. */
function fillUp(claim: (id: string) => void): { readonly failure: unknown; readonly done: string[] } {
  const done: string[] = [];
  for (let index = 0; index < 100_000; index++) {
    const id = `key-${index}`;
    try {
      claim(id);
    } catch (failure) {
      return { failure, done };
    }
    done.push(id);
  }
  throw new Error("The state never filled up.");
}

describe("a full disk", () => {
  it("fails the step whole, keeps all before it, and goes on once there is room", () => {
    const path = states.path();
    const state = states.open(path, "write", { maxPages: 200 });
    const ballast = Array.from({ length: 100 }, (_, index) => inventoryKey(`old-${index}`, "x".repeat(500)));
    state.saveInventory(ballast);
    state.claim(claimOf(keyA, [{ path: "name", value: "before" }]), auditOf(keyA, "claimed"));
    state.confirm(keyA, 1_500, auditOf(keyA, "applied"));

    const { failure, done } = fillUp((id) =>
      state.claim(claimOf(id, [{ path: "description", value: "y".repeat(500) }]), auditOf(id, "claimed")),
    );
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code: "STATE_WRITE_FAILED", exitCode: 5 });
    expect((failure as AppError).hint).toContain("Make room");

    // Memory and disk agree on what was done, the audit trail included.
    expect([...state.applied().keys()].sort()).toEqual([keyA, ...done].sort());
    expect(state.applied().get(keyA)?.fields.get("name")?.confirmed?.value).toBe("before");
    expect(readAudit(`sqlite:${path}`, { limit: 100_000 })).toHaveLength(done.length + 2);
    const reader = states.open(path, "read");
    expect(reader.applied()).toEqual(state.applied());
    reader.close();

    const rewrite = (): void =>
      state.adopt([
        { keyId: keyB, policy: "team", file: "a.yaml", line: 1, at: 9, confirm: [], drop: [] },
        {
          ...{ keyId: keyA, policy: "team", file: "a.yaml", line: 1, at: 9, drop: ["name"] },
          confirm: [{ path: "description", value: "z".repeat(50_000) }],
        },
      ]);
    expect(thrownBy(rewrite)).toMatchObject({ code: "STATE_WRITE_FAILED" });
    expect(state.applied().has(keyB)).toBe(false);
    expect(state.applied().get(keyA)?.fields.get("name")?.confirmed?.value).toBe("before");

    state.saveInventory([]);
    rewrite();
    expect(state.applied().has(keyB)).toBe(true);
    state.close();
    expect(states.open(path).applied().get(keyA)?.fields.get("description")?.confirmed?.at).toBe(9);
  });
});
