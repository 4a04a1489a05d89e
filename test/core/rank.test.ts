import { describe, expect, test } from "vitest";
import { rankOf } from "../../src/core/fields.ts";
import type { Json } from "../../src/core/policy.ts";
import { worstRank } from "../../src/core/rank.ts";

const perMinute = { type: "requests", unit: "rpm", value: 600 };
const perDay = { type: "tokens", unit: "rpd", value: 5000 };

interface Row {
  readonly path: string;
  readonly tightens: readonly (readonly [Json, Json])[];
  readonly loosens: readonly (readonly [Json, Json])[];
  readonly neutral: readonly (readonly [Json, Json])[];
}

const rows: readonly Row[] = [
  {
    path: "rate_limits",
    tightens: [
      [null, [perMinute]],
      [[perMinute], [{ ...perMinute, value: 599 }]],
      [[perMinute], [perMinute, perDay]],
      [[perMinute], [{ ...perMinute, value: 0 }]],
    ],
    loosens: [
      [[perMinute], null],
      [[perMinute], [{ ...perMinute, value: 601 }]],
      [[perMinute, perDay], [perMinute]],
      [[perMinute], [{ ...perMinute, unit: "rph" }]],
      [
        [perMinute, perDay],
        [
          { ...perMinute, value: 1 },
          { ...perDay, value: 5001 },
        ],
      ],
      [[{ ...perMinute, value: 0 }], [perMinute]],
    ],
    neutral: [
      [
        [perMinute, perDay],
        [perDay, perMinute],
      ],
      [null, null],
    ],
  },
  {
    path: "usage_limits",
    tightens: [[null, { credit_limit: 5 }]],
    loosens: [[{ credit_limit: 5 }, null]],
    neutral: [[null, null]],
  },
  {
    path: "usage_limits.credit_limit",
    tightens: [
      [500, 499.99],
      [null, 500],
      [1, 0],
    ],
    loosens: [
      [500, 500.01],
      [500, null],
      [0, 1],
    ],
    neutral: [
      [500, 500],
      [null, null],
    ],
  },
  {
    path: "usage_limits.type",
    tightens: [],
    loosens: [
      ["cost", "tokens"],
      ["tokens", "cost"],
    ],
    neutral: [
      ["cost", "cost"],
      [null, "cost"],
    ],
  },
  {
    path: "usage_limits.alert_threshold",
    tightens: [],
    loosens: [],
    neutral: [
      [1, 2],
      [2, 1],
      [null, 1],
      [1, null],
    ],
  },
  {
    path: "usage_limits.periodic_reset",
    tightens: [
      ["weekly", "monthly"],
      ["weekly", null],
      ["monthly", null],
    ],
    loosens: [
      ["monthly", "weekly"],
      [null, "monthly"],
    ],
    neutral: [["weekly", "weekly"]],
  },
  {
    path: "usage_limits.periodic_reset_days",
    tightens: [
      [30, 31],
      [30, null],
    ],
    loosens: [
      [30, 29],
      [null, 365],
    ],
    neutral: [[30, 30]],
  },
  {
    path: "scopes",
    tightens: [
      [["a", "b"], ["a"]],
      [["a"], null],
    ],
    loosens: [
      [["a"], ["a", "b"]],
      [["a", "b"], ["c"]],
      [null, ["a"]],
    ],
    neutral: [
      [
        ["a", "b"],
        ["b", "a"],
      ],
    ],
  },
  {
    path: "defaults.allow_config_override",
    tightens: [
      [true, false],
      [null, false],
    ],
    loosens: [
      [false, true],
      [false, null],
    ],
    neutral: [
      [null, true],
      [true, null],
      [false, false],
    ],
  },
  {
    path: "expires_at",
    tightens: [
      [null, "2027-01-01T00:00:00Z"],
      ["2027-01-01T00:00:01Z", "2027-01-01T00:00:00Z"],
    ],
    loosens: [
      ["2027-01-01T00:00:00Z", null],
      ["2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z"],
    ],
    neutral: [["2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]],
  },
  {
    path: "rotation_policy",
    tightens: [[null, { rotation_period: "weekly" }]],
    loosens: [[{ rotation_period: "weekly" }, null]],
    neutral: [[null, null]],
  },
  {
    path: "rotation_policy.rotation_period",
    tightens: [
      [null, "monthly"],
      ["monthly", "weekly"],
    ],
    loosens: [
      ["weekly", "monthly"],
      ["weekly", null],
    ],
    neutral: [["weekly", "weekly"]],
  },
  {
    path: "rotation_policy.rotation_period_days",
    tightens: [[30, 7]],
    loosens: [
      [7, 30],
      [7, null],
    ],
    neutral: [[7, 7]],
  },
  {
    path: "rotation_policy.next_rotation_at",
    tightens: [["2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z"]],
    loosens: [["2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"]],
    neutral: [["2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]],
  },
  {
    path: "rotation_policy.key_transition_period_ms",
    tightens: [[3_600_000, 1_800_000]],
    loosens: [[1_800_000, 3_600_000]],
    neutral: [[1_800_000, 1_800_000]],
  },
  ...[
    "name",
    "description",
    "defaults.config_id",
    "defaults.metadata",
    "defaults.metadata.team",
    "alert_emails",
  ].map((path): Row => ({
    path,
    tightens: [],
    loosens: [],
    neutral: [
      ["a", "b"],
      ["a", null],
      [null, "b"],
    ],
  })),
];

describe("which way a change goes", () => {
  test.each(rows)("$path", ({ path, ...ranks }) => {
    for (const rank of ["tightens", "loosens", "neutral"] as const) {
      for (const [from, to] of ranks[rank]) {
        expect({ from, to, rank: rankOf(path, from, to) }).toEqual({ from, to, rank });
      }
    }
  });

  test.each(rows)("$path: from an unknown value it is neutral", ({ path, ...ranks }) => {
    for (const [, to] of [...ranks.tightens, ...ranks.loosens, ...ranks.neutral]) {
      expect(rankOf(path, undefined, to)).toBe("neutral");
    }
  });

  test.each(rows)("$path: there and back is never the same direction", ({ path, ...ranks }) => {
    for (const [from, to] of ranks.tightens) expect(rankOf(path, to, from)).toBe("loosens");
  });
});

test("one part that loosens makes the whole loosen, then one that tightens", () => {
  expect(worstRank(["tightens", "neutral", "loosens"])).toBe("loosens");
  expect(worstRank(["neutral", "tightens"])).toBe("tightens");
  expect(worstRank(["neutral"])).toBe("neutral");
  expect(worstRank([])).toBe("neutral");
});
