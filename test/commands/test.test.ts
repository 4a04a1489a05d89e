import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
import { beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/commands/apply.ts";
import type { Format } from "../../src/commands/context.ts";
import { plan } from "../../src/commands/plan.ts";
import { test as testCommand } from "../../src/commands/test.ts";
import { validate } from "../../src/commands/validate.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { keyPolicy } from "../e2e/cli.ts";
import { checkedResult } from "../render/results.ts";
import { idOf, key, useSimulators } from "../simulator/support.ts";
import { useWorkplaces, type Ran, type Workplace } from "./run-command.ts";

const startSimulator = useSimulators();
const makeWorkplace = useWorkplaces();
let simulator: Simulator;
let place: Workplace;

beforeEach(async () => {
  simulator = await startSimulator({ keys: [key(1, { name: "chatbot" })] });
  place = makeWorkplace(simulator);
  write("chatbot.yaml", keyPolicy("chatbot", idOf(1), "{ description: hello }"));
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(place.policies, file)), { recursive: true });
  writeFileSync(join(place.policies, file), text);
}

const cases = (...expected: readonly string[]): string =>
  [
    "apiVersion: keysteward/v1",
    "kind: PolicyTest",
    "metadata: { name: chat }",
    "spec:",
    "  cases:",
    ...expected.flatMap((one, index) => [
      `    - name: case ${index + 1}`,
      "      given: { policy: chatbot }",
      `      expect: ${one}`,
    ]),
    "",
  ].join("\n");

const passing = "{ key: { description: hello }, unmanaged: [name] }";
const failing = "{ key: { description: bye }, unmanaged: [name] }";
const run = (format: Format = "human"): Promise<Ran> => place.run(testCommand, { format });
const told = 'expected description to be "bye", found "hello" (chatbot,';

describe("test", () => {
  test("says of each case that it passed, and ends with 0", async () => {
    write("chatbot.test.yaml", cases(passing, "{ mode: enforce }"));
    const { exitCode, stdout } = await run();
    expect(stdout).toBe(
      `chat ${place.policies}/chatbot.test.yaml\n  passed case 1\n  passed case 2\npassed: 1 test, 2 cases; 2 passed, 0 failed\n`,
    );
    expect(exitCode).toBe(0);
  });

  test("says of one that failed where that is expected, what was found, and who says it where", async () => {
    write("chatbot.test.yaml", cases(passing, failing));
    const { exitCode, stdout } = await run();
    expect(stdout).toContain(
      `  failed case 2\n    ${place.policies}/chatbot.test.yaml:11:24 ${told} ${place.policies}/chatbot.yaml:6)\n` +
        "failed: 1 test, 2 cases; 1 passed, 1 failed\n",
    );
    expect(exitCode).toBe(3);
  });

  test("has it as data", async () => {
    write("chatbot.test.yaml", cases(passing, failing));
    const file = `${place.policies}/chatbot.test.yaml`;
    expect(checkedResult("test", (await run("json")).stdout)).toEqual({
      version: 1,
      ok: false,
      tests: 1,
      passed: 1,
      failed: 1,
      cases: [
        { test: "chat", name: "case 1", file, line: 6, ok: true, failures: [] },
        {
          test: "chat",
          name: "case 2",
          file,
          line: 9,
          ok: false,
          failures: [{ file, line: 11, column: 24, message: expect.stringContaining(told) }],
        },
      ],
      problems: [],
    });
  });

  test("has it for build servers, a test for each case", async () => {
    write("chatbot.test.yaml", cases(passing, failing));
    const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
      (await run("junit")).stdout,
      "text/xml",
    );
    const found = [...document.getElementsByTagName("testcase")].map((one) => [
      one.getAttribute("classname"),
      one.getAttribute("name"),
      [...one.getElementsByTagName("failure")].map((failure) => failure.getAttribute("message")),
    ]);
    expect(found).toEqual([
      ["chat", "case 1", []],
      ["chat", "case 2", [expect.stringContaining(told)]],
    ]);
  });

  test.each<[Format, string]>([
    ["github", `,line=11,col=24,title=KS1372 test-failed::chat, "case 2": ${told}`],
    ["sarif", '"ruleId": "KS1372"'],
  ])("tells failures beside their lines as %s", async (format, said) => {
    write("chatbot.test.yaml", cases(passing, failing));
    const { exitCode, stdout } = await run(format);
    expect(stdout).toContain(said);
    expect(exitCode).toBe(3);
  });

  test("does not say so where the tests are what is wrong", async () => {
    write("chatbot.test.yaml", cases(passing).replace("kind: PolicyTest", "kind: PolicyTest\nspek: {}"));
    const { exitCode, stdout } = await run();
    expect(stdout).toContain("no policy test was run");
    expect(stdout).not.toContain("There are no policy tests");
    expect(exitCode).toBe(3);
  });

  test("says so where there are no tests, and ends with 0", async () => {
    const { exitCode, stdout } = await run();
    expect(stdout).toContain("There are no policy tests");
    expect(exitCode).toBe(0);
    expect(checkedResult("test", (await run("json")).stdout)).toMatchObject({ ok: true, cases: [] });
  });

  test.each<[Format, string]>([
    ["human", "error KS1205"],
    ["json", '"code": "KS1205"'],
    ["junit", '<failure type="KS1205"'],
    ["github", "title=KS1205 "],
    ["sarif", '"ruleId": "KS1205"'],
  ])("policies that are not valid fail it although every case passes (%s)", async (format, said) => {
    write("chatbot.test.yaml", cases(passing));
    write("other.yaml", keyPolicy("other", "nobody", "{}"));
    const { exitCode, stdout } = await run(format);
    expect(stdout).toContain(said);
    expect(exitCode).toBe(3);
  });

  test("a directory that cannot be believed has no result", async () => {
    const { exitCode, stdout } = await place.run(testCommand, { policies: join(place.folder, "nowhere") });
    expect(stdout).toContain("KS1001");
    expect(exitCode).toBe(3);
  });
});

describe("what governs keys", () => {
  test.each([
    ["sound", cases(passing)],
    ["failing", cases(failing)],
    ["broken", cases("{}")],
  ])("takes no notice of a %s test", async (_what, text) => {
    write("chatbot.test.yaml", text);
    const planned = await place.run(plan, { format: "json" });
    expect(planned.exitCode).toBe(2);
    const { changes, problems } = checkedResult("plan", planned.stdout);
    expect(problems).toEqual([]);
    expect(changes).toMatchObject([{ keyId: idOf(1), fields: [{ path: "description", to: "hello" }] }]);
    expect((await place.run(apply, { yes: true })).exitCode).toBe(0);
    expect(simulator.keys.get(idOf(1))!.description).toBe("hello");
    expect((await place.run(plan, {})).exitCode).toBe(0);
  });

  test("validate tells of a broken test, and counts sound ones", async () => {
    write("chatbot.test.yaml", cases("{}"));
    const broken = await place.run(validate, {});
    expect(broken.stdout).toContain("error KS1202");
    expect(broken.exitCode).toBe(3);
    write("chatbot.test.yaml", cases(passing));
    const sound = await place.run(validate, {});
    expect(sound.stdout).toContain("1 policies, 0 profiles, 1 policy test; 0 errors");
    expect(sound.exitCode).toBe(0);
  });
});
