import { describe, expect, test } from "vitest";
import { isListDoubted, judgePlan, releasePlan, type GuardContext } from "../../src/core/guard.ts";
import type { Plan } from "../../src/core/plan.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { keyId, liveKey, now, own, plan, seen } from "./build.ts";

const limits = { changed: 0.3, loosened: 0.1, shrunk: 0.2, floor: 2 };

function context(given: Partial<GuardContext> = {}): GuardContext {
  const budget = { requests: 4, perMs: 1_000 };
  return { limits, now, budget, lastListed: null, foreign: false, isOwn: () => false, ...given };
}

/** `governed` keys, of which the first so many are tightened, the next loosened, the next renamed. */
function planOf(governed: number, parts: { tightens?: number; loosens?: number; neutral?: number }): Plan {
  const { tightens = 0, loosens = 0, neutral = 0 } = parts;
  const wanted = (n: number): JsonObject => {
    if (n <= tightens) return { usage_limits: { type: "cost", credit_limit: 5 } };
    if (n <= tightens + loosens) return { usage_limits: { type: "cost", credit_limit: 500 } };
    return { name: n <= tightens + loosens + neutral ? "renamed" : "key" };
  };
  const ids = Array.from({ length: governed }, (_, index) => index + 1);
  const limit = { usage_limits: { type: "cost", credit_limit: 50 } };
  return plan({
    policies: ids.map((n) => own(n, wanted(n))),
    sightOf: seen(...ids.map((n) => liveKey(n, limit))),
  });
}

function passed({ changes }: Plan): string[] {
  return changes.map(({ rank }) => rank);
}

test("a plan within its limits passes as it is", () => {
  const made = planOf(20, { tightens: 2, loosens: 2, neutral: 2 });
  expect(judgePlan(made, context())).toBe(made);
});

describe("more changes than their share", () => {
  const judged = judgePlan(planOf(20, { tightens: 3, neutral: 4 }), context());

  test("are all held, what tightens too", () => {
    expect(judged.changes).toEqual([]);
    expect(judged.held).toHaveLength(7);
    expect(judged.summary).toMatchObject({ changes: 7, held: 7, unchanged: 13 });
  });

  test("are refused with the count, the threshold and the one command to go on", () => {
    expect(judged.refusals).toEqual([
      {
        rule: "changed",
        limit: 6,
        actual: 7,
        approve: `keysteward approve ${judged.heldDigest ?? ""}`,
        message:
          "7 of 20 enforced keys would change, and more than 6 at once are not believed (30%, at least 2): nothing is written",
      },
    ]);
  });

  test("pass when they are no more than the floor, or when the rule is off", () => {
    const made = planOf(4, { neutral: 2 });
    expect(judgePlan(made, context({ limits: { ...limits, changed: 0 } }))).toBe(made);
    const all = planOf(20, { neutral: 20 });
    expect(judgePlan(all, context({ limits: { ...limits, changed: null } }))).toBe(all);
  });

  test("count the same wherever the plan came from", () => {
    const edit = { ...planOf(20, { neutral: 7 }), pass: "edit" } as const;
    expect(judgePlan(edit, context()).held).toHaveLength(7);
  });
});

describe("more loosening than its share", () => {
  test("is held alone: what tightens and what is neutral passes", () => {
    const judged = judgePlan(planOf(20, { tightens: 2, loosens: 3, neutral: 1 }), context());
    expect(passed(judged)).toEqual(["tightens", "tightens", "neutral"]);
    expect(judged.refusals).toMatchObject([{ rule: "loosened", limit: 2, actual: 3 }]);
  });

  test("holds everything where too many keys change as well", () => {
    const judged = judgePlan(planOf(20, { tightens: 5, loosens: 5 }), context());
    expect(judged.refusals.map(({ rule }) => rule)).toEqual(["changed", "loosened"]);
    expect(judged.changes).toEqual([]);
  });
});

describe("a list that is shorter than the last complete one", () => {
  const listed = (live: number): Plan => {
    const made = planOf(10, { neutral: 1 });
    return { ...made, summary: { ...made.summary, live } };
  };

  test("by more than its share holds everything, and is doubted", () => {
    const judged = judgePlan(listed(79), context({ lastListed: 100 }));
    expect(judged.refusals).toMatchObject([{ rule: "shrunk", limit: 20, actual: 21 }]);
    expect([judged.changes, judged.held.length, isListDoubted(judged)]).toEqual([[], 1, true]);
  });

  test("by its share or less, or longer, is believed", () => {
    for (const live of [80, 100, 150]) {
      expect(judgePlan(listed(live), context({ lastListed: 100 })).refusals).toEqual([]);
    }
    expect(judgePlan(listed(0), context({ lastListed: 2 })).refusals).toEqual([]);
  });

  test("is another thing to approve with each length, even where no key would change", () => {
    const digests = [60, 61].map((live) => {
      const made = planOf(10, {});
      const shorter = { ...made, summary: { ...made.summary, live } };
      return judgePlan(shorter, context({ lastListed: 100 })).heldDigest;
    });
    expect(new Set(digests).size).toBe(2);
    expect(digests).not.toContain(null);
  });
});

test("policies of another organisation: told although there is nothing to hold, and the list is doubted", () => {
  const judged = judgePlan(planOf(3, {}), context({ foreign: true }));
  expect(judged.refusals).toMatchObject([{ rule: "foreign", limit: 1, actual: 0 }]);
  expect([judged.held, isListDoubted(judged)]).toEqual([[], true]);
  expect(judged.heldDigest).toMatch(/^[0-9a-f]{16}$/);
});

test("what could lock us out is held alone, with its reason", () => {
  const policies = [
    own(1, { usage_limits: { credit_limit: 5 } }),
    own(2, { usage_limits: { credit_limit: 5 } }),
  ];
  const made = plan({ policies, sightOf: seen(liveKey(1), liveKey(2)) });
  const judged = judgePlan(made, context({ isOwn: (id) => id === keyId(2) }));
  expect(judged.changes.map((change) => change.keyId)).toEqual([keyId(1)]);
  expect(judged.held.map((change) => change.keyId)).toEqual([keyId(2)]);
  expect(judged.refusals).toMatchObject([{ rule: "self-lockout", limit: 0, actual: 1 }]);
  expect(judged.refusals[0]?.message).toContain(`${keyId(2)} (p2) would have a credit limit of 5`);
});

describe("the digest of what is held", () => {
  test("is that of the plan when all of it is held", () => {
    const judged = judgePlan(planOf(20, { neutral: 9 }), context());
    expect(judged.heldDigest).toBe(judged.digest);
  });

  test("stays the same once the rest is sent", () => {
    const first = judgePlan(planOf(20, { tightens: 2, loosens: 3 }), context());
    const made = planOf(20, { tightens: 2, loosens: 3 });
    const later = { ...made, changes: made.changes.filter(({ rank }) => rank === "loosens") };
    expect(judgePlan(later, context()).heldDigest).toBe(first.heldDigest);
    expect(first.heldDigest).not.toBe(first.digest);
  });

  test("moves with a value", () => {
    const digest = (limit: number): string | null => {
      const policies = [1, 2, 3].map((n) => own(n, { usage_limits: { credit_limit: limit } }));
      const live = [1, 2, 3].map((n) => liveKey(n, { usage_limits: { type: "cost", credit_limit: 10 } }));
      return judgePlan(plan({ policies, sightOf: seen(...live) }), context()).heldDigest;
    };
    expect(digest(20)).not.toBe(digest(21));
  });
});

test("what was approved passes and does not count", () => {
  const made = planOf(20, { loosens: 5 });
  const isApproved = ({ keyId: id }: { keyId: string }): boolean => id <= keyId(3);
  expect(judgePlan(made, context({ isApproved }))).toBe(made);
  const stricter = context({ isApproved, limits: { ...limits, floor: 1, loosened: 0 } });
  expect(judgePlan(made, stricter).held.map((change) => change.keyId)).toEqual([keyId(4), keyId(5)]);
});

test("released, a plan is what it was", () => {
  const made = planOf(20, { tightens: 2, loosens: 3, neutral: 1 });
  expect(releasePlan(judgePlan(made, context()))).toEqual(made);
  expect(releasePlan(made)).toBe(made);
});
