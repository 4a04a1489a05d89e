import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { checkPolicies } from "../../src/core/check-policies.ts";
import type { Json } from "../../src/core/policy.ts";
import type { Problem } from "../../src/core/problem.ts";
import { createResolver, nothingLive, type DesiredKey, type Resolution } from "../../src/core/resolve.ts";
import type { LiveKey } from "../../src/core/key.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";
import { keptPolicies, type KeptPolicies } from "../../src/reconcile/kept-policies.ts";
import { applied, confirmed, keyId, liveKey, plan } from "../core/build.ts";
import { temporaryDirectory, writeTree } from "../policy-dir/support.ts";
import { FakeState } from "../reconcile/fake-state.ts";

/*
 * The rules of the policy language, one by one and each by its name, from files to what is wanted of a key. What each rule
 * means in every corner is tested beside the code that holds it.
 */

const now = Date.parse("2026-11-25T12:00:00Z");
let directory: string;
let state: FakeState;
const resolver = { resolve: createResolver() };

beforeEach(() => {
  directory = join(temporaryDirectory(), "policies");
  state = new FakeState();
  resolver.resolve = createResolver();
});

function head(kind: string, name: string): string {
  return `apiVersion: keysteward/v1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;
}

function policy(name: string, spec: string): string {
  return `${head("KeyPolicy", name)}spec: ${spec}\n`;
}

function profile(name: string, spec: string): string {
  return `${head("Profile", name)}spec: ${spec}\n`;
}

function write(files: Readonly<Record<string, string>>): void {
  writeTree(directory, files);
}

/** A pass, as far as policies go: reads, and leaves behind what the next one needs. */
function pass(at = now, live: readonly LiveKey[] = []): KeptPolicies {
  const set = createPolicySource({ directory }).load();
  const context = { ...nothingLive(at), live, seen: live };
  const kept = keptPolicies(set, { resolve: (sound) => resolver.resolve(sound, context), state, now: at });
  const { resolution, quarantined, sources } = kept;
  state.keepLastGood({ desired: resolution.desired, quarantined, sources });
  return kept;
}

function problems(at = now): readonly Problem[] {
  return checkPolicies(createPolicySource({ directory }).load(), at);
}

const codes = (): string[] => problems().map(({ code }) => code);
const placed = (): string[] => problems().map(({ code, line, column }) => `${code} ${line}:${column}`);

function wanted(resolution: Resolution, n = 1): Record<string, Json> {
  const key: DesiredKey | undefined = resolution.desired.get(keyId(n));
  return Object.fromEntries([...(key?.fields ?? [])].map(([path, { value }]) => [path, value]));
}

const limit = (value: number): string => `rate_limits: [{ type: requests, unit: rpm, value: ${value} }]`;
const rpm = (value: number): Json => [{ type: "requests", unit: "rpm", value }];

describe("effective key", () => {
  test("profiles left to right, each with its own first, then key, then the overrides in force now", () => {
    write({
      "profiles.yaml": [
        profile("base", `{ key: { ${limit(1)}, description: base, alert_emails: [a@example.com] } }`),
        profile("left", `{ profiles: [base], key: { ${limit(2)}, scopes: [logs.view] } }`),
        profile("right", `{ key: { ${limit(3)} } }`),
      ].join("---\n"),
      "p.yaml": policy(
        "p",
        `{ keyId: ${keyId(1)}, profiles: [left, right], key: { ${limit(4)}, scopes: [logs.list] },
  overrides: [{ until: 2026-12-24T00:00:00Z, reason: launch, key: { ${limit(5)} } }] }`,
      ),
    });
    expect(wanted(pass().resolution)).toEqual({
      rate_limits: rpm(5),
      description: "base",
      alert_emails: ["a@example.com"],
      scopes: ["logs.list"],
    });
    expect(wanted(pass(Date.parse("2026-12-24T00:00:00Z")).resolution)["rate_limits"]).toEqual(rpm(4));
  });

  test("objects merge, arrays and scalars replace, null says must be empty and survives the merge", () => {
    write({
      "base.yaml": profile(
        "base",
        "{ key: { usage_limits: { credit_limit: 5, periodic_reset: weekly }, description: x, scopes: [logs.view] } }",
      ),
      "p.yaml": policy(
        "p",
        `{ keyId: ${keyId(1)}, profiles: [base], key: { usage_limits: { credit_limit: 9 }, description: null, scopes: [logs.list] } }`,
      ),
    });
    expect(wanted(pass().resolution)).toMatchObject({
      "usage_limits.credit_limit": 9,
      "usage_limits.periodic_reset": "weekly",
      description: null,
      scopes: ["logs.list"],
    });
  });

  test("each leaf remembers file, line and column", () => {
    write({
      "base.yaml": `${head("Profile", "base")}spec:\n  key:\n    usage_limits:\n      credit_limit: 5\n`,
      "p.yaml": policy("p", `{ keyId: ${keyId(1)}, profiles: [base], key: { description: x } }`),
    });
    const fields = pass().resolution.desired.get(keyId(1))!.fields;
    const base = { file: join(directory, "base.yaml"), line: 7, column: 7 };
    expect(fields.get("usage_limits.credit_limit")?.place).toEqual(base);
    expect(fields.get("description")?.place).toMatchObject({ file: join(directory, "p.yaml"), line: 4 });
  });
});

describe("selectors", () => {
  const live = [
    liveKey(1, { name: "search-a" }),
    liveKey(2, { name: "search-b" }),
    liveKey(3, { name: "ads" }),
  ];

  test("all that is given must hold, and a key made today is covered once it is seen", () => {
    write({ "s.yaml": policy("s", `{ match: { name: "search-*", status: active }, key: { ${limit(7)} } }`) });
    expect([...pass(now, live.slice(0, 1)).resolution.desired.keys()]).toEqual([keyId(1)]);
    expect([...pass(now, live).resolution.desired.keys()]).toEqual([keyId(1), keyId(2)]);
  });

  test("a policy that names its key beats one that selects it; among selectors the higher priority wins per field", () => {
    write({
      "low.yaml": policy("low", `{ match: { name: "*" }, key: { ${limit(1)}, description: low } }`),
      "high.yaml": policy("high", `{ match: { name: "search-*" }, priority: 5, key: { ${limit(2)} } }`),
      "own.yaml": policy("own", `{ keyId: ${keyId(1)}, key: { ${limit(3)} } }`),
    });
    const { resolution } = pass(now, live);
    expect(wanted(resolution, 1)).toEqual({ rate_limits: rpm(3) });
    expect(wanted(resolution, 2)).toEqual({ rate_limits: rpm(2), description: "low" });
  });

  test("equal priority and different values for one field is a problem, named with both places", () => {
    write({
      "a.yaml": policy("a", `{ match: { name: "*" }, key: { ${limit(1)} } }`),
      "b.yaml": policy("b", `{ match: { name: "search-*" }, key: { ${limit(2)} } }`),
    });
    const found = pass(now, live).resolution.problems.filter(({ code }) => code === "KS1310");
    expect(found.map(({ file }) => file)).toEqual([join(directory, "a.yaml"), join(directory, "b.yaml")]);
    expect(found[0]!.message).toContain(join(directory, "b.yaml"));
    expect(wanted(pass(now, live).resolution, 3)).toEqual({ rate_limits: rpm(1) });
  });
});

test("two policies that name the same key is a problem, named with both places", () => {
  write({
    "a.yaml": policy("a", `{ keyId: ${keyId(1)}, key: { description: a } }`),
    "b.yaml": policy("b", `{ keyIds: [${keyId(1)}], key: { description: b } }`),
  });
  const found = problems();
  expect(found.map(({ code, file }) => [code, file])).toEqual([
    ["KS1302", join(directory, "a.yaml")],
    ["KS1302", join(directory, "b.yaml")],
  ]);
  expect(found[0]!.message).toContain(join(directory, "b.yaml"));
});

test("unknown fields are refused, and unknown scopes are a warning, with did you mean", () => {
  write({
    "a.yaml": policy("a", `{ keyId: ${keyId(1)}, key: { ratelimits: [] } }`),
    "b.yaml": policy("b", `{ keyId: ${keyId(2)}, key: { scopes: [log.view] } }`),
  });
  const [field, scope] = problems();
  expect(field).toMatchObject({ code: "KS1201", severity: "error" });
  expect(field!.message).toContain('Did you mean "rate_limits"?');
  expect(scope).toMatchObject({ code: "KS1207", severity: "warning" });
  expect(scope!.message).toContain('Did you mean "logs.view"?');
});

describe("cross-field rules of the API are checked offline", () => {
  const budget = "usage_limits: { credit_limit: 5,";
  test.each([
    ["periodic_reset with periodic_reset_days", `${budget} periodic_reset: weekly, periodic_reset_days: 7 }`],
    [
      "rotation_period with next_rotation_at",
      "rotation_policy: { rotation_period: weekly, next_rotation_at: 2027-01-01T00:00:00Z }",
    ],
    ["alert_threshold above credit_limit", `${budget} alert_threshold: 6 }`],
    ["usage_limits without credit_limit", "usage_limits: { periodic_reset: weekly }"],
    [
      "a rotation policy with neither period nor date",
      "rotation_policy: { key_transition_period_ms: 3600000 }",
    ],
    [
      "a transition not shorter than the period",
      "rotation_policy: { rotation_period: weekly, key_transition_period_ms: 604800000 }",
    ],
    [
      "two rate limits of one type and unit",
      "rate_limits: [{ type: requests, unit: rpm, value: 1 }, { type: requests, unit: rpm, value: 2 }]",
    ],
    ["name 1 to 100 characters", `name: ${"x".repeat(101)}`],
    ["name that is empty", 'name: ""'],
    ["description of at most 200 characters", `description: ${"x".repeat(201)}`],
    ["RFC 3339 instants", "expires_at: 2027-02-30T00:00:00Z"],
    ["instants with a zone", "expires_at: 2027-02-03T00:00:00"],
    ["emails", "alert_emails: [nobody]"],
    ["UUIDs", "defaults: { config_id: pc-search-1a2b }"],
  ])("%s", (_rule, key) => {
    write({ "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: { ${key} } }`) });
    expect(problems().filter(({ severity }) => severity === "error")).toHaveLength(1);
  });
});

describe("YAML is 1.2 core", () => {
  test("on, yes and 012 are no surprises", () => {
    write({
      "p.yaml": policy(
        "p",
        `{ keyId: ${keyId(1)}, key: { name: on, description: yes, usage_limits: { credit_limit: 012 } } }`,
      ),
    });
    const { name, description, "usage_limits.credit_limit": credit } = wanted(pass().resolution);
    expect([name, description, credit]).toEqual(["on", "yes", 12]);
  });

  test("duplicate keys are refused", () => {
    write({ "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: { name: a, name: b } }`) });
    expect(codes()).toEqual(["KS1102"]);
  });

  test("merge keys and anchors work", () => {
    const base = `&base { ${limit(5)}, description: base }`;
    write({
      "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: ${base} }`),
      "q.yaml": `${head("KeyPolicy", "q")}spec:\n  keyId: ${keyId(2)}\n  key:\n    <<: &it { description: base, ${limit(6)} }\n    name: q\n`,
    });
    expect(wanted(pass().resolution, 1)).toEqual({ rate_limits: rpm(5), description: "base" });
    expect(wanted(pass().resolution, 2)).toEqual({ rate_limits: rpm(6), description: "base", name: "q" });
  });

  test.each([
    [
      "aliases",
      `a: &a [x, x, x, x, x, x, x, x, x, x]\n${"bcdefgh"
        .split("")
        .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${"abcdefg"[index]!}`).join(", ")}]`)
        .join("\n")}\n`,
      "KS1105",
    ],
    ["depth", `spec: ${"[".repeat(100)}${"]".repeat(100)}\n`, "KS1106"],
    ["documents", "---\na: 1\n".repeat(1001), "KS1107"],
    ["file size", `# ${"x".repeat(1024 * 1024)}\n`, "KS1007"],
  ])("the %s of a file are bounded, with an error that says which bound", (_bound, text, code) => {
    write({ "p.yaml": text });
    const found = problems().find((problem) => problem.code === code);
    expect(found?.message).toMatch(/\d/);
  });
});

describe("time", () => {
  test("validate warns of an override that ends within 7 days or is over, and refuses one that never begins", () => {
    const override = (until: string, from = ""): string =>
      `{ ${from}until: ${until}, reason: launch, key: { ${limit(9)} } }`;
    const spec = (override: string): string =>
      `{ keyId: ${keyId(1)}, key: { ${limit(1)} }, overrides: [${override}] }`;
    const told = (text: string): string[] => {
      write({ "p.yaml": policy("p", spec(text)) });
      return codes();
    };
    expect(told(override("2026-12-01T00:00:00Z"))).toEqual(["KS1355"]);
    expect(told(override("2026-11-01T00:00:00Z"))).toEqual(["KS1354"]);
    expect(told(override("2027-01-01T00:00:00Z"))).toEqual([]);
    expect(told(override("2027-01-01T00:00:00Z", "from: 2027-02-01T00:00:00Z, "))).toEqual(["KS1350"]);
  });
});

describe("a broken file costs only itself", () => {
  beforeEach(() => {
    write({
      "base.yaml": profile("base", `{ key: { ${limit(5)} } }`),
      "p.yaml": policy("p", `{ keyId: ${keyId(1)}, profiles: [base], key: { description: p } }`),
      "q.yaml": policy("q", `{ keyId: ${keyId(2)}, key: { description: q } }`),
    });
    pass();
  });

  test.each([
    ["its policy is broken", { "p.yaml": "spec: [" }],
    ["its profile is broken", { "base.yaml": "spec: [" }],
    ["its profile is not there", { "base.yaml": profile("other", "{}") }],
    [
      "its policy is half written",
      { "p.yaml": `${head("KeyPolicy", "p")}spec: { keyId: ${keyId(1)}, key: {` },
    ],
  ])("a key keeps its last good value where %s, and others go on", (_what, files) => {
    write({ ...files, "q.yaml": policy("q", `{ keyId: ${keyId(2)}, key: { description: edited } }`) });
    const { resolution, quarantined } = pass();
    expect(wanted(resolution, 1)).toEqual({ rate_limits: rpm(5), description: "p" });
    expect([...quarantined.keys()]).toEqual([keyId(1)]);
    expect(wanted(resolution, 2)).toEqual({ description: "edited" });
  });

  test("and the last good value holds across restarts, with drift from it still mended", () => {
    write({ "p.yaml": "spec: [" });
    resolver.resolve = createResolver();
    const { resolution, quarantined } = pass();
    const drifted = liveKey(1, {
      rate_limits: [{ type: "requests", unit: "rpm", value: 9000 }],
      description: "p",
    });
    const sightOf = () => ({ kind: "seen", key: drifted, complete: true }) as const;
    const ledger = applied({ rate_limits: confirmed(rpm(5)), description: confirmed("p") });
    const { changes } = plan({ resolution, quarantined, applied: ledger, sightOf });
    const own = changes.find((change) => change.keyId === keyId(1));
    expect(own?.fields.map(({ path, to }) => [path, to])).toEqual([["rate_limits", rpm(5)]]);
  });

  test("a broken guardrail stays in force in its last good form", () => {
    const rule = (schema: string): string =>
      `${head("Guardrail", "rule")}spec: { message: no, schema: ${schema} }\n`;
    write({ "rule.yaml": rule("{ required: [description] }") });
    expect(pass().resolution.problems.filter(({ severity }) => severity === "error")).toEqual([]);
    write({ "rule.yaml": "spec: [", "q.yaml": policy("q", `{ keyId: ${keyId(2)}, key: { ${limit(9)} } }`) });
    const { resolution } = pass();
    expect(resolution.problems.map(({ code }) => code)).toEqual(expect.arrayContaining(["KS1340", "KS1341"]));
    expect(wanted(resolution, 2)).toEqual({ description: "q" });
  });

  test("nothing of this is silent", () => {
    write({ "p.yaml": "spec: [" });
    const { resolution, quarantined } = pass();
    const { notices } = plan({ resolution, quarantined });
    expect(notices).toMatchObject([{ kind: "quarantined", keyId: keyId(1), policy: "p" }]);
    expect(resolution.problems.map(({ severity }) => severity)).toContain("error");
  });
});

test.each(["missing", "empty"])("a %s directory is a problem, never a wish: zero writes", (what) => {
  write({ "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: { description: p } }`) });
  pass();
  rmSync(what === "missing" ? directory : join(directory, "p.yaml"), { recursive: true });
  const set = createPolicySource({ directory }).load();
  expect(set.trusted).toBe(false);
  expect(set.problems.map(({ code }) => code)).toEqual([what === "missing" ? "KS1001" : "KS1003"]);
});

test("a deleted policy leaves its key as it is, reported as orphaned", () => {
  write({
    "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: { description: p } }`),
    "q.yaml": policy("q", `{ keyId: ${keyId(2)}, key: { description: q } }`),
  });
  pass();
  rmSync(join(directory, "p.yaml"));
  const { resolution, quarantined } = pass();
  const ledger = applied({ description: confirmed("p") });
  const made = plan({ resolution, quarantined, applied: ledger });
  expect(made.notices).toMatchObject([{ kind: "orphaned", keyId: keyId(1) }]);
  expect(made.changes.map((change) => change.keyId)).not.toContain(keyId(1));
});

test("problems come all at once, sorted by place, each with code, severity, place, path, sentence and frame", () => {
  write({
    "a.yaml": `${head("KeyPolicy", "a")}spec:\n  keyId: no-uuid\n  key:\n    nmae: a\n    scopes: []\n`,
    "b.yaml": policy("b", `{ keyId: ${keyId(2)}, key: { description: 5 } }`),
  });
  expect(placed()).toEqual(["KS1205 5:10", "KS1201 7:5", "KS1204 8:13", "KS1203 4:74"]);
  for (const { path, message, frame, severity } of problems()) {
    expect([path, message, frame, severity].every((text) => text !== undefined && text !== "")).toBe(true);
  }
});

test("the schema is the contract: its types, its validator and what editors complete are of one file", async () => {
  const { default: schema } = await import("../../schema/policy.schema.json", { with: { type: "json" } });
  const fields = Object.keys(schema.$defs.Key.properties);
  write({ "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: { no_such_field: 1 } }`) });
  expect(codes()).toEqual(["KS1201"]);
  for (const field of fields) {
    write({ "p.yaml": policy("p", `{ keyId: ${keyId(1)}, key: { ${field}: !!map {} } }`) });
    expect(codes(), field).not.toContain("KS1201");
  }
});
