import { chmodSync, existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProvenance, type ProvenanceOptions } from "../../src/git/provenance.ts";
import type { Clock, Provenance } from "../../src/ports.ts";
import { Repository, temporaryDirectory } from "./repository.ts";

/** A clock on which nobody waits in vain: only what is woken by hand ends its sleep. */
class StandingClock implements Clock {
  time = 0;
  readonly sleeping: { readonly ms: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sleeping.push({ ms, wake: resolve });
      signal?.addEventListener("abort", () => reject(new Error("woken")));
    });
  }

  wake(): void {
    for (const { wake } of this.sleeping.splice(0)) wake();
  }
}

interface Asked {
  readonly provenance: Provenance;
  readonly told: string[];
  readonly clock: StandingClock;
}

function ask(directory: string, own: Partial<ProvenanceOptions> = {}): Asked {
  const told: string[] = [];
  const clock = new StandingClock();
  const env = { PATH: process.env["PATH"], HOME: directory };
  const onUnknown = (reason: string): void => void told.push(reason);
  const provenance = createProvenance({ directory, env, clock, onUnknown, ...own });
  onTestFinished(() => provenance.stop());
  return { provenance, told, clock };
}

/** A directory with a program called git that does this, and then is git. */
function fakeGit(script: string): { readonly PATH: string } {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, "git"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
}

/** A git that writes a line into a file each time that it is started. */
function countingGit(): { readonly env: { readonly PATH: string }; readonly started: () => string[] } {
  const file = join(temporaryDirectory(), "started");
  const real = (process.env["PATH"] ?? "").split(":").find((folder) => existsSync(join(folder, "git")))!;
  const env = fakeGit(`echo "$*" >> ${file}; exec ${real}/git "$@"`);
  return { env, started: () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []) };
}

describe("the origin of a file", () => {
  test("is the last commit that touched it, with its author, and whether it is as committed", async () => {
    const repository = new Repository();
    const first = repository.commit("writer", { "policies/a.yaml": "a: 1\n", "policies/b.yaml": "b: 1\n" });
    const second = repository.commit("editor", { "policies/b.yaml": "b: 2\n" });
    repository.commit("other", { "README.md": "elsewhere" });
    repository.write("policies/b.yaml", "b: 3\n");
    const { provenance, told } = ask(repository.path("policies"));
    expect(await provenance.of(repository.path("policies/a.yaml"))).toEqual({
      commit: first,
      author: "writer <writer@example.com>",
      committedAt: expect.stringMatching(/^2026-01-01T00:0\d:00(Z|\+00:00)$/) as string,
      uncommitted: false,
    });
    expect(await provenance.of(repository.path("policies/b.yaml"))).toMatchObject({
      commit: second,
      uncommitted: true,
    });
    expect(told).toEqual([]);
  });

  test("is not known for a file that is not committed, is not there, or is outside", async () => {
    const repository = new Repository();
    repository.commit("writer", { "policies/a.yaml": "a: 1\n", "outside.yaml": "" });
    repository.write("policies/new.yaml", "n: 1\n");
    const { provenance, told } = ask(repository.path("policies"));
    for (const file of ["policies/new.yaml", "policies/gone.yaml", "outside.yaml", ".git/HEAD"]) {
      expect(await provenance.of(repository.path(file))).toBeUndefined();
    }
    expect(await provenance.of("/etc/hostname")).toBeUndefined();
    expect(told).toEqual([]);
  });

  test("is found where the policies are the whole checkout, and whatever files and people are called", async () => {
    const repository = new Repository();
    const names = ["a b.yaml", "-n1.yaml", ":(top)x.yaml", "*.yaml", "ü\n\u0001.yaml", "--output=x.yaml"];
    const commits = names.map((name) => repository.commit("Writer O'; \u0001$(x)", { [name]: "1" }));
    const { provenance } = ask(repository.root);
    for (const [index, name] of names.entries()) {
      const origin = await provenance.of(repository.path(name));
      expect(origin).toMatchObject({ commit: commits[index], uncommitted: false });
      expect(origin?.author).toMatch(/^Writer O'; /);
    }
  });

  test("moves with what is checked out, also where only the message was written anew", async () => {
    const repository = new Repository();
    const file = repository.path("a.yaml");
    const first = repository.commit("writer", { "a.yaml": "1" });
    const { provenance } = ask(repository.root);
    expect(await provenance.of(file)).toMatchObject({ commit: first });
    const second = repository.commit("editor", { "a.yaml": "2" });
    expect(await provenance.of(file)).toMatchObject({
      commit: second,
      author: "editor <editor@example.com>",
    });
    repository.git("commit", "-q", "--amend", "-m", "in other words");
    expect(await provenance.of(file)).toMatchObject({ commit: repository.head(), uncommitted: false });
    repository.git("checkout", "-q", first);
    expect(await provenance.of(file)).toMatchObject({ commit: first, uncommitted: false });
    repository.git("pack-refs", "--all");
    repository.git("checkout", "-q", "main");
    expect((await provenance.of(file))?.commit).toBe(repository.head());
  });

  test("is that of the checkout that a link leads to, as git-sync publishes one after the other", async () => {
    const repository = new Repository();
    const first = repository.commit("writer", { "policies/a.yaml": "1" });
    const second = repository.commit("editor", { "policies/a.yaml": "2" });
    const root = temporaryDirectory();
    for (const commit of [first, second]) repository.git("worktree", "add", "-q", join(root, commit), commit);
    symlinkSync(first, join(root, "current"));
    const { provenance, told } = ask(join(root, "current/policies"));
    const file = join(root, "current/policies/a.yaml");
    expect(await provenance.of(file)).toMatchObject({ commit: first, uncommitted: false });
    symlinkSync(second, join(root, "next"));
    renameSync(join(root, "next"), join(root, "current"));
    expect(await provenance.of(file)).toMatchObject({ commit: second, uncommitted: false });
    expect(told).toEqual([]);
  });

  test("is that of the file that a link inside the directory leads to", async () => {
    const repository = new Repository();
    const first = repository.commit("writer", { "policies/_parts/a.yaml": "1" });
    symlinkSync("_parts/a.yaml", repository.path("policies/a.yaml"));
    repository.commit("editor");
    const { provenance } = ask(repository.path("policies"));
    expect(await provenance.of(repository.path("policies/a.yaml"))).toMatchObject({
      commit: first,
      uncommitted: false,
    });
  });

  test("is not called uncommitted for the line ends that a checkout makes", async () => {
    const repository = new Repository();
    repository.git("config", "core.autocrlf", "true");
    repository.commit("writer", { "a.yaml": "a: 1\r\nb: 2\r\n" });
    const { provenance } = ask(repository.root);
    expect(await provenance.of(repository.path("a.yaml"))).toMatchObject({ uncommitted: false });
  });

  test("is found in a repository that names its objects by SHA-256", async () => {
    const root = temporaryDirectory();
    const repository = new Repository(root);
    repository.git("init", "-q", "--object-format=sha256", join(root, "other"));
    const other = new Repository(join(root, "other"));
    const commit = other.commit("writer", { "a.yaml": "1" });
    expect(commit).toHaveLength(64);
    expect(await ask(other.root).provenance.of(other.path("a.yaml"))).toMatchObject({
      commit,
      uncommitted: false,
    });
  });
});

describe("in a history with merges it is what git log -1 says", () => {
  test("for each file, whichever side it comes from, and for what the merge itself made", async () => {
    const repository = new Repository();
    const names = ["both", "evil", "left", "right", "discarded", "old"].map((name) => `p/${name}.yaml`);
    repository.commit("writer", Object.fromEntries(names.map((name) => [name, "0"])));
    repository.git("checkout", "-q", "-b", "side");
    repository.commit("sider", { "p/right.yaml": "1", "p/both.yaml": "s", "p/evil.yaml": "s" });
    repository.commit("sider", { "p/discarded.yaml": "s" });
    repository.git("checkout", "-q", "main");
    repository.commit("mainline", { "p/left.yaml": "1", "p/both.yaml": "m", "p/evil.yaml": "m" });
    repository.merge("side", { "p/right.yaml": "1", "p/both.yaml": "s", "p/evil.yaml": "neither" });
    repository.commit("topmost", { "p/top.yaml": "1" });
    const { provenance } = ask(repository.path("p"));
    const found = new Set<string>();
    for (const name of [...names, "p/top.yaml"].toReversed()) {
      const commit = repository.git("log", "-1", "--format=%H", "--", name).trim();
      expect(await provenance.of(repository.path(name)), name).toMatchObject({ commit });
      found.add(commit);
    }
    expect(found.size).toBe(5);
  });
});

test("it is what git log -1 says for every file of any history", async () => {
  const names = [0, 1, 2, 3, 4, 5].map((number) => `p/${number}.yaml`);
  const step = fc.record({
    branch: fc.constantFrom("one", "two"),
    merge: fc.boolean(),
    /** Of each file what is committed: what is there, what the other side has, or something new. */
    files: fc.tuple(...names.map(() => fc.constantFrom("kept", "kept", "theirs", "0", "1"))),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 8 }), async (steps) => {
      const repository = new Repository();
      repository.commit("writer", { ...Object.fromEntries(names.map((name) => [name, "0"])), "q.yaml": "" });
      repository.git("branch", "one");
      repository.git("branch", "two");
      for (const { branch, merge, files } of steps) {
        const other = branch === "one" ? "two" : "one";
        repository.git("checkout", "-q", branch);
        if (merge) repository.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", other);
        for (const [index, name] of names.entries()) {
          if (files[index] === "theirs") repository.git("checkout", "-q", other, "--", name);
          else if (files[index] !== "kept") repository.write(name, files[index]!);
        }
        repository.commit("writer", { "q.yaml": String(steps.length) });
      }
      const { provenance } = ask(repository.path("p"));
      for (const name of names) {
        const commit = repository.git("log", "-1", "--format=%H", "--", name).trim();
        expect(await provenance.of(repository.path(name)), name).toMatchObject({ commit });
      }
    }),
    { numRuns: 8 },
  );
}, 120_000);

describe("a push of many changes", () => {
  test("starts a handful of processes for two thousand files, in whichever order they come", async () => {
    const repository = new Repository();
    const files = Array.from({ length: 2_000 }, (_, index) => `p/${index % 40}/${index}.yaml`);
    repository.commit("writer", Object.fromEntries(files.map((file) => [file, file])));
    for (let index = 0; index < 40; index += 1) repository.commit("editor", { [files[index]!]: "new" });
    const { env, started } = countingGit();
    const { provenance } = ask(repository.path("p"), { env });
    const inOrder = files.toReversed();
    for (let index = 0; index < inOrder.length; index += 4) {
      await Promise.all(
        inOrder.slice(index, index + 4).map(async (file) => {
          expect((await provenance.of(repository.path(file)))?.uncommitted).toBe(false);
        }),
      );
    }
    expect(started().length).toBeLessThan(12);
    const before = started().length;
    await provenance.of(repository.path(files[0]!));
    expect(started()).toHaveLength(before);
  }, 60_000);

  test("starts few when each file lies deeper than the one before", async () => {
    const repository = new Repository();
    const files = Array.from({ length: 60 }, (_, index) => `${index}.yaml`);
    const commits = files.map((file) => repository.commit("writer", { [file]: "1" }));
    const { env, started } = countingGit();
    const { provenance } = ask(repository.root, { env });
    for (const [index, file] of [...files.entries()].toReversed()) {
      expect((await provenance.of(repository.path(file)))?.commit).toBe(commits[index]);
    }
    expect(started().length).toBeLessThan(12);
  });
});

describe("where git cannot tell", () => {
  test("outside of a checkout nothing is known, and that is said once", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "a.yaml"), "1");
    const usual: boolean[] = [];
    const { provenance } = ask(directory, { onUnknown: (_reason, isUsual) => usual.push(isUsual) });
    for (let count = 0; count < 3; count += 1) {
      expect(await provenance.of(join(directory, "a.yaml"))).toBeUndefined();
    }
    expect(usual).toEqual([true]);
  });

  test("a directory that is not there is not asked about", async () => {
    const { provenance, told } = ask(join(temporaryDirectory(), "gone"));
    expect(await provenance.of("gone/a.yaml")).toBeUndefined();
    expect(told).toEqual([]);
  });

  test("without git nothing is known, and nobody looks for it each time", async () => {
    const repository = new Repository();
    repository.commit("writer", { "a.yaml": "1" });
    const { provenance, told, clock } = ask(repository.root, { env: { PATH: temporaryDirectory() } });
    for (let count = 0; count < 3; count += 1) {
      expect(await provenance.of(repository.path("a.yaml"))).toBeUndefined();
    }
    clock.time += 1e9;
    expect(await provenance.of(repository.path("a.yaml"))).toBeUndefined();
    expect(told).toEqual(["there is no git to ask"]);
  });

  test("a git that fails is not asked again for a while, then is, and is told again when it fails anew", async () => {
    const repository = new Repository();
    const commit = repository.commit("writer", { "a.yaml": "1" });
    const sick = join(temporaryDirectory(), "sick");
    writeFileSync(sick, "");
    const { env, started } = countingGit();
    const script = `if test -e ${sick}; then echo "fatal: no idea" >&2; exit 128; fi`;
    const { PATH } = fakeGit(`${script}; PATH=${env.PATH} exec git "$@"`);
    const { provenance, told, clock } = ask(repository.root, { env: { PATH } });
    const file = repository.path("a.yaml");
    expect(await provenance.of(file)).toBeUndefined();
    renameSync(sick, `${sick}-no-more`);
    expect(await provenance.of(file)).toBeUndefined();
    expect(started()).toEqual([]);
    clock.time += 300_000;
    expect(await provenance.of(file)).toMatchObject({ commit });
    renameSync(`${sick}-no-more`, sick);
    repository.commit("editor", { "a.yaml": "2" });
    expect(await provenance.of(file)).toBeUndefined();
    expect(told).toEqual(["no idea", "no idea"]);
  });

  test("a git that does not answer is waited for once, then hardly, and ended in the end", async () => {
    const repository = new Repository();
    repository.commit("writer", { "a.yaml": "1" });
    const env = fakeGit("exec sleep 600");
    const { provenance, told, clock } = ask(repository.root, { env, timeoutMs: 300, patienceMs: 2_000 });
    const first = provenance.of(repository.path("a.yaml"));
    expect(clock.sleeping.map(({ ms }) => ms)).toEqual([2_000]);
    clock.wake();
    expect(await first).toBeUndefined();
    const second = provenance.of(repository.path("a.yaml"));
    expect(clock.sleeping.map(({ ms }) => ms)).toEqual([20]);
    expect(await second).toBeUndefined();
    expect(told).toEqual(["git is slow", "git took too long or said too much"]);
  });

  test("what is stopped ends what still runs", async () => {
    const repository = new Repository();
    repository.commit("writer", { "a.yaml": "1" });
    const pid = join(temporaryDirectory(), "pid");
    const env = fakeGit(`echo $$ > ${pid}; exec sleep 600`);
    const { provenance } = ask(repository.root, { env });
    const asked = provenance.of(repository.path("a.yaml"));
    while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await new Promise(setImmediate);
    (provenance as ReturnType<typeof createProvenance>).stop();
    expect(await asked).toBeUndefined();
    expect(() => process.kill(Number(readFileSync(pid, "utf8")), 0)).toThrow(/ESRCH/);
  });

  test("a shallow clone tells what lies above its end, and does not take the end for a commit of everything", async () => {
    const repository = new Repository();
    repository.commit("writer", { "old.yaml": "1", "new.yaml": "1" });
    repository.commit("writer", { "old.yaml": "2" });
    const newest = repository.commit("editor", { "new.yaml": "2" });
    const clone = temporaryDirectory();
    repository.git("clone", "-q", "--depth", "2", `file://${repository.root}`, join(clone, "c"));
    const { provenance, told } = ask(join(clone, "c"));
    expect(await provenance.of(join(clone, "c/old.yaml"))).toBeUndefined();
    expect(await provenance.of(join(clone, "c/new.yaml"))).toMatchObject({ commit: newest });
    expect(await provenance.of(join(clone, "c/old.yaml"))).toBeUndefined();
    expect(told).toEqual(["the clone is shallow and ends before their commits"]);
  });
});

describe("a checkout that means harm starts nothing", () => {
  test("by its configuration, its attributes, its hooks, or a program beside the policies", async () => {
    const repository = new Repository();
    const commit = repository.commit("writer", {
      "a.yaml": "1",
      ".gitattributes": "* filter=evil diff=evil\n",
    });
    const trace = repository.path("trace");
    const evil = repository.path("git");
    writeFileSync(evil, `#!/bin/sh\necho "$*" >> ${trace}\n`, { mode: 0o755 });
    const settings = [
      "core.fsmonitor",
      "core.sshCommand",
      "core.pager",
      "pager.log",
      "core.editor",
      "core.askPass",
      "diff.external",
      "diff.evil.command",
      "diff.evil.textconv",
      "filter.evil.clean",
      "filter.evil.smudge",
      "filter.evil.process",
      "gpg.program",
      "alias.log",
      "alias.ls-tree",
      "alias.rev-parse",
      "credential.helper",
      "uploadpack.packObjectsHook",
      "remote.origin.uploadpack",
    ];
    for (const name of settings) repository.git("config", name, name.startsWith("alias") ? `!${evil}` : evil);
    repository.git("config", "log.showSignature", "true");
    repository.git("config", "log.showRoot", "false");
    repository.git("config", "log.follow", "true");
    repository.git("config", "log.diffMerges", "off");
    repository.git("config", "diff.relative", "true");
    repository.git("config", "color.ui", "always");
    repository.git("config", "remote.origin.url", `ext::${evil}`);
    repository.git("config", "remote.origin.promisor", "true");
    repository.git("config", "core.hooksPath", repository.root);
    writeFileSync(repository.path("post-index-change"), `#!/bin/sh\necho hook >> ${trace}\n`);
    chmodSync(repository.path("post-index-change"), 0o755);
    writeFileSync(repository.path("a.yaml"), "2");
    const env = { PATH: `.:${process.env["PATH"] ?? ""}:`, HOME: repository.root };
    const { provenance, told } = ask(repository.root, { env });
    expect(await provenance.of(repository.path("a.yaml"))).toMatchObject({ commit, uncommitted: true });
    expect([told, existsSync(trace)]).toEqual([[], false]);
  });

  test("when it belongs to somebody else, unless the user has said that it may be trusted", async () => {
    const repository = new Repository();
    const commit = repository.commit("writer", { "a.yaml": "1" });
    const real = (process.env["PATH"] ?? "").split(":").find((folder) => existsSync(join(folder, "git")))!;
    const { PATH } = fakeGit(`GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec ${real}/git "$@"`);
    const file = repository.path("a.yaml");
    const HOME = temporaryDirectory();
    const { provenance, told } = ask(repository.root, { env: { PATH, HOME } });
    expect(await provenance.of(file)).toBeUndefined();
    expect(told).toEqual([expect.stringContaining("dubious ownership")]);
    writeFileSync(join(HOME, ".gitconfig"), `[safe]\n\tdirectory = ${repository.root}\n`);
    expect(await ask(repository.root, { env: { PATH, HOME } }).provenance.of(file)).toMatchObject({ commit });
  });

  test("and of a partial clone nothing is fetched", async () => {
    const repository = new Repository();
    repository.commit("writer", { "a.yaml": "1" });
    const trace = join(temporaryDirectory(), "trace");
    repository.git("config", "remote.origin.url", `ext::touch ${trace}`);
    repository.git("config", "protocol.ext.allow", "always");
    repository.git("config", "remote.origin.promisor", "true");
    repository.git("config", "extensions.partialClone", "origin");
    repository.git("config", "core.repositoryFormatVersion", "1");
    const tree = repository.git("rev-parse", "HEAD^{tree}").trim();
    renameSync(
      repository.path(`.git/objects/${tree.slice(0, 2)}/${tree.slice(2)}`),
      repository.path(".git/away"),
    );
    const { provenance, told } = ask(repository.root);
    expect(await provenance.of(repository.path("a.yaml"))).toBeUndefined();
    expect(told).toHaveLength(1);
    expect(existsSync(trace)).toBe(false);
  });

  test("the child has no variable of ours but a few: no admin key, nothing that steers git", async () => {
    const repository = new Repository();
    const commit = repository.commit("writer", { "a.yaml": "1" });
    const seen = join(temporaryDirectory(), "environment");
    const real = (process.env["PATH"] ?? "").split(":").find((folder) => existsSync(join(folder, "git")))!;
    const { PATH } = fakeGit(`env > ${seen}; exec ${real}/git "$@"`);
    const env = {
      ...{ PATH, HOME: "/home", PORTKEY_API_KEY: "secret", PORTKEY_API_KEY_FILE: "/secret" },
      ...{ GIT_DIR: "/nowhere", GIT_EXTERNAL_DIFF: "evil", GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "a.b" },
      ...{ GIT_TRACE: "/dev/stderr", CREDENTIALS_DIRECTORY: "/secrets", NOTIFY_SOCKET: "x" },
    };
    const { provenance } = ask(repository.root, { env });
    expect(await provenance.of(repository.path("a.yaml"))).toMatchObject({ commit });
    const names = readFileSync(seen, "utf8").matchAll(/^([A-Z_]+)=/gm);
    expect([...names].map(([, name]) => name).toSorted()).toEqual([
      ...["GIT_ALLOW_PROTOCOL", "GIT_GRAFT_FILE", "GIT_LITERAL_PATHSPECS", "GIT_NO_LAZY_FETCH"],
      ...[
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OPTIONAL_LOCKS",
        "GIT_TERMINAL_PROMPT",
        "HOME",
        "LC_ALL",
        "PATH",
        "PWD",
      ],
    ]);
  });
});
