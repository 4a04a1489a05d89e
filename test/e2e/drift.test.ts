import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkedResult } from "../render/results.ts";
import { makePlace, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* Drift that is accepted, by the built command, against what is not the simulator. */

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane([
    rawKey(uuid(1), {
      name: "Search chatbot",
      rate_limits: [{ type: "requests", unit: "rpm", value: 600 }],
      usage_limits: { type: "cost", credit_limit: 500, periodic_reset: "monthly" },
    }),
  ]);
  place = makePlace(plane);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

test("drift accept shows the edit, makes it, and then plan has nothing to do and nothing was sent", async () => {
  expect((await place.run("import", "--flat")).exitCode).toBe(0);
  expect((await place.run("apply")).exitCode).toBe(0);
  const file = join(place.policies, "search-chatbot.yaml");
  const before = readFileSync(file, "utf8");
  const live = plane.keys.get(uuid(1))!;
  live["rate_limits"] = [{ type: "requests", unit: "rpm", value: 900 }];
  live["usage_limits"] = null;

  const planned = await place.run("drift", "accept", "search-chatbot", "--dry-run");
  expect(planned.exitCode, planned.stderr).toBe(2);
  expect(planned.stdout).toContain("+      - { type: requests, unit: rpm, value: 900 }\n");
  expect(readFileSync(file, "utf8")).toBe(before);

  const one = await place.run("drift", "accept", uuid(1), "--field", "rate_limits", "--format", "json");
  expect(one.exitCode, one.stderr).toBe(0);
  expect(checkedResult("drift", one.stdout)).toMatchObject({
    policy: "search-chatbot",
    outcome: "written",
    accepted: [{ path: "rate_limits", kind: "KeyPolicy", file: "policies/search-chatbot.yaml" }],
  });
  expect(readFileSync(file, "utf8")).toBe(before.replace("value: 600", "value: 900"));
  expect((await place.run("plan")).exitCode).toBe(2);

  expect((await place.run("drift", "accept", "search-chatbot")).exitCode).toBe(0);
  expect(readFileSync(file, "utf8")).toContain("    usage_limits: null\n");
  expect((await place.run("plan")).exitCode).toBe(0);
  expect((await place.run("fmt", "--check")).exitCode).toBe(0);
  expect((await place.run("apply")).exitCode).toBe(0);
  expect(plane.puts()).toEqual([]);
});

test("a key that nobody can read is refused, and its policy stays as it is", async () => {
  await place.run("import", "--flat");
  plane.keys.delete(uuid(1));
  const { exitCode, stdout } = await place.run("drift", "accept", "search-chatbot");
  expect(exitCode).toBe(6);
  expect(stdout).toContain("refused: ");
  expect((await place.run("drift", "accept", "nobody")).exitCode).toBe(4);
});
