import { expect, test } from "vitest";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";

const head = `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: a }
spec:
  keyId: f47ac10b-58cc-4372-a567-0e02b2c3d479
  key:
    name: a
`;

function parse(text: string) {
  return parsePolicies("policies/a.yaml", new TextEncoder().encode(text), defaultLimits);
}

test.each([
  "usage_limits:",
  "expires_at: # soon",
  "usage_limits:\n      credit_limit: 5\n      alert_threshold:",
  "defaults: { metadata: { team } }",
])("a value that is left out is never read as null, which would empty the field: %j", (line) => {
  const { policies, problems } = parse(`${head}    ${line}\n`);
  expect(policies).toEqual([]);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems[0]).toMatchObject({ severity: "error" });
});

test.each(["usage_limits: null", "usage_limits: ~", "description: Null", 'description: ""'])(
  "a value that is said to be empty is: %j",
  (line) => {
    const { policies, problems } = parse(`${head}    ${line}\n`);
    expect(problems).toEqual([]);
    expect(policies).toHaveLength(1);
  },
);
