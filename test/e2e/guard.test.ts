import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  isReadBack,
  keyPolicy,
  makePlace,
  until,
  uuid,
  type Ended,
  type Place,
  type Running,
} from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* What the guard holds, how it is approved, and the socket by which that goes. Ten keys, of which two may change. */

const numbers = Array.from({ length: 10 }, (_, index) => index + 1);

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane(numbers.map((number) => rawKey(uuid(number))));
  place = makePlace(plane);
  Object.assign(place.env, {
    KEYSTEWARD_SETTLE: "0s",
    KEYSTEWARD_WATCH_DEBOUNCE: "20ms",
    KEYSTEWARD_WATCH_POLL: "1s",
    KEYSTEWARD_GUARD_FLOOR: "2",
    KEYSTEWARD_GUARD_CHANGED: "20%",
  });
  writeAll(100);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

function limit(number: number, value: number): string {
  const limits = `{ rate_limits: [{ type: requests, unit: rpm, value: ${value} }] }`;
  return keyPolicy(`key-${number}`, uuid(number), limits);
}

function writeAll(value: number): void {
  for (const number of numbers) place.write(`key-${number}.yaml`, limit(number, value));
}

function limitOf(number: number): unknown {
  return (plane.keys.get(uuid(number))?.["rate_limits"] as { value: number }[])[0]?.value;
}

function limits(): unknown[] {
  return numbers.map(limitOf);
}

const ten = (value: unknown): unknown[] => numbers.map(() => value);

async function inSync(): Promise<void> {
  expect((await place.run("apply", "--yes")).exitCode).toBe(0);
  plane.seen.length = 0;
}

async function startDaemon(): Promise<Running> {
  const daemon = place.start("daemon");
  await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "the first pass", daemon.output);
  return daemon;
}

async function stop(daemon: Running): Promise<void> {
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).exitCode).toBe(0);
}

function heldLines(daemon: Running): Record<string, unknown>[] {
  return daemon.log.filter(({ msg }) => msg === "plan held");
}

async function held(daemon: Running): Promise<string> {
  await until(() => heldLines(daemon).length > 0, "a held plan", daemon.output);
  return String(heldLines(daemon).at(-1)?.["digest"]);
}

async function json(...args: string[]): Promise<Record<string, any> & { readonly ended: Ended }> {
  const ended = await place.run(...args, "--format", "json");
  return { ...(JSON.parse(ended.stdout) as Record<string, any>), ended };
}

async function expectNothingToPlan(): Promise<void> {
  const plan = await place.run("plan");
  expect(plan.stdout).toContain("Nothing to change.");
  expect(plan.exitCode).toBe(0);
}

describe("a daemon whose plan is out of proportion", () => {
  test("sends nothing of it, says so once, and goes on with exactly that when it is approved", async () => {
    await inSync();
    const daemon = await startDaemon();
    writeAll(200);
    await held(daemon);
    const sync = await place.run("sync", "--wait");
    expect(sync.exitCode).toBe(6);
    expect(plane.puts()).toEqual([]);

    const told = await json("status");
    expect(told).toMatchObject({
      live: true,
      inSync: false,
      held: [{ refusals: [{ rule: "changed" }, {}] }],
    });
    expect(told["held"][0].changes).toHaveLength(10);
    const digest = told["held"][0].digest as string;
    expect(heldLines(daemon).filter((line) => line["digest"] === digest)).toHaveLength(1);
    const status = await place.run("status");
    expect(status.exitCode).toBe(2);
    expect(status.stdout).toContain(`keysteward approve ${digest}`);
    expect(status.stdout).toMatch(/the daemon is idle/);

    const plan = await place.run("plan");
    expect(plan.exitCode).toBe(6);
    expect(plan.stdout).toContain(`keysteward approve ${digest}`);

    const approved = await place.run("approve", digest);
    expect(approved.stdout).toContain("10 changes applied");
    expect(approved.exitCode).toBe(0);
    expect(limits()).toEqual(ten(200));
    await until(() => isReadBack(daemon), "all of it read back", daemon.output);
    expect((await place.run("status")).exitCode).toBe(0);
    await expectNothingToPlan();
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("refuses the digest of what was held before, and says what is held now", async () => {
    await inSync();
    const daemon = await startDaemon();
    writeAll(200);
    const stale = await held(daemon);
    writeAll(300);
    const before = heldLines(daemon).length;
    await until(
      () => heldLines(daemon).length > before && heldLines(daemon).at(-1)?.["held"] === 10,
      "the newer plan",
      daemon.output,
    );
    expect((await place.run("sync", "--wait")).exitCode).toBe(6);
    const refused = await json("approve", stale);
    expect(refused.ended.exitCode).toBe(6);
    expect(refused).toMatchObject({ outcome: "nothing", applied: 0, held: [{ changes: 10 }] });
    expect(plane.puts()).toEqual([]);
    expect((await place.run("approve", refused["held"][0].digest)).exitCode).toBe(0);
    expect(limits()).toEqual(ten(300));
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("refuses when keys have moved on since, and says which", async () => {
    const daemon = await startDaemon();
    const digest = await held(daemon);
    plane.keys.get(uuid(4))!["rate_limits"] = [{ type: "requests", unit: "rpm", value: 7 }];
    const refused = await json("approve", digest);
    expect(refused.ended.exitCode).toBe(6);
    expect(refused).toMatchObject({
      outcome: "moved-on",
      difference: { added: [], gone: [], altered: [uuid(4)] },
    });
    expect(plane.puts()).toEqual([]);
    await stop(daemon);
  });

  test("killed between the approval and the push, it carries it out after its next start", async () => {
    const daemon = await startDaemon();
    const digest = await held(daemon);
    const reads = plane.gets().length;
    plane.intercept = ({ method }) => (method === "GET" ? new Promise(() => undefined) : false);
    const approving = place.start("approve", digest);
    await until(() => plane.gets().length > reads, "the pass after the approval", daemon.output);
    daemon.child.kill("SIGKILL");
    await daemon.ended;
    expect((await approving.ended).exitCode).toBe(5);
    expect(limits()).toEqual(ten(undefined));
    plane.intercept = () => false;
    const next = place.start("daemon");
    await until(() => limits().every((value) => value === 100), "the approved changes", next.output);
    await stop(next);
    await expectNothingToPlan();
  });
});

test("what tightens goes out while what loosens is held", async () => {
  await inSync();
  Object.assign(place.env, { KEYSTEWARD_GUARD_CHANGED: "off", KEYSTEWARD_GUARD_LOOSENED: "10%" });
  for (const number of numbers) place.write(`key-${number}.yaml`, limit(number, number <= 3 ? 50 : 500));
  const applied = await json("apply");
  expect(applied.ended.exitCode).toBe(6);
  expect(applied["held"]).toHaveLength(7);
  expect(applied["refusals"]).toMatchObject([{ rule: "loosened", limit: 2, actual: 7 }]);
  expect(limits()).toEqual([50, 50, 50, ...Array<number>(7).fill(100)]);
  const expected = await place.run("apply", "--expect", applied["heldDigest"] as string);
  expect(expected.exitCode).toBe(0);
  expect(limits()).toEqual([50, 50, 50, ...Array<number>(7).fill(500)]);
  await expectNothingToPlan();
});

describe("without a daemon", () => {
  test("apply holds, status says so, approve goes on", async () => {
    const first = await place.run("apply");
    expect(first.exitCode).toBe(6);
    expect(plane.puts()).toEqual([]);
    const status = await json("status");
    expect(status).toMatchObject({ live: false, held: [{ pass: "reconcile" }] });
    const approved = await json("approve", status["held"][0].digest as string);
    expect(approved.ended.exitCode).toBe(0);
    expect(approved).toMatchObject({ outcome: "done", applied: 10, held: [] });
    expect(limits()).toEqual(ten(100));
    // It has read back what it wrote: nothing is open.
    expect((await place.run("status")).exitCode).toBe(0);
    await expectNothingToPlan();
  });

  test("a plan that only `plan` has seen can be approved, and no other", async () => {
    const plan = await json("plan");
    expect(plan.ended.exitCode).toBe(6);
    const refused = await json("approve", "0123456789abcdef");
    expect([refused.ended.exitCode, refused["outcome"]]).toEqual([6, "nothing"]);
    expect(plane.puts()).toEqual([]);
    expect((await place.run("approve", plan["heldDigest"] as string)).exitCode).toBe(0);
    expect(limits()).toEqual(ten(100));
    const idle = await place.run("approve", plan["heldDigest"] as string);
    expect([idle.exitCode, idle.stdout]).toEqual([
      6,
      expect.stringMatching(/Nothing is held now.*: keysteward plan$/m),
    ]);
  });

  test("an approval of what is held no more writes nothing", async () => {
    const held = await json("apply");
    writeAll(300);
    const refused = await json("approve", held["heldDigest"] as string);
    expect(refused.ended.exitCode).toBe(6);
    expect(refused).toMatchObject({ outcome: "moved-on", difference: { altered: numbers.map(uuid) } });
    expect(plane.puts()).toEqual([]);
  });

  test.each([["sync"], ["pause"], ["resume"]])("%s says that nobody answers", async (command) => {
    const ended = await place.run(command);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain("No daemon answers");
  });
});

test("the key that we use is not locked out, and the others are served", async () => {
  plane.keys.get(uuid(1))!["key"] = `${plane.adminKey.slice(0, 2)}*****${plane.adminKey.slice(-3)}`;
  place.env["KEYSTEWARD_GUARD_CHANGED"] = "off";
  const applied = await json("apply");
  expect(applied.ended.exitCode).toBe(6);
  expect(applied["refusals"]).toMatchObject([{ rule: "self-lockout", actual: 1 }]);
  expect(applied["held"]).toMatchObject([{ keyId: uuid(1) }]);
  expect(limits()).toEqual([undefined, ...Array<number>(9).fill(100)]);
  expect(JSON.stringify(applied) + applied.ended.stderr).not.toContain("*****");
});

test("policies of another organisation write nothing and replace nothing", async () => {
  await inSync();
  for (const number of numbers) place.write(`key-${number}.yaml`, limit(number + 500, 1));
  const applied = await json("apply");
  expect(applied.ended.exitCode).toBe(6);
  expect(applied["refusals"]).toMatchObject([{ rule: "foreign" }]);
  expect(plane.puts()).toEqual([]);
  expect((await place.run("status")).exitCode).toBe(2);
  writeAll(100);
  await expectNothingToPlan();
});

test("a list that suddenly shrunk writes nothing, until it is whole again", async () => {
  await inSync();
  const daemon = await startDaemon();
  const lost = numbers.slice(0, 7).map((number) => plane.keys.get(uuid(number))!);
  for (const key of lost) plane.keys.delete(key.id);
  plane.keys.get(uuid(9))!["rate_limits"] = [];
  const sync = await json("sync", "--wait");
  expect(sync.ended.exitCode).toBe(6);
  expect(sync["report"].refusals).toMatchObject([{ rule: "shrunk", limit: 2, actual: 7 }]);
  expect(plane.puts()).toEqual([]);
  for (const key of lost) plane.keys.set(key.id, key);
  expect((await place.run("sync", "--wait")).exitCode).toBe(0);
  expect(limitOf(9)).toBe(100);
  await stop(daemon);
  await expectNothingToPlan();
});

test("a directory that cannot be believed is called that, not a plan without changes", async () => {
  await inSync();
  place.env["KEYSTEWARD_POLICIES"] = join(place.folder, "nowhere");
  const plan = await place.run("plan");
  expect(plan.exitCode).toBe(3);
  expect(plan.stdout).toContain("Nothing is written: the policy directory cannot be believed.");
  expect(plan.stdout).not.toContain("Nothing to change");
});

describe("a paused daemon", () => {
  test("writes nothing, says so, stays so after a restart, and catches up when it is resumed", async () => {
    await inSync();
    const daemon = await startDaemon();
    expect((await place.run("pause")).exitCode).toBe(0);
    place.write("key-1.yaml", limit(1, 7));
    expect((await place.run("sync", "--wait")).exitCode).toBe(6);
    const status = await place.run("status");
    expect(status.exitCode).toBe(2);
    expect(status.stdout).toMatch(/paused since .*: nothing is written/);
    await stop(daemon);
    const again = await startDaemon();
    expect(again.log.some(({ msg }) => String(msg).startsWith("paused"))).toBe(true);
    expect(plane.puts()).toEqual([]);
    expect((await place.run("resume")).exitCode).toBe(0);
    await until(() => limitOf(1) === 7, "the edit", again.output);
    expect((await place.run("sync", "--wait")).exitCode).toBe(0);
    expect((await place.run("status")).exitCode).toBe(0);
    await stop(again);
    await expectNothingToPlan();
  });
});

test("paused in the middle of a push, nothing more is sent, and the rest goes out when it is resumed", async () => {
  Object.assign(place.env, { KEYSTEWARD_GUARD_CHANGED: "off", KEYSTEWARD_RATE_CONCURRENCY: "1" });
  let release = (): void => undefined;
  const blocked = new Promise<void>((resolve) => (release = resolve));
  plane.intercept = async ({ method }) => {
    if (method === "PUT") await blocked;
    return false;
  };
  const daemon = place.start("daemon");
  await until(() => plane.puts().length === 1, "the first PUT", daemon.output);
  expect((await place.run("pause")).exitCode).toBe(0);
  const doing = await json("status");
  expect(doing).toMatchObject({ live: true, doing: { kind: "reconcile" } });
  release();
  await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "the pass", daemon.output);
  expect(plane.puts()).toHaveLength(1);
  expect((await place.run("resume")).exitCode).toBe(0);
  await until(() => limits().every((value) => value === 100), "the rest", daemon.output);
  expect(plane.puts()).toHaveLength(10);
  await stop(daemon);
  await expectNothingToPlan();
});

describe("the socket", () => {
  const path = (): string => join(place.folder, "control.sock");

  test("is its owner's alone, is replaced after a kill, and is gone after a stop", async () => {
    await inSync();
    const first = await startDaemon();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    first.child.kill("SIGKILL");
    await first.ended;
    expect(statSync(path()).isSocket()).toBe(true);
    expect((await json("status"))["live"]).toBe(false);
    const second = await startDaemon();
    expect((await json("status"))["live"]).toBe(true);
    await stop(second);
    expect(existsSync(path())).toBe(false);
  });

  test("that another daemon answers at is not taken", async () => {
    await inSync();
    const daemon = await startDaemon();
    place.env["KEYSTEWARD_CONTROL_SOCKET"] = path();
    const second = await place.run("daemon", "--state", `sqlite:${join(place.folder, "other.db")}`);
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toContain("Another daemon answers");
    await stop(daemon);
  });

  test("is not there when it is off", async () => {
    await inSync();
    place.env["KEYSTEWARD_CONTROL_SOCKET"] = "off";
    const daemon = await startDaemon();
    expect(existsSync(path())).toBe(false);
    const pause = await place.run("pause");
    expect([pause.exitCode, pause.stderr.includes("control.socket is off")]).toEqual([4, true]);
    await stop(daemon);
  });
});
