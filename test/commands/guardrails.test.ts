import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { audit } from "../../src/commands/audit.ts";
import { explain, type ExplainFlags } from "../../src/commands/explain.ts";
import { plan } from "../../src/commands/plan.ts";
import type { Format } from "../../src/commands/context.ts";
import { validate } from "../../src/commands/validate.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { keyPolicy } from "../e2e/cli.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();

let simulator: Simulator;
let place: Workplace;

beforeEach(async () => {
  simulator = await startSimulator({
    keys: [
      key(1, { name: "chatbot" }),
      key(2, { name: "notebook", type: "workspace-user" }),
      key(3, { name: "nightly", scopes: ["completions.write", "logs.view"] }),
    ],
  });
  place = makeWorkplace(simulator);
  write("search.yaml", keyPolicy("search", idOf(1), "{ name: chatbot, description: hello }"));
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(place.policies, file)), { recursive: true });
  writeFileSync(join(place.policies, file), text);
}

/** A guardrail whose schema and other parts stand on one line each. */
function rule(name: string, schema: string, more: readonly string[] = []): string {
  const lines = ["message: keys say what they are for", `schema: ${schema}`, ...more].map(
    (line) => `  ${line}`,
  );
  return `apiVersion: keysteward/v1\nkind: Guardrail\nmetadata: { name: ${name} }\nspec:\n${lines.join("\n")}\n`;
}

const described = "{ required: [description], properties: { description: { type: string } } }";
const runExplain = (text: string, flags: ExplainFlags = {}): Promise<Ran> =>
  place.run((io, all: ExplainFlags) => explain(io, text, all), flags);
const audited = async () => checkedResult("audit", (await place.run(audit, { format: "json" })).stdout);

describe("audit", () => {
  test("judges every live key, governed or not, by the guardrails over live keys, and ends with 3", async () => {
    write("rules.yaml", rule("described", described, ["appliesTo: live"]));
    const { exitCode, stdout } = await place.run(audit, { format: "json" });
    expect(exitCode).toBe(3);
    const { violations, unjudged } = checkedResult("audit", stdout);
    expect(unjudged).toEqual([]);
    expect(violations).toEqual(
      [1, 2, 3].map((n) => ({
        keyId: idOf(n),
        name: simulator.keys.get(idOf(n))!.name,
        guardrail: "described",
        severity: "error",
        file: `${place.policies}/rules.yaml`,
        line: 1,
        path: "description",
        message: "keys say what they are for: description is null; expected text",
      })),
    );
    expect((await place.run(apply, { yes: true })).exitCode).toBe(0);
    expect((await audited())["violations"]).toHaveLength(2);
  });

  test("tells people where, what was found, what was expected, and how often", async () => {
    write("rules.yaml", rule("described", described, ["appliesTo: live", "match: { name: n* }"]));
    const { stdout } = await place.run(audit, {});
    expect(stdout).toContain(`\
violation (error) "notebook" ${idOf(2)} description
  keys say what they are for: description is null; expected text (guardrail "described", ${place.policies}/rules.yaml:1)
violation (error) "nightly" ${idOf(3)} description
  keys say what they are for: description is null; expected text (guardrail "described", ${place.policies}/rules.yaml:1)
2 violations.
`);
  });

  test.each<[Format, string]>([
    [
      "github",
      '::error file=POLICIES/rules.yaml,line=1,col=1,title=KS1340 guardrail-offended::the key "notebook" ID2: keys',
    ],
    ["sarif", '"fullyQualifiedName": "ID2.description"'],
    ["junit", '<failure type="described" message="keys say what they are for">'],
  ])("tells what it finds as %s, at the guardrail and by the key", async (format, told) => {
    write("rules.yaml", rule("described", described, ["appliesTo: live"]));
    const { exitCode, stdout } = await place.run(audit, { format });
    expect(exitCode).toBe(3);
    expect(stdout).toContain(told.replace("POLICIES", place.policies).replace("ID2", idOf(2)));
  });

  test("as JUnit has a case for each key, and one for each file with an error", async () => {
    write("rules.yaml", rule("described", described, ["appliesTo: live", "match: { name: n* }"]));
    write("broken.yaml", "spec: [");
    const { stdout } = await place.run(audit, { format: "junit" });
    expect(stdout.match(/<testcase /g)).toHaveLength(4);
    expect(stdout).toContain('tests="4" failures="3"');
  });

  test("judges keys that are selected by the labels of the policies that select them", async () => {
    write(
      "selector.yaml",
      "apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: nights, labels: { env: night } }\n" +
        'spec: { match: { name: "night*" }, key: { alert_emails: [a@example.com] } }\n',
    );
    write(
      "rules.yaml",
      rule("described", described, ["appliesTo: live", "match: { labels: { env: night } }"]),
    );
    const { violations } = await audited();
    expect(violations.map(({ keyId }: { keyId: string }) => keyId)).toEqual([idOf(3)]);
  });

  test("ends with 0 where there are warnings alone, and judges no live key by what is about policies", async () => {
    write("rules.yaml", rule("described", described, ["appliesTo: live", "severity: warning"]));
    const warned = await place.run(audit, { format: "json" });
    expect(warned.exitCode).toBe(0);
    expect(checkedResult("audit", warned.stdout)["violations"]).toHaveLength(3);
    write("rules.yaml", rule("described", described));
    const { violations } = await audited();
    expect(violations).toEqual([]);
  });

  test.each([
    ["{ labels: { env: prod } }", [1]],
    ["{ type: workspace-user }", [2]],
    ["{ labels: { env: prod }, type: workspace-user }", []],
    ["{ name: 'n*', status: active }", [2, 3]],
  ])("judges the keys that match %s", async (match, keys) => {
    const labelled = keyPolicy("search", idOf(1), "{ name: chatbot }").replace(
      "search }",
      "search, labels: { env: prod } }",
    );
    write("search.yaml", labelled);
    write("rules.yaml", rule("described", described, ["appliesTo: live", `match: ${match}`]));
    const { violations } = await audited();
    expect(violations.map(({ keyId }: { keyId: string }) => keyId)).toEqual(keys.map(idOf));
  });

  test("judges the keys that were asked for alone", async () => {
    write("rules.yaml", rule("described", described, ["appliesTo: live"]));
    const { stdout } = await place.run(audit, { format: "json", type: "workspace-user" });
    expect(checkedResult("audit", stdout)["violations"]).toMatchObject([{ keyId: idOf(2) }]);
  });

  test("reads a key where a guardrail looks at what the list does not show, and only then", async () => {
    const gets = (): number => simulator.requests.filter(({ path }) => path.includes("/api-keys/")).length;
    write("rules.yaml", rule("described", described, ["appliesTo: live"]));
    await audited();
    expect(gets()).toBe(0);
    const rotates = "{ required: [rotation_policy], properties: { rotation_policy: { type: object } } }";
    write("rules.yaml", rule("rotates", rotates, ["appliesTo: live", "match: { type: workspace-user }"]));
    expect((await audited())["violations"]).toMatchObject([
      {
        keyId: idOf(2),
        path: "rotation_policy",
        message: expect.stringContaining("rotation_policy is null"),
      },
    ]);
    expect(gets()).toBe(1);
  });

  test("never takes what cannot be read for empty", async () => {
    const rotates = "{ required: [rotation_policy], properties: { rotation_policy: { type: object } } }";
    write("rules.yaml", rule("rotates", rotates, ["appliesTo: live", "match: { name: nightly }"]));
    simulator.faults.add({ target: "key", id: idOf(3), effect: { kind: "status", status: 403 } });
    const { violations, unjudged } = await audited();
    expect(violations).toEqual([]);
    expect(unjudged).toMatchObject([{ keyId: idOf(3), guardrail: "rotates" }]);
  });
});

describe("explain", () => {
  test("shows the guardrails that are about a key, and whether they hold", async () => {
    write(
      "rules.yaml",
      [
        rule("described", described, ["appliesTo: live"]),
        rule("short", "{ properties: { name: { maxLength: 3 } } }"),
        rule("users", described, ["match: { type: workspace-user }"]),
        rule("prod", described, ["match: { labels: { env: prod } }"]),
      ].join("---\n"),
    );
    const { stdout } = await runExplain("search", { format: "json" });
    const { guardrails } = checkedResult("explain", stdout);
    expect(guardrails.map(({ name, judged, verdict }: any) => [name, judged, verdict])).toEqual([
      ["described", "policy", "holds"],
      ["described", "live", "offended"],
      ["short", "policy", "offended"],
    ]);
    expect(guardrails[2].offences[0]).toContain('name is "chatbot"; expected at most 3 characters');
    const people = await runExplain("search");
    expect(people.stdout).toContain(`holds described (asked for, error, ${place.policies}/rules.yaml:1)`);
    const free = await runExplain(idOf(2), { format: "json" });
    expect(checkedResult("explain", free.stdout)["guardrails"]).toMatchObject([
      { name: "described", judged: "live" },
    ]);
  });

  test("counts what is asked of a key as what it is", async () => {
    write(
      "rules.yaml",
      rule("short", "{ properties: { name: { maxLength: 3 } } }", ["match: { metadata: { env: prod } }"]),
    );
    write(
      "search.yaml",
      keyPolicy("search", idOf(1), "{ name: chatbot, defaults: { metadata: { env: prod } } }"),
    );
    const result = checkedResult("explain", (await runExplain("search", { format: "json" })).stdout);
    expect(result).toMatchObject({ guardrails: [{ name: "short", judged: "policy", verdict: "offended" }] });
  });

  test("says what is undecided of a key that was not seen", async () => {
    write(
      "rules.yaml",
      rule("users", "{ properties: { name: { maxLength: 3 } } }", ["match: { type: workspace-user }"]),
    );
    const { stdout } = await runExplain("search", { format: "json", offline: true });
    const result = checkedResult("explain", stdout);
    expect(result).toMatchObject({ coverage: "held", guardrails: [{ name: "users", verdict: "undecided" }] });
  });
});

describe("plan and apply", () => {
  const updates = (): number => simulator.requests.filter(({ method }) => method === "PUT").length;

  test("hold what a broken guardrail forbade, in another process too, and demand nothing after that", async () => {
    const short = rule("short", "{ properties: { description: { maxLength: 10 } } }");
    write("rules.yaml", short);
    expect((await place.run(apply, { yes: true })).exitCode).toBe(0);
    const sent = updates();

    write(
      "search.yaml",
      keyPolicy("search", idOf(1), "{ name: chatbot, description: far too long for that }"),
    );
    write("rules.yaml", short.replace("spec:", "spec: ["));
    const planned = await place.run(plan, { format: "json" });
    expect(planned.exitCode).toBe(3);
    expect(checkedResult("plan", planned.stdout)).toMatchObject({
      changes: [],
      notices: [{ kind: "quarantined", keyId: idOf(1) }],
    });
    const explained = await runExplain("search", { format: "json" });
    expect(checkedResult("explain", explained.stdout)["guardrails"]).toMatchObject([
      { name: "short", verdict: "offended" },
    ]);
    const kept = await place.run(apply, { yes: true, keepGoing: true });
    expect(kept.exitCode).toBe(3);
    expect(kept.stdout).toContain("KS1341");
    expect(updates()).toBe(sent);

    rmSync(join(place.policies, "rules.yaml"));
    expect((await place.run(apply, { yes: true })).exitCode).toBe(0);
    expect(updates()).toBe(sent + 1);
    expect((await place.run(plan, {})).exitCode).toBe(0);
  });

  test("hold everything for a guardrail that nobody has ever been able to read", async () => {
    write("rules.yaml", rule("short", "{ maxLenght: 10 }"));
    const kept = await place.run(apply, { yes: true, keepGoing: true });
    expect(kept.exitCode).toBe(3);
    expect(kept.stdout).toContain("KS1342");
    expect(updates()).toBe(0);
  });

  test("a guardrail about live keys judges them as they are, in the first plan", async () => {
    write(
      "rules.yaml",
      rule("short", "{ properties: { description: { maxLength: 3 } } }", ["match: { name: chat* }"]),
    );
    expect((await place.run(validate, {})).exitCode).toBe(0);
    const planned = await place.run(plan, {});
    expect(planned.exitCode).toBe(3);
    expect(planned.stdout).toContain("KS1340");
  });
});
