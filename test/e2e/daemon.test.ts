import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkedResult } from "../render/results.ts";
import { isReadBack, keyPolicy, makePlace, until, uuid, type Place, type Running } from "./cli.ts";
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
  return keyPolicy(
    `key-${number}`,
    uuid(number),
    `{ rate_limits: [{ type: requests, unit: rpm, value: ${value} }] }`,
  );
}

function limitOf(number: number): unknown {
  return (plane.keys.get(uuid(number))?.["rate_limits"] as { value: number }[])[0]?.value;
}

function passes(daemon: Running, kind?: string): number {
  return daemon.log.filter(
    (line) => line["msg"] === "pass ended" && (kind === undefined || line["kind"] === kind),
  ).length;
}

async function startInSync(): Promise<Running> {
  const daemon = place.start("daemon");
  await until(() => passes(daemon) > 0, "the first pass", daemon.output);
  return daemon;
}

async function reconcile(daemon: Running): Promise<void> {
  const before = passes(daemon, "reconcile");
  daemon.child.kill("SIGHUP");
  await until(() => passes(daemon, "reconcile") > before, "a reconcile pass", daemon.output);
}

async function stop(daemon: Running): Promise<void> {
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).exitCode).toBe(0);
}

/** The rule after every scenario: plan again, and there is nothing to do. */
async function expectNothingToPlan(): Promise<void> {
  const plan = await place.run("plan");
  expect(plan.stdout + plan.stderr).toContain("Nothing to change.");
  expect(plan.exitCode).toBe(0);
}

describe("the daemon", () => {
  test("applies all at first, then an edit as one PUT of the edited field, without reading", async () => {
    const daemon = await startInSync();
    expect([1, 2, 3].map(limitOf)).toEqual([100, 100, 100]);
    plane.seen.length = 0;
    writeFileSync(join(place.folder, "next.yaml"), limit(2, 250));
    renameSync(join(place.folder, "next.yaml"), join(place.policies, "key-2.yaml"));
    await until(() => limitOf(2) === 250, "the edit", daemon.output);
    expect(plane.seen.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      {
        method: "PUT",
        path: `/admin/v1/api-keys/${uuid(2)}`,
        body: { rate_limits: [{ type: "requests", unit: "rpm", value: 250 }] },
      },
    ]);
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("mends drift at the next reconcile pass, and says why", async () => {
    const daemon = await startInSync();
    plane.keys.get(uuid(1))!["rate_limits"] = [];
    await reconcile(daemon);
    expect(limitOf(1)).toBe(100);
    const line = daemon.log.findLast(({ msg }) => msg === "change applied");
    expect(line).toMatchObject({
      keyId: uuid(1),
      policy: "key-1",
      fields: [{ path: "rate_limits", from: null, why: "drift" }],
    });
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("a value that does not stick is sent once more and then left alone", async () => {
    const daemon = await startInSync();
    const stubborn = plane.keys.get(uuid(3))!;
    plane.seen.length = 0;
    Object.defineProperty(stubborn, "rate_limits", { get: () => [], set: () => undefined, enumerable: true });
    for (let round = 0; round < 4; round += 1) await reconcile(daemon);
    expect(plane.puts().filter(({ path }) => path.endsWith(uuid(3)))).toHaveLength(1);
    expect(daemon.log.some((line) => line["msg"] === "notice" && line["kind"] === "not-reflected")).toBe(
      true,
    );
    await stop(daemon);
  });

  test("a sync that is waited for ends when what it wrote is read back, with the words and exit codes of apply", async () => {
    const daemon = await startInSync();
    await until(() => isReadBack(daemon), "the first pass read back", daemon.output);
    plane.keys.get(uuid(1))!["rate_limits"] = [];
    const mended = await place.run("sync", "--wait", "--format", "json");
    expect(mended.exitCode).toBe(0);
    expect(checkedResult("sync", mended.stdout)).toMatchObject({
      report: { applied: 1, awaiting: 0 },
      outcomes: [{ keyId: uuid(1), outcome: "applied", message: "applied, and read back as it was set" }],
    });
    const stubborn = plane.keys.get(uuid(3))!;
    Object.defineProperty(stubborn, "rate_limits", { get: () => [], set: () => undefined, enumerable: true });
    const refused = await place.run("sync", "--wait");
    expect(refused.exitCode).toBe(5);
    expect(refused.stdout).toContain(
      `not-reflected ${uuid(3)} (key-3): accepted, but rate_limits was set to`,
    );
    await stop(daemon);
  });

  test("a broken file costs only itself: its key keeps its value, others are served, and mending it ends it", async () => {
    const daemon = await startInSync();
    place.write("key-1.yaml", "apiVersion: keysteward/v1\nkind: [broken");
    await until(() => daemon.log.some(({ msg }) => msg === "policy problem"), "the problem", daemon.output);
    place.write("key-2.yaml", limit(2, 60));
    await until(() => limitOf(2) === 60, "another file's edit", daemon.output);
    await reconcile(daemon);
    expect(limitOf(1)).toBe(100);
    expect(plane.puts().filter(({ path }) => path.endsWith(uuid(1)))).toHaveLength(1);
    expect((await place.run("status")).exitCode).toBe(2);
    place.write("key-1.yaml", limit(1, 40));
    await until(() => limitOf(1) === 40, "the mended file", daemon.output);
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("policy tests change nothing, whatever is wrong with them, and hold nothing back", async () => {
    const test_ = (expected: string): string =>
      "apiVersion: keysteward/v1\nkind: PolicyTest\nmetadata: { name: t }\nspec:\n  cases:\n" +
      `    - { name: c, given: { policy: key-1 }, expect: ${expected} }\n`;
    const daemon = await startInSync();
    plane.seen.length = 0;
    for (const [index, expected] of ["{ mode: enforce }", "{ mode: paused }", "{}"].entries()) {
      place.write("key-1.test.yaml", test_(expected));
      // Keys whose policies are edited in the same moment, and one beside a test in its own file.
      place.write("key-2.yaml", limit(2, 300 + index));
      place.write(
        "key-3.yaml",
        `${limit(3, 300 + index)}---\n${test_(expected).replace("name: t ", "name: u ")}`,
      );
      await until(() => limitOf(2) === 300 + index && limitOf(3) === 300 + index, expected, daemon.output);
    }
    expect(plane.puts().filter(({ path }) => path.endsWith(uuid(1)))).toEqual([]);
    expect(plane.seen.filter(({ method }) => method === "PUT")).toHaveLength(6);
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("an emptied, removed and remade directory writes nothing until it is whole again", async () => {
    const daemon = await startInSync();
    plane.seen.length = 0;
    rmSync(place.policies, { recursive: true });
    await until(
      () => daemon.log.some(({ code }) => code === "KS1001"),
      "the missing directory",
      daemon.output,
    );
    mkdirSync(place.policies);
    await until(() => daemon.log.some(({ code }) => code === "KS1003"), "the empty directory", daemon.output);
    expect(plane.seen).toEqual([]);
    for (const number of [1, 2, 3]) place.write(`key-${number}.yaml`, limit(number, 100 + number));
    await until(
      () => [1, 2, 3].every((number) => limitOf(number) === 100 + number),
      "the new files",
      daemon.output,
    );
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("a symlink repointed to a new release is a new set of policies", async () => {
    const releases = [1, 2].map((release) => join(place.folder, `release-${release}`));
    releases.forEach((release, index) => {
      mkdirSync(release);
      writeFileSync(join(release, "key-1.yaml"), limit(1, 10 * (index + 1)));
    });
    rmSync(place.policies, { recursive: true });
    symlinkSync(releases[0]!, place.policies);
    const daemon = await startInSync();
    expect(limitOf(1)).toBe(10);
    symlinkSync(releases[1]!, join(place.folder, "next"));
    renameSync(join(place.folder, "next"), place.policies);
    await until(() => limitOf(1) === 20, "the new release", daemon.output);
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("git checkout of another branch ends in the state of that branch", async () => {
    const git = (...args: string[]): void => {
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
        cwd: place.policies,
        stdio: "ignore",
      });
    };
    // All of them change at once, and that is meant.
    place.env["KEYSTEWARD_GUARD_CHANGED"] = "off";
    place.env["KEYSTEWARD_GUARD_LOOSENED"] = "off";
    for (let number = 10; number < 40; number += 1) {
      plane.keys.set(uuid(number), rawKey(uuid(number)));
      place.write(`many/key-${number}.yaml`, limit(number, number));
    }
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-qm", "one");
    git("checkout", "-qb", "other");
    for (let number = 10; number < 40; number += 1)
      place.write(`many/key-${number}.yaml`, limit(number, number + 1000));
    rmSync(join(place.policies, "key-3.yaml"));
    git("add", ".");
    git("commit", "-qm", "two");
    git("checkout", "-q", "main");
    const daemon = await startInSync();
    const many = Array.from({ length: 30 }, (_, index) => index + 10);
    expect(many.map(limitOf)).toEqual(many);
    git("checkout", "-q", "other");
    await until(
      () => many.every((number) => limitOf(number) === number + 1000),
      "the other branch",
      daemon.output,
    );
    // The key whose policy is gone on this branch keeps its limit.
    expect(limitOf(3)).toBe(100);
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("restarted, it reads nothing and writes nothing; what was edited meanwhile is applied", async () => {
    await stop(await startInSync());
    plane.seen.length = 0;
    const again = await startInSync();
    expect(plane.seen).toEqual([]);
    await stop(again);
    place.write("key-1.yaml", limit(1, 77));
    const third = await startInSync();
    expect(limitOf(1)).toBe(77);
    expect(plane.seen.map(({ method }) => method)).toEqual(["PUT"]);
    await stop(third);
    await expectNothingToPlan();
  });

  test("killed while requests are under way, it ends in the same state as an undisturbed run", async () => {
    place.env["KEYSTEWARD_GUARD_CHANGED"] = "off";
    for (let number = 10; number < 60; number += 1) {
      plane.keys.set(uuid(number), rawKey(uuid(number)));
      place.write(`many/key-${number}.yaml`, limit(number, number));
    }
    for (const after of [1, 7, 20]) {
      const seen = plane.puts().length;
      const daemon = place.start("daemon");
      await until(() => plane.puts().length >= Math.min(seen + after, 53), "some PUTs", daemon.output);
      daemon.child.kill("SIGKILL");
      await daemon.ended;
    }
    const daemon = place.start("daemon");
    const all = [...Array.from({ length: 50 }, (_, index) => index + 10)];
    await until(() => all.every((number) => limitOf(number) === number), "everything applied", daemon.output);
    await until(() => passes(daemon) > 0, "the pass", daemon.output);
    await until(() => isReadBack(daemon), "all of it read back", daemon.output);
    await stop(daemon);
    await expectNothingToPlan();
    expect((await place.run("status")).exitCode).toBe(0);
  });

  test("a second daemon on the same state does not start, and says who holds it", async () => {
    const daemon = await startInSync();
    const second = await place.run("daemon");
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toContain(String(daemon.child.pid));
    await stop(daemon);
  });

  test("while retrying, a newer policy replaces the older request", async () => {
    const daemon = await startInSync();
    let down = true;
    plane.intercept = ({ method }, response) => {
      if (method !== "PUT" || !down) return false;
      response.writeHead(503).end();
      return true;
    };
    place.write("key-1.yaml", limit(1, 500));
    await until(
      () => plane.puts().some(({ body }) => JSON.stringify(body).includes("500")),
      "the first try",
      daemon.output,
    );
    place.write("key-1.yaml", limit(1, 600));
    await until(
      () => plane.puts().some(({ body }) => JSON.stringify(body).includes("600")),
      "the newer value",
      daemon.output,
    );
    const newer = plane.puts().findIndex(({ body }) => JSON.stringify(body).includes("600"));
    down = false;
    await until(() => limitOf(1) === 600, "the newer value to be applied", daemon.output);
    expect(
      plane
        .puts()
        .slice(newer)
        .every(({ body }) => JSON.stringify(body).includes("600")),
    ).toBe(true);
    await stop(daemon);
    await expectNothingToPlan();
  });

  test("SIGTERM waits for the request on the wire; a second signal leaves at once", async () => {
    const daemon = await startInSync();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    plane.intercept = async ({ method }) => {
      if (method === "PUT") await held;
      return false;
    };
    place.write("key-1.yaml", limit(1, 9));
    const before = plane.puts().length;
    await until(() => plane.puts().length > before, "the PUT", daemon.output);
    daemon.child.kill("SIGTERM");
    await until(() => daemon.log.some(({ msg }) => msg === "daemon stops"), "the stop", daemon.output);
    expect(daemon.child.exitCode).toBeNull();
    daemon.child.kill("SIGTERM");
    await daemon.ended;
    expect(daemon.child.signalCode).toBe("SIGTERM");
    release();
    plane.intercept = () => false;
    const again = await startInSync();
    await until(() => limitOf(1) === 9, "the value", again.output);
    await stop(again);
    await expectNothingToPlan();
  });

  test("a refused credential stops requests without ending the daemon, and without hammering", async () => {
    const daemon = await startInSync();
    plane.intercept = ({ method }, response) => {
      if (method !== "PUT") return false;
      response
        .writeHead(401, { "content-type": "application/json" })
        .end('{"errorCode":"AB05","message":"expired"}');
      return true;
    };
    const before = plane.seen.length;
    for (const number of [1, 2, 3]) place.write(`key-${number}.yaml`, limit(number, 1));
    await until(
      () => daemon.log.some(({ msg }) => msg === "change not applied"),
      "the refusal",
      daemon.output,
    );
    await reconcile(daemon);
    // At most the requests that left together in each pass: never one after a refusal was known.
    expect(plane.seen.length - before).toBeLessThanOrEqual(3 * 2 + 2);
    expect(daemon.child.exitCode).toBeNull();
    plane.intercept = () => false;
    await reconcile(daemon);
    expect([1, 2, 3].map(limitOf)).toEqual([1, 1, 1]);
    await stop(daemon);
    await expectNothingToPlan();
  });
});
