import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { importKeys, type ImportFlags } from "../../src/commands/import-keys.ts";
import { plan } from "../../src/commands/plan.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { keyPolicy } from "../e2e/cli.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
const workspace = "0A0B0C0D-0000-4000-8000-000000000001";

let simulator: Simulator;
let place: Workplace;

beforeEach(async () => {
  simulator = await startSimulator({
    keys: [
      key(1, { name: "Search / chatbot", workspace_id: workspace }),
      key(2, { name: "twin", workspace_id: workspace }),
      key(3, { name: "Twin", workspace_id: workspace, type: "workspace-user" }),
      key(4, { name: "admin", type: "organisation-service", workspace_id: null }),
    ],
  });
  place = makeWorkplace(simulator);
});

async function imported(flags: ImportFlags = {}): Promise<Record<string, any>> {
  const { exitCode, stdout, stderr } = await place.run(importKeys, { format: "json", ...flags });
  expect(exitCode, stderr).toBe(0);
  return checkedResult("import", stdout);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(place.policies, file)), { recursive: true });
  writeFileSync(join(place.policies, file), text);
}

const namesIn = (result: Record<string, any>): string[] =>
  (result["files"] as { file: string }[]).map(({ file }) => file.slice(place.policies.length + 1));

describe("import writes", () => {
  test("a file a key, by workspace, named after the key, with an id where that is not its alone", async () => {
    const result = await imported();
    expect(namesIn(result)).toEqual([
      "workspace-0a0b0c0d/search-chatbot.yaml",
      "workspace-0a0b0c0d/twin-00000000.yaml",
      `workspace-0a0b0c0d/twin-${idOf(3)}.yaml`,
      "organisation/admin.yaml",
    ]);
    const text = readFileSync(join(place.policies, namesIn(result)[0]!), "utf8");
    // There is no schema to point to.
    expect(text.split("\n")[0]).toBe("apiVersion: keysteward/v1");
    expect(text).toContain("  name: search-chatbot\n");
    expect(text).toContain('# "Search / chatbot", workspace-service, workspace 0A0B0C0D');
    expect(text).not.toContain(simulator.keys.get(idOf(1))!.key);
  });

  test("no folders where none are wanted, elsewhere where that is said", async () => {
    const out = join(place.folder, "elsewhere");
    const result = await imported({ out, flat: true, type: "organisation-service" });
    expect(result["files"]).toMatchObject([{ file: join(out, "admin.yaml"), policy: "admin" }]);
    expect(existsSync(place.policies)).toBe(false);
  });

  test("a pointer to the schema where that is, or to the one that is named, as seen from the file", async () => {
    const first = async (flags: ImportFlags): Promise<string> => {
      const result = await imported({ ...flags, dryRun: true, type: "organisation-service" });
      return (result["files"][0].text as string).split("\n")[0]!;
    };
    const pointer = (to: string): string => `# yaml-language-server: $schema=${to}`;
    const url = "https://example.com/policy.schema.json";
    expect(await first({ schema: url })).toBe(pointer(url));
    await expect(first({ schema: "own.json" })).rejects.toThrow(/--schema own\.json: found no such file/);
    mkdirSync(join(place.folder, "schema"));
    await expect(first({ schema: "schema" })).rejects.toThrow(/found no such file/);
    writeFileSync(join(place.folder, "own.json"), "{}");
    expect(await first({ schema: "own.json" })).toBe(pointer("../../own.json"));
    expect(await first({})).toBe("apiVersion: keysteward/v1");
    writeFileSync(join(place.folder, "schema", "policy.schema.json"), "{}");
    expect(await first({})).toBe(pointer("../../schema/policy.schema.json"));
    expect(await first({ flat: true })).toBe(pointer("../schema/policy.schema.json"));
    const out = join(place.folder, "a", "b");
    expect(await first({ out })).toBe(pointer("../../../schema/policy.schema.json"));
  });

  test("nothing in a dry run, which shows what it would write", async () => {
    const dry = await imported({ dryRun: true });
    expect(existsSync(place.policies)).toBe(false);
    const real = await imported();
    expect(dry["files"].map(({ file }: any) => file)).toEqual(real["files"].map(({ file }: any) => file));
    for (const { file, text } of dry["files"]) expect(readFileSync(file as string, "utf8")).toBe(text);
    const shown = await place.run(importKeys, { dryRun: true });
    expect(shown.stdout).toContain("0 policies would be written");
  });
});

describe("import takes", () => {
  test.each<[string, ImportFlags, string[]]>([
    ["a workspace's keys", { workspace: workspace.toLowerCase() }, [idOf(1), idOf(2), idOf(3)]],
    ["a type's keys", { type: "workspace-user" }, [idOf(3)]],
    ["keys whose names fit", { name: "?win" }, [idOf(2), idOf(3)]],
    ["keys by id", { key: [idOf(4).toUpperCase(), idOf(1)] }, [idOf(1), idOf(4)]],
    ["what fits all of it", { name: "twin", type: "workspace-service" }, [idOf(2)]],
  ])("%s", async (_what, flags, ids) => {
    const result = await imported({ ...flags, dryRun: true });
    expect(result["files"].map(({ keyId }: any) => keyId)).toEqual(ids);
    expect(result).toMatchObject({ live: 4, selected: ids.length, governed: 0 });
  });

  test("no key by an id that is none, or that is not live", async () => {
    await expect(place.run(importKeys, { key: ["search"] })).rejects.toThrow(/expected a UUID/);
    await expect(place.run(importKeys, { key: [idOf(9)] })).rejects.toThrow(`does not list ${idOf(9)}`);
  });
});

describe("import leaves alone", () => {
  test("a key that a policy governs, in whatever mode; it is counted", async () => {
    write("mine.yaml", keyPolicy("mine", idOf(1), "{ name: x }"));
    const result = await imported();
    expect(result["files"].map(({ keyId }: any) => keyId)).toEqual([idOf(2), idOf(3), idOf(4)]);
    expect(result["governed"]).toBe(1);
    const again = await place.run(importKeys, {});
    expect(again.stdout).toContain("0 policies");
    expect(again.stdout).toContain("4 of them with a policy already");
  });

  test("a file that is there, and a name that is taken", async () => {
    const text = "apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: admin }\nspec: {}\n";
    write("organisation/admin.yaml", text);
    write("other.yaml", keyPolicy("search-chatbot", idOf(2), "{ name: twin }"));
    expect(namesIn(await imported({ name: "[a-z]*" }))).toEqual([]);
    expect(namesIn(await imported({ name: "admin" }))).toEqual(["organisation/admin-00000000.yaml"]);
    expect(readFileSync(join(place.policies, "organisation/admin.yaml"), "utf8")).toBe(text);
    expect(namesIn(await imported({ key: [idOf(1)] }))).toEqual([
      "workspace-0a0b0c0d/search-chatbot-00000000.yaml",
    ]);
  });

  test("everything, while a policy is broken: it may govern any of them", async () => {
    write("broken.yaml", "kind: [\n");
    const { exitCode, stdout, stderr } = await place.run(importKeys, { format: "json" });
    expect(exitCode).toBe(3);
    expect(stderr).toContain("Nothing was imported");
    expect(checkedResult("import", stdout)).toMatchObject({ files: [], problems: [{ code: "KS1101" }] });
    expect(readdirSync(place.policies)).toEqual(["broken.yaml"]);
    expect(simulator.requests).toEqual([]);
  });

  test("everything, where policies were applied and their directory is gone", async () => {
    write("mine.yaml", keyPolicy("mine", idOf(1), "{ name: x }"));
    expect((await place.run(apply, {})).exitCode).toBe(0);
    const elsewhere = join(place.folder, "nowhere");
    await expect(place.run(importKeys, { policies: elsewhere })).rejects.toThrow(/applied to 1 keys before/);
    expect(existsSync(elsewhere)).toBe(false);
  });
});

describe("import tells what guardrails say against what is live", () => {
  const guardrail = (severity: string, match: string): string => `apiVersion: keysteward/v1
kind: Guardrail
metadata: { name: described }
spec:
  message: a key needs a description
  severity: ${severity}
  match: ${match}
  schema: { required: [description], properties: { description: { type: string } } }
`;
  const offence = {
    guardrail: "described",
    path: "spec.key.description",
    message: expect.stringMatching(/^a key needs a description: description is missing/),
  };

  test("for each key that one refuses, whose file is written; it does not promise an empty plan", async () => {
    write("rules.yaml", guardrail("error", "{ type: workspace-user }"));
    const { exitCode, stdout } = await place.run(importKeys, {});
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/"Twin" .*\n {2}refused a key needs a description: .*\(guardrail "described", /);
    expect(stdout.match(/refused a key/g)).toHaveLength(1);
    expect(stdout).toContain("guardrails refuse 1 of these policies");
    expect(stdout).not.toContain("finds nothing to change");
    const planned = await place.run(plan, { format: "json" });
    expect(planned.exitCode).toBe(3);
    const problems = checkedResult("plan", planned.stdout)["problems"] as { file: string }[];
    expect(problems).toMatchObject([
      { code: "KS1340", file: expect.stringContaining(`twin-${idOf(3)}.yaml`) },
    ]);
  });

  test("as JSON, and in a dry run", async () => {
    write("rules.yaml", guardrail("error", "{ type: workspace-user }"));
    const { files } = await imported({ dryRun: true });
    expect(files.map(({ offences }: any) => offences)).toEqual([
      [],
      [],
      [{ ...offence, severity: "error" }],
      [],
    ]);
    expect((await place.run(importKeys, { dryRun: true })).stdout).toContain(
      "  refused a key needs a description",
    );
  });

  test("as a warning where it is one, and the plan is empty all the same", async () => {
    write("rules.yaml", guardrail("warning", "{ name: admin }"));
    const { stdout } = await place.run(importKeys, {});
    expect(stdout).toContain("  warned of a key needs a description");
    expect(stdout).toContain("finds nothing to change");
    expect((await place.run(plan, {})).exitCode).toBe(0);
  });

  test("nothing of a guardrail for labels, which no imported policy has", async () => {
    write("rules.yaml", guardrail("error", "{ labels: { env: prod } }"));
    const { files } = await imported();
    expect(files.flatMap(({ offences }: any) => offences)).toEqual([]);
  });
});

describe("import reads", () => {
  test("each key once where the list has no rotation policies, and none where it has them", async () => {
    await imported({ dryRun: true });
    expect(simulator.requests).toHaveLength(1 + 4);
    simulator.model.listHasRotationPolicy = true;
    simulator.edit(idOf(1), {
      rotation_policy: {
        rotation_period: "monthly",
        next_rotation_at: "2099-01-01T00:00:00.000Z",
        key_transition_period_ms: 3_600_000,
      },
    });
    const before = simulator.requests.length;
    await imported({ dryRun: true, key: [idOf(1)] });
    expect(simulator.requests.length - before).toBe(1);
  });

  test("a key that cannot be read without its rotation policy, and says so", async () => {
    simulator.forbidden.add(idOf(1));
    const result = await imported({ key: [idOf(1)] });
    expect(result["files"][0].leftOut).toMatchObject([{ path: "rotation_policy", value: null }]);
    simulator.forbidden.clear();
    expect((await place.run(plan, {})).exitCode).toBe(0);
  });
});
