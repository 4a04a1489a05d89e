import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openState } from "../../src/state/open-state.ts";
import { checkedResult } from "../render/results.ts";
import { isReadBack, keyPolicy, makePlace, until, uuid, type Place, type Running } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* Putting a key back to what it was, with and without a daemon, and that nothing undoes it before a person says so. */

let plane: PlainControlPlane;
let place: Place;

const budget = { type: "cost", credit_limit: 50, alert_threshold: 40, periodic_reset: "weekly" };

beforeEach(async () => {
  plane = await startPlainControlPlane([
    rawKey(uuid(1), { name: "by hand", usage_limits: budget }),
    rawKey(uuid(2), { name: "another" }),
  ]);
  place = makePlace(plane);
  Object.assign(place.env, { KEYSTEWARD_WATCH_DEBOUNCE: "20ms", KEYSTEWARD_WATCH_POLL: "1s" });
  writeBudget(500);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

function writeBudget(credit: number): void {
  const key = `{ name: governed, usage_limits: { credit_limit: ${credit}, periodic_reset: monthly } }`;
  place.write("one.yaml", keyPolicy("one", uuid(1), key));
}

function key(): { readonly name: unknown; readonly usage_limits: unknown } {
  return plane.keys.get(uuid(1)) as unknown as { name: unknown; usage_limits: unknown };
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

describe("without a daemon", () => {
  test("a key goes back to what it was before the first write, and stays so until it is resumed", async () => {
    expect((await place.run("apply")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "governed", usage_limits: { credit_limit: 500 } });

    const preview = await place.run("restore", uuid(1), "--dry-run");
    expect([preview.exitCode, preview.stderr]).toEqual([2, ""]);
    expect(preview.stdout).toContain("Back to its baseline:");
    expect(preview.stdout).toContain("(restored, ");
    expect(key().name).toBe("governed");

    const restored = await place.run("restore", "one", "--format", "json");
    expect([restored.exitCode, restored.stderr]).toEqual([0, ""]);
    expect(checkedResult("restore", restored.stdout)).toMatchObject({
      done: "restored",
      point: "its baseline",
      outcomes: [{ outcome: "applied", message: "applied, and read back as it was set" }],
    });
    expect(key()).toMatchObject({ name: "by hand", usage_limits: budget });
    const status = await place.run("status");
    expect([status.exitCode, status.stdout]).toEqual([
      2,
      expect.stringContaining("was put back to its baseline"),
    ]);

    for (const command of ["plan", "apply"]) {
      const quiet = await place.run(command);
      expect(quiet.exitCode, quiet.stdout).toBe(0);
      expect(quiet.stdout).toContain(`keysteward resume ${uuid(1)}`);
    }
    expect(key().name).toBe("by hand");
    expect((await place.run("status")).exitCode).toBe(2);
    expect((await place.run("explain", "one")).stdout).toContain("left alone");

    const resumed = await place.run("resume", "one", "--format", "json");
    expect(checkedResult("resumed", resumed.stdout)).toMatchObject({ keyId: uuid(1), resumed: true });
    expect((await place.run("resume", "one")).stdout).toContain("was not put back");
    expect((await place.run("apply")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "governed", usage_limits: { credit_limit: 500 } });
    expect((await place.run("plan")).exitCode).toBe(0);

    const { stdout } = await place.run("history", "--format", "json");
    const events = checkedResult("history", stdout)["entries"].map(({ event }: any) => event);
    expect(events).toEqual(["claimed", "resumed", "claimed", "restored", "claimed"]);
    expect((await place.run("history", "verify")).exitCode).toBe(0);
  });

  test("a key goes back to a line of its history, and to what it was at an instant", async () => {
    expect((await place.run("apply")).exitCode).toBe(0);
    const { stdout } = await place.run("history", "--format", "json");
    const [first] = checkedResult("history", stdout)["entries"];
    writeBudget(900);
    expect((await place.run("apply")).exitCode).toBe(0);
    expect((await place.run("restore", "one", "--to", String(first.seq), "--yes")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "governed", usage_limits: { credit_limit: 500 } });
    const before = new Date(Date.parse(first.at) - 1).toISOString();
    expect((await place.run("restore", "one", "--to", before, "--yes")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "by hand", usage_limits: budget });
  });

  test("after the audit trail was trimmed, it goes back to what is still known, and never to a looser baseline", async () => {
    plane.keys.get(uuid(1))!["usage_limits"] = { ...budget, credit_limit: 9_000 };
    expect((await place.run("apply")).exitCode).toBe(0);
    place.write("two.yaml", keyPolicy("two", uuid(2), "{ name: second }"));
    expect((await place.run("apply")).exitCode).toBe(0);
    const { stdout } = await place.run("history", "--format", "json", "--limit", "1");
    const [second] = checkedResult("history", stdout)["entries"];
    const state = openState({ url: `sqlite:${join(place.folder, "state.db")}`, mode: "write" });
    state.trimAudit({ keepMs: Number.MAX_SAFE_INTEGER, most: second.lines.length }, Date.now());
    state.close();
    expect((await place.run("history")).stdout).not.toContain(uuid(1));

    const asNow = await place.run("restore", "one", "--to", String(second.seq), "--dry-run");
    expect([asNow.exitCode, asNow.stdout]).toEqual([0, expect.stringContaining("is as it was already")]);
    writeBudget(900);
    expect((await place.run("apply")).exitCode).toBe(0);
    expect((await place.run("restore", "one", "--to", String(second.seq), "--yes")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "governed", usage_limits: { credit_limit: 500 } });
    const lost = await place.run("restore", "one", "--to", "1", "--yes");
    expect(lost.exitCode).toBe(4);
    expect(lost.stderr).toContain(`it begins with line ${second.seq}, of ${second.at}`);
    expect(key()).toMatchObject({ usage_limits: { credit_limit: 500 } });
    expect((await place.run("restore", "one", "--yes")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "by hand", usage_limits: { credit_limit: 9_000 } });
    expect((await place.run("history", "verify")).exitCode).toBe(0);
  });

  test("what cannot be put back is said: no such point, a key never written, a plan that has moved on", async () => {
    expect((await place.run("apply")).exitCode).toBe(0);
    const point = await place.run("restore", "one", "--to", "yesterday");
    expect(point.exitCode).toBe(4);
    expect(point.stderr).toContain("--to yesterday is no point in a key's history");
    for (const [to, why] of [
      ["99999", "the audit trail has no such line; its last one is "],
      ["2099-01-01", "is still to come"],
      ["99999999999999d", "is no point in a key's history"],
    ] as const) {
      const refused = await place.run("restore", "one", "--to", to, "--yes");
      expect([refused.exitCode, refused.stderr]).toEqual([4, expect.stringContaining(why)]);
      expect(refused.stderr).not.toContain("    at ");
    }
    expect((await place.run("status")).stdout).not.toContain("was put back");
    const never = await place.run("restore", uuid(2));
    expect(never.exitCode).toBe(4);
    expect(never.stderr).toContain("nothing that we have written");
    const moved = await place.run("restore", "one", "--expect", "0123456789abcdef");
    expect(moved.exitCode).toBe(6);
    expect(key().name).toBe("governed");
  });

  test("killed right after it was begun, the key is left alone, and begun again it ends", async () => {
    expect((await place.run("apply")).exitCode).toBe(0);
    let reached = false;
    plane.intercept = ({ method }) => {
      reached ||= method === "PUT";
      return method === "PUT";
    };
    const killed = place.start("restore", uuid(1), "--yes");
    await until(() => reached, "the request", killed.output);
    killed.child.kill("SIGKILL");
    await killed.ended;
    plane.intercept = () => false;
    const applied = await place.run("apply");
    expect(applied.stdout).toContain(`keysteward resume ${uuid(1)}`);
    expect(key().name).toBe("governed");
    expect((await place.run("restore", uuid(1), "--yes")).exitCode).toBe(0);
    expect(key()).toMatchObject({ name: "by hand", usage_limits: budget });
    expect((await place.run("history", "verify")).exitCode).toBe(0);
  });
});

describe("with a daemon", () => {
  test("the daemon puts the key back and does not undo it, not even for an edit, until it is resumed", async () => {
    const daemon = await startDaemon();
    expect(key().name).toBe("governed");
    const restored = await place.run("restore", "one", "--yes");
    expect([restored.exitCode, restored.stderr]).toEqual([0, ""]);
    expect(restored.stdout).toContain(`keysteward resume ${uuid(1)}`);
    expect(key()).toMatchObject({ name: "by hand", usage_limits: budget });
    await until(() => isReadBack(daemon), "the read back", daemon.output);

    writeBudget(600);
    expect((await place.run("sync", "--wait")).exitCode).toBe(0);
    expect(key().name).toBe("by hand");
    expect((await place.run("status")).stdout).toContain("was put back to its baseline");

    expect((await place.run("resume", "one")).stdout).toContain("resumed");
    expect(key()).toMatchObject({ name: "governed", usage_limits: { credit_limit: 600 } });
    await stop(daemon);
    expect((await place.run("plan")).exitCode).toBe(0);
  });

  test("it forgets a key that no policy covers any more, and refuses one that a policy covers", async () => {
    place.write("two.yaml", keyPolicy("two", uuid(2), "{ name: second }"));
    const daemon = await startDaemon();
    const refused = await place.run("forget", uuid(1), "--format", "json");
    expect([refused.exitCode, checkedResult("forget", refused.stdout)["keys"]]).toMatchObject([
      6,
      [{ outcome: "refused" }],
    ]);
    rmSync(join(place.policies, "two.yaml"));
    expect((await place.run("sync", "--wait")).exitCode).toBe(0);
    expect((await place.run("status")).stdout).toContain("orphaned");
    const forgotten = await place.run("forget", uuid(2), "--format", "json");
    expect([forgotten.exitCode, checkedResult("forget", forgotten.stdout)["keys"]]).toMatchObject([
      0,
      [{ outcome: "forgotten" }],
    ]);
    expect((await place.run("status")).stdout).not.toContain("orphaned");
    await stop(daemon);
    expect((await place.run("status")).stdout).not.toContain("orphaned");
  });
});
