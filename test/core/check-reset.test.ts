import { expect, test } from "vitest";
import { liveKey, now, policy, resolve } from "./build.ts";

const budget = { usage_limits: { type: "cost", credit_limit: 5 } };
const none = { usage_limits: null };

function warned(...policies: readonly ReturnType<typeof policy>[]): string[] {
  const { problems } = resolve({ policies, context: { live: [liveKey(1, { name: "a" })] } });
  return problems.map(({ code, severity, file }) => `${code} ${severity} ${file}`);
}

test("a reset of a key without a budget is warned of, once, where the token stands", () => {
  expect(warned(policy({ resetUsage: "x", key: none }))).toEqual(["KS1360 warning policies/team.yaml"]);
  expect(warned(policy({ resetUsage: "x", key: budget }))).toEqual([]);
  expect(warned(policy({ key: none }))).toEqual([]);
});

test("also where an override takes the budget away for a while", () => {
  const overrides = [{ until: new Date(now + 30 * 86_400_000).toISOString(), key: none }];
  expect(warned(policy({ resetUsage: "x", key: budget, overrides }))).toEqual([
    "KS1360 warning policies/team.yaml",
  ]);
});

test("also where another policy that selects the key takes it away", () => {
  const high = policy({ name: "high", match: { name: "a" }, priority: 1, key: none });
  const low = policy({ name: "low", match: { name: "a" }, resetUsage: "x", key: budget });
  expect(warned(high, low)).toEqual(["KS1360 warning policies/low.yaml"]);
  expect(warned(low)).toEqual([]);
  const bare = policy({ name: "low", match: { name: "a" }, resetUsage: "x", key: none });
  expect(warned(high, bare)).toEqual(["KS1360 warning policies/low.yaml"]);
});
