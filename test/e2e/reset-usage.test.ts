import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Effect, Fault } from "../../src/simulator/faults.ts";
import { seedKey } from "../../src/simulator/seed-key.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";

import { checkedResult } from "../render/results.ts";
import { makePlace, until, uuid, type Place, type Running } from "./cli.ts";

/*
 * Tokens and kill -9: the built command against the simulator. Wherever the process dies in a push, what comes after it ends
 * with one reset; and where nobody can know, with none too many and the doubt told.
 */

let simulator: Simulator;
let place: Place;

const settleMs = 400;

async function start(showsLastReset = true): Promise<void> {
  const limits = { type: "cost", credit_limit: 50, current_usage: 50 };
  simulator = await startSimulator({
    keys: [seedKey({ id: uuid(1), name: "key", usage_limits: limits, status: "exhausted" })],
    model: { showsLastReset },
  });
  place = makePlace();
  Object.assign(place.env, {
    PORTKEY_API_KEY: simulator.adminKey,
    PORTKEY_BASE_URL: simulator.baseUrl,
    KEYSTEWARD_SETTLE: `${settleMs}ms`,
    KEYSTEWARD_WATCH_DEBOUNCE: "20ms",
    KEYSTEWARD_WATCH_POLL: "1s",
  });
  write();
  expect((await place.run("apply")).exitCode).toBe(0);
}

beforeEach(() => start());

afterEach(async () => {
  await place.remove();
  await simulator.close();
});

function write(token?: string): void {
  const reset = token === undefined ? "" : `  resetUsage: ${token}\n`;
  place.write(
    "one.yaml",
    `apiVersion: keysteward/v1\nkind: KeyPolicy\nmetadata: { name: one }\nspec:\n  keyId: ${uuid(1)}\n` +
      `${reset}  key: { usage_limits: { type: cost, credit_limit: 50 } }\n`,
  );
}

/** The resets that the server was asked for. */
function asked(): number {
  return simulator.requests.filter(
    ({ method, body }) =>
      method === "PUT" && (body as { reset_usage?: unknown } | null)?.reset_usage === true,
  ).length;
}

function usage(): unknown {
  return simulator.keys.get(uuid(1))?.usage_limits?.["current_usage"];
}

/** Kills the process while a request of this kind is under way. */
async function killAt(fault: Omit<Fault, "count">, running: Running): Promise<void> {
  const ordered = simulator.faults.add(fault);
  await until(() => ordered.hits > 0, "the request", running.output);
  running.child.kill("SIGKILL");
  await running.ended;
  simulator.faults.clear();
}

async function applyUntilQuiet(): Promise<void> {
  for (let pass = 0; pass < 2; pass += 1) await place.run("apply", "--yes");
}

const hang = (when: "before" | "after"): Effect => ({ kind: "hang", when });

describe("killed in a push", () => {
  test.each<[string, Omit<Fault, "count">, number]>([
    ["while it lists the keys", { method: "GET", target: "list", effect: hang("before") }, 1],
    ["before the claim, while it reads the key", { method: "GET", target: "key", effect: hang("before") }, 1],
    ["before the request was carried out", { method: "PUT", effect: hang("before") }, 2],
    ["after the request was carried out", { method: "PUT", effect: hang("after") }, 1],
    [
      "after the answer, while it reads back",
      { method: "GET", target: "key", nth: 2, effect: hang("before") },
      1,
    ],
  ])("%s: usage is reset once", async (_, fault, requests) => {
    write("launch");
    await killAt(fault, place.start("apply", "--yes"));
    await applyUntilQuiet();
    expect([asked(), usage()]).toEqual([requests, 0]);
    expect(simulator.keys.get(uuid(1))?.status).toBe("active");
    const plan = await place.run("plan");
    expect([plan.exitCode, plan.stdout]).toEqual([0, expect.stringContaining("Nothing to change.")]);
    expect((await place.run("status")).exitCode).toBe(0);
  });

  test("of a daemon: the one that is started after it does the rest by itself", async () => {
    const daemon = place.start("daemon");
    await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "the first pass", daemon.output);
    write("launch");
    await killAt({ method: "PUT", effect: hang("after") }, daemon);
    expect(usage()).toBe(0);
    const next = place.start("daemon");
    await until(
      () => next.log.some(({ msg, open, proved }) => msg === "read back" && open === 0 && proved === 1),
      "the proof",
      next.output,
    );
    next.child.kill("SIGTERM");
    expect((await next.ended).exitCode).toBe(0);
    expect(asked()).toBe(1);
    expect((await place.run("status")).exitCode).toBe(0);
  });
});

describe("where last_reset_at is not shown", () => {
  beforeEach(async () => {
    await place.remove();
    await simulator.close();
    await start(false);
  });

  test.each(["before", "after"] as const)(
    "killed %s the request was carried out: not sent again, and the doubt is told everywhere",
    async (when) => {
      write("launch");
      await killAt({ method: "PUT", effect: hang(when) }, place.start("apply", "--yes"));
      await applyUntilQuiet();
      expect(asked()).toBe(1);
      expect(usage()).toBe(when === "before" ? 50 : 0);
      for (const command of [["plan"], ["status"], ["explain", uuid(1)]]) {
        const { stdout } = await place.run(...command);
        expect(stdout).toContain("in-doubt");
        expect(stdout).toContain("change the token");
      }
      expect((await place.run("status")).exitCode).toBe(2);
      const history = (await place.run("history")).stdout;
      expect(history).toContain('usage reset: token none -> "launch"');
      expect(history).toContain("it is not sent again: change the token to reset it");
      write("launch-2");
      expect((await place.run("apply", "--yes")).exitCode).toBe(0);
      expect([asked(), usage()]).toEqual([2, 0]);
      expect((await place.run("status")).exitCode).toBe(0);
    },
  );
});

test("a plan tells a reset as its own line, and in each format", async () => {
  write("launch");
  const human = (await place.run("plan")).stdout;
  expect(human).toContain(
    '! usage will be reset (token "launch", before none) (policy, policies/one.yaml:6)',
  );
  expect(human).toContain("1 change (0 tighten, 1 loosen)");
  const github = await place.run("plan", "--format", "github");
  expect(github.stdout).toContain('! usage will be reset (token "launch", before none)');
  const json = await place.run("plan", "--format", "json");
  expect(checkedResult("plan", json.stdout)["actions"]).toEqual([
    {
      keyId: uuid(1),
      action: "reset_usage",
      policy: "one",
      token: "launch",
      previous: null,
      why: "policy",
      file: "policies/one.yaml",
      line: 6,
      held: false,
    },
  ]);
  const applied = await place.run("apply", "--yes", "--format", "json");
  expect([applied.exitCode, asked()]).toEqual([0, 1]);
  expect(checkedResult("apply", applied.stdout)["outcomes"]).toMatchObject([{ outcome: "applied" }]);
  expect((await place.run("explain", uuid(1))).stdout).toContain('reset of usage: "launch"');
  const history = await place.run("history", "--format", "json");
  expect(checkedResult("history", history.stdout)["entries"]).toMatchObject([
    { reset: { token: "launch", previous: null, lastResetAt: null }, outcome: "applied" },
  ]);
});

test("a state that was lost resets nothing again", async () => {
  write("launch");
  await place.run("apply", "--yes");
  for (const file of readdirSync(place.folder).filter((name) => name.startsWith("state.db"))) {
    rmSync(join(place.folder, file), { recursive: true });
  }
  expect((await place.run("plan")).stdout).toContain("not-reset");
  await place.run("apply", "--yes");
  expect(asked()).toBe(1);
  expect((await place.run("plan")).stdout).not.toContain("not-reset");
});
