import { expect, test } from "vitest";
import { withCleanTokens } from "../../src/core/clean-tokens.ts";
import type { KeyPolicy } from "../../src/core/policy.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { keyId, policy, policySet } from "./build.ts";

const clean = (text: string): string => text.replaceAll("SECRET", "[secret]");
const at = { file: "policies/one.yaml", line: 5, column: 15 };

function asking(name: string, n: number, token: string): KeyPolicy {
  const key = { usage_limits: { type: "cost", credit_limit: 5 } };
  return { ...policy({ name, keyIds: [keyId(n)], key }), resetUsage: { value: token, place: at } };
}

test("a token is wanted in the form in which it can be stored, at its place", () => {
  const resolve = withCleanTokens(createResolver(), clean);
  const set = policySet({ policies: [asking("one", 1, "launch-SECRET"), asking("two", 2, "plain")] });
  const { desired } = resolve(set, nothingLive(0));
  expect(desired.get(keyId(1))?.resetUsage).toEqual({ value: "launch-[secret]", place: at });
  expect(desired.get(keyId(2))?.resetUsage).toEqual({ value: "plain", place: at });
});

test("what was resolved of a policy is remembered, whatever its token", () => {
  const resolve = withCleanTokens(createResolver(), clean);
  const set = policySet({ policies: [asking("one", 1, "launch-SECRET")] });
  const wanted = resolve(set, nothingLive(0)).desired.get(keyId(1));
  expect(resolve({ ...set }, nothingLive(1)).desired.get(keyId(1))).toBe(wanted);
});
