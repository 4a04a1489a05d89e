import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import { audit } from "../../src/commands/audit.ts";
import { explain, type ExplainFlags } from "../../src/commands/explain.ts";
import { forget, type ForgetFlags } from "../../src/commands/forget.ts";
import { plan } from "../../src/commands/plan.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { openState, readAudit } from "../../src/state/open-state.ts";
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
      key(2, { name: "twin", type: "workspace-user" }),
      key(3, { name: "twin", scopes: ["workspace_service_api_keys.create"] }),
    ],
  });
  place = makeWorkplace(simulator);
  write(
    "base.yaml",
    "apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: base }\nspec: { key: { description: from the base } }\n",
  );
  write(
    "search.yaml",
    keyPolicy("search", idOf(1), "{ name: chatbot, description: hello }").replace(
      "spec:\n",
      "spec:\n  profiles: [base]\n",
    ),
  );
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(place.policies, file)), { recursive: true });
  writeFileSync(join(place.policies, file), text);
}

const runExplain = (text: string, flags: ExplainFlags = {}): Promise<Ran> =>
  place.run((io, all: ExplainFlags) => explain(io, text, all), flags);
const runForget = (text: string | undefined, flags: ForgetFlags = {}): Promise<Ran> =>
  place.run((io, all: ForgetFlags) => forget(io, text, all), flags);

describe("explain", () => {
  test("asks for the one key, and says who says what and where, what is live, and what would happen", async () => {
    const { exitCode, stdout } = await runExplain("search");
    expect(exitCode).toBe(0);
    expect(simulator.requests.map(({ path }) => path)).toEqual([`/v1/api-keys/${idOf(1)}`]);
    const { policies } = place;
    const workspace = simulator.keys.get(idOf(1))!.workspace_id!;
    expect(stdout).toBe(`\
"chatbot" ${idOf(1)} workspace-service, workspace ${workspace}, active
governed by "search" (${policies}/search.yaml:6), mode enforce
live values as read just now

description: "hello" ${policies}/search.yaml:7:25 (search)
    over "from the base" ${policies}/base.yaml:4:16 (base)
    live (empty); never applied
    would be set: it was never set from here (neutral)
name: "chatbot" ${policies}/search.yaml:7:10 (search)
    live "chatbot"; never applied
    as wanted; a pass notes it without a request

Set on the key, and asked for by no policy:
  scopes: ["completions.write"]
`);
  });

  test("finds a key by its id, by its policy's name, and by its own name once it was seen", async () => {
    await expect(runExplain("chatbot")).rejects.toThrow(/there is no key "chatbot"/);
    await place.run(apply, {});
    // A write makes the inventory forget the key; a pass that only reads sees it again.
    await place.run(apply, {});
    for (const text of [idOf(1).toUpperCase(), "search", "chatbot"]) {
      const result = checkedResult("explain", (await runExplain(text, { format: "json" })).stdout);
      expect(result).toMatchObject({
        keyId: idOf(1),
        coverage: "governed",
        policy: "search",
        mode: "enforce",
      });
    }
    await expect(runExplain("twin")).rejects.toThrow(/names 2 keys/);
  });

  test("says what was applied, and that a change since would be put back", async () => {
    await place.run(apply, {});
    simulator.edit(idOf(1), { description: "theirs" });
    const result = checkedResult("explain", (await runExplain("search", { format: "json" })).stdout);
    expect(result["fields"][0]).toMatchObject({
      path: "description",
      value: "hello",
      lost: [{ value: "from the base", source: "base" }],
      live: "theirs",
      applied: { value: "hello", policy: "search" },
      verdict: { kind: "set", why: "drift", rank: "neutral" },
    });
    expect(result["live"].from).toBe("control-plane");
  });

  test("offline makes no request, and says how old what it knows is", async () => {
    const unknown = await runExplain("search", { offline: true });
    expect(unknown.stdout).toContain("live values are not known");
    await place.run(apply, {});
    await place.run(apply, {});
    const before = simulator.requests.length;
    const { stdout } = await runExplain("search", { offline: true });
    expect(stdout).toMatch(/live values as seen 20\S+, \d+ seconds? ago/);
    const json = await runExplain("search", { offline: true, format: "json" });
    expect(checkedResult("explain", json.stdout)["live"].from).toBe("inventory");
    expect(simulator.requests).toHaveLength(before);
  });

  test("says so of a key that no policy governs, and shows what is live", async () => {
    const { exitCode, stdout } = await runExplain(idOf(3));
    expect(exitCode).toBe(0);
    expect(stdout).toContain("no policy governs this key\n");
    expect(stdout).toContain('  scopes: ["workspace_service_api_keys.create"]\n');
  });

  test("knows no key that nobody knows", async () => {
    await expect(runExplain(idOf(9))).rejects.toThrow(`no policy governs the key ${idOf(9)}`);
    await expect(runExplain(idOf(9), { offline: true })).rejects.toMatchObject({ exitCode: 4 });
  });

  test("shows what is wrong with the policy of a key that is held", async () => {
    write(
      "search.yaml",
      keyPolicy("search", idOf(1), "{ usage_limits: { credit_limit: 5, alert_threshold: 9 } }"),
    );
    const { exitCode, stdout } = await runExplain(idOf(1));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('held: something about "search"');
    expect(stdout).toContain("KS1403");
    checkedResult("explain", (await runExplain(idOf(1), { format: "json" })).stdout);
  });
});

describe("audit", () => {
  test("lists who governs which key, nobody first, the most powerful of those at the top, and why", async () => {
    const { exitCode, stdout } = await place.run(audit, {});
    expect(exitCode).toBe(0);
    const workspace = simulator.keys.get(idOf(1))!.workspace_id!;
    expect(stdout).toBe(`\
ungoverned "twin" ${idOf(3)} workspace-service ${workspace}
  can create keys; no budget; no rate limit; never expires
ungoverned "twin" ${idOf(2)} workspace-user ${workspace}
  no budget; no rate limit; never expires
governed "chatbot" ${idOf(1)} workspace-service ${workspace} (search, ${place.policies}/search.yaml:6)

2 not governed. 3 keys, 1 governed.
\`keysteward import\` makes policies for keys that have none.
`);
  });

  test("tells what policies name and nobody shows, and takes a key that is only not listed for live", async () => {
    write("gone.yaml", keyPolicy("gone", idOf(9), "{ name: x }"));
    const result = checkedResult("audit", (await place.run(audit, { format: "json" })).stdout);
    expect(result["absent"]).toMatchObject([{ keyId: idOf(9), policy: "gone", line: 5 }]);
    expect(result["violations"]).toEqual([]);

    simulator.faults.add({ effect: { kind: "list", drop: idOf(1), total: 2 } });
    const unlisted = checkedResult("audit", (await place.run(audit, { format: "json" })).stdout);
    expect(unlisted["absent"]).toHaveLength(1);
    expect(unlisted).toMatchObject({ live: 3, keys: [{}, {}, { keyId: idOf(1), coverage: "governed" }] });
  });

  test("takes the same filters as import", async () => {
    const result = checkedResult(
      "audit",
      (await place.run(audit, { format: "json", type: "workspace-user" })).stdout,
    );
    expect(result).toMatchObject({ live: 3, keys: [{ keyId: idOf(2) }], absent: [] });
  });

  test("begins without any policy, and ends with 3 where one is broken", async () => {
    const none = await place.run(audit, { policies: join(place.folder, "not-there") });
    expect(none.exitCode).toBe(0);
    expect(none.stdout).toContain("3 not governed.");
    write("broken.yaml", "kind: [\n");
    const broken = await place.run(audit, {});
    expect(broken.exitCode).toBe(3);
    expect(broken.stdout).toContain("KS1101");
    expect(broken.stdout).toContain("governed");
  });
});

describe("forget", () => {
  beforeEach(async () => {
    await place.run(apply, {});
  });

  test("ends the notice about a key whose policy was deleted", async () => {
    rmSync(join(place.policies, "search.yaml"));
    const before = await place.run(plan, {});
    expect(before.stdout).toContain(`keysteward forget ${idOf(1)}`);
    const { exitCode, stdout } = await runForget(idOf(1), { format: "json" });
    expect(exitCode).toBe(0);
    expect(checkedResult("forget", stdout)["keys"]).toMatchObject([{ keyId: idOf(1), outcome: "forgotten" }]);
    expect((await place.run(plan, {})).stdout).not.toContain("orphaned");
    const [line] = readAudit(`sqlite:${join(place.folder, "state.db")}`, { limit: 1 });
    expect(line).toMatchObject({ event: "forgotten", keyId: idOf(1), policy: "search" });
    await expect(runForget("search")).rejects.toThrow(/there is no key "search"/);
  });

  test("refuses while a policy covers the key, and names its file", async () => {
    const { exitCode, stdout } = await runForget("search");
    expect(exitCode).toBe(6);
    expect(stdout).toContain(`${place.policies}/search.yaml:6`);
    write("search.yaml", "kind: [\n");
    expect((await runForget("search")).exitCode).toBe(6);
  });

  test("lists all orphaned keys, and forgets them when that is said where nobody can be asked", async () => {
    rmSync(join(place.policies, "search.yaml"));
    const asked = await runForget(undefined, { allOrphaned: true });
    expect(asked.exitCode).toBe(6);
    expect(asked.stdout).toBe(`orphaned ${idOf(1)} (search)\nNothing was forgotten.\n`);
    expect(asked.stderr).toContain("--yes");
    const done = await runForget(undefined, { allOrphaned: true, yes: true });
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toContain("1 of 1 key forgotten.");
    const none = await runForget(undefined, { allOrphaned: true, yes: true });
    expect(none.stdout).toBe("0 of 0 keys forgotten.\n");
  });

  test("takes one key or all of them, and no directory that cannot be believed", async () => {
    await expect(runForget(undefined)).rejects.toThrow(/one key, or --all-orphaned/);
    await expect(runForget("search", { allOrphaned: true })).rejects.toThrow(/one key, or --all-orphaned/);
    await expect(runForget("search", { policies: join(place.folder, "not-there") })).rejects.toThrow(
      /cannot be believed/,
    );
  });

  test("says who holds the state", async () => {
    rmSync(join(place.policies, "search.yaml"));
    const url = `sqlite:${join(place.folder, "state.db")}`;
    const daemon = openState({ url, mode: "write", lockOwner: "a daemon" });
    try {
      await expect(runForget(idOf(1))).rejects.toMatchObject({
        code: "STATE_LOCKED",
        message: expect.stringContaining("a daemon") as string,
        hint: expect.stringContaining("stop it") as string,
      });
    } finally {
      daemon.close();
    }
  });
});
