import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatFiles } from "../../src/policy-dir/format-files.ts";
import { replaceFile, replaceFiles } from "../../src/policy-dir/replace-file.ts";
import { policy, temporaryDirectory, writeTree } from "./support.ts";

const crooked = policy("a", 1).replace("spec: { keyId", "spec: {keyId");

test("a file is formatted in place: its mode and the links to it stay, and nothing is left beside it", () => {
  const directory = temporaryDirectory();
  writeTree(directory, { "real/a.yaml": crooked });
  chmodSync(join(directory, "real/a.yaml"), 0o640);
  symlinkSync("real/a.yaml", join(directory, "b.yaml"));
  const { changed, files } = formatFiles([directory], { write: true });
  expect(files).toBe(1);
  expect(changed.map(({ file }) => file)).toEqual([join(directory, "real/a.yaml")]);
  expect(readFileSync(join(directory, "b.yaml"), "utf8")).toBe(policy("a", 1));
  expect(lstatSync(join(directory, "b.yaml")).isSymbolicLink()).toBe(true);
  expect(statSync(join(directory, "real/a.yaml")).mode & 0o777).toBe(0o640);
  expect(readdirSync(join(directory, "real"))).toEqual(["a.yaml"]);
  expect(formatFiles([directory], { write: true }).changed).toEqual([]);
});

test("without leave to write nothing is written, and what would change is told", () => {
  const directory = temporaryDirectory();
  writeTree(directory, { "a.yaml": crooked, "b.yaml": policy("b", 2) });
  const { changed } = formatFiles([directory], { write: false });
  expect(changed).toEqual([{ file: join(directory, "a.yaml"), before: crooked, after: policy("a", 1) }]);
  expect(readFileSync(join(directory, "a.yaml"), "utf8")).toBe(crooked);
});

test("a file with errors is left as it is and costs no other one", () => {
  const directory = temporaryDirectory();
  writeTree(directory, { "a.yaml": crooked, "b.yaml": "kind: [\n" });
  const { changed, problems } = formatFiles([directory], { write: true });
  expect(changed).toHaveLength(1);
  expect(problems.map(({ code }) => code)).toEqual(["KS1101"]);
  expect(readFileSync(join(directory, "b.yaml"), "utf8")).toBe("kind: [\n");
});

test("only what is named is formatted, and what is named twice once", () => {
  const directory = temporaryDirectory();
  writeTree(directory, { "a/a.yaml": crooked, "b/b.yaml": crooked, "b/_draft.yaml": crooked });
  const named = [join(directory, "b"), join(directory, "b/b.yaml")];
  expect(formatFiles(named, { write: true })).toMatchObject({ files: 1, changed: [{}] });
  expect(readFileSync(join(directory, "a/a.yaml"), "utf8")).toBe(crooked);
  expect(readFileSync(join(directory, "b/_draft.yaml"), "utf8")).toBe(crooked);
});

test("a path that leads nowhere is a problem", () => {
  const { problems } = formatFiles([join(temporaryDirectory(), "gone")], { write: true });
  expect(problems.map(({ code }) => code)).toEqual(["KS1001"]);
});

test("a file that changed meanwhile is not written over", () => {
  const directory = temporaryDirectory();
  writeTree(directory, { "a.yaml": "somebody's\n" });
  const file = join(directory, "a.yaml");
  expect(replaceFile(file, { before: Buffer.from("before\n"), text: "ours\n" })).toBe("changed");
  expect(readFileSync(file, "utf8")).toBe("somebody's\n");
  expect(readdirSync(directory)).toEqual(["a.yaml"]);
});

test("a file that cannot be written is told as such", () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "folder.yaml"));
  expect(() => replaceFile(join(directory, "folder.yaml"), { before: Buffer.from(""), text: "" })).toThrow(
    expect.objectContaining({ code: "POLICY_WRITE_FAILED" }),
  );
  expect(readdirSync(directory)).toEqual(["folder.yaml"]);
});

test("files that belong together are written all or not at all", () => {
  const directory = temporaryDirectory();
  writeTree(directory, { "a.yaml": "a\n", "b.yaml": "b\n" });
  mkdirSync(join(directory, "folder.yaml"));
  const one = (name: string, before: string): Parameters<typeof replaceFiles>[0][number] => ({
    path: join(directory, name),
    before: Buffer.from(before),
    text: "ours\n",
  });
  const texts = (): string[] =>
    ["a.yaml", "b.yaml"].map((name) => readFileSync(join(directory, name), "utf8"));
  expect(replaceFiles([one("a.yaml", "a\n"), one("b.yaml", "other\n")])).toBe(join(directory, "b.yaml"));
  for (const last of ["folder.yaml", "gone.yaml"])
    expect(() => replaceFiles([one("a.yaml", "a\n"), one(last, "")])).toThrow(
      expect.objectContaining({ code: "POLICY_WRITE_FAILED", hint: "Nothing was written." }),
    );
  expect(texts()).toEqual(["a\n", "b\n"]);
  expect(replaceFiles([one("a.yaml", "a\n"), one("b.yaml", "b\n")])).toBeNull();
  expect(texts()).toEqual(["ours\n", "ours\n"]);
  expect(readdirSync(directory).sort()).toEqual(["a.yaml", "b.yaml", "folder.yaml"]);
});

test("a name may be as long as the file system lets it be", () => {
  const directory = temporaryDirectory();
  const file = `${"p".repeat(250)}.yaml`;
  writeTree(directory, { [file]: "before\n" });
  expect(replaceFile(join(directory, file), { before: Buffer.from("before\n"), text: "ours\n" })).toBe(
    "written",
  );
  expect(readFileSync(join(directory, file), "utf8")).toBe("ours\n");
});

test("a file that cannot be written is refused and costs no other one", () => {
  const directory = temporaryDirectory();
  // So deep that the file can be read, and no name that is longer than its own fits beside it.
  let deep = directory;
  while (deep.length < 4_080) deep = join(deep, "d".repeat(Math.min(200, 4_080 - deep.length)));
  writeTree(deep, { "a.yaml": crooked });
  writeTree(directory, { "z.yaml": crooked });
  const named = [join(deep, "a.yaml"), join(directory, "z.yaml")];
  const { changed, refused } = formatFiles(named, { write: true });
  expect(changed.map(({ file }) => file)).toEqual([named[1]]);
  expect(readFileSync(named[1]!, "utf8")).toBe(policy("a", 1));
  expect(refused).toEqual([
    { file: named[0], reason: expect.stringContaining("it could not be written: ENAMETOOLONG") as string },
  ]);
  expect(readFileSync(named[0]!, "utf8")).toBe(crooked);
});
