import { describe, expect, test } from "vitest";
import type { Guardrail, GuardrailMatch } from "../../src/core/guardrail.ts";
import type { JsonObject, KeyPolicy } from "../../src/core/policy.ts";
import { problemAt } from "../../src/core/problem.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { at, keyId, liveKey, now, own, policy, policySet, profile, resolve, type SetParts } from "./build.ts";
import { guardrail } from "./guardrail-build.ts";

/** Nobody looks at live keys. */
const offline = nothingLive(now);

const budget = guardrail({
  name: "budget",
  message: "a key needs a budget of at most 1000 dollars",
  schema: {
    required: ["usage_limits"],
    properties: {
      usage_limits: {
        type: "object",
        required: ["credit_limit"],
        properties: { credit_limit: { maximum: 1000 } },
      },
    },
  },
});
const limited = (credit_limit: number): JsonObject => ({ usage_limits: { credit_limit } });

describe("what offends is told at its place, with what was found, what was expected, and who forbids it", () => {
  test("at the policy's own value", () => {
    const one = policy({ key: { name: "x", ...limited(5000) } });
    const { desired, held, problems } = resolve({ policies: [one], guardrails: [budget] });
    expect(problems).toEqual([
      {
        code: "KS1340",
        rule: "guardrail-offended",
        severity: "error",
        ...one.key.places.get("/usage_limits/credit_limit"),
        path: "spec.key.usage_limits.credit_limit",
        message:
          "a key needs a budget of at most 1000 dollars: usage_limits.credit_limit is 5000; expected at most 1000 " +
          '(guardrail "budget", policies/guardrails.yaml:1)',
      },
    ]);
    expect(desired.size).toBe(0);
    expect(held).toMatchObject([{ keyId: keyId(1), policy: "team", place: at(5, "policies/team.yaml") }]);
  });

  test("at the profile's value, once for all policies that take it", () => {
    const base = profile({ name: "base", key: limited(5000) });
    const policies = [1, 2, 3].map((n) => policy({ name: `p${n}`, keyIds: [keyId(n)], profiles: ["base"] }));
    const { held, problems } = resolve({ policies, profiles: [base], guardrails: [budget] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject(base.key.places.get("/usage_limits/credit_limit")!);
    expect(held).toHaveLength(3);
  });

  test("not at a profile's value that the policy replaces", () => {
    const base = profile({ name: "base", key: limited(5000) });
    const { desired, problems } = resolve({
      policies: [policy({ profiles: ["base"], key: limited(10) })],
      profiles: [base],
      guardrails: [budget],
    });
    expect(problems).toEqual([]);
    expect(desired.size).toBe(1);
  });

  test("at the policy's key block where a value is missing, also in a group that a profile begins", () => {
    const none = policy({ key: { name: "x" } });
    const missing = resolve({ policies: [none], guardrails: [budget] });
    expect(missing.problems).toMatchObject([
      { code: "KS1340", ...none.key.places.get("")!, path: "spec.key.usage_limits" },
    ]);
    const reset = guardrail({
      schema: { properties: { usage_limits: { required: ["periodic_reset"] } } },
    });
    const base = profile({ name: "base", key: limited(5) });
    const one = policy({ profiles: ["base"] });
    const { problems } = resolve({ policies: [one], profiles: [base], guardrails: [reset] });
    expect(problems).toMatchObject([
      { ...one.key.places.get("")!, path: "spec.key.usage_limits.periodic_reset" },
    ]);
  });

  test("at the null that empties a group", () => {
    const one = policy({ key: { usage_limits: null } });
    const { problems } = resolve({ policies: [one], guardrails: [budget] });
    expect(problems).toMatchObject([
      {
        ...one.key.places.get("/usage_limits")!,
        message: expect.stringContaining("usage_limits is null; expected a mapping"),
      },
    ]);
  });

  test("at a name in metadata, dots and slashes and all", () => {
    const rule = guardrail({
      schema: {
        properties: { defaults: { properties: { metadata: { properties: { "a.b/c": { const: "x" } } } } } },
      },
    });
    const one = policy({ key: { defaults: { metadata: { "a.b/c": 5 } } } });
    const { problems } = resolve({ policies: [one], guardrails: [rule] });
    expect(problems).toMatchObject([
      { ...one.key.places.get("/defaults/metadata/a.b~1c")!, path: "spec.key.defaults.metadata.a.b/c" },
    ]);
  });

  test("by every guardrail that is offended, ten things each at most", () => {
    const names = Array.from({ length: 12 }, (_, n) => `n${n}`);
    const many = guardrail({
      name: "many",
      schema: { properties: { defaults: { properties: { metadata: { required: names } } } } },
    });
    const one = policy({ key: { ...limited(5000), defaults: { metadata: { a: "b" } } } });
    const { problems } = resolve({ policies: [one], guardrails: [budget, many] });
    expect(problems.filter(({ message }) => message.includes('"budget"'))).toHaveLength(1);
    expect(problems.filter(({ message }) => message.includes('"many"'))).toHaveLength(10);
  });
});

test("a field that nobody manages is absent, one that must be empty is null, and what only follows is not shown", () => {
  const seen: JsonObject[] = [];
  const spy: Guardrail = { ...budget, judge: (key) => (seen.push(key), []) };
  resolve({
    policies: [
      policy({
        key: {
          name: " x ",
          description: null,
          alert_emails: [],
          scopes: ["b", "a"],
          usage_limits: { credit_limit: 5, periodic_reset: "monthly" },
          rotation_policy: null,
          expires_at: "2027-01-01T02:00:00+02:00",
          defaults: { metadata: { tier: 1, gone: null } },
        },
      }),
    ],
    guardrails: [spy],
  });
  expect(seen).toEqual([
    {
      name: "x",
      description: null,
      alert_emails: null,
      scopes: ["a", "b"],
      usage_limits: { credit_limit: 5, periodic_reset: "monthly" },
      rotation_policy: null,
      expires_at: "2027-01-01T00:00:00Z",
      defaults: { metadata: { tier: "1", gone: null } },
    },
  ]);
});

test("a warning is told, and holds nothing", () => {
  const mild: Guardrail = { ...budget, severity: "warning" };
  const { desired, problems } = resolve({ policies: [own(1, limited(5000))], guardrails: [mild] });
  expect(problems).toMatchObject([{ code: "KS1340", severity: "warning" }]);
  expect(desired.size).toBe(1);
});

describe("which policies a guardrail is about", () => {
  const withLabels = (n: number, labels: KeyPolicy["labels"]): KeyPolicy => ({
    ...own(n, limited(5000)),
    labels,
  });
  const matching = (match: GuardrailMatch): Guardrail => ({ ...budget, match });

  test("every one, or those that have all of its labels", () => {
    const policies = [
      withLabels(1, { env: "prod", team: "a" }),
      withLabels(2, { env: "test" }),
      withLabels(3, {}),
    ];
    const heldBy = (match: GuardrailMatch): string[] =>
      resolve({ policies, guardrails: [matching(match)] }).held.map((one) => one.policy);
    expect(heldBy({})).toEqual(["p1", "p2", "p3"]);
    expect(heldBy({ labels: { env: "prod" } })).toEqual(["p1"]);
    expect(heldBy({ labels: { env: "prod", team: "a" } })).toEqual(["p1"]);
    expect(heldBy({ labels: { env: "prod", team: "b" } })).toEqual([]);
  });

  test("labels that no policy has are a warning, unless a policy cannot be read", () => {
    const parts = {
      policies: [withLabels(1, { env: "prod" })],
      guardrails: [matching({ labels: { env: "prd" } })],
    };
    expect(resolve(parts).problems).toMatchObject([
      { code: "KS1344", severity: "warning", file: "policies/guardrails.yaml", path: "spec.match.labels" },
    ]);
    const broken = problemAt("KS1101", at(1, "other.yaml"), { message: "broken" });
    expect(resolve({ ...parts, problems: [broken] }).problems).toEqual([broken]);
  });

  test("those of live keys that are what it says; nothing is said where nobody looks at live keys", () => {
    const rule = matching({ key: { type: "workspace-user", name: "prod-*" } });
    const set = policySet({
      policies: [own(1, limited(5000)), own(2, limited(5)), own(3, limited(5000))],
      guardrails: [rule],
    });
    const resolver = createResolver();
    const live = [1, 2, 3].map((n) =>
      liveKey(n, { type: n === 3 ? "workspace-service" : "workspace-user", name: "prod-x" }),
    );
    expect(resolver(set, offline).problems).toEqual([]);
    const { problems, held } = resolver(set, { ...offline, seen: live });
    expect(problems).toMatchObject([{ code: "KS1340", file: "policies/p1.yaml" }]);
    expect(held.map((one) => one.policy)).toEqual(["p1"]);
  });

  test("a policy that would offend is held while its key was not seen", () => {
    const rule = matching({ key: { type: "workspace-user" } });
    const set = policySet({ policies: [own(1, limited(5000)), own(2, limited(5))], guardrails: [rule] });
    const { problems, held } = createResolver()(set, { ...offline, seen: [] });
    expect(problems).toMatchObject([{ code: "KS1343", severity: "error", ...at(5, "policies/p1.yaml") }]);
    expect(held.map((one) => one.policy)).toEqual(["p1"]);
  });

  test("live keys are not looked at where nothing depends on them", () => {
    const unseen = {
      [Symbol.iterator]: () => {
        throw new Error("looked at");
      },
    };
    const rule = matching({ key: { type: "workspace-user" } });
    const set = policySet({
      policies: [own(1, limited(5))],
      guardrails: [{ ...rule, name: "users" }, budget],
    });
    expect(createResolver()(set, { ...offline, seen: unseen }).problems).toEqual([]);
  });
});

describe("a guardrail that cannot be read", () => {
  const unreadable = problemAt("KS1101", at(3, "policies/guardrails.yaml"), { message: "broken" });
  const policies = [own(1, limited(5000)), own(2, limited(5))];
  const sound: SetParts = { policies, guardrails: [budget] };
  const without = (more: SetParts): SetParts => ({ policies, problems: [unreadable], ...more });
  const after = (...sets: readonly SetParts[]) => {
    const resolver = createResolver();
    return sets.map((set) => resolver(policySet(set), offline)).at(-1)!;
  };
  const named = { name: "budget", place: at(1, "policies/elsewhere.yaml") };
  const nameless = { name: null, place: at(3, "policies/guardrails.yaml") };

  test.each<[string, SetParts]>([
    ["its document, by name", without({ brokenGuardrails: [named] })],
    ["its file, by place", without({ brokenGuardrails: [nameless] })],
    ["another file, into which it may have moved", without({})],
  ])("stays in force in its last sound form: %s", (_what, set) => {
    const { desired, guardrails, problems } = after(sound, set);
    expect(guardrails).toEqual([budget]);
    expect([...desired.keys()]).toEqual([keyId(2)]);
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual(
      expect.arrayContaining([
        ["KS1341", "warning"],
        ["KS1340", "error"],
      ]),
    );
  });

  test("stays in force as long as that lasts, and takes its new form when it is mended", () => {
    const loose = guardrail({ name: "budget", schema: {} });
    expect(after(sound, without({}), without({}), without({})).guardrails).toEqual([budget]);
    const mended = after(sound, without({}), { policies, guardrails: [loose] });
    expect(mended.guardrails).toEqual([loose]);
    expect(mended.desired.size).toBe(2);
  });

  test("ends when it is deleted and everything else can be read", () => {
    const ended = after(sound, { policies });
    expect(ended).toMatchObject({ guardrails: [], problems: [] });
    expect(ended.desired.size).toBe(2);
    expect(after(sound, { policies }, without({})).guardrails).toEqual([]);
  });

  test("ends although policies contradict each other, which hides nothing", () => {
    const problems = [problemAt("KS1302", at(1), { message: "twice" })];
    expect(after(sound, { policies, problems }).guardrails).toEqual([]);
  });

  test.each<[string, SetParts]>([
    ["by name", without({ brokenGuardrails: [named] })],
    ["without a name", without({ brokenGuardrails: [nameless] })],
  ])("and never could be holds every policy: %s", (_what, set) => {
    const { desired, held, problems } = after({ policies }, set);
    expect(desired.size).toBe(0);
    expect(held.map((one) => one.policy)).toEqual(["p1", "p2"]);
    expect(problems.map(({ code }) => code)).toContain("KS1342");
  });

  test("is not taken for another one that stays in force already", () => {
    const twice = after(sound, without({ brokenGuardrails: [nameless, nameless] }));
    expect(twice.desired.size).toBe(0);
    const renamed = after(sound, without({ brokenGuardrails: [{ ...named, name: "other" }] }));
    expect(renamed.desired.size).toBe(0);
    expect(renamed.guardrails).toEqual([budget]);
  });

  test("is remembered from an earlier process, which is asked once", () => {
    let asked = 0;
    const resolver = createResolver({ lastGuardrails: () => ((asked += 1), [budget]) });
    expect([...resolver(policySet(without({})), offline).desired.keys()]).toEqual([keyId(2)]);
    expect([...resolver(policySet(without({})), offline).desired.keys()]).toEqual([keyId(2)]);
    expect(asked).toBe(1);
  });
});

test("two guardrails of one name are told, and both are in force", () => {
  const other = guardrail({ name: "budget", place: at(1, "other.yaml"), schema: { required: ["name"] } });
  const { problems, held } = resolve({
    policies: [own(1, limited(5000)), own(2, limited(5))],
    guardrails: [budget, other],
  });
  expect(problems.filter(({ code }) => code === "KS1301")).toHaveLength(2);
  expect(held.map((one) => one.policy)).toEqual(["p1", "p2"]);
});

describe("what was judged is kept", () => {
  const judged = (): { rule: Guardrail; count: () => number } => {
    let count = 0;
    const rule: Guardrail = { ...budget, judge: (key) => ((count += 1), budget.judge(key)) };
    return { rule, count: () => count };
  };

  test("as long as policy, profiles and guardrails are the same objects", () => {
    const { rule, count } = judged();
    const policies = [own(1, limited(5000)), own(2, limited(5))];
    const resolver = createResolver();
    const first = resolver(policySet({ policies, guardrails: [rule] }), offline);
    const second = resolver(policySet({ policies: [...policies], guardrails: [rule] }), offline);
    expect(count()).toBe(2);
    expect(second.problems).toEqual(first.problems);
    resolver(policySet({ policies: [policies[0]!, own(2, limited(6))], guardrails: [rule] }), offline);
    expect(count()).toBe(3);
  });

  test("and no longer than the guardrails are", () => {
    const policies = [own(1, limited(5000))];
    const resolver = createResolver();
    expect(resolver(policySet({ policies, guardrails: [budget] }), offline).desired.size).toBe(0);
    expect(resolver(policySet({ policies }), offline).desired.size).toBe(1);
    expect(resolver(policySet({ policies, guardrails: [budget] }), offline).desired.size).toBe(0);
  });
});
