import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keyPolicy, makePlace, until, uuid, type Place, type Running } from "./cli.ts";

let place: Place;

beforeEach(() => {
  place = makePlace();
  place.write("chatbot.yaml", keyPolicy("chatbot", uuid(1), "{ usage_limits: { credit_limit: 50 } }"));
});

afterEach(() => place.remove());

/** What the simulator says to export, as a shell would take it. */
async function exportsOf(simulator: Running): Promise<Record<string, string>> {
  await until(() => simulator.output().includes("Ctrl-C"), "the simulator", simulator.output);
  const lines = simulator.output().matchAll(/^ {2}export (\w+)=(\S+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = "", value = ""]) => [name, value]));
}

test("a control plane for every command, with the keys that policies name, until it is told to stop", async () => {
  const simulator = place.start("simulator");
  const told = await exportsOf(simulator);
  const folder = dirname(told["KEYSTEWARD_STATE"]!.slice("sqlite:".length));
  place.state = told["KEYSTEWARD_STATE"]!;
  place.env = { ...place.env, ...told };

  expect((await place.run("plan")).exitCode).toBe(2);
  expect((await place.run("apply", "--yes")).exitCode).toBe(0);
  await until(
    () => simulator.output().includes(`PUT /v1/api-keys/${uuid(1)}`),
    "the write",
    simulator.output,
  );
  expect((await place.run("plan")).stdout).toContain("Nothing to change.");
  const audit = await place.run("audit");
  expect(audit.stdout).toContain("nightly-report");

  const edited = await fetch(`${told["PORTKEY_BASE_URL"]!}/api-keys/${uuid(1)}`, {
    method: "PUT",
    headers: { "x-portkey-api-key": told["PORTKEY_API_KEY"]!, "content-type": "application/json" },
    body: JSON.stringify({ usage_limits: { credit_limit: 5000 } }),
  });
  expect(edited.status).toBe(200);
  expect((await place.run("plan")).stdout).toContain("usage_limits.credit_limit: 5000 -> 50");

  expect(existsSync(folder)).toBe(true);
  simulator.child.kill("SIGTERM");
  expect(await simulator.ended).toMatchObject({ exitCode: 0, stderr: "" });
  expect(existsSync(folder)).toBe(false);
});

test.each([
  [["--port", "65536"], '--port is "65536"; expected a number from 0 to 65535'],
  [["--port", "1e3"], '--port is "1e3"'],
  [["--policies", "nowhere"], "nowhere does not exist"],
])("refuses %j, and says why", async (args, why) => {
  const { exitCode, stderr } = await place.run("simulator", ...args);
  expect(exitCode).toBe(4);
  expect(stderr).toContain(why);
});

test("says that a port is taken", async () => {
  const first = place.start("simulator");
  const port = /127\.0\.0\.1:(\d+)/.exec((await exportsOf(first))["PORTKEY_BASE_URL"]!)![1]!;
  const { exitCode, stderr } = await place.run("simulator", "--port", port);
  expect(exitCode).toBe(4);
  expect(stderr).toContain(`the port ${port} cannot be had`);
});
