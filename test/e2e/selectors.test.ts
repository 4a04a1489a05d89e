import { afterEach, beforeEach, expect, test } from "vitest";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { idOf, key } from "../simulator/support.ts";
import { makePlace, until, type Place, type Running } from "./cli.ts";

/* Policies that select keys, by the built daemon against the simulator. */

let simulator: Simulator;
let place: Place;

beforeEach(async () => {
  simulator = await startSimulator({
    keys: [key(1, { name: "search-bot" }), key(2, { name: "chat", type: "workspace-user" })],
  });
  place = makePlace();
  Object.assign(place.env, {
    PORTKEY_API_KEY: simulator.adminKey,
    PORTKEY_BASE_URL: simulator.baseUrl,
    KEYSTEWARD_SETTLE: "0s",
    KEYSTEWARD_WATCH_DEBOUNCE: "20ms",
    KEYSTEWARD_WATCH_POLL: "1s",
  });
  place.write("search.yaml", policy("search", 'match: { name: "search-*" }', limit(100)));
});

afterEach(async () => {
  await place.remove();
  await simulator.close();
});

function policy(name: string, which: string, asked: string): string {
  return `apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: ${name} }\nspec:\n  ${which}\n  key: ${asked}\n`;
}

function limit(value: number): string {
  return `{ rate_limits: [{ type: requests, unit: rpm, value: ${value} }] }`;
}

function limitOf(id: string): unknown {
  return simulator.keys.get(id)?.rate_limits[0]?.value;
}

async function passed(daemon: Running, kind: string, count: number): Promise<void> {
  const ended = (): number =>
    daemon.log.filter((line) => line["msg"] === "pass ended" && line["kind"] === kind).length;
  await until(() => ended() >= count, `${kind} pass ${count}`, daemon.output);
}

async function stop(daemon: Running): Promise<void> {
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).exitCode).toBe(0);
  const plan = await place.run("plan");
  expect(plan.stdout + plan.stderr).toContain("Nothing to change.");
  expect(plan.exitCode).toBe(0);
}

test("a key that is made after the start is covered at the next reconcile, and edits reach it without a look", async () => {
  const daemon = place.start("daemon");
  await passed(daemon, "reconcile", 1);
  expect([limitOf(idOf(1)), limitOf(idOf(2))]).toEqual([100, undefined]);

  const { id } = simulator.create({ name: "search-new" });
  daemon.child.kill("SIGHUP");
  await until(() => limitOf(id) === 100, "the new key", daemon.output);
  await until(
    () => daemon.log.findLast((line) => line["msg"] === "read back")?.["open"] === 0,
    "the proof",
    daemon.output,
  );

  const lists = (): number => simulator.requests.filter(({ path }) => path === "/v1/api-keys").length;
  const before = lists();
  place.write("search.yaml", policy("search", 'match: { name: "search-*" }', limit(50)));
  await until(() => limitOf(id) === 50 && limitOf(idOf(1)) === 50, "the edit", daemon.output);
  expect(lists()).toBe(before);
  // A second edit at once: what was just written is still selected.
  place.write("search.yaml", policy("search", 'match: { name: "search-*" }', limit(40)));
  await until(() => limitOf(id) === 40 && limitOf(idOf(1)) === 40, "the second edit", daemon.output);
  expect(daemon.log.some((line) => line["msg"] === "notice" && line["kind"] === "orphaned")).toBe(false);
  await stop(daemon);
});

test("a selector that breaks loosens nothing, over a restart, and mending it ends it", async () => {
  place.write("everyone.yaml", policy("everyone", 'match: { name: "*" }\n  priority: -1', limit(9_000)));
  const first = place.start("daemon");
  await passed(first, "reconcile", 1);
  expect([limitOf(idOf(1)), limitOf(idOf(2))]).toEqual([100, 9_000]);
  place.write("search.yaml", "spec: [broken");
  await passed(first, "edit", 1);
  first.child.kill("SIGTERM");
  await first.ended;

  const second = place.start("daemon");
  await until(() => second.log.some((line) => line["msg"] === "pass ended"), "a pass", second.output);
  second.child.kill("SIGHUP");
  await passed(second, "reconcile", 1);
  expect([limitOf(idOf(1)), limitOf(idOf(2))]).toEqual([100, 9_000]);
  expect(second.log.some((line) => line["kind"] === "quarantined" && line["keyId"] === idOf(1))).toBe(true);

  place.write("search.yaml", policy("search", 'match: { name: "search-*" }', limit(70)));
  await until(() => limitOf(idOf(1)) === 70, "the mended file", second.output);
  await stop(second);
});
