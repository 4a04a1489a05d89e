import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkedResult } from "../render/results.ts";
import { makePlace, root, until, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* From keys that somebody made to keys under policies, by the built command, against what is not the simulator. */

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane([
    rawKey(uuid(1), {
      name: "Search chatbot",
      rate_limits: [{ type: "requests", unit: "rpm", value: 600 }],
      usage_limits: { type: "cost", credit_limit: 500, alert_threshold: 400, periodic_reset: "monthly" },
      defaults: { metadata: { team: "search", tries: 3 }, config_id: null },
      rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 3_600_000 },
    }),
    rawKey(uuid(2), { name: "admin", type: "organisation-service", workspace_id: null }),
  ]);
  place = makePlace(plane);
  rmSync(place.policies, { recursive: true });
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

test("audit, import, validate, plan, apply: nothing is sent, and then drift is found", async () => {
  const before = await place.run("audit");
  expect(before.exitCode, before.stderr).toBe(0);
  expect(before.stdout).toContain("2 not governed.");

  const schema = await place.run("schema", "policy");
  expect(JSON.parse(schema.stdout)).toHaveProperty("$schema");
  mkdirSync(join(place.folder, "schema"));
  writeFileSync(join(place.folder, "schema", "policy.schema.json"), schema.stdout);
  const imported = await place.run("import");
  expect(imported.exitCode, imported.stderr).toBe(0);
  expect(imported.stdout).toContain("left out defaults.metadata.tries");
  expect(readdirSync(place.policies, { recursive: true, encoding: "utf8" }).sort()).toEqual([
    "organisation",
    "organisation/admin.yaml",
    "workspace-ws-shared-123",
    "workspace-ws-shared-123/search-chatbot.yaml",
  ]);
  const file = join(place.policies, "organisation/admin.yaml");
  const pointer = /^# yaml-language-server: \$schema=(.+)\n/.exec(readFileSync(file, "utf8"))?.[1];
  expect(readFileSync(join(dirname(file), pointer!), "utf8")).toBe(schema.stdout);
  expect((await place.run("validate")).exitCode).toBe(0);
  expect((await place.run("plan")).exitCode).toBe(0);
  expect((await place.run("apply")).exitCode).toBe(0);
  expect(plane.puts()).toEqual([]);
  expect((await place.run("audit")).stdout).toContain("Every key is governed.");

  plane.keys.get(uuid(1))!["rate_limits"] = [{ type: "requests", unit: "rpm", value: 9000 }];
  const drifted = await place.run("plan", "--format", "github");
  expect(drifted.exitCode).toBe(2);
  expect(drifted.stdout).toContain("- requests/rpm 9000\n+ requests/rpm 600\n");
  const { stdout } = await place.run("explain", "search-chatbot", "--format", "json");
  const limits = checkedResult("explain", stdout)["fields"].find(({ path }: any) => path === "rate_limits");
  expect(limits.verdict).toMatchObject({ kind: "set", why: "drift", rank: "tightens" });
});

test("a command that reads ends at once when it is told to, without blaming itself", async () => {
  plane.intercept = () => true;
  for (const command of ["import", "audit", "plan"]) {
    const before = plane.seen.length;
    const running = place.start(command, "--policies", join(root, "policies"));
    await until(() => plane.seen.length > before, "a request", running.output);
    running.child.kill("SIGINT");
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(5);
    expect(stderr).toBe("keysteward: stopped by SIGINT before the end\n");
  }
});

test("an orphaned key is forgotten once a daemon that cannot be spoken to does not hold the state any more", async () => {
  place.env["KEYSTEWARD_CONTROL_SOCKET"] = "off";
  await place.run("import");
  await place.run("apply");
  rmSync(join(place.policies, "organisation"), { recursive: true });
  const daemon = place.start("daemon");
  await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "a pass", daemon.output);
  const held = await place.run("forget", uuid(2));
  expect(held.exitCode).toBe(4);
  expect(held.stderr).toContain("is in use by process");
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const forgotten = await place.run("forget", "--all-orphaned", "--yes", "--format", "json");
  expect(forgotten.exitCode, forgotten.stderr).toBe(0);
  expect(checkedResult("forget", forgotten.stdout)["keys"]).toMatchObject([{ keyId: uuid(2) }]);
  expect((await place.run("plan")).stdout).not.toContain("orphaned");
  expect(readFileSync(join(place.policies, "workspace-ws-shared-123/search-chatbot.yaml"), "utf8")).toContain(
    uuid(1),
  );
});
