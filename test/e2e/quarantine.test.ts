import { afterEach, beforeEach, expect, test } from "vitest";
import { keyPolicy, makePlace, until, uuid, type Place, type Running } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane([1, 2, 3].map((number) => rawKey(uuid(number))));
  place = makePlace(plane);
  Object.assign(place.env, {
    KEYSTEWARD_SETTLE: "0s",
    KEYSTEWARD_WATCH_DEBOUNCE: "20ms",
    KEYSTEWARD_WATCH_POLL: "1s",
  });
  for (const number of [1, 2, 3]) place.write(`key-${number}.yaml`, limit(number, 100));
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

function limit(number: number, value: number): string {
  const key = `{ rate_limits: [{ type: requests, unit: rpm, value: ${value} }] }`;
  return keyPolicy(`key-${number}`, uuid(number), key);
}

function limitOf(number: number): unknown {
  return (plane.keys.get(uuid(number))?.["rate_limits"] as { value: number }[])[0]?.value;
}

function ended(daemon: Running, kind: string): number {
  return daemon.log.filter((line) => line["msg"] === "pass ended" && line["kind"] === kind).length;
}

function isTold(daemon: Running, msg: string): boolean {
  return daemon.log.some(
    (line) => line["msg"] === msg && (msg !== "notice" || line["kind"] === "quarantined"),
  );
}

/** Somebody takes a key's limits away, and a reconcile pass that begins after that puts them back. */
async function driftAndReconcile(daemon: Running, number: number): Promise<void> {
  plane.keys.get(uuid(number))!["rate_limits"] = [];
  daemon.child.kill("SIGHUP");
  await until(() => limitOf(number) !== undefined, "the limits to be put back", daemon.output);
}

async function stop(daemon: Running): Promise<void> {
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).exitCode).toBe(0);
}

test("a broken file costs only itself, over restarts, until it is mended", async () => {
  let daemon = place.start("daemon");
  await until(() => limitOf(3) === 100 && ended(daemon, "reconcile") > 0, "the first pass", daemon.output);

  // Half of a file, and a sound edit of another one.
  place.write("key-2.yaml", limit(2, 9_000).slice(0, -20));
  place.write("key-1.yaml", limit(1, 250));
  await until(() => limitOf(1) === 250 && isTold(daemon, "notice"), "the edit", daemon.output);
  await driftAndReconcile(daemon, 2);
  expect([1, 2, 3].map(limitOf)).toEqual([250, 100, 100]);
  const status = await place.run("status", "--format", "json");
  expect(status.exitCode).toBe(2);
  expect(JSON.parse(status.stdout)).toMatchObject({
    live: true,
    inSync: false,
    quarantined: [{ keyId: uuid(2), policy: "key-2", file: "policies/key-2.yaml", why: /KS1/ }],
  });
  expect((await place.run("status")).stdout).toMatch(
    /quarantined for \d+ seconds?, since \S+: 1 key kept at the last good value, policies\/key-2\.yaml:/,
  );
  await stop(daemon);

  const { since } = (JSON.parse(status.stdout) as { quarantined: { since: string }[] }).quarantined[0]!;
  daemon = place.start("daemon");
  await until(() => isTold(daemon, "notice"), "the first pass after the restart", daemon.output);
  await driftAndReconcile(daemon, 2);
  expect([1, 2, 3].map(limitOf)).toEqual([250, 100, 100]);

  // Beside the daemon a plan says the same, with its age.
  const plan = await place.run("plan", "--format", "json");
  expect(plan.exitCode).toBe(3);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    changes: [],
    quarantined: [{ keyId: uuid(2), since }],
  });
  expect((await place.run("plan")).stdout).toContain(
    `quarantined ${uuid(2)} since ${since} (key-2): kept at`,
  );
  const explained = await place.run("explain", uuid(2));
  expect(explained.stdout).toMatch(
    /quarantined: kept at what the policy "key-2" said last, until this is mended/,
  );

  place.write("key-2.yaml", limit(2, 300));
  await until(
    () => limitOf(2) === 300 && isTold(daemon, "quarantine ended"),
    "the mended file",
    daemon.output,
  );
  await stop(daemon);
  const after = await place.run("plan");
  expect(after.stdout + after.stderr).toContain("Nothing to change.");
  expect(after.exitCode).toBe(0);
  // What was mended meanwhile came from no commit, and says so.
  const history = await place.run("history", "--key", uuid(2), "--format", "json");
  expect(history.stdout).toContain("lastGood");
}, 60_000);

test("apply goes on with what is sound, keeps the rest and says that it is broken; a plan without a state holds it", async () => {
  expect((await place.run("apply", "--yes")).exitCode).toBe(0);
  place.write("key-3.yaml", "apiVersion: keysteward/v1\nkind: KeyPo");
  plane.keys.get(uuid(3))!["rate_limits"] = [];
  expect((await place.run("apply", "--yes")).exitCode).toBe(3);
  expect(limitOf(3)).toBeUndefined();
  const gone = await place.run("apply", "--yes", "--keep-going");
  expect(gone.exitCode).toBe(3);
  expect(gone.stdout).toContain(`quarantined ${uuid(3)}`);
  expect([1, 2, 3].map(limitOf)).toEqual([100, 100, 100]);

  plane.keys.get(uuid(3))!["rate_limits"] = [];
  place.write("key-2.yaml", `${limit(2, 100)}  profiles: [nobody]\n`);
  const fresh = await place.run("plan", "--state", "sqlite:./other.db");
  expect(fresh.exitCode).toBe(3);
  expect(fresh.stdout).toContain(`held ${uuid(2)}`);
  expect(fresh.stdout).not.toContain("quarantined");
}, 60_000);
