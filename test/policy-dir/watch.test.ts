import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Bell, Clock } from "../../src/ports.ts";
import { createHandover } from "../../src/policy-dir/handover.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";
import { createWatch } from "../../src/policy-dir/watch.ts";
import {
  git,
  ManualClock,
  policy,
  systemClock,
  temporaryDirectory,
  unprivileged,
  waitUntil,
  writeTree,
} from "./support.ts";

/** Longer than any test: what rings is an event, not a look. */
const never = 3_600_000;

interface Watched {
  readonly bell: Bell;
  readonly errors: unknown[];
  /** How often it rang so far. */
  rings(): number;
  /** Waits until the policies as they were read at the last ring have just these names. */
  sees(...names: readonly string[]): Promise<void>;
}

async function watching(directory: string, clock: Clock = systemClock, pollMs = never): Promise<Watched> {
  const handover = createHandover();
  const source = createPolicySource({ directory, handover });
  const errors: unknown[] = [];
  const bell = createWatch({
    directory,
    debounceMs: 10,
    pollMs,
    clock,
    handover,
    onError: (error) => errors.push(error),
  });
  let rings = 0;
  let seen: readonly string[] = [];
  await bell.start(() => {
    rings += 1;
    seen = source.load().policies.map((one) => one.name);
  });
  onTestFinished(() => bell.stop());
  return {
    bell,
    errors,
    rings: () => rings,
    sees: (...names) => waitUntil(() => names.join() === seen.join(), `a ring shows ${names.join()}`),
  };
}

test("an edit in place, a new file, a new folder and a removal are heard", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1) });
  const watched = await watching(root);
  writeTree(root, { "a.yaml": policy("a2", 1) });
  await watched.sees("a2");
  writeTree(root, { "b.yml": policy("b", 2) });
  await watched.sees("a2", "b");
  writeTree(root, { "c/d/e/f.yaml": policy("f", 3) });
  await watched.sees("a2", "b", "f");
  writeTree(root, { "c/d/e/f.yaml": policy("f2", 3) });
  await watched.sees("a2", "b", "f2");
  rmSync(join(root, "b.yml"));
  await watched.sees("a2", "f2");
});

test("an editor's way of saving is heard: a temporary file renamed over the old one, with a backup", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1) });
  const watched = await watching(root);
  writeFileSync(join(root, ".a.yaml.swp"), "swap");
  renameSync(join(root, "a.yaml"), join(root, "a.yaml~"));
  writeFileSync(join(root, "4913"), policy("saved", 1));
  renameSync(join(root, "4913"), join(root, "a.yaml"));
  unlinkSync(join(root, "a.yaml~"));
  await watched.sees("saved");
});

test("the first event arms the bell and later ones do not put it off", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1) });
  const clock = new ManualClock();
  const watched = await watching(root, clock);
  appendFileSync(join(root, "a.yaml"), "# 1\n");
  await waitUntil(() => clock.sleeping(10) === 1, "the bell is armed");
  clock.advance(6);
  appendFileSync(join(root, "a.yaml"), "# 2\n");
  writeTree(root, { "b.yaml": policy("b", 2) });
  expect(watched.rings()).toBe(0);
  clock.advance(4);
  await watched.sees("a", "b");
});

test("a checkout of another branch with a thousand files is heard, and what a ring reads at last is that branch", async () => {
  const repository = temporaryDirectory();
  const root = join(repository, "policies");
  const files = (text: (index: number) => string, count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i % 20}/f${i}.yaml`, text(i)]));
  git(repository, "init", "-q");
  writeTree(
    root,
    files((i) => policy(`old${i}`, i), 1000),
  );
  git(repository, "add", ".");
  git(repository, "commit", "-qm", "old");
  git(repository, "checkout", "-q", "-b", "new");
  rmSync(root, { recursive: true });
  writeTree(
    root,
    files((i) => (i % 2 === 0 ? policy(`old${i}`, i) : policy(`new${i}`, i)), 800),
  );
  writeTree(root, { "extra/x.yaml": policy("extra", 5000) });
  git(repository, "add", ".");
  git(repository, "commit", "-qm", "new");
  const names = createPolicySource({ directory: root })
    .load()
    .policies.map((one) => one.name);
  git(repository, "checkout", "-q", "main");
  const watched = await watching(root);
  git(repository, "checkout", "-q", "new");
  await watched.sees(...names);
  git(repository, "checkout", "-q", "main");
  git(repository, "checkout", "-q", "new");
  writeTree(root, { "extra/y.yaml": policy("y", 5001) });
  await watched.sees("extra", "y", ...names.slice(1));
});

test("a directory that is removed and made again is heard, at once or much later", async () => {
  const parent = temporaryDirectory();
  const root = join(parent, "policies");
  writeTree(root, { "a.yaml": policy("a", 1) });
  const watched = await watching(root);
  for (const round of [1, 2, 3]) {
    rmSync(root, { recursive: true });
    if (round > 1) {
      // The longest gap there is: not before the loss was noticed.
      await watched.sees();
    }
    writeTree(root, { "a.yaml": policy(`again${round}`, 1) });
    await watched.sees(`again${round}`);
    writeTree(root, { "a.yaml": policy(`edit${round}`, 1) });
    await watched.sees(`edit${round}`);
  }
});

test("a directory that is swapped by rename is heard, and so is what happens in the new one", async () => {
  const parent = temporaryDirectory();
  const root = join(parent, "policies");
  writeTree(root, { "t/a.yaml": policy("a", 1) });
  const watched = await watching(root);
  writeTree(join(parent, "next"), { "t/a.yaml": policy("b", 1) });
  renameSync(root, join(parent, "previous"));
  renameSync(join(parent, "next"), root);
  await watched.sees("b");
  writeTree(root, { "t/a.yaml": policy("c", 1) });
  await watched.sees("c");
});

test("a folder inside that is removed and made again at once is heard from", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1), "t/b.yaml": policy("b", 2) });
  const watched = await watching(root);
  for (const round of [1, 2, 3]) {
    rmSync(join(root, "t"), { recursive: true });
    writeTree(root, { "t/b.yaml": policy(`b${round}`, 2) });
    await watched.sees("a", `b${round}`);
    writeTree(root, { "t/b.yaml": policy(`c${round}`, 2) });
    await watched.sees("a", `c${round}`);
  }
});

test.each([
  ["the directory itself is the link", ""],
  ["a link is on the way to the directory", "policies"],
])("a link pointed elsewhere is heard while the old worktree stays: %s", async (_what, below) => {
  const parent = temporaryDirectory();
  for (const commit of ["one", "two", "three"]) {
    writeTree(join(parent, "worktrees", commit, below), { "a.yaml": policy(commit, 1) });
  }
  const current = join(parent, "current");
  symlinkSync("worktrees/one", current);
  const root = join(current, below);
  const watched = await watching(root);
  for (const commit of ["two", "three"]) {
    symlinkSync(`worktrees/${commit}`, `${current}.tmp`);
    renameSync(`${current}.tmp`, current);
    await watched.sees(commit);
  }
  writeTree(root, { "a.yaml": policy("edited", 1) });
  await watched.sees("edited");
});

test("the swap of ..data, by which Kubernetes publishes a ConfigMap, is heard", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "..2026_01/a.yaml": policy("one", 1) });
  symlinkSync("..2026_01", join(root, "..data"));
  symlinkSync("..data/a.yaml", join(root, "a.yaml"));
  const watched = await watching(root);
  for (const version of ["two", "three"]) {
    writeTree(root, { [`..${version}/a.yaml`]: policy(version, 1) });
    symlinkSync(`..${version}`, join(root, "..data_tmp"));
    renameSync(join(root, "..data_tmp"), join(root, "..data"));
    await watched.sees(version);
  }
});

test("a directory that is not there at the start is heard when it comes, even when its parents come with it", async () => {
  const parent = temporaryDirectory();
  const root = join(parent, "x", "y", "policies");
  const watched = await watching(root);
  mkdirSync(join(parent, "x"));
  writeTree(root, { "a.yaml": policy("a", 1) });
  await watched.sees("a");
  writeTree(root, { "a.yaml": policy("b", 1) });
  await watched.sees("b");
  rmSync(join(parent, "x"), { recursive: true });
  await watched.sees();
  writeTree(root, { "a.yaml": policy("c", 1) });
  await watched.sees("c");
});

test("the end of a checkout under way is heard although no policy file changes", async () => {
  const repository = temporaryDirectory();
  const root = join(repository, "policies");
  git(repository, "init", "-q");
  writeTree(root, { "a.yaml": policy("a", 1) });
  writeFileSync(join(repository, ".git", "index.lock"), "");
  const watched = await watching(root);
  unlinkSync(join(repository, ".git", "index.lock"));
  await watched.sees("a");
});

test("a look finds what no event told: a file with other content behind a link into a hidden folder", async () => {
  const parent = temporaryDirectory();
  const root = join(parent, "policies");
  writeTree(root, { "a.yaml": policy("a", 1) });
  const clock = new ManualClock();
  const watched = await watching(root, clock, 30_000);
  await waitUntil(() => clock.sleeping(30_000) === 1, "it sleeps until the next look");
  clock.advance(30_000);
  await waitUntil(() => clock.sleeping(30_000) === 1, "it looked");
  expect(watched.rings()).toBe(0);
  mkdirSync(join(root, ".hidden"));
  writeTree(root, { ".hidden/b.yaml": policy("b", 2) });
  // Events are held back by the clock that stands still; only looks ring.
  copyFileSync(join(root, ".hidden/b.yaml"), join(root, "b.yaml"));
  clock.advance(30_000);
  await watched.sees("a", "b");
});

test("a failure to watch is told once, and the looks go on", async () => {
  const parent = temporaryDirectory();
  const root = join(parent, "policies");
  writeTree(root, { "a.yaml": policy("a", 1) });
  // Whoever may enter a directory but not read it cannot watch it.
  chmodSync(parent, 0o311);
  const clock = new ManualClock();
  const watched = await unprivileged(() => watching(root, clock, 30_000));
  expect(watched.errors).toEqual([expect.objectContaining({ code: "EACCES" })]);
  writeTree(root, { "b.yaml": policy("b", 2) });
  await waitUntil(() => clock.sleeping(30_000) === 1, "it sleeps until the next look");
  clock.advance(30_000);
  await watched.sees("a", "b");
  expect(watched.errors).toHaveLength(1);
});

test.each([
  ["when it was at rest", "t"],
  ["in the middle of watching anew", "v"],
])("nothing rings and nothing is left open after stop %s", async (_when, name) => {
  const root = temporaryDirectory();
  writeTree(root, { "t/a.yaml": policy("a", 1), "u/b.yaml": policy("b", 2) });
  const handles = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap").length;
  const watched = await watching(root);
  expect(handles()).toBeGreaterThan(0);
  renameSync(join(root, "t"), join(root, name));
  await watched.bell.stop();
  const rings = watched.rings();
  writeTree(root, { "u/b.yaml": policy("c", 2) });
  await waitUntil(() => handles() === 0, "all handles are closed");
  expect(watched.rings()).toBe(rings);
});

test("stopped before it was ready, it neither rings nor hangs", async () => {
  const root = temporaryDirectory();
  writeTree(root, { "a.yaml": policy("a", 1) });
  let rings = 0;
  const bell = createWatch({
    directory: root,
    debounceMs: 1,
    pollMs: 1,
    clock: systemClock,
    onError: () => undefined,
  });
  const started = bell.start(() => (rings += 1));
  writeTree(root, { "b.yaml": policy("b", 2) });
  await bell.stop();
  await started;
  const before = rings;
  writeTree(root, { "c.yaml": policy("c", 3) });
  await waitUntil(
    () => process.getActiveResourcesInfo().every((name) => name !== "FSEventWrap"),
    "all handles are closed",
  );
  expect(rings).toBe(before);
});
