import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { key, useSimulators } from "../simulator/support.ts";
import { keyPolicy, makePlace, root, uuid, type Ended, type Place } from "./cli.ts";

/* What `keysteward init` writes, used as a team would use it, with the built command. */

const startSimulator = useSimulators();
let place: Place;

beforeEach(() => {
  place = makePlace();
  // Policies are where the configuration says, and nowhere else.
  rmSync(place.policies, { recursive: true });
});

afterEach(() => place.remove());

const path = (...names: string[]): string => join(place.folder, ...names);
const read = (...names: string[]): string => readFileSync(path(...names), "utf8");

function write(file: string, text: string): void {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), text);
}

async function succeed(...args: string[]): Promise<Ended> {
  const ended = await place.run(...args);
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  return ended;
}

const files = [
  ".githooks/pre-commit",
  ".github/workflows/keysteward.yml",
  ".gitignore",
  "README.md",
  "keysteward.yaml",
  "policies/guardrails/budget.test.yaml",
  "policies/guardrails/budget.yaml",
  "policies/profiles/baseline.yaml",
  "schema/policy.schema.json",
];

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

describe("init", () => {
  test("writes a repository whose policies are valid and whose tests pass, and says what next", async () => {
    const { stdout } = await succeed("init");
    expect(filesIn(place.folder)).toEqual(files);
    expect(stdout).toContain(
      files.map((file) => `written ${file}\n`).join("") + "9 files written.\n\nNext:\n",
    );
    expect(stdout).toContain("  git config core.hooksPath .githooks");
    expect(statSync(path(".githooks/pre-commit")).mode & 0o100).toBe(0o100);
    expect(read("schema/policy.schema.json")).toBe(
      readFileSync(join(root, "schema/policy.schema.json"), "utf8"),
    );
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    for (const file of files) expect(read(file)).not.toContain("{{version}}");
    expect(read("README.md")).toContain(`Keysteward ${version}`);
    // The name alone is whoever's registers it: nothing that is written fetches it.
    for (const file of files) expect(read(file)).not.toMatch(/npx|keysteward@|npm install.* keysteward\b/);

    expect((await succeed("validate")).stdout).toContain("0 errors, 0 warnings");
    expect((await succeed("test")).stdout).toContain("3 passed, 0 failed");
  });

  test("leaves what is there as it is, and tells so", async () => {
    write("README.md", "ours\n");
    write("policies/profiles/baseline.yaml", "# ours\n");
    const { stdout } = await succeed("init");
    expect([read("README.md"), read("policies/profiles/baseline.yaml")]).toEqual(["ours\n", "# ours\n"]);
    expect(stdout).toContain("exists  README.md\n");
    expect(stdout).toContain("7 files written; 2 left as they were.\n");
    const before = files.map((file) => read(file));
    expect((await succeed("init")).stdout).toContain("0 files written; 9 left as they were.\n");
    expect(files.map((file) => read(file))).toEqual(before);
  });

  test("writes into a folder that it makes, and says how to get there", async () => {
    const { stdout } = await succeed("init", "our keys/here");
    expect(filesIn(path("our keys/here"))).toEqual(files);
    expect(stdout).toContain("  cd 'our keys/here'\n  git init\n");
  });

  test("says that git looks for hooks at the top, inside of another repository", async () => {
    execFileSync("git", ["init", "-q", place.folder]);
    expect((await succeed("init", "keys")).stdout).toContain("only at its top");
    const { stdout } = await succeed("init");
    expect(stdout).not.toContain("only at its top");
    expect(stdout).not.toContain("git init");
  });

  test("ends with 5 where a file cannot be written, after it told what was", async () => {
    write("policies", "a file\n");
    const { exitCode, stdout, stderr } = await place.run("init");
    expect(exitCode).toBe(5);
    expect(stdout).toContain("written keysteward.yaml\n");
    expect(stdout).not.toContain("Next:");
    expect(stderr).toContain("policies/guardrails/budget.test.yaml could not be written");
  });

  test("from init to an empty plan by import, whatever the keys are like; then valid, and tests pass", async () => {
    const simulator = await startSimulator({
      keys: [
        key(1, { name: "search", usage_limits: { type: "cost", credit_limit: 5000 } }),
        key(2, { name: "nightly" }),
      ],
    });
    Object.assign(place.env, { PORTKEY_API_KEY: simulator.adminKey, PORTKEY_BASE_URL: simulator.baseUrl });
    await succeed("init");
    await succeed("import");
    const imported = filesIn(path("policies")).filter((file) => /search|nightly/.test(file));
    expect(imported).toHaveLength(2);
    for (const file of imported) {
      const pointer = /^# yaml-language-server: \$schema=(.+)\n/.exec(read("policies", file))?.[1];
      expect(filesIn(place.folder)).toContain(join("policies", dirname(file), pointer!));
    }
    // The guardrail tells of both: one has no budget, the other too much, and for ever.
    expect((await succeed("validate")).stdout).toContain("0 errors, 3 warnings");
    await succeed("test");
    await succeed("plan");
    expect(simulator.requests.filter(({ method }) => method === "PUT")).toEqual([]);
  });
});

test("README.md: from init to a valid policy, a rule that is broken, and a test that passes", async () => {
  const page = readFileSync(join(root, "README.md"), "utf8");
  const example = /^```yaml first policy\n(.*?)^```/ms.exec(page)![1]!;
  const shown = (command: string): string =>
    new RegExp(`^\\$ keysteward ${command}\\n(.*?)^\`\`\``, "ms").exec(page)![1]!;
  await succeed("init");
  write("policies/chatbot.yaml", example);
  const pointer = /^# yaml-language-server: \$schema=(.+)\n/.exec(example)![1]!;
  expect(JSON.parse(read("policies", pointer))).toHaveProperty("$schema");
  expect((await succeed("validate")).stdout).toContain("0 errors, 0 warnings");

  const guardrail = read("policies/guardrails/budget.yaml");
  write("policies/guardrails/budget.yaml", guardrail.replace("severity: warning", "severity: error"));
  write("policies/chatbot.yaml", example.replace("credit_limit: 500", "credit_limit: 5000"));
  const refused = await place.run("validate");
  expect(refused.exitCode).toBe(3);
  expect(refused.stdout).toBe(shown("validate"));

  write("policies/chatbot.yaml", example);
  expect((await succeed("test")).stdout).toBe(shown("test"));
});

describe("the hook", () => {
  function git(...args: string[]): { readonly status: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync("git", args, {
      cwd: place.folder,
      encoding: "utf8",
      env: {
        ...process.env,
        PATH: `${path("bin")}:${process.env["PATH"] ?? ""}`,
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@example.com",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@example.com",
      },
    });
    return { status, output: stdout + stderr };
  }

  const commits = (): string => git("rev-list", "--count", "--all").output.trim();

  beforeEach(async () => {
    await succeed("init");
    write("bin/keysteward", `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/cli.js")}" "$@"\n`);
    chmodSync(path("bin/keysteward"), 0o755);
    git("init", "-q");
    git("config", "core.hooksPath", ".githooks");
    git("add", "-A", ":!bin");
    const first = git("commit", "-q", "-m", "begin");
    expect(first.status, first.output).toBe(0);
  });

  const policy = keyPolicy("chatbot", uuid(1), "{ usage_limits: null }");
  const broken = policy.replace("usage_limits", "usage_limit");

  test("refuses a commit with a broken policy, whichever way it is made, and says what is wrong where", () => {
    write("policies/chatbot.yaml", broken);
    git("add", "policies");
    for (const way of [
      ["-m", "x"],
      ["-am", "x"],
      ["-m", "x", "policies/chatbot.yaml"],
    ]) {
      const { status, output } = git("commit", ...way);
      expect(status, output).toBe(1);
      expect(output).toContain("policies/chatbot.yaml:6:10 error KS1201");
      expect(output).toContain('Did you mean "usage_limits"?');
    }
    expect(commits()).toBe("1");
  });

  test("lets a good one through, whichever way it is made, and leaves nothing in the repository", () => {
    write("policies/chatbot.yaml", policy);
    git("add", "policies");
    expect(git("commit", "-q", "-m", "x")).toEqual({ status: 0, output: expect.any(String) as string });
    write("policies/chatbot.yaml", policy.replace("null", "{ credit_limit: 5 }"));
    const all = git("commit", "-q", "-am", "y");
    expect(all.status, all.output).toBe(0);
    expect(commits()).toBe("3");
    expect(git("status", "--porcelain").output).toBe("?? bin/\n");
  });

  test("looks at what is committed: a mend that is not staged does not count, nor does a break", () => {
    write("policies/chatbot.yaml", broken);
    git("add", "policies");
    write("policies/chatbot.yaml", policy);
    expect(git("commit", "-m", "x").status).not.toBe(0);
    git("add", "policies");
    write("policies/chatbot.yaml", broken);
    const { status, output } = git("commit", "-q", "-m", "x");
    expect(status, output).toBe(0);
  });

  test("looks at what is committed, whatever options are set for other runs", () => {
    write("policies/chatbot.yaml", broken);
    git("add", "policies");
    rmSync(path("policies/chatbot.yaml"));
    vi.stubEnv("KEYSTEWARD_POLICIES", path("policies"));
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { status, output } = git("commit", "-m", "x");
    expect(status, output).toBe(1);
    expect(output).toContain("KS1201");
  });

  test("fetches nothing where keysteward is not installed, and says what to do", () => {
    rmSync(path("bin/keysteward"));
    write("bin/npx", `#!/bin/sh\necho fetched >> "${path("fetched")}"\n`);
    chmodSync(path("bin/npx"), 0o755);
    write("policies/chatbot.yaml", policy);
    git("add", "policies");
    const { status, output } = git("commit", "-m", "x");
    expect(status, output).toBe(1);
    expect(output).toContain("keysteward is not installed here, and nothing was checked");
    expect(existsSync(path("fetched"))).toBe(false);
    expect(commits()).toBe("1");
  });

  test("and the workflow look below the top where they were moved there from an init inside of a repository", async () => {
    const inside = "it's/keys";
    await succeed("init", inside);
    for (const name of [".githooks/pre-commit", ".github/workflows/keysteward.yml"]) {
      writeFileSync(path(name), read(`${inside}/${name}`));
    }
    for (const name of [".githooks", ".github"]) rmSync(path(`${inside}/${name}`), { recursive: true });
    rmSync(path("policies"), { recursive: true });
    write(`${inside}/policies/chatbot.yaml`, policy);
    git("add", "-A", ":!bin");
    const good = git("commit", "-q", "-m", "x");
    expect(good.status, good.output).toBe(0);
    write(`${inside}/policies/chatbot.yaml`, broken);
    const refused = git("commit", "-q", "-am", "y");
    expect(refused.status, refused.output).toBe(1);
    expect(refused.output).toContain("policies/chatbot.yaml:6:10 error KS1201");
    const workflow = parse(read(".github/workflows/keysteward.yml"));
    expect(workflow.on.pull_request.paths).toContain("it's/keys/policies/**");
    expect(workflow.defaults.run["working-directory"]).toBe("./it's/keys/");
  });

  test("refuses a commit with which a policy test fails", () => {
    const file = "policies/guardrails/budget.test.yaml";
    write(file, read(file).replace("credit_limit: 100,", "credit_limit: 200,"));
    const { status, output } = git("commit", "-am", "x");
    expect(status, output).toBe(1);
    expect(output).toContain("expected usage_limits.credit_limit to be 200, found 100 (baseline,");
  });
});

describe("the workflow", () => {
  /** A step of the checks by its name, run as the runner runs it. */
  function runStep(name: string, env: Readonly<Record<string, string>>): ReturnType<typeof spawnSync> {
    const { jobs } = parse(read(".github/workflows/keysteward.yml")) as {
      jobs: { check: { steps: { name?: string; run?: string }[] } };
    };
    const { run } = jobs.check.steps.find((step) => step.name === name)!;
    const PATH = `${path("bin")}:${process.env["PATH"] ?? ""}`;
    return spawnSync("bash", ["--norc", "-e", "-c", run!], {
      cwd: place.folder,
      encoding: "utf8",
      env: { PATH, ...env },
    });
  }

  test("begins with where Keysteward comes from, and fails where nobody said that", async () => {
    await succeed("init");
    const { jobs } = parse(read(".github/workflows/keysteward.yml")) as {
      jobs: { check: { steps: object[] } };
    };
    expect(jobs.check.steps[0]).toMatchObject({ name: "package" });
    const without = runStep("package", { PACKAGE: "" });
    expect(without.status).toBe(1);
    expect(without.stdout).toContain("::error::The variable KEYSTEWARD_PACKAGE is not set");
    expect(runStep("package", { PACKAGE: "https://example.com/keysteward.tgz" }).status).toBe(0);
  });

  test("makes no plan without the secret, and says why", async () => {
    await succeed("init");
    const { jobs } = parse(read(".github/workflows/keysteward.yml")) as {
      jobs: { plan: { steps: { name?: string; run?: string }[] } };
    };
    const run = (name: string) =>
      spawnSync("bash", ["--norc", "-e", "-c", jobs.plan.steps.find((step) => step.name === name)!.run!], {
        cwd: place.folder,
        encoding: "utf8",
        env: { PATH: process.env["PATH"] ?? "", PORTKEY_API_KEY: "" },
      });
    expect(run("plan")).toMatchObject({ status: 0, stdout: expect.stringContaining("::notice::") as string });
    expect(run("comment")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  test("shows the runner no line of a file that is not in its layout", async () => {
    await succeed("init");
    write("bin/keysteward", `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/cli.js")}" "$@"\n`);
    chmodSync(path("bin/keysteward"), 0o755);
    expect(runStep("fmt", {}).status).toBe(0);
    const text = "|\n        ::add-mask::a\n        ::stop-commands::b\n    name: x";
    write("policies/a.yaml", keyPolicy("a", uuid(1), `\n    description: ${text}`));
    expect((await place.run("fmt", "--check")).stdout).toContain("::stop-commands::b");
    const { status, stdout, stderr } = runStep("fmt", {});
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/^::error::.*keysteward fmt.*\n$/);
  });
});

test("the workflow is YAML, and each command in it is there, with its flags", async () => {
  await succeed("init");
  const { jobs } = parse(read(".github/workflows/keysteward.yml")) as {
    jobs: Record<string, { steps: { run?: string }[] }>;
  };
  const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  const hook = read(".githooks/pre-commit");
  const used = [...[...runs, hook].join("\n").matchAll(/^ *(?:if ! )?keysteward ([a-z]+)(.*)$/gm)];
  const commands = used.map(([, command]) => command);
  expect([...new Set(commands)].sort()).toEqual(["fmt", "plan", "test", "validate"]);
  for (const [, command, flags] of used) {
    const { stdout } = await succeed(command!, "--help");
    expect(stdout).toContain(`Usage: keysteward ${command!}`);
    for (const [flag] of flags!.matchAll(/--[a-z]+/g)) expect(stdout).toContain(flag);
    for (const [, format] of flags!.matchAll(/--format ([a-z]+)/g)) expect(stdout).toContain(`"${format!}"`);
  }
});
