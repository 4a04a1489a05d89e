import { describe, expect, test } from "vitest";
import { createResolver, nothingLive, type Resolution } from "../../src/core/resolve.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import {
  keyId,
  now,
  plan,
  policy,
  policySet,
  profile,
  resolve,
  seen,
  liveKey,
  type OverrideParts,
} from "./build.ts";

const ms = (text: string): number => Date.parse(text);
const minute = (n: number): string => `2026-09-01T12:${String(n).padStart(2, "0")}:00Z`;

const rate = (value: number): JsonObject => ({
  rate_limits: [{ type: "requests", unit: "rpm", value }],
});

function team(overrides: readonly OverrideParts[], key: JsonObject = rate(600)) {
  return policy({ key, overrides });
}

function rateOf(resolution: Resolution): unknown {
  const value = resolution.desired.get(keyId(1))?.fields.get("rate_limits")?.value;
  return (value as { value: number }[] | null | undefined)?.[0]?.value;
}

describe("an override is in force", () => {
  const policies = [team([{ from: minute(10), until: minute(20), key: rate(2400) }])];

  test.each([
    ["before its beginning", ms(minute(10)) - 1, 600],
    ["at its beginning", ms(minute(10)), 2400],
    ["a moment before its end", ms(minute(20)) - 1, 2400],
    ["at its end", ms(minute(20)), 600],
    ["long after it", ms("2036-01-01T00:00:00Z"), 600],
  ])("or not, %s", (_when, at, wanted) => {
    expect(rateOf(resolve({ policies }, at))).toBe(wanted);
  });

  test("ever since where it has no beginning", () => {
    const endless = [team([{ until: minute(20), key: rate(2400) }])];
    expect(rateOf(resolve({ policies: endless }, 0))).toBe(2400);
  });
});

describe("what it says", () => {
  test("is laid over profiles and key, part by part, later ones in the list last", () => {
    const base = profile({ name: "base", key: { usage_limits: { credit_limit: 1, alert_threshold: 1 } } });
    const top = policy({
      profiles: ["base"],
      key: { usage_limits: { credit_limit: 5 }, name: "a", description: null },
      overrides: [
        { from: minute(10), until: minute(50), key: { usage_limits: { credit_limit: 50 }, name: "late" } },
        { until: minute(40), key: { name: "early", description: "launch" } },
      ],
    });
    const { desired, problems } = resolve({ policies: [top], profiles: [base] }, ms(minute(30)));
    const fields = desired.get(keyId(1))!.fields;
    expect(Object.fromEntries([...fields].map(([path, { value }]) => [path, value]))).toEqual({
      "usage_limits.credit_limit": 50,
      "usage_limits.alert_threshold": 1,
      // Not the one that began last: the one that stands last.
      name: "early",
      description: "launch",
    });
    expect(problems.map(({ code }) => code)).toEqual(["KS1353"]);
  });

  test("is told with its policy, its end and its place", () => {
    const policies = [team([{ until: "2026-09-01T22:00:00+02:00", key: rate(2400) }])];
    expect(resolve({ policies }).desired.get(keyId(1))?.fields.get("rate_limits")).toMatchObject({
      source: "override of team until 2026-09-01T20:00:00Z",
      place: { file: "policies/team.yaml", line: 105 },
    });
  });

  test("empties a field with null, and gives the part of an emptied group a value", () => {
    const key = { usage_limits: null, expires_at: "2027-01-01T00:00:00Z" };
    const policies = [
      team([{ until: minute(9), key: { expires_at: null, usage_limits: { credit_limit: 7 } } }], key),
    ];
    const during = resolve({ policies });
    expect(during.problems).toEqual([]);
    expect([...during.desired.get(keyId(1))!.fields].map(([path, { value }]) => [path, value])).toEqual([
      ["expires_at", null],
      ["usage_limits.credit_limit", 7],
    ]);
    const { fields } = resolve({ policies }, ms(minute(9))).desired.get(keyId(1))!;
    expect(fields.get("usage_limits")?.value).toBe(null);
    expect(fields.get("expires_at")?.value).toBe("2027-01-01T00:00:00Z");
  });
});

describe("what is remembered of a policy", () => {
  const timed = team([{ from: minute(10), until: minute(20), key: rate(2400) }]);
  const plain = policy({ name: "plain", keyIds: [keyId(2)], key: rate(1) });
  const set = policySet({ policies: [timed, plain] });

  function resolver(): (at: number) => Resolution {
    const remembering = createResolver();
    return (at) => remembering(set, nothingLive(at));
  }

  test("holds as long as nothing begins or ends, and not a millisecond longer", () => {
    const at = resolver();
    const before = at(0).desired.get(keyId(1));
    expect(at(ms(minute(10)) - 1).desired.get(keyId(1))).toBe(before);
    const during = at(ms(minute(10))).desired.get(keyId(1));
    expect(during).not.toBe(before);
    expect(at(ms(minute(20)) - 1).desired.get(keyId(1))).toBe(during);
    expect(at(ms(minute(20))).desired.get(keyId(1))).not.toBe(during);
  });

  test("is forgotten for no policy without overrides, however much time passes", () => {
    const at = resolver();
    const first = at(0).desired.get(keyId(2));
    for (const moment of [ms(minute(10)), ms(minute(20)), ms("2036-01-01T00:00:00Z")]) {
      expect(at(moment).desired.get(keyId(2))).toBe(first);
    }
  });

  test("is right again for a clock that was set back", () => {
    const at = resolver();
    expect([minute(30), minute(15), minute(5), minute(25)].map((when) => rateOf(at(ms(when))))).toEqual([
      600, 2400, 600, 600,
    ]);
  });
});

describe("what comes by itself", () => {
  test("is known field by field: what is in force, and what holds after it", () => {
    const policies = [
      team(
        [
          { until: minute(20), key: { ...rate(2400), usage_limits: { credit_limit: 9 } } },
          { from: minute(20), until: minute(30), key: { expires_at: "2026-10-01T00:00:00Z" } },
        ],
        { ...rate(600), usage_limits: { credit_limit: 5 }, expires_at: null },
      ),
    ];
    const { course } = resolve({ policies }).desired.get(keyId(1))!;
    expect(course.inForce.map(({ until }) => until)).toEqual([ms(minute(20))]);
    expect(
      course.upcoming.map(({ at, begins, ends, fields }) => [
        new Date(at).toISOString(),
        begins.length,
        ends.length,
        fields.map(({ path, from, to, rank, source }) => [path, from, to, rank, source]),
      ]),
    ).toEqual([
      [
        "2026-09-01T12:20:00.000Z",
        1,
        1,
        [
          [
            "expires_at",
            null,
            "2026-10-01T00:00:00Z",
            "tightens",
            "override of team until 2026-09-01T12:30:00Z",
          ],
          [
            "rate_limits",
            [{ type: "requests", unit: "rpm", value: 2400 }],
            [{ type: "requests", unit: "rpm", value: 600 }],
            "tightens",
            "team",
          ],
          ["usage_limits.credit_limit", 9, 5, "tightens", "team"],
        ],
      ],
      ["2026-09-01T12:30:00.000Z", 0, 1, [["expires_at", "2026-10-01T00:00:00Z", null, "loosens", "team"]]],
    ]);
  });

  test("compares a whole group with the parts it had", () => {
    const rotation = { rotation_policy: { rotation_period: "weekly" } };
    const policies = [team([{ until: minute(20), key: rotation }], { rotation_policy: null })];
    const [end] = resolve({ policies }).desired.get(keyId(1))!.course.upcoming;
    expect(end?.fields).toMatchObject([
      { path: "rotation_policy", from: { rotation_period: "weekly" }, to: null, rank: "loosens" },
    ]);
  });

  test("is nothing where an override has no effect beside another", () => {
    const both = rate(2400);
    const policies = [
      team([
        { until: minute(20), key: both },
        { until: minute(30), key: both },
      ]),
    ];
    const { course } = resolve({ policies }).desired.get(keyId(1))!;
    expect(course.upcoming.map(({ fields }) => fields.length)).toEqual([0, 1]);
  });
});

test("an end is a change as any other: from the value in force to the one that holds again", () => {
  const policies = [team([{ until: minute(20), key: rate(100) }])];
  const live = seen(liveKey(1, rate(100)));
  expect(plan({ policies, sightOf: live, now: ms(minute(20)) - 1 }).changes).toEqual([]);
  expect(plan({ policies, sightOf: live, now: ms(minute(20)) })).toMatchObject({
    summary: { changes: 1, loosens: 1 },
    changes: [{ rank: "loosens", fields: [{ path: "rate_limits", place: { line: 12 } }] }],
  });
  expect(now).toBeLessThan(ms(minute(20)));
});
