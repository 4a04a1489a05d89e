import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkedResult } from "../render/results.ts";
import { keyPolicy, makePlace, uuid, type Place } from "./cli.ts";

let place: Place;

beforeEach(() => {
  place = makePlace();
});

afterEach(() => place.remove());

const crooked = keyPolicy("a", uuid(1), "{ scopes: [logs.view], name: a }");
const straight = keyPolicy("a", uuid(1), "{ name: a, scopes: [logs.view] }");

test("fmt --check tells what would change by its exit code and a diff; fmt changes it; then nothing is to do", async () => {
  place.write("a.yaml", crooked);
  const checked = await place.run("fmt", "--check");
  expect(checked.exitCode, checked.stderr).toBe(2);
  expect(checked.stdout).toContain(
    "-  key: { scopes: [logs.view], name: a }\n+  key: { name: a, scopes: [logs.view] }\n",
  );
  expect(checked.stdout).toMatch(/run `keysteward fmt`\.\n$/);
  const told = checkedResult("fmt", (await place.run("fmt", "--check", "--format", "json")).stdout);
  expect(told).toMatchObject({ check: true, files: 1, changed: [{ file: "policies/a.yaml" }] });
  expect(readFileSync(join(place.policies, "a.yaml"), "utf8")).toBe(crooked);

  const formatted = await place.run("fmt");
  expect(formatted).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("formatted policies/a.yaml\n") as string,
  });
  expect(readFileSync(join(place.policies, "a.yaml"), "utf8")).toBe(straight);
  const again = await place.run("fmt", "--check");
  expect([again.exitCode, again.stdout]).toEqual([0, expect.not.stringContaining("run `keysteward fmt`")]);
});

test("a policy with an error is shown as validate shows it, and others are formatted", async () => {
  place.write("a.yaml", crooked);
  place.write("b.yaml", keyPolicy("b", uuid(2), "{ nam: b }"));
  const { exitCode, stdout } = await place.run("fmt", "policies/a.yaml", "policies/b.yaml");
  expect(exitCode).toBe(3);
  const shown = (await place.run("validate")).stdout;
  expect(shown).toContain("KS1201");
  for (const line of shown.split("\n").filter((one) => one.includes("KS1201")))
    expect(stdout).toContain(line);
  expect(readFileSync(join(place.policies, "a.yaml"), "utf8")).toBe(straight);
  expect(readFileSync(join(place.policies, "b.yaml"), "utf8")).toContain("nam: b");
});
