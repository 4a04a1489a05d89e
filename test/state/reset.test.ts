import { describe, expect, it } from "vitest";
import type { Adoption, Claim } from "../../src/core/ledger.ts";
import type { KeyReset, ResetNote } from "../../src/core/reset.ts";
import { auditOf, claimOf, keyA } from "./fixtures.ts";
import { useStates } from "./use-states.ts";

const states = useStates();
type State = ReturnType<typeof states.open>;

const mark = { token: "b", at: 1_000, before: null } as const;
const note = (kind: ResetNote["kind"], token = "b"): ResetNote => ({ kind, token, at: 9_000 });

function claim(state: State, own: Partial<Claim> = {}): void {
  const reset = { token: "b", before: null };
  state.claim({ ...claimOf(keyA, []), reset, ...own }, auditOf(keyA, "claimed"));
}

function adopt(state: State, own: Partial<Adoption>): void {
  const at = { keyId: keyA, policy: "team", file: "policies/team.yaml", line: 3, at: 500 };
  state.adopt([{ ...at, confirm: [], drop: [], ...own }]);
}

/** What the ledger knows after some steps, as it is read anew from the disk. */
function after(...steps: readonly ((state: State) => void)[]): KeyReset | undefined {
  const path = states.path();
  const state = states.open(path);
  for (const step of steps) step(state);
  const known = state.applied().get(keyA)?.reset;
  state.close();
  expect(states.open(path).applied().get(keyA)?.reset).toEqual(known);
  return known;
}

const confirm = (state: State): void => state.confirm(keyA, 2_000, auditOf(keyA, "applied"));
const refuse = (state: State): void => state.refuse(keyA, 2_000, auditOf(keyA, "rejected"));
const leave = (state: State): void => state.leaveClaimed(keyA, auditOf(keyA, "unknown"));
const unsent = (state: State): void => state.leaveClaimed(keyA, auditOf(keyA, "withdrawn"), "none");
const read =
  (reset: ResetNote) =>
  (state: State): void =>
    state.noteReadBacks(
      [{ keyId: keyA, shown: [], notShown: [], unprovable: [], reset }],
      [auditOf(keyA, "read-back")],
    );

describe("a request that resets usage", () => {
  it("is kept as claimed before it goes out, with what was known before", () => {
    expect(after(claim)).toEqual({ claimed: { ...mark, stand: "open" } });
  });

  it("is settled by its answer, and open to proof", () => {
    const unproved = { at: 1_000, before: null };
    expect(after(claim, confirm)).toEqual({ settled: { token: "b", at: 2_000, end: "answered", unproved } });
  });

  it("cannot be proved where nothing was known before", () => {
    const unknown = (state: State): void => claim(state, { reset: { token: "b" } });
    expect(after(unknown, confirm)).toEqual({ settled: { token: "b", at: 2_000, end: "answered" } });
  });

  it.each([
    ["refused", refuse, "refused"],
    ["left open", leave, "open"],
    ["left unsent", unsent, "unsent"],
  ] as const)("stays claimed when it is %s", (_, end, stand) => {
    expect(after(claim, end)).toEqual({ claimed: { ...mark, stand } });
  });

  it("leaves the token before settled until it is settled itself", () => {
    const first = (state: State): void => claim(state, { reset: { token: "a" } });
    const known = after(first, confirm, claim, leave);
    expect(known).toMatchObject({ settled: { token: "a" }, claimed: { token: "b", stand: "open" } });
  });

  it("is not what a later request of the same key confirms or refuses", () => {
    const other = (state: State): void =>
      state.claim(claimOf(keyA, [{ path: "name", value: "x" }]), auditOf(keyA, "claimed"));
    expect(after(claim, leave, other, confirm)).toEqual({ claimed: { ...mark, stand: "open" } });
    expect(after(claim, leave, other, refuse)).toEqual({ claimed: { ...mark, stand: "open" } });
    expect(after(claim, leave, other, unsent)).toEqual({ claimed: { ...mark, stand: "open" } });
  });
});

describe("a look", () => {
  it.each([
    ["looked", { claimed: { ...mark, stand: "open", lookedAt: 9_000 } }],
    ["not-done", { claimed: { ...mark, stand: "not-done" } }],
    ["done", { settled: { token: "b", at: 9_000, end: "proved" } }],
    ["in-doubt", { settled: { token: "b", at: 1_000, end: "in-doubt" } }],
  ] as const)("%s, at a reset that was begun", (kind, known) => {
    expect(after(claim, leave, read(note(kind)))).toEqual(known);
    const adopted = (state: State): void => adopt(state, { reset: note(kind) });
    expect(after(claim, leave, adopted)).toEqual(known);
  });

  it.each([
    ["done", "proved"],
    ["not-shown", "not-shown"],
    ["answered", "answered"],
  ] as const)("%s, at one that was answered", (kind, end) => {
    expect(after(claim, confirm, read(note(kind)))).toEqual({ settled: { token: "b", at: 2_000, end } });
  });

  it("says nothing of another token", () => {
    expect(after(claim, leave, read(note("done", "a")))).toEqual({ claimed: { ...mark, stand: "open" } });
  });
});

describe("a key that comes under a policy", () => {
  const seen = { settled: { token: "b", at: 500, end: "seen" } };
  const come = (state: State): void => adopt(state, { token: "b" });
  const claimed = (state: State): void =>
    state.claim(
      { ...claimOf(keyA, [{ path: "name", value: "x" }], 500), token: "b" },
      auditOf(keyA, "claimed"),
    );

  it("has its token as seen, by an adoption and by a claim", () => {
    expect(after(come)).toEqual(seen);
    expect(after(claimed)).toEqual(seen);
    expect(after((state) => adopt(state, { policy: "other" }), come)).toEqual(seen);
  });

  it("that it is under already has it as something to do", () => {
    expect(after((state) => adopt(state, {}), come)).toBeUndefined();
    expect(after((state) => adopt(state, {}), claimed)).toBeUndefined();
  });

  it("keeps what it knows of the same token", () => {
    const move = (state: State): void => adopt(state, { policy: "other", token: "b" });
    expect(after(claim, leave, move)).toEqual({ claimed: { ...mark, stand: "open" } });
  });

  it("begins anew once it was forgotten", () => {
    const forget = (state: State): void => state.forget(keyA, auditOf(keyA, "forgotten"));
    expect(after(claim, confirm, forget)).toBeUndefined();
    expect(after(claim, confirm, forget, come)).toEqual(seen);
  });
});

describe("the tokens of policies that select a key together", () => {
  const selectors = (high: string | null, low: string | null) => [
    { policy: "team", token: high },
    { policy: "low", token: low },
  ];

  /** What is kept of them after some steps, as it is read anew from the disk. */
  function kept(...steps: readonly ((state: State) => void)[]): unknown {
    const path = states.path();
    const state = states.open(path);
    for (const step of steps) step(state);
    state.close();
    return states.open(path).applied().get(keyA)?.tokens;
  }

  const first = (state: State): void => adopt(state, { selectors: selectors(null, null) });

  it("are kept, and go when one of them has the key to itself", () => {
    expect(kept(first)).toEqual(
      new Map([
        ["team", null],
        ["low", null],
      ]),
    );
    expect(kept(first, (state) => adopt(state, {}))).toBeUndefined();
  });

  it("wait for a reset that is due, and are noted with its claim", () => {
    const due = (state: State): void => adopt(state, { selectors: selectors(null, "b"), token: "b" });
    const begun = (state: State): void => claim(state, { selectors: selectors(null, "b"), token: "b" });
    expect(kept(first, due)).toEqual(kept(first));
    const noted = new Map([
      ["team", null],
      ["low", "b"],
    ]);
    expect(kept(first, due, begun)).toEqual(noted);
    expect(kept(first, begun, unsent)).toEqual(noted);
  });
});
