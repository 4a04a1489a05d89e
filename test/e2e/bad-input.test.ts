import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keyPolicy, makePlace, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* What bad input gets: a clear error, with its place, and nothing lost. */

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane([1, 2, 3].map((number) => rawKey(uuid(number), { name: "before" })));
  place = makePlace(plane);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

const aliasBomb = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 9 }, (_, index) => {
    const uses = Array.from({ length: 10 }, () => `*a${index}`).join(", ");
    return `a${index + 1}: &a${index + 1} [${uses}]`;
  }),
].join("\n");

const broken: readonly {
  readonly file: string;
  readonly content: string | Buffer;
  readonly code: string;
  readonly line: number;
}[] = [
  { file: "syntax.yaml", content: "apiVersion: keysteward/v1\nkind: [", code: "KS1101", line: 2 },
  {
    file: "unknown.yaml",
    content: keyPolicy("unknown", uuid(5), "{ rate_limit: [] }"),
    code: "KS1201",
    line: 6,
  },
  { file: "mistyped.yaml", content: keyPolicy("mistyped", uuid(6), "{ name: 7 }"), code: "KS1203", line: 6 },
  { file: "uuid.yaml", content: keyPolicy("uuid", "not-a-uuid", "{ name: a }"), code: "KS1205", line: 5 },
  { file: "twice-a.yaml", content: keyPolicy("twice-a", uuid(1), "{ name: a }"), code: "KS1302", line: 5 },
  { file: "twice-b.yaml", content: keyPolicy("twice-b", uuid(1), "{ name: b }"), code: "KS1302", line: 5 },
  { file: "duplicate.yaml", content: "kind: KeyPolicy\nkind: Profile\n", code: "KS1102", line: 2 },
  { file: "tag.yaml", content: "kind: !secret x\n", code: "KS1103", line: 1 },
  { file: "aliases.yaml", content: aliasBomb, code: "KS1105", line: 1 },
  {
    file: "binary.yaml",
    content: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff]),
    code: "KS1008",
    line: 1,
  },
  { file: "huge.yaml", content: Buffer.alloc(50 * 1024 * 1024, "a"), code: "KS1007", line: 1 },
];

test("every fault of a directory is named at once, each at its place, and nothing is written", async () => {
  for (const { file, content } of broken) writeFileSync(join(place.policies, file), content);
  place.write("sound.yaml", keyPolicy("sound", uuid(2), "{ name: after }"));
  place.write(
    "profiles.yaml",
    ["a", "b"]
      .map((name) => {
        const other = name === "a" ? "b" : "a";
        return `apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: ${name} }\nspec: { profiles: [${other}], key: {} }\n`;
      })
      .join("---\n"),
  );
  place.write(
    "lost.yaml",
    keyPolicy("lost", uuid(3), "{ name: x }").replace("  key:", "  profiles: [nowhere]\n  key:"),
  );
  const validated = await place.run("validate", "--format", "json");
  expect(validated.exitCode).toBe(3);
  const { problems } = JSON.parse(validated.stdout) as { problems: Record<string, unknown>[] };
  for (const { file, code } of broken) {
    expect(problems, `${file} ${code}`).toContainEqual(
      expect.objectContaining({ file: `policies/${file}`, code }),
    );
  }
  const placed = broken.filter(({ file }) => file !== "aliases.yaml");
  for (const { file, code, line } of placed) {
    expect(problems).toContainEqual(expect.objectContaining({ file: `policies/${file}`, code, line }));
  }
  const codes = problems.map(({ code }) => code);
  expect(codes).toContain("KS1303");
  expect(codes).toContain("KS1304");
  const shown = await place.run("validate");
  expect(shown.stdout).toContain("Did you mean");
  expect((await place.run("apply")).exitCode).toBe(3);
  expect(plane.puts()).toEqual([]);
});

test("with the same faults, --keep-going serves what is sound and leaves every other key alone", async () => {
  for (const { file, content } of broken) writeFileSync(join(place.policies, file), content);
  place.write("sound.yaml", keyPolicy("sound", uuid(2), "{ name: after }"));
  expect((await place.run("apply", "--keep-going")).exitCode).toBe(3);
  expect(plane.puts().map(({ path }) => path.slice(-1))).toEqual(["2"]);
  expect(plane.keys.get(uuid(1))?.["name"]).toBe("before");
});

test.each([
  ["missing", undefined],
  ["empty", []],
  ["without policies", ["README.md"]],
])("a directory that is %s is a problem and never a wish", async (_what, files) => {
  place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: after }"));
  expect((await place.run("apply")).exitCode).toBe(0);
  plane.seen.length = 0;
  const directory = join(place.folder, "other");
  if (files !== undefined) {
    mkdirSync(directory);
    for (const file of files) writeFileSync(join(directory, file), "# nothing");
  }
  for (const command of [["apply", "--keep-going"], ["plan"], ["validate"]]) {
    expect((await place.run(...command, "--policies", directory)).exitCode).toBe(3);
  }
  expect(plane.seen).toEqual([]);
});

test("a state that cannot be used is exit 4 and a sentence that says what to do", async () => {
  place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: after }"));
  const directory = join(place.folder, "a-directory");
  mkdirSync(directory);
  const garbage = join(place.folder, "garbage.db");
  writeFileSync(garbage, Buffer.alloc(8192, "not a database "));
  for (const path of [directory, garbage, join(garbage, "below-a-file.db")]) {
    const applied = await place.run("apply", "--state", `sqlite:${path}`);
    expect(applied.exitCode, applied.stderr).toBe(4);
    expect(applied.stderr.split("\n").length).toBeGreaterThan(1);
    expect(applied.stderr).not.toContain("defect");
  }
  expect(plane.puts()).toEqual([]);
});

test("a fault in flags, environment or file is exit 4, all of them at once", async () => {
  place.env["KEYSTEWARD_RATE_REQUESTS"] = "many";
  place.env["KEYSTEWARD_SETTEL"] = "1s";
  writeFileSync(join(place.folder, "keysteward.yaml"), "schedule:\n  cron: every day\n");
  const started = await place.run("daemon");
  expect(started.exitCode).toBe(4);
  expect(started.stderr).toContain("KEYSTEWARD_RATE_REQUESTS");
  expect(started.stderr).toContain("KEYSTEWARD_SETTEL");
  expect(started.stderr).toContain("keysteward.yaml:2");
  expect((await place.run("apply", "--nonsense")).exitCode).toBe(4);
  expect((await place.run("aply")).exitCode).toBe(4);
});
