import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const { policies, problems, profiles } = createPolicySource({
  directory: resolve(repository, "policies"),
}).load();

test("the example policies are sound, and every profile they name exists", () => {
  expect(problems.filter((one) => one.code !== "KS1004")).toEqual([]);
  expect(policies.length).toBeGreaterThan(5);
  const known = profiles.map((one) => one.name);
  const named = [...policies, ...profiles].flatMap((one) => one.profiles.map((profile) => profile.value));
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("each example file tells editors where its schema is", () => {
  const files = [...new Set([...policies, ...profiles].map((one) => one.place.file))];
  for (const file of files) {
    const schema = /^# yaml-language-server: \$schema=(.+)\n/.exec(readFileSync(file, "utf8"))?.[1];
    expect(resolve(dirname(file), schema ?? "")).toBe(resolve(repository, "schema/policy.schema.json"));
  }
});
