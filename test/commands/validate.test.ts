import { beforeEach, describe, expect, test } from "vitest";
import type { Format } from "../../src/commands/context.ts";
import { validate } from "../../src/commands/validate.ts";
import { writeBrokenFile } from "../policy-dir/broken.ts";
import { useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
let place: Workplace;

beforeEach(async () => {
  place = makeWorkplace(await startSimulator({ keys: [] }));
});

const run = (format: Format): Promise<Ran> => place.run(validate, { format });

describe("validate", () => {
  test.each<[Format, string | RegExp]>([
    ["human", "KS1204-wrong-value.yaml:7:43 error KS1204 wrong-value spec.key.rate_limits[0].unit\n"],
    ["json", '"code": "KS1204"'],
    ["github", /^::error file=\S*KS1204-wrong-value\.yaml,line=7,col=43,title=KS1204 wrong-value::spec/m],
    ["sarif", '"ruleId": "KS1204"'],
    ["junit", '<failure type="KS1204"'],
  ])("tells an error as %s, and ends with 3", async (format, told) => {
    writeBrokenFile(place.policies, "KS1204-wrong-value");
    const { exitCode, stdout } = await run(format);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(told);
  });

  test.each<[Format, string]>([
    ["human", "warning KS1207"],
    ["json", '"ok": true'],
    ["github", "::warning "],
    ["sarif", '"level": "warning"'],
    ["junit", "<system-out>"],
  ])("a warning is told as %s, and is no failure", async (format, told) => {
    writeBrokenFile(place.policies, "KS1207-unknown-scope");
    const { exitCode, stdout } = await run(format);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(told);
    expect(stdout).not.toContain("<failure");
  });
});
