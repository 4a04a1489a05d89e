import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileWords, writeNewFile } from "../../src/policy-dir/new-file.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keysteward-new-file-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a file that is not there is written whole, with the folders above it, and nothing is left beside it", () => {
  const path = join(folder, "a/b/c.yaml");
  expect(writeNewFile(path, "one: 1\n")).toBe("written");
  expect(readFileSync(path, "utf8")).toBe("one: 1\n");
  expect(statSync(path).mode & 0o777 & ~0o022).toBe(0o644 & ~0o022);
  expect(readdirSync(join(folder, "a/b"))).toEqual(["c.yaml"]);
});

test("a file that is to be run can be", () => {
  const path = join(folder, "run");
  expect(writeNewFile(path, "#!/bin/sh\n", 0o755)).toBe("written");
  expect(statSync(path).mode & 0o777 & ~0o022).toBe(0o755 & ~0o022);
});

test("a file that is there is never overwritten, and nothing is left beside it", () => {
  const path = join(folder, "a.yaml");
  writeFileSync(path, "theirs");
  expect(writeNewFile(path, "ours")).toBe("exists");
  expect(readFileSync(path, "utf8")).toBe("theirs");
  expect(readdirSync(folder)).toEqual(["a.yaml"]);
});

test("a folder that cannot be made is an error that names the file", () => {
  writeFileSync(join(folder, "a"), "a file");
  expect(() => writeNewFile(join(folder, "a/b.yaml"), "x")).toThrow(
    expect.objectContaining({
      code: "POLICY_WRITE_FAILED",
      message: expect.stringContaining("a/b.yaml") as string,
    }),
  );
  expect(existsSync(join(folder, "a/b.yaml"))).toBe(false);
});

test("the words that files have already are known at any depth, in small letters", () => {
  writeNewFile(join(folder, "X/One.YML"), "");
  writeNewFile(join(folder, "two.yaml"), "");
  expect(fileWords(folder)).toEqual(new Set(["x", "one", "two"]));
  expect(fileWords(join(folder, "not-there"))).toEqual(new Set());
});
