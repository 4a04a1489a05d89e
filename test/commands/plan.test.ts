import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { plan, type PlanFlags } from "../../src/commands/plan.ts";
import { keyPolicy } from "../e2e/cli.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
let place: Workplace;

beforeEach(async () => {
  const keys = [key(1, { name: "one" }), key(2, { name: "two" }), key(3, { name: "three" })];
  place = makeWorkplace(await startSimulator({ keys }));
  mkdirSync(place.policies);
  const mode = (text: string, word: string): string => text.replace("spec:\n", `spec:\n  mode: ${word}\n`);
  const policies = {
    one: keyPolicy("enforced", idOf(1), "{ name: uno }"),
    two: mode(keyPolicy("told", idOf(2), "{ name: due }"), "report"),
    three: mode(keyPolicy("asleep", idOf(3), "{ name: tre, description: x }"), "paused"),
  };
  for (const [file, text] of Object.entries(policies)) {
    writeFileSync(join(place.policies, `${file}.yaml`), text);
  }
});

const run = (flags: PlanFlags): Promise<Ran> => place.run(plan, flags);

describe("plan", () => {
  test("calls keys by their own names, and counts what it would not enforce", async () => {
    const { exitCode, stdout } = await run({});
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`enforced "one" ${idOf(1)} neutral`);
    expect(stdout).toContain(
      "3 differences on 2 keys are not enforced (paused, report); --all lists them.\n",
    );
    expect(stdout).not.toContain("two -> due");
  });

  test("lists what it would not enforce when all is asked for", async () => {
    const { stdout } = await run({ all: true });
    expect(stdout).toContain(`told "two" ${idOf(2)} not enforced (report)`);
    expect(stdout).toContain("    name: two -> due (");
    expect(stdout).toContain(`asleep "three" ${idOf(3)} not enforced (paused)`);
  });

  test("has it as data, whether all is asked for or not", async () => {
    const result = checkedResult("plan", (await run({ format: "json" })).stdout);
    expect(result["unenforced"]).toMatchObject([
      { keyId: idOf(2), mode: "report", fields: [{ path: "name", live: "two", wanted: "due" }] },
      { keyId: idOf(3), mode: "paused", fields: [{ path: "description" }, { path: "name" }] },
    ]);
  });

  test("is a comment for a pull request, with the digest that apply takes", async () => {
    const { exitCode, stdout } = await run({ format: "github" });
    expect(exitCode).toBe(2);
    const { digest } = checkedResult("plan", (await run({ format: "json" })).stdout);
    expect(stdout).toContain("### Keysteward: 1 change\n");
    expect(stdout).toContain("- one\n+ uno\n");
    expect(stdout).toContain(`\`keysteward apply --expect ${digest as string}\``);
    expect(stdout).not.toContain("- two\n+ due\n");
    expect((await run({ format: "github", all: true })).stdout).toContain("- two\n+ due\n");
  });
});
