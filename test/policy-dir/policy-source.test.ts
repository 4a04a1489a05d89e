import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PolicySet } from "../../src/core/policy.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";
import { git, policy, temporaryDirectory, unprivileged, uuid, writeTree } from "./support.ts";

function load(directory: string, limits = {}): PolicySet {
  return createPolicySource({ directory, limits }).load();
}

function names(set: PolicySet): string[] {
  return set.policies.map((one) => one.name);
}

function codes(set: PolicySet): string[] {
  return set.problems.map((one) => one.code);
}

test("policies are read from .yaml and .yml in any folder, in order of their paths", () => {
  const root = temporaryDirectory();
  writeTree(root, {
    "b/c/d.yml": policy("d", 1),
    "a.yaml": `${policy("a1", 2)}---\n${policy("a2", 3)}`,
    "b.yaml": policy("b", 4),
  });
  const set = load(root);
  expect(names(set)).toEqual(["a1", "a2", "b", "d"]);
  expect(set).toMatchObject({ trusted: true, files: 3, documents: 4, problems: [] });
});

test("hidden names, temporary files of editors and other files are not read", () => {
  const root = temporaryDirectory();
  const other = "not: [a policy";
  writeTree(root, {
    "a.yaml": policy("a", 1),
    ".b.yaml": other,
    "_c.yaml": other,
    ".git/x.yaml": other,
    "_drafts/x.yaml": other,
    "a.yaml~": other,
    ".a.yaml.swp": other,
    "#a.yaml#": other,
    "4913": other,
    "README.md": other,
    "a.yaml.orig": other,
  });
  expect(load(root)).toMatchObject({ files: 1, problems: [] });
});

test("places name the directory as it was given", () => {
  const root = temporaryDirectory();
  writeTree(root, { "t/a.yaml": "kind: x" });
  const given = relative(process.cwd(), root);
  expect(load(given).problems[0]!.file).toBe(join(given, "t/a.yaml"));
  expect(load(`${root}/`).problems[0]!.file).toBe(join(root, "t/a.yaml"));
});

test("a directory that is missing, empty or no directory is not trusted, and says what to do", () => {
  const root = temporaryDirectory();
  writeTree(root, { "file.txt": "", "empty/_hidden.yaml": "" });
  symlinkSync("nowhere", join(root, "dangling"));
  const found = ["missing", "file.txt", "file.txt/below", "dangling", "empty"].map((name) =>
    load(join(root, name)),
  );
  expect(found.map((set) => [set.trusted, ...codes(set)])).toEqual([
    [false, "KS1001"],
    [false, "KS1001"],
    [false, "KS1001"],
    [false, "KS1001"],
    [false, "KS1003"],
  ]);
  expect(found[0]!.problems[0]!.message).toMatch(/does not exist; create it/);
});

test("without permission: the directory is not trusted; a folder or file in it costs only itself", async () => {
  const root = temporaryDirectory();
  writeTree(root, {
    "closed/p/a.yaml": policy("a", 1),
    "open/a.yaml": policy("a", 1),
    "open/b.yaml": policy("b", 2),
    "open/t/c.yaml": policy("c", 3),
  });
  chmodSync(root, 0o755);
  chmodSync(join(root, "open/b.yaml"), 0o000);
  chmodSync(join(root, "open/t"), 0o000);
  chmodSync(join(root, "closed/p"), 0o311);
  const [closed, open] = await unprivileged(
    () => [load(join(root, "closed/p")), load(join(root, "open"))] as const,
  );
  expect([closed.trusted, ...codes(closed)]).toEqual([false, "KS1002"]);
  expect([open.trusted, ...names(open)]).toEqual([true, "a"]);
  expect(open.problems.map((one) => [one.code, one.file, one.severity])).toEqual([
    ["KS1005", join(root, "open/b.yaml"), "error"],
    ["KS1002", join(root, "open/t"), "error"],
  ]);
  chmodSync(join(root, "open/t"), 0o755);
});

test("what is called .yaml but is no regular file is not opened", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1) });
  const server = createServer().listen(join(root, "socket.yaml"));
  await once(server, "listening");
  const set = load(root);
  server.close();
  expect(names(set)).toEqual(["a"]);
  expect(codes(set)).toEqual(["KS1005"]);
});

test("bounds: a huge file is not read, too many files distrust the directory, and the bound is named", () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1), "b.yaml": "", "c.yaml": policy("c", 3) });
  truncateSync(join(root, "b.yaml"), 50 * 1024 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  const set = load(root);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024);
  expect([set.trusted, ...names(set)]).toEqual([true, "a", "c"]);
  expect(codes(set)).toEqual(["KS1007"]);
  expect(set.problems[0]!.message).toContain("52428800 bytes; at most 1048576");
  const many = load(root, { files: 2 });
  expect([many.trusted, ...codes(many)]).toEqual([false, "KS1010"]);
});

test("links inside are followed once, under their own names only where the target is not met otherwise", () => {
  const root = temporaryDirectory();
  writeTree(root, { "t/a.yaml": policy("a", 1), ".hidden/b.yaml": policy("b", 2) });
  symlinkSync("t", join(root, "again"));
  symlinkSync("../t/a.yaml", join(root, "t/same.yaml"));
  symlinkSync("..", join(root, "t/up"));
  symlinkSync("t/up", join(root, "loop"));
  symlinkSync(".hidden", join(root, "shown"));
  const set = load(root);
  expect(set.policies.map((one) => one.place.file)).toEqual([
    join(root, "shown/b.yaml"),
    join(root, "t/a.yaml"),
  ]);
  expect(codes(set)).toEqual([]);
});

test("the layout of a Kubernetes ConfigMap is read", () => {
  const root = temporaryDirectory();
  writeTree(root, { "..2026_11/a.yaml": policy("a", 1) });
  symlinkSync("..2026_11", join(root, "..data"));
  symlinkSync("..data/a.yaml", join(root, "a.yaml"));
  const set = load(root);
  expect(set.policies.map((one) => one.place.file)).toEqual([join(root, "a.yaml")]);
  expect(codes(set)).toEqual([]);
});

test("a link that leads outside is refused, one that leads nowhere is told, and the root may be one", () => {
  const parent = temporaryDirectory();
  writeTree(parent, {
    "root/a.yaml": policy("a", 1),
    "outside.yaml": policy("x", 2),
    "root2/y.yaml": policy("y", 3),
  });
  symlinkSync("../outside.yaml", join(parent, "root/b.yaml"));
  symlinkSync(join(parent, "root2"), join(parent, "root/c"));
  symlinkSync("gone.yaml", join(parent, "root/d.yaml"));
  symlinkSync("e.yaml", join(parent, "root/e.yaml"));
  symlinkSync("root", join(parent, "link"));
  const set = load(join(parent, "link"));
  expect(names(set)).toEqual(["a"]);
  expect(set.problems.map((one) => [one.code, relative(join(parent, "link"), one.file)])).toEqual([
    ["KS1009", "b.yaml"],
    ["KS1009", "c"],
    ["KS1005", "d.yaml"],
    ["KS1005", "e.yaml"],
  ]);
});

test.each([
  "index.lock",
  "MERGE_HEAD",
  "CHERRY_PICK_HEAD",
  "REVERT_HEAD",
  "BISECT_LOG",
  "rebase-merge",
  "rebase-apply",
])("a checkout under way (%s) is not trusted, and says how to end it", (marker) => {
  const repository = temporaryDirectory();
  git(repository, "init", "-q");
  writeTree(repository, { "deep/policies/a.yaml": policy("a", 1) });
  symlinkSync("deep/policies", join(repository, "link"));
  const source = createPolicySource({ directory: join(repository, "link") });
  expect(source.load().trusted).toBe(true);
  writeFileSync(join(repository, ".git", marker), "");
  const during = source.load();
  expect([during.trusted, ...codes(during)]).toEqual([false, "KS1004"]);
  expect(during.problems[0]!.message).toContain(join(repository, ".git", marker));
  expect(names(during)).toEqual(["a"]);
  rmSync(join(repository, ".git", marker));
  expect(source.load()).toMatchObject({ trusted: true, problems: [] });
});

test("a real merge conflict in a linked worktree is not trusted until it is given up", () => {
  const parent = temporaryDirectory();
  const repository = join(parent, "repository");
  writeTree(repository, { "p/a.yaml": policy("base", 1) });
  git(repository, "init", "-q");
  git(repository, "add", ".");
  git(repository, "commit", "-qm", "base");
  git(repository, "worktree", "add", "-q", "../tree", "-b", "other");
  writeTree(repository, { "p/a.yaml": policy("main", 1) });
  git(repository, "commit", "-qam", "main");
  const tree = join(parent, "tree");
  writeTree(tree, { "p/a.yaml": policy("other", 1) });
  git(tree, "commit", "-qam", "other");
  expect(() => git(tree, "merge", "main")).toThrow();
  const source = createPolicySource({ directory: join(tree, "p") });
  const during = source.load();
  expect(during.trusted).toBe(false);
  expect(codes(during)).toContain("KS1004");
  expect(load(join(repository, "p")).trusted).toBe(true);
  git(tree, "merge", "--abort");
  expect(source.load()).toMatchObject({ trusted: true, problems: [] });
});

test("what did not change comes as the same objects, and when nothing did, so does the set", () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1), "b.yaml": policy("b", 2), "c.yaml": "kind: x" });
  const source = createPolicySource({ directory: root });
  const first = source.load();
  expect(source.load()).toBe(first);
  writeTree(root, { "b.yaml": policy("b2", 2) });
  const second = source.load();
  expect(names(second)).toEqual(["a", "b2"]);
  expect(second.policies[0]).toBe(first.policies[0]);
  expect(second.problems).toEqual(first.problems);
  utimesSync(join(root, "a.yaml"), 1, 1);
  expect(source.load()).toBe(second);
});

test("a directory that was away, or published anew with the same content, gives the same objects again", () => {
  const parent = temporaryDirectory();
  const root = join(parent, "policies");
  writeTree(root, { "a.yaml": policy("a", 1) });
  const source = createPolicySource({ directory: root });
  const [first] = source.load().policies;
  renameSync(root, join(parent, "away"));
  expect(source.load()).toMatchObject({ trusted: false, policies: [] });
  writeTree(root, { "a.yaml": policy("a", 1) });
  expect(source.load().policies[0]).toBe(first);
});

test("a change within one tick of the clock, of the same size, with the old times put back, is seen", () => {
  const root = temporaryDirectory();
  const file = join(root, "a.yaml");
  writeTree(root, { "a.yaml": policy("one", 1) });
  const source = createPolicySource({ directory: root });
  for (let round = 0; round < 50; round += 1) {
    const { atime, mtime } = statSync(file);
    const name = round % 2 === 0 ? "two" : "one";
    writeFileSync(file, policy(name, 1));
    utimesSync(file, atime, mtime);
    expect(names(source.load())).toEqual([name]);
  }
});

const path = fc.constantFrom(
  "a.yaml",
  "b.yaml",
  "t/a.yaml",
  "t/u/c.yml",
  "t/x.txt",
  "_d.yaml",
  "l.yaml",
  "m",
);
const action = fc.oneof(
  fc.record({ act: fc.constant("write" as const), path, text: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ act: fc.constant("remove" as const), path }),
  fc.record({ act: fc.constant("rename" as const), path, to: path }),
  fc.record({ act: fc.constant("link" as const), path, to: path }),
);

type Step = typeof action extends fc.Arbitrary<infer T> ? T : never;

const texts = [policy("x", 1), policy("y", 2), `${policy("z", 3)}---\nkind: no`, "a: [", "", uuid(1)];

function perform(root: string, step: Step): void {
  const at = join(root, step.path);
  try {
    mkdirSync(join(at, ".."), { recursive: true });
    if (step.act === "write") {
      writeFileSync(at, texts[step.text]!);
    } else if (step.act === "remove") {
      rmSync(at, { recursive: true, force: true });
    } else if (step.act === "rename") {
      mkdirSync(join(root, step.to, ".."), { recursive: true });
      renameSync(at, join(root, step.to));
    } else {
      symlinkSync(join(root, step.to), at);
    }
  } catch {
    // Not every step is possible on every tree; what is left is a tree all the same.
  }
}

test(
  "after any edits of the tree, a source that knew it before gives what a new one gives",
  { timeout: 120_000 },
  () => {
    const parent = temporaryDirectory();
    let round = 0;
    fc.assert(
      fc.property(fc.array(fc.array(action, { maxLength: 4 }), { minLength: 1, maxLength: 8 }), (batches) => {
        round += 1;
        const root = join(parent, String(round));
        writeTree(root, { "a.yaml": texts[0]! });
        const source = createPolicySource({ directory: root });
        source.load();
        for (const batch of batches) {
          batch.forEach((step) => {
            perform(root, step);
          });
          const known = source.load();
          expect(known).toEqual(load(root));
          expect(source.load()).toBe(known);
        }
      }),
      { numRuns: 60 },
    );
  },
);
