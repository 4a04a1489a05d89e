import { describe, expect, test } from "vitest";
import type { Notice } from "../../src/core/plan.ts";
import type { Restoration } from "../../src/core/ledger.ts";
import { nextMoment } from "../../src/core/next-moment.ts";
import { applied, confirmed, keyId, plan, policy, type PlanParts } from "./build.ts";

const end = Date.parse("2026-09-20T00:00:00Z");
const day = 86_400_000;
const launch = policy({
  keyIds: [keyId(1), keyId(2)],
  key: { name: "a", expires_at: null },
  overrides: [
    { until: "2026-09-20T00:00:00Z", reason: "launch week", key: { expires_at: "2027-01-01T00:00:00Z" } },
  ],
});

function told(now: number, parts: PlanParts = {}): readonly Notice[] {
  const { notices } = plan({ policies: [launch], now, ...parts });
  return notices.filter(({ kind }) => kind === "override-ends");
}

describe("the end of an override is told of each key", () => {
  test("from a week before it on, with what will happen then, in the same words until it is a day", () => {
    expect(told(end - 7 * day - 1)).toEqual([]);
    const [first, second, ...rest] = told(end - 7 * day);
    expect(rest).toEqual([]);
    expect([first?.keyId, second?.keyId]).toEqual([keyId(1), keyId(2)]);
    expect(first?.message).toBe(
      "the override until 2026-09-20T00:00:00Z (launch week; policies/team.yaml:101) ends within 7 days; then " +
        'expires_at goes from "2027-01-01T00:00:00Z" to null',
    );
    expect(told(end - day - 1)[0]).toEqual(first);
    expect(told(end - day)[0]?.message).toContain("ends within 1 day;");
    expect(told(end - 1)).toHaveLength(2);
    expect(told(end)).toEqual([]);
  });

  test("by an edit pass too, which has nothing else to say", () => {
    const ledger = applied({ name: confirmed("a"), expires_at: confirmed("2027-01-01T00:00:00Z") });
    const parts = {
      pass: "edit",
      applied: ledger,
      policies: [{ ...launch, keyIds: launch.keyIds.slice(0, 1) }],
    } as const;
    for (let turn = 0; turn < 2; turn += 1) expect(told(end - day, parts)).toHaveLength(1);
  });

  test("but not where its policy is paused, or was paused for the key by a person", () => {
    expect(told(end - day, { policies: [{ ...launch, mode: "paused" }] })).toEqual([]);
    const restorations = new Map<string, Restoration>([[keyId(1), { at: 0, point: "its baseline" }]]);
    expect(told(end - day, { restorations }).map(({ keyId: id }) => id)).toEqual([keyId(2)]);
  });
});

describe("the next moment", () => {
  const at = (text: string): number => Date.parse(text);

  test("is over all policies, and none where nothing is to come", () => {
    const other = policy({
      name: "other",
      overrides: [{ from: "2026-09-10T00:00:00Z", until: "2026-09-11T00:00:00Z" }],
    });
    expect(nextMoment([launch, other, policy()], at("2026-09-01T00:00:00Z"))).toEqual({
      inForce: 1,
      next: { at: at("2026-09-10T00:00:00Z"), policy: "other" },
      look: at("2026-09-10T00:00:00Z"),
    });
    expect(nextMoment([launch, other], end)).toEqual({ inForce: 0, next: null, look: null });
    expect(nextMoment([], 0)).toEqual({ inForce: 0, next: null, look: null });
  });

  test("of a reminder comes before the end itself, and is none of what begins or ends", () => {
    const moments = nextMoment([launch], end - 8 * day);
    expect(moments).toEqual({ inForce: 1, next: { at: end, policy: "team" }, look: end - 7 * day });
    expect(nextMoment([launch], end - 7 * day).look).toBe(end - day);
    expect(nextMoment([launch], end - day).look).toBe(end);
  });

  test("is none of an override that can never be in force", () => {
    const never = policy({ overrides: [{ from: "2026-09-11T00:00:00Z", until: "2026-09-10T00:00:00Z" }] });
    expect(nextMoment([never], 0)).toEqual({ inForce: 0, next: null, look: null });
  });
});
