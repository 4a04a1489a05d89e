import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keyPolicy, makePlace, root, until, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

const schema = JSON.parse(readFileSync(join(root, "schema/results.schema.json"), "utf8")) as Record<
  string,
  unknown
>;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
addFormats.default.default(ajv);
ajv.addSchema(schema);

function expectResult(kind: "validate" | "plan" | "apply" | "status", text: string): Record<string, any> {
  const result = JSON.parse(text) as Record<string, any>;
  const check = ajv.getSchema(`urn:keysteward:results:v1#/$defs/${kind}`)!;
  expect(check(result), JSON.stringify(check.errors)).toBe(true);
  return result;
}

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane([
    rawKey(uuid(1)),
    rawKey(uuid(2), {
      usage_limits: { type: "cost", credit_limit: 100, alert_threshold: 80, periodic_reset: "weekly" },
      defaults: { metadata: { owner: "ops" }, config_id: null },
    }),
    rawKey(uuid(3), { scopes: ["completions.write", "logs.view", "logs.list"] }),
    rawKey(uuid(9), { name: "nobody-governs-me", usage_limits: { type: "cost", credit_limit: 7 } }),
  ]);
  place = makePlace(plane);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

const profile = `apiVersion: keysteward/v1
kind: Profile
metadata: { name: base }
spec:
  key:
    usage_limits: { type: tokens, credit_limit: 5000 }
`;

function writePolicies(): void {
  place.write("profiles/base.yaml", profile);
  place.write(
    "one.yaml",
    `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: one }
spec:
  keyId: ${uuid(1)}
  profiles: [base]
  key:
    name: one
    description: hello
    rate_limits: [{ type: requests, unit: rpm, value: 100 }]
    alert_emails: [ops@example.com]
    expires_at: 2027-06-30T23:59:59+02:00
    rotation_policy: { rotation_period: monthly, key_transition_period_ms: 3600000 }
`,
  );
  place.write(
    "two.yaml",
    keyPolicy(
      "two",
      uuid(2),
      "{ usage_limits: { type: cost, credit_limit: 500 }, defaults: { metadata: { team: search }, allow_config_override: false } }",
    ),
  );
  place.write("three.yaml", keyPolicy("three", uuid(3), "{ scopes: [logs.view, completions.write] }"));
}

describe("apply against a control plane that is not the simulator", () => {
  test("leaves every key as its policy says, touches nothing else, and writes nothing the second time", async () => {
    writePolicies();
    const first = await place.run(
      "apply",
      "--policies",
      place.policies,
      "--state",
      place.state,
      "--format",
      "json",
    );
    expect(first.stderr).toBe("");
    expect(first.exitCode).toBe(0);
    const result = expectResult("apply", first.stdout);
    expect(result["outcomes"].map(({ outcome }: any) => outcome)).toEqual(["applied", "applied", "applied"]);
    expect(result["requests"]).toMatchObject({ writes: 3 });

    expect(plane.keys.get(uuid(1))).toMatchObject({
      name: "one",
      description: "hello",
      rate_limits: [{ type: "requests", unit: "rpm", value: 100 }],
      usage_limits: { type: "tokens", credit_limit: 5000 },
      alert_emails: ["ops@example.com"],
      expires_at: "2027-06-30T21:59:59Z",
      rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 3600000 },
      scopes: ["completions.write"],
    });
    // What nobody asked for stays: the threshold, the reset, another's metadata.
    expect(plane.keys.get(uuid(2))).toMatchObject({
      usage_limits: { type: "cost", credit_limit: 500, alert_threshold: 80, periodic_reset: "weekly" },
      defaults: { metadata: { owner: "ops", team: "search" }, allow_config_override: false },
    });
    expect(plane.keys.get(uuid(3))).toMatchObject({ scopes: ["completions.write", "logs.view"] });
    expect(plane.keys.get(uuid(9))).toMatchObject({
      name: "nobody-governs-me",
      usage_limits: { credit_limit: 7 },
    });

    plane.seen.length = 0;
    const second = await place.run("apply", "--policies", place.policies, "--format", "json");
    expect(second.exitCode).toBe(0);
    expect(expectResult("apply", second.stdout)["changes"]).toEqual([]);
    expect(plane.puts()).toEqual([]);
    expect((await place.run("plan")).exitCode).toBe(0);
    const status = await place.run("status", "--format", "json");
    expect(status.exitCode).toBe(0);
    expect(expectResult("status", status.stdout)).toMatchObject({ inSync: true, kind: "reconcile" });
  });

  test("plan lists exactly the calls that apply then makes, and writes nothing itself", async () => {
    writePolicies();
    const planned = await place.run("plan", "--format", "json");
    expect(planned.exitCode).toBe(2);
    const plan = expectResult("plan", planned.stdout);
    expect(plane.puts()).toEqual([]);
    const applied = await place.run("apply", "--expect", plan["digest"], "--format", "json");
    expect(applied.exitCode).toBe(0);
    expect(expectResult("apply", applied.stdout)["changes"]).toEqual(plan["changes"]);
    const tops = plan["changes"].map(({ keyId, fields }: any) => ({
      path: `/admin/v1/api-keys/${keyId}`,
      fields: [...new Set(fields.map(({ path }: any) => path.split(".")[0]))].sort(),
    }));
    const sent = plane.puts().map(({ path, body }) => ({ path, fields: Object.keys(body ?? {}).sort() }));
    expect(sent.sort(byPath)).toEqual(tops.sort(byPath));
  });

  test("tightening goes before what loosens", async () => {
    place.env["KEYSTEWARD_RATE_CONCURRENCY"] = "1";
    writePolicies();
    await place.run("apply");
    const order = plane.puts().map(({ path }) => path.slice(-1));
    // Key 2 gets a higher budget; 1 and 3 only get less.
    expect(order.indexOf("2")).toBeGreaterThan(order.indexOf("1"));
    expect(order.indexOf("2")).toBeGreaterThan(order.indexOf("3"));
  });

  test("a plan other than the reviewed one is held: nothing is written", async () => {
    writePolicies();
    const applied = await place.run("apply", "--expect", "0123456789abcdef");
    expect(applied.exitCode).toBe(6);
    expect(plane.puts()).toEqual([]);
  });

  test("any problem stops apply; with --keep-going what is sound goes on, and it still says so", async () => {
    writePolicies();
    place.write("broken.yaml", keyPolicy("broken", uuid(9), "{ usage_limits: { credit_limt: 1 } }"));
    const refused = await place.run("apply", "--format", "json");
    expect(refused.exitCode).toBe(3);
    expect(plane.puts()).toEqual([]);
    const [problem] = expectResult("apply", refused.stdout)["problems"];
    expect(problem).toMatchObject({ code: "KS1201", file: "policies/broken.yaml", line: 6 });
    expect(problem["message"]).toContain("credit_limit");
    const went = await place.run("apply", "--keep-going");
    expect(went.exitCode).toBe(3);
    expect(plane.puts()).toHaveLength(3);
  });

  test("more than one page is read, and each page once", async () => {
    for (let number = 100; number < 350; number += 1) plane.keys.set(uuid(number), rawKey(uuid(number)));
    place.write("last.yaml", keyPolicy("last", uuid(349), "{ name: renamed }"));
    const applied = await place.run("apply");
    expect(applied.exitCode).toBe(0);
    expect(plane.keys.get(uuid(349))?.["name"]).toBe("renamed");
    const [pages, keys] = [true, false].map((paged) =>
      plane.gets().filter(({ query }) => "current_page" in query === paged),
    );
    expect(pages!.map(({ query }) => query["current_page"])).toEqual(["0", "1", "2"]);
    // The one key that was written is read back by its id: that is fewer requests than the list.
    expect(keys).toHaveLength(1);
  });

  test("what somebody changes right after an apply is put back by the next one", async () => {
    writePolicies();
    expect((await place.run("apply")).exitCode).toBe(0);
    plane.keys.get(uuid(1))!["rate_limits"] = [{ type: "requests", unit: "rpm", value: 9999 }];
    const second = await place.run("apply", "--format", "json");
    expect(second.exitCode).toBe(0);
    const [change, ...others] = expectResult("apply", second.stdout)["changes"];
    expect(others).toEqual([]);
    expect(change.fields).toMatchObject([{ path: "rate_limits", why: "drift" }]);
    expect(plane.keys.get(uuid(1))?.["rate_limits"]).toEqual([{ type: "requests", unit: "rpm", value: 100 }]);
    expect((await place.run("plan")).exitCode).toBe(0);
  });

  test("a read that lags behind the write is not drift", async () => {
    writePolicies();
    const before = structuredClone(plane.keys.get(uuid(3))!);
    expect((await place.run("apply")).exitCode).toBe(0);
    plane.seen.length = 0;
    const written = plane.keys.get(uuid(3))!;
    plane.keys.set(uuid(3), before);
    const second = await place.run("apply", "--format", "json");
    expect(expectResult("apply", second.stdout)["notices"]).toMatchObject([
      { kind: "settling", keyId: uuid(3) },
    ]);
    expect(plane.puts()).toEqual([]);
    plane.keys.set(uuid(3), written);
    expect((await place.run("plan")).exitCode).toBe(0);
  });

  test("what reads again as before the write is not in sync, whatever else was written, and is mended in the end", async () => {
    place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: renamed, description: described }"));
    const before = structuredClone(plane.keys.get(uuid(1))!);
    expect((await place.run("apply")).exitCode).toBe(0);
    Object.assign(plane.keys.get(uuid(1))!, { name: before["name"], description: "somebody's" });
    const second = await place.run("apply", "--format", "json");
    const { changes, notices, outcomes } = expectResult("apply", second.stdout);
    expect(changes.map(({ fields }: any) => fields.map(({ path }: any) => path))).toEqual([["description"]]);
    expect(outcomes).toMatchObject([{ outcome: "applied" }]);
    expect(notices).toMatchObject([{ kind: "settling", keyId: uuid(1), wasShown: true }]);
    const status = await place.run("status", "--format", "json");
    expect([status.exitCode, expectResult("status", status.stdout)["inSync"]]).toEqual([2, false]);

    place.env["KEYSTEWARD_SETTLE"] = "0s";
    expect((await place.run("apply")).exitCode).toBe(0);
    expect(plane.keys.get(uuid(1))).toMatchObject({ name: "renamed", description: "described" });
    expect((await place.run("plan")).exitCode).toBe(0);
    expect((await place.run("status")).exitCode).toBe(0);
  });

  test("a value that is accepted and not stored is not taken for applied: tried once more, then told and left alone", async () => {
    place.env["KEYSTEWARD_SETTLE"] = "50ms";
    place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: renamed }"));
    plane.intercept = ({ method }, response) => {
      if (method === "PUT") response.writeHead(200, { "content-type": "application/json" }).end("{}");
      return method === "PUT";
    };
    for (const expected of ["new", "drift"]) {
      const applied = await place.run("apply", "--format", "json");
      expect(applied.exitCode).toBe(5);
      const { changes, outcomes } = expectResult("apply", applied.stdout);
      expect(changes[0].fields).toMatchObject([{ path: "name", why: expected }]);
      expect(outcomes).toMatchObject([{ outcome: "not-reflected", status: 200 }]);
    }
    const third = expectResult("apply", (await place.run("apply", "--format", "json")).stdout);
    expect(third).toMatchObject({ changes: [], notices: [{ kind: "not-reflected", keyId: uuid(1) }] });
    expect(plane.puts()).toHaveLength(2);
  });

  test("a key that takes a request and is never shown is unlisted, and one that is not ours to write is forbidden", async () => {
    place.env["KEYSTEWARD_SETTLE"] = "50ms";
    place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: renamed }"));
    place.write("three.yaml", keyPolicy("three", uuid(3), "{ name: renamed }"));
    plane.intercept = ({ method, path }, response) => {
      if (method !== "PUT") return false;
      if (path.endsWith(uuid(3))) {
        response.writeHead(403, { "content-type": "application/json" });
        response.end('{"success":false,"data":{"errorCode":"AB03","message":"not yours"}}');
        return true;
      }
      plane.keys.delete(uuid(1));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
      return true;
    };
    const applied = await place.run("apply", "--format", "json");
    expect(applied.exitCode).toBe(5);
    const { outcomes } = expectResult("apply", applied.stdout);
    expect(outcomes.map(({ keyId, outcome }: Record<string, string>) => [keyId, outcome])).toEqual([
      [uuid(1), "unlisted"],
      [uuid(3), "forbidden"],
    ]);
  });

  test("a key that does not exist is told, and the exit code says that not all is done", async () => {
    place.write("ghost.yaml", keyPolicy("ghost", uuid(77), "{ name: ghost }"));
    place.write("three.yaml", keyPolicy("three", uuid(3), "{ name: unnamed }"));
    const applied = await place.run("apply", "--format", "json");
    expect(applied.exitCode).toBe(5);
    expect(expectResult("apply", applied.stdout)["notices"]).toMatchObject([
      { kind: "missing", keyId: uuid(77) },
    ]);
    expect(plane.puts()).toEqual([]);
  });

  test("what somebody changes during a long push, beside what we manage, is kept", async () => {
    place.env["KEYSTEWARD_RATE_CONCURRENCY"] = "1";
    writePolicies();
    let held = false;
    plane.intercept = async ({ method, path }) => {
      // The first PUT takes longer than what was read is believed; meanwhile somebody edits the last key.
      if (method === "PUT" && !held && !path.endsWith(uuid(2))) {
        held = true;
        (plane.keys.get(uuid(2))!["usage_limits"] as Record<string, unknown>)["alert_threshold"] = 55;
        await new Promise((resolve) => setTimeout(resolve, 1_200));
      }
      return false;
    };
    expect((await place.run("apply")).exitCode).toBe(0);
    expect(held).toBe(true);
    expect(plane.keys.get(uuid(2))).toMatchObject({
      usage_limits: { credit_limit: 500, alert_threshold: 55 },
    });
  });

  test("killed in the middle of a push, status says so until a pass has ended", async () => {
    writePolicies();
    expect((await place.run("apply")).exitCode).toBe(0);
    plane.seen.length = 0;
    place.write("three.yaml", keyPolicy("three", uuid(3), "{ name: renamed }"));
    plane.intercept = ({ method }) => (method === "PUT" ? new Promise(() => undefined) : false);
    const running = place.start("apply");
    await until(() => plane.puts().some(({ path }) => path.endsWith(uuid(3))), "the PUT", running.output);
    running.child.kill("SIGKILL");
    await running.ended;
    const status = await place.run("status", "--format", "json");
    expect(status.exitCode).toBe(2);
    expect(expectResult("status", status.stdout)).toMatchObject({ inSync: false, interrupted: true });
    plane.intercept = () => false;
    expect((await place.run("apply")).exitCode).toBe(0);
    expect((await place.run("status")).exitCode).toBe(0);
  });

  test("one key that the server refuses does not keep the others from being applied", async () => {
    writePolicies();
    plane.intercept = ({ method, path }, response) => {
      if (method !== "PUT" || !path.endsWith("3")) return false;
      response.writeHead(400, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ success: false, data: { errorCode: "AB01", message: "scopes do not fit" } }),
      );
      return true;
    };
    const applied = await place.run("apply", "--format", "json");
    expect(applied.exitCode).toBe(5);
    const outcomes = expectResult("apply", applied.stdout)["outcomes"] as any[];
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(["applied", "applied", "rejected"]);
    expect(outcomes.find(({ outcome }) => outcome === "rejected")).toMatchObject({
      keyId: uuid(3),
      status: 400,
      attempts: 1,
    });
    expect((await place.run("status")).exitCode).toBe(2);
  });

  test("a refused credential stops the run at once: one request, exit 4, and never the key", async () => {
    writePolicies();
    place.env["PORTKEY_API_KEY"] = "wrong-key-with-31-letters-in-it";
    const applied = await place.run("apply");
    expect(applied.exitCode).toBe(4);
    expect(plane.seen).toHaveLength(1);
    expect(applied.stdout + applied.stderr).not.toContain("wrong-key");
    expect(applied.stderr).toContain("401");
  });

  test("a base URL without its prefix is told from a missing key", async () => {
    writePolicies();
    plane.intercept = (_request, response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<html><body>404 Not Found</body></html>");
      return true;
    };
    place.env["PORTKEY_BASE_URL"] = plane.baseUrl.replace("/admin/v1", "");
    const applied = await place.run("apply");
    expect(applied.exitCode).toBe(4);
    expect(applied.stderr).toMatch(/prefix/);
    expect(plane.puts()).toEqual([]);
  });

  test("an incomplete list is never acted on", async () => {
    writePolicies();
    plane.intercept = ({ method, path }, response) => {
      if (method !== "GET" || !path.endsWith("/api-keys")) return false;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ object: "list", total: 4, data: [] }));
      return true;
    };
    const applied = await place.run("apply");
    expect(applied.exitCode).toBe(5);
    expect(plane.puts()).toEqual([]);
  });

  test("interrupted, it ends what is on the wire, leaves the rest, and the next run does it", async () => {
    writePolicies();
    place.env["KEYSTEWARD_RATE_CONCURRENCY"] = "1";
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    plane.intercept = async ({ method }) => {
      if (method === "PUT") await held;
      return false;
    };
    const running = place.start("apply", "--format", "json");
    await until(() => plane.puts().length === 1, "the first PUT", running.output);
    running.child.kill("SIGTERM");
    // The process has to have seen the signal before the answer comes; it then begins nothing more.
    await until(
      () => running.log.some(({ msg }) => msg === "stopping"),
      "the signal to be seen",
      running.output,
    );
    release();
    const ended = await running.ended;
    expect(ended.exitCode).toBe(5);
    expect(plane.puts()).toHaveLength(1);
    plane.intercept = () => false;
    expect((await place.run("apply")).exitCode).toBe(0);
    expect((await place.run("plan")).exitCode).toBe(0);
  });
});

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1;
}
