import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { acceptDrift, type DriftFlags } from "../../src/commands/drift.ts";
import { plan } from "../../src/commands/plan.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import type { StoredKey } from "../../src/simulator/stored-key.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
let simulator: Simulator;
let workplace: Workplace;

beforeEach(async () => {
  simulator = await startSimulator({ keys: [key(1), key(2)] });
  workplace = makeWorkplace(simulator);
  mkdirSync(workplace.policies);
});

function policy(name: string, ids: string, rest: string): string {
  return `# ${name}\napiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: ${name} }\nspec:\n  ${ids}\n${rest}`;
}

function profile(name: string, rest: string): string {
  return `apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: ${name} }\nspec:\n${rest}`;
}

function write(file: string, text: string): void {
  writeFileSync(join(workplace.policies, file), text);
}

function read(file: string): string {
  return readFileSync(join(workplace.policies, file), "utf8");
}

/** Applies the policies, changes the first key behind their back, and accepts. */
async function drifted(patch: Partial<StoredKey>, flags: DriftFlags = {}): Promise<Ran> {
  const applied = await workplace.run(apply, {});
  expect(applied.exitCode, applied.stdout + applied.stderr).toBe(0);
  simulator.edit(idOf(1), patch);
  return accept("a", flags);
}

function accept(text: string, flags: DriftFlags = {}): Promise<Ran> {
  return workplace.run<DriftFlags>((io, given) => acceptDrift(io, text, given), flags);
}

async function changesLeft(): Promise<number> {
  const { stdout } = await workplace.run(plan, { format: "json" });
  return (JSON.parse(stdout) as { changes: unknown[] }).changes.length;
}

describe("each kind of field, accepted: then the plan is empty, and only its lines have changed", () => {
  const dates = ["2099-01-01T00:00:00Z", "2098-06-30T12:00:00Z"] as const;
  test.each<[kind: string, said: string, live: object, becomes: string]>([
    ["a text", "name: a # who", { name: "b" }, "name: b # who"],
    ["text to empty", "description: x", { description: null }, "description: null"],
    ["empty to text", "description: null", { description: "a: b" }, 'description: "a: b"'],
    [
      "a number in a group",
      "usage_limits: { type: cost, credit_limit: 5 }",
      { usage_limits: { type: "cost", credit_limit: 7.5 } },
      "usage_limits: { type: cost, credit_limit: 7.5 }",
    ],
    [
      "a group that is gone",
      "usage_limits: { type: cost, credit_limit: 5 }",
      { usage_limits: null },
      "usage_limits: null",
    ],
    [
      "a group that was not",
      "usage_limits: null",
      { usage_limits: { type: "tokens", credit_limit: 7 } },
      "usage_limits: { type: tokens, credit_limit: 7 }",
    ],
    [
      "the other way to reset",
      "usage_limits: { type: cost, credit_limit: 5, periodic_reset_days: 30 }",
      { usage_limits: { type: "cost", credit_limit: 5, periodic_reset: "weekly" } },
      "usage_limits: { type: cost, credit_limit: 5, periodic_reset: weekly, periodic_reset_days: null }",
    ],
    [
      "rate limits",
      "rate_limits: [{ type: requests, unit: rpm, value: 5 }]",
      { rate_limits: [{ type: "requests", unit: "rpm", value: 9 }] },
      "rate_limits: [{ type: requests, unit: rpm, value: 9 }]",
    ],
    [
      "a list",
      "scopes: [logs.view]",
      { scopes: ["logs.list", "logs.view"] },
      "scopes: [logs.view, logs.list]",
    ],
    ["a list to empty", "alert_emails: [a@example.com]", { alert_emails: null }, "alert_emails: null"],
    [
      "metadata",
      "defaults: { metadata: { team: x, env: y } }",
      { defaults: { metadata: { team: "z", more: "w" }, config_id: null } },
      "defaults: { metadata: { team: z, env: null } }",
    ],
    [
      "metadata that was to be empty",
      "defaults: { metadata: null }",
      { defaults: { metadata: { team: "on" }, config_id: null } },
      'defaults: { metadata: { team: "on" } }',
    ],
    [
      "a switch",
      "defaults: { allow_config_override: false }",
      { allow_config_override: 1 },
      "defaults: { allow_config_override: true }",
    ],
    ["a date", `expires_at: ${dates[0]}`, { expires_at: dates[1] }, `expires_at: ${dates[1]}`],
    ["a date to never", `expires_at: "${dates[0]}"`, { expires_at: null }, "expires_at: null"],
    [
      "rotation by another period",
      "rotation_policy: { rotation_period: weekly, key_transition_period_ms: 3600000 }",
      {
        rotation_policy: {
          rotation_period: null,
          rotation_period_days: 30,
          next_rotation_at: dates[0],
          key_transition_period_ms: 3_600_000,
        },
      },
      "rotation_policy: { rotation_period: null, rotation_period_days: 30, key_transition_period_ms: 3600000 }",
    ],
    [
      "no rotation",
      "rotation_policy: { rotation_period: weekly }",
      { rotation_policy: null },
      "rotation_policy: null",
    ],
  ])("%s", async (_kind, said, live, becomes) => {
    const text = (line: string): string =>
      policy("a", `keyId: ${idOf(1)}`, `  key: # ours\n    ${line}\n# end\n`);
    write("a.yaml", text(said));
    write("b.yaml", policy("b", `keyId: ${idOf(2)}`, "  key: { name: key 2 }\n"));
    const ran = await drifted(live);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    expect(read("a.yaml")).toBe(text(becomes));
    expect(ran.stdout).toContain("+    ");
    expect(await changesLeft()).toBe(0);
    expect((await accept("a")).stdout).toContain("Nothing to accept");
  });
});

describe("where it is written", () => {
  const budget = "  key: { usage_limits: { type: cost, credit_limit: 5 } }\n";
  const live = { usage_limits: { type: "cost", credit_limit: 9 } } as unknown as Partial<StoredKey>;

  test("into a profile that nobody else uses", async () => {
    write("a.yaml", policy("a", `keyId: ${idOf(1)}`, "  profiles: [p]\n"));
    write("p.yaml", profile("p", budget));
    expect((await drifted(live)).exitCode).toBe(0);
    expect(read("p.yaml")).toContain("credit_limit: 9");
    expect(await changesLeft()).toBe(0);
  });

  test("into several files, however long their names", async () => {
    write("a.yaml", policy("a", `keyId: ${idOf(1)}`, "  profiles: [p]\n  key: { description: x }\n"));
    const long = `${"p".repeat(240)}.yaml`;
    write(long, profile("p", budget));
    const { exitCode, stderr } = await drifted({
      description: "live",
      usage_limits: { type: "cost", credit_limit: 9 },
    });
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect([read("a.yaml"), read(long)]).toEqual([
      expect.stringContaining("description: live"),
      expect.stringContaining("credit_limit: 9"),
    ]);
    expect(await changesLeft()).toBe(0);
  });

  test("into the key's own policy where others use the profile, which is told", async () => {
    write("a.yaml", policy("a", `keyId: ${idOf(1)}`, "  profiles: [p]\n"));
    write("b.yaml", policy("b", `keyId: ${idOf(2)}`, "  profiles: [p]\n"));
    write("p.yaml", profile("p", budget));
    const { exitCode, stdout } = await drifted(live);
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain('stands in the profile "p", which others use: it goes into "a" instead');
    expect(read("p.yaml")).toBe(profile("p", budget));
    expect(read("a.yaml")).toContain("  profiles: [p]\n  key:\n    usage_limits: { credit_limit: 9 }\n");
    expect(await changesLeft()).toBe(0);
  });

  test("nowhere, where the policy governs several keys", async () => {
    write("a.yaml", policy("a", `keyIds: [${idOf(1)}, ${idOf(2)}]`, budget));
    await workplace.run(apply, {});
    simulator.edit(idOf(1), live);
    const { exitCode, stdout } = await accept(idOf(1));
    expect(exitCode).toBe(6);
    expect(stdout).toContain("governs 2 keys");
    expect(stdout).toContain("policy of its own");
    expect(read("a.yaml")).toContain("credit_limit: 5");
  });

  test("nowhere, where an anchor would carry it to another field", async () => {
    const text = policy("a", `keyId: ${idOf(1)}`, "  key: { name: &n one, description: *n }\n");
    write("a.yaml", text);
    const { exitCode, stdout } = await drifted({ name: "two" });
    expect(exitCode).toBe(6);
    expect(stdout).toContain("what is wanted of description would change, too");
    expect(read("a.yaml")).toBe(text);
  });
});

describe("what is accepted", () => {
  const text = policy("a", `keyId: ${idOf(1)}`, "  key:\n    name: one\n    description: two\n");

  test("with --field that alone", async () => {
    write("a.yaml", text);
    const { exitCode } = await drifted({ name: "x", description: "y" }, { field: ["name"] });
    expect(exitCode).toBe(0);
    expect(read("a.yaml")).toBe(text.replace("name: one", "name: x"));
    expect(await changesLeft()).toBe(1);
  });

  test("not the policy's own edit that was not applied yet, unless it is named", async () => {
    write("a.yaml", text);
    await workplace.run(apply, {});
    const edited = text.replace("description: two", "description: three");
    write("a.yaml", edited);
    const left = await accept("a", { format: "json" });
    expect(left.exitCode).toBe(6);
    expect(checkedResult("drift", left.stdout)).toMatchObject({ left: [{ path: "description" }], files: [] });
    expect(read("a.yaml")).toBe(edited);
    expect((await accept("a", { field: ["description"] })).exitCode).toBe(0);
    expect(read("a.yaml")).toBe(text);
  });

  test("every difference where nothing is known of the key", async () => {
    write("a.yaml", text);
    simulator.edit(idOf(1), { name: "x", description: "y" });
    expect((await accept(idOf(1).slice(0, 12))).exitCode).toBe(0);
    expect(await changesLeft()).toBe(0);
  });

  test("of one key: how its id begins must not be how another one begins", async () => {
    write("a.yaml", text);
    write("b.yaml", policy("b", `keyId: ${idOf(2)}`, "  key: { name: key 2 }\n"));
    await expect(accept(idOf(1).slice(0, 12))).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("names 2 keys") as string,
    });
  });

  test("no masked secret", async () => {
    write("a.yaml", text);
    const { exitCode, stdout } = await drifted({ description: "z1*****3AX" });
    expect(exitCode).toBe(6);
    expect(stdout).toContain("it is a masked secret");
    expect(read("a.yaml")).toBe(text);
  });

  test("nothing with --dry-run, which says what would be", async () => {
    write("a.yaml", text);
    const { exitCode, stdout } = await drifted({ name: "x" }, { dryRun: true });
    expect(exitCode).toBe(2);
    expect(stdout).toContain("-    name: one\n+    name: x\n");
    expect(read("a.yaml")).toBe(text);
  });

  test("nothing of a field that the policy says nothing of", async () => {
    write("a.yaml", text);
    const { exitCode, stdout } = await drifted({}, { field: ["scopes"] });
    expect(exitCode).toBe(6);
    expect(stdout).toContain("says nothing of the field scopes");
  });

  test("nothing where the policy is broken, or the directory cannot be believed", async () => {
    write("a.yaml", text.replace("description: two", "usage_limits: { alert_threshold: 5 }"));
    const { exitCode, stdout } = await accept(idOf(1));
    expect(exitCode).toBe(6);
    expect(stdout).toContain("usage_limits has no credit_limit");
    mkdirSync(join(workplace.policies, "empty"));
    const empty = { policies: join(workplace.policies, "empty") };
    await expect(accept(idOf(1), empty)).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("with exceptions, selectors and guardrails", () => {
  const until = "2099-01-01T00:00:00Z";
  const rule = (schema: string, rest = ""): string =>
    `apiVersion: keysteward/v1\nkind: Guardrail\nmetadata: { name: rule }\nspec:\n${rest}  message: no such thing\n  schema: ${schema}\n`;

  test("a field that an override sets is left, and the others are written; named, it is refused", async () => {
    const text = policy(
      "a",
      `keyId: ${idOf(1)}`,
      `  key: { name: one, description: two }\n  overrides:\n    - { until: ${until}, reason: launch, key: { name: three } }\n`,
    );
    write("a.yaml", text);
    const named = await drifted({ name: "x", description: "y" }, { field: ["name"] });
    expect(named.exitCode).toBe(6);
    expect(named.stdout).toContain(
      `name cannot be accepted: the override at ${workplace.policies}/a.yaml:9 sets it`,
    );
    expect(read("a.yaml")).toBe(text);
    const { exitCode, stdout } = await accept("a");
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain(`sets it until ${until}; change or end that one`);
    expect(read("a.yaml")).toBe(text.replace("description: two", 'description: "y"'));
    expect(await changesLeft()).toBe(1);
  });

  test("what would be wrong once an override is over is refused now", async () => {
    const budget = "usage_limits: { type: cost, credit_limit: 5, alert_threshold: 4 }";
    const text = policy(
      "a",
      `keyId: ${idOf(1)}`,
      `  key: { ${budget} }\n  overrides:\n    - { until: ${until}, reason: launch, key: { usage_limits: { credit_limit: 50 } } }\n`,
    );
    write("a.yaml", text);
    const live = { usage_limits: { type: "cost", credit_limit: 50, alert_threshold: 40 } };
    const { exitCode, stdout } = await drifted(live);
    expect(exitCode).toBe(6);
    expect(stdout).toContain("alert_threshold");
    expect(read("a.yaml")).toBe(text);
  });

  test("a key that is selected has no policy to write to", async () => {
    const text = policy("a", "match: { name: key 1 }", "  key: { description: x }\n");
    write("a.yaml", text);
    const { exitCode, stdout } = await drifted({ description: "y" });
    expect(exitCode).toBe(6);
    expect(stdout).toContain('the key is selected by "a"');
    expect(stdout).toContain("policy of its own");
    expect(read("a.yaml")).toBe(text);
  });

  test.each([
    ["", "in the file of the policy"],
    ["  match: { name: 'key *' }\n", "of live keys with a name"],
  ])("what a guardrail forbids is not accepted, by its own words (%j: %s)", async (match) => {
    const text = policy("a", `keyId: ${idOf(1)}`, "  key: { description: two, scopes: [logs.view] }\n");
    const both = `${text}---\n${rule("{ properties: { description: { const: two } } }", match)}`;
    write("a.yaml", both);
    const { exitCode, stdout } = await drifted({ description: "y", scopes: ["logs.list"] });
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain("a guardrail forbids it: no such thing: ");
    expect(read("a.yaml")).toBe(both.replace("[logs.view]", "[logs.list]"));
    const named = await accept("a", { field: ["description"] });
    expect(named.exitCode).toBe(6);
    expect(named.stdout).toContain("description cannot be accepted: a guardrail forbids it: no such thing");
  });

  test("a guardrail that cannot be read any more still forbids what it did", async () => {
    write("a.yaml", policy("a", `keyId: ${idOf(1)}`, "  key: { description: two }\n"));
    write("rules.yaml", rule("{ properties: { description: { const: two } } }"));
    expect((await workplace.run(apply, {})).exitCode).toBe(0);
    simulator.edit(idOf(1), { description: "y" });
    write("rules.yaml", rule("{ properties: { description: { constant: two } } }"));
    const { exitCode, stdout } = await accept("a");
    expect(exitCode, stdout).toBe(6);
    expect(stdout).toContain("a guardrail forbids it: no such thing");
    expect(read("a.yaml")).toContain("description: two");
  });
});
