import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makePlace, until, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* What the daemon's own tests do with a clock that is handed in, the built command does with the machine's. */

let plane: PlainControlPlane;
let place: Place;

const rate = (value: number): object[] => [{ type: "requests", unit: "rpm", value }];

beforeEach(async () => {
  // As if the override had been applied before.
  plane = await startPlainControlPlane([rawKey(uuid(1), { rate_limits: rate(2400) })]);
  place = makePlace(plane);
  Object.assign(place.env, { KEYSTEWARD_SETTLE: "0s", KEYSTEWARD_SCHEDULE_CRON: "0 0 1 1 *" });
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

function writePolicy(end: Date): void {
  place.write(
    "launch.yaml",
    `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: launch }
spec:
  keyId: ${uuid(1)}
  key: { rate_limits: ${JSON.stringify(rate(600))} }
  overrides:
    - until: ${end.toISOString()}
      reason: launch week
      key: { rate_limits: ${JSON.stringify(rate(2400))} }
`,
  );
}

describe("a running daemon", () => {
  test("puts the base value back when an override ends, though no file changes and no schedule rings", async () => {
    // However late the daemon is up: then there is nothing left to wait for.
    writePolicy(new Date(Date.now() + 5_000));
    const daemon = place.start("daemon");
    const value = (): unknown => plane.keys.get(uuid(1))?.["rate_limits"];
    await until(() => JSON.stringify(value()) === JSON.stringify(rate(600)), "the base value", daemon.output);
    expect(plane.puts().map(({ body }) => body)).toEqual([{ rate_limits: rate(600) }]);
    daemon.child.kill("SIGTERM");
    expect((await daemon.ended).exitCode).toBe(0);
    const plan = await place.run("plan");
    expect(plan).toMatchObject({ exitCode: 0 });
    expect(plan.stdout).toContain("Nothing to change.");
    expect((await place.run("validate")).stdout).toContain("KS1354");
  });

  test("reminds of an end once, and not again after a restart", async () => {
    writePolicy(new Date(Date.now() + 12 * 3_600_000));
    const reminders: unknown[] = [];
    for (let start = 0; start < 2; start += 1) {
      const daemon = place.start("daemon");
      await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "a pass", daemon.output);
      daemon.child.kill("SIGTERM");
      await daemon.ended;
      reminders.push(...daemon.log.filter(({ msg }) => msg === "override ends soon"));
      expect(daemon.log.filter(({ msg, kind }) => msg === "notice" && kind === "override-ends")).toEqual([]);
    }
    expect(reminders).toMatchObject([{ policy: "launch", within: "1 day", reason: "launch week", keys: 1 }]);
    const status = await place.run("status");
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toContain(`override-ends ${uuid(1)}: the override until`);
    expect(status.stdout).toContain("1 override in force; the next one begins or ends");
  });
});
