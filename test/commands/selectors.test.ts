import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { audit } from "../../src/commands/audit.ts";
import { explain, type ExplainFlags } from "../../src/commands/explain.ts";
import { forget, type ForgetFlags } from "../../src/commands/forget.ts";
import { importKeys } from "../../src/commands/import-keys.ts";
import { plan } from "../../src/commands/plan.ts";
import { validate } from "../../src/commands/validate.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

/* Policies that select keys, by every command that looks at policies. */

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();

let simulator: Simulator;
let place: Workplace;

beforeEach(async () => {
  simulator = await startSimulator({
    keys: [
      key(1, { name: "search-bot", defaults: { metadata: { team: "search" }, config_id: null } }),
      key(2, { name: "search-index" }),
      key(3, { name: "chat" }),
    ],
  });
  place = makeWorkplace(simulator);
  mkdirSync(place.policies);
  write(
    "everyone.yaml",
    "everyone",
    'match: { type: workspace-service }\n  priority: -1\n  key: { description: "ours" }',
  );
  write("search.yaml", "search", 'match: { name: "search-*" }\n  key: { description: "of search" }');
});

function write(file: string, name: string, spec: string): void {
  writeFileSync(
    join(place.policies, file),
    `apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: ${name} }\nspec:\n  ${spec}\n`,
  );
}

const runExplain = (text: string, flags: ExplainFlags = {}): Promise<Ran> =>
  place.run((io, all: ExplainFlags) => explain(io, text, all), flags);
const runForget = (text: string | undefined, flags: ForgetFlags = {}): Promise<Ran> =>
  place.run((io, all: ForgetFlags) => forget(io, text, all), flags);

test("plan says which policies select a key, in each of its formats", async () => {
  const { exitCode, stdout } = await place.run(plan);
  expect(exitCode).toBe(2);
  const { policies } = place;
  expect(stdout).toContain(
    `search "search-bot" ${idOf(1)} neutral ${policies}/search.yaml:5\n` +
      `  selected by search (${policies}/search.yaml:5, priority 0), everyone (${policies}/everyone.yaml:5, priority -1)\n` +
      `  + description: (empty) -> "of search" (new, ${policies}/search.yaml:6)\n`,
  );
  expect(stdout).toContain(`  selected by everyone (${policies}/everyone.yaml:5)\n`);
  const json = checkedResult("plan", (await place.run(plan, { format: "json" })).stdout);
  expect(json["changes"].find(({ keyId }: { keyId: string }) => keyId === idOf(1))).toMatchObject({
    policy: "search",
    selectedBy: [
      { policy: "search", priority: 0, mode: "enforce", file: `${policies}/search.yaml`, line: 5 },
      { policy: "everyone", priority: -1, mode: "enforce", file: `${policies}/everyone.yaml`, line: 5 },
    ],
  });
  const github = (await place.run(plan, { format: "github" })).stdout;
  expect(github).toContain(`selected by everyone (${policies}/everyone.yaml:5)`);
});

test("after apply there is nothing to plan, and a key that is made then is covered by the next one", async () => {
  expect((await place.run(apply)).exitCode).toBe(0);
  expect((await place.run(plan)).exitCode).toBe(0);
  const made = simulator.create({ name: "search-new" });
  expect((await place.run(apply)).exitCode).toBe(0);
  expect(simulator.keys.get(made.id)?.description).toBe("of search");
  expect([1, 2, 3].map((n) => simulator.keys.get(idOf(n))?.description)).toEqual([
    "of search",
    "of search",
    "ours",
  ]);
  expect((await place.run(plan)).exitCode).toBe(0);
});

test("explain says who selects the key, and what lost by priority", async () => {
  const { policies } = place;
  const { stdout } = await runExplain(idOf(1));
  expect(stdout).toContain(
    `governed by "search" (${policies}/search.yaml:5), mode enforce; selected by search`,
  );
  expect(stdout).toContain(`    over "ours" ${policies}/everyone.yaml:7:10 (everyone)\n`);
  const result = checkedResult("explain", (await runExplain(idOf(1), { format: "json" })).stdout);
  expect(result).toMatchObject({
    coverage: "governed",
    policy: "search",
    selectedBy: [{ policy: "search" }, { policy: "everyone" }],
    fields: [{ path: "description", source: "search", lost: [{ source: "everyone", value: "ours" }] }],
  });
});

test("explain asks the guardrails for the labels of every policy that selects the key, as plan does", async () => {
  write(
    "everyone.yaml",
    "everyone, labels: { env: prod }",
    "match: { type: workspace-service }\n  priority: -1",
  );
  const guardrail =
    "apiVersion: keysteward/v1\nkind: Guardrail\nmetadata: { name: short }\nspec:\n  message: short ones\n" +
    "  match: { labels: { env: prod } }\n  appliesTo: live\n  schema: { properties: { description: { maxLength: 4 } } }\n";
  writeFileSync(join(place.policies, "rules.yaml"), guardrail);
  simulator.edit(idOf(1), { description: "something else" });
  await place.run(plan);
  const result = checkedResult("explain", (await runExplain(idOf(1), { format: "json" })).stdout);
  expect(result).toMatchObject({
    coverage: "held",
    guardrails: [
      { name: "short", judged: "policy", verdict: "offended" },
      { name: "short", judged: "live", verdict: "offended" },
    ],
  });
});

test("explain takes the name of a policy that selects one key, and says which keys several are", async () => {
  await place.run(apply);
  write("chat.yaml", "chatty", 'match: { name: "ch?t" }\n  key: { alert_emails: [chat@example.com] }');
  expect((await runExplain("chatty")).stdout).toContain(idOf(3));
  await expect(runExplain("search")).rejects.toThrow(
    `"search" names 2 keys among the policies: ${idOf(1)}, ${idOf(2)}`,
  );
});

test("explain goes by what the key is now, and offline by what was seen", async () => {
  await place.run(apply);
  simulator.edit(idOf(1), { name: "chat-bot" });
  expect((await runExplain(idOf(1))).stdout).toContain('governed by "everyone"');
  expect((await runExplain(idOf(1), { offline: true })).stdout).toContain('governed by "search"');
});

test("explain says why a key is held that cannot be followed", async () => {
  write("other.yaml", "other", 'match: { name: "*-bot" }\n  key: { description: "of bots" }');
  expect((await runExplain(idOf(1))).stdout).toContain(
    'held: the policies "other" and "search" and "everyone", which all select this key, cannot be followed together, and the key keeps its values',
  );
  const { exitCode, stdout } = await place.run(plan);
  expect(exitCode).toBe(3);
  expect(stdout).toContain("KS1310");
});

test("audit counts selected keys as governed, and import makes no policies for them", async () => {
  const { stdout } = await place.run(audit);
  expect(stdout).toContain("Every key is governed. 3 keys, 3 governed.");
  expect(stdout).toContain(`(selected by search and everyone, ${place.policies}/search.yaml:5)`);
  const json = checkedResult("audit", (await place.run(audit, { format: "json" })).stdout);
  expect(json["keys"].every(({ selectedBy }: { selectedBy?: unknown }) => selectedBy !== undefined)).toBe(
    true,
  );
  const imported = checkedResult("import", (await place.run(importKeys, { format: "json" })).stdout);
  expect(imported).toMatchObject({ selected: 3, governed: 3, files: [] });
});

test("a key that is named is its policy's alone", async () => {
  write("own.yaml", "own", `keyId: ${idOf(1)}\n  key: { alert_emails: [own@example.com] }`);
  await place.run(apply);
  expect(simulator.keys.get(idOf(1))).toMatchObject({ description: null, alert_emails: ["own@example.com"] });
  expect((await place.run(plan)).exitCode).toBe(0);
});

test("forget leaves a selected key alone, and gives up one that nobody selects any more", async () => {
  await place.run(apply);
  const refused = await runForget(idOf(3));
  expect(refused.exitCode).toBe(6);
  expect(refused.stdout).toContain('the policy "everyone"');
  simulator.edit(idOf(3), { type: "workspace-user" });
  const orphaned = await place.run(plan);
  expect(orphaned.stdout).toContain(`orphaned ${idOf(3)} (everyone)`);
  await place.run(apply);
  expect((await runForget(undefined, { allOrphaned: true, yes: true })).exitCode).toBe(0);
  expect((await place.run(plan)).stdout).not.toContain("orphaned");
});

test("validate checks selectors offline; plan warns of one that selects nothing", async () => {
  write("typo.yaml", "typo", 'match: { name: "saerch-*" }\n  key: { description: x }');
  expect((await place.run(validate)).stdout).toContain("valid: 3 files, 3 policies");
  const { stdout, exitCode } = await place.run(plan);
  expect(exitCode).toBe(2);
  expect(stdout).toContain('the policy "typo" selects none of the live keys');
  write("typo.yaml", "typo", 'match: { name: "search-*" }\n  key: { name: chat }');
  const refused = await place.run(validate);
  expect(refused.exitCode).toBe(3);
  expect(refused.stdout).toContain("KS1311");
});
