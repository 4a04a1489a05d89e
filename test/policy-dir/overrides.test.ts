import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";
import { uuid } from "./support.ts";

function parse(overrides: string): ReturnType<typeof parsePolicies> {
  const text = `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: timed }
spec:
  keyId: ${uuid(1)}
  key: { name: a, rate_limits: null }
${overrides}`;
  return parsePolicies("timed.yaml", Buffer.from(text), defaultLimits);
}

describe("the overrides of a policy", () => {
  const { policies, problems } = parse(`  overrides:
    - from: 2026-11-24T09:00:00+01:00
      until: 2026-12-01T00:00:00.250Z
      reason: "  launch week, OPS-412 "
      key:
        rate_limits: [{ type: requests, unit: rpm, value: 2400 }]
    - { until: 2027-01-01T00:00:00Z, reason: later, key: { name: b } }
`);

  test("are read with their instants, in whatever zone they are written", () => {
    expect(problems).toEqual([]);
    expect(policies[0]?.overrides).toMatchObject([
      {
        from: Date.parse("2026-11-24T08:00:00Z"),
        until: Date.parse("2026-12-01T00:00:00.250Z"),
        reason: "launch week, OPS-412",
      },
      {
        from: null,
        until: Date.parse("2027-01-01T00:00:00Z"),
        reason: "later",
        key: { value: { name: "b" } },
      },
    ]);
  });

  test("know where they stand, where their end is written, and each of their fields", () => {
    const file = "timed.yaml";
    const [first, second] = policies[0]!.overrides;
    expect(first).toMatchObject({
      place: { file, line: 8, column: 7 },
      untilPlace: { file, line: 9, column: 7 },
    });
    expect(first?.key.places.get("/rate_limits")).toEqual({ file, line: 12, column: 9 });
    expect(second?.place).toEqual({ file, line: 13, column: 7 });
    expect(second?.key.places.get("/name")).toEqual({ file, line: 13, column: 60 });
  });

  test("are one and the same empty list for all policies that have none", () => {
    expect(parse("").policies[0]?.overrides).toBe(parse("  overrides: []\n").policies[0]?.overrides);
  });

  test("are at most fifty", () => {
    const one = "    - { until: 2027-01-01T00:00:00Z, reason: x, key: { name: b } }\n";
    expect(parse(`  overrides:\n${one.repeat(50)}`).problems).toEqual([]);
    expect(parse(`  overrides:\n${one.repeat(51)}`).problems).toMatchObject([
      {
        code: "KS1204",
        path: "spec.overrides",
        message: "spec.overrides has 51 items; at most 50 are accepted: delete some",
      },
    ]);
  });

  test("are none of a profile's business", () => {
    const text = "apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: p }\nspec: { overrides: [] }\n";
    const { problems: found } = parsePolicies("p.yaml", Buffer.from(text), defaultLimits);
    expect(found).toMatchObject([{ code: "KS1201", path: "spec.overrides" }]);
  });
});
