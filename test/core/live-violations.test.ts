import { expect, test } from "vitest";
import { labelsByKey, liveViolations } from "../../src/core/live-violations.ts";
import { keyId, liveKey, policy, policySet, resolve } from "./build.ts";
import { guardrail } from "./guardrail-build.ts";

const key = liveKey(1, { name: "search-1" });
const judges = (labels: Readonly<Record<string, string>>) =>
  guardrail({
    name: Object.values(labels).join("-"),
    match: { labels },
    appliesTo: "live",
    schema: { properties: { name: { const: "another" } } },
  });
const guardrails = [
  judges({ env: "prod" }),
  judges({ env: "test" }),
  judges({ env: "prod", team: "search" }),
  judges({ env: "prod", team: "chat" }),
  judges({ env: "none" }),
];

test("a key has the labels of each policy that selects it, also where two have different values of one", () => {
  const policies = [
    { ...policy({ name: "a", match: { name: "search-*" } }), labels: { env: "prod", team: "search" } },
    { ...policy({ name: "b", match: { name: "*" }, key: {} }), labels: { env: "test", team: "chat" } },
  ];
  const labelsOf = labelsByKey(policySet({ policies }), resolve({ policies, context: { live: [key] } }));
  const found = liveViolations([key], guardrails, labelsOf).map((one) => one.guardrail.name);
  expect(found).toEqual(["prod", "prod-search", "test"]);
});

test("a key has the labels of each policy that selects it, also where they cannot be followed together", () => {
  const policies = [
    {
      ...policy({ name: "a", match: { name: "search-*" }, key: { description: "a" } }),
      labels: { env: "prod" },
    },
    { ...policy({ name: "b", match: { name: "*" }, key: { description: "b" } }), labels: { env: "test" } },
  ];
  const resolution = resolve({ policies, context: { live: [key] } });
  expect(resolution.held.map(({ selectors }) => selectors)).toEqual([["a", "b"]]);
  const found = liveViolations([key], guardrails, labelsByKey(policySet({ policies }), resolution));
  expect(found.map((one) => one.guardrail.name)).toEqual(["prod", "test"]);
});

test("a key has the labels of each policy that names it, also where they hold each other", () => {
  const policies = [
    { ...policy({ name: "a", keyIds: [keyId(1)] }), labels: { env: "prod" } },
    { ...policy({ name: "b", keyIds: [keyId(1)] }), labels: { env: "test" } },
  ];
  const labelsOf = labelsByKey(policySet({ policies }), resolve({ policies, context: { live: [key] } }));
  const found = liveViolations([key], guardrails, labelsOf).map((one) => one.guardrail.name);
  expect(found).toEqual(["prod", "test"]);
});

test("a key without a policy is judged by the guardrails that ask for no label alone", () => {
  const all = guardrail({
    name: "all",
    appliesTo: "live",
    schema: { required: ["alert_emails"], properties: { alert_emails: { minItems: 1, type: "array" } } },
  });
  const found = liveViolations([key], [...guardrails, all], () => []).map((one) => one.guardrail.name);
  expect(found).toEqual(["all"]);
});
