import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Repository } from "../git/repository.ts";
import { askDaemon } from "../../src/daemon/control-client.ts";
import { keyPolicy, makePlace, until, uuid, type Ended, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/*
 * The admin key must appear in nothing that the product writes. The control plane here does its worst: it sends the
 * key back in every error, in every shape, and even inside a key that it lists. Extend this test with every new output.
 */

let plane: PlainControlPlane;
let place: Place;
const texts: string[] = [];

beforeEach(async () => {
  texts.length = 0;
  plane = await startPlainControlPlane([rawKey(uuid(1)), rawKey(uuid(2))]);
  plane.keys.get(uuid(2))!["description"] = `somebody pasted ${plane.adminKey} here`;
  place = makePlace(plane);
  Object.assign(place.env, {
    KEYSTEWARD_SETTLE: "0s",
    KEYSTEWARD_WATCH_DEBOUNCE: "10ms",
    KEYSTEWARD_LOG_LEVEL: "trace",
  });
  place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: one }"));
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

async function keep(ended: Promise<Ended>): Promise<Ended> {
  const result = await ended;
  texts.push(result.stdout, result.stderr);
  return result;
}

function everythingWritten(): string {
  const files = readdirSync(place.folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(place.folder, name))
    .filter((path) => statSync(path).isFile());
  return [...texts, ...files, ...files.map((path) => readFileSync(path).toString("latin1"))].join("\n");
}

function expectNoCanary(): void {
  const secret = plane.adminKey;
  const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("hex")];
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const written = everythingWritten();
  for (const form of [...forms, base64]) expect(written.includes(form), `found ${form}`).toBe(false);
}

const worstAnswers: readonly { readonly status: number; readonly body: (secret: string) => string }[] = [
  { status: 401, body: (secret) => JSON.stringify({ errorCode: "AB05", message: `bad key ${secret}` }) },
  {
    status: 400,
    body: (secret) => JSON.stringify({ success: false, data: { message: secret, errorCode: "AB01" } }),
  },
  {
    status: 403,
    body: (secret) => JSON.stringify({ error: { message: `${secret} may not`, code: "AB03" } }),
  },
  { status: 404, body: (secret) => `<html>${secret}</html>` },
  { status: 200, body: (secret) => `<html>${secret}</html>` },
  { status: 200, body: (secret) => `{"total": "${secret}", "data": 7}` },
];

test("the admin key is in no output, no state, no error, whatever the server sends back", async () => {
  for (const { status, body } of worstAnswers) {
    plane.intercept = (_request, response) => {
      response.writeHead(status, {
        "content-type": "application/json",
        location: `http://x/${plane.adminKey}`,
      });
      response.end(body(plane.adminKey));
      return true;
    };
    expect((await keep(place.run("apply"))).exitCode).not.toBe(0);
  }
  plane.intercept = ({ method }, response) => {
    if (method !== "PUT") return false;
    response.writeHead(400).end(JSON.stringify({ message: `no: ${plane.adminKey}` }));
    return true;
  };
  expect((await keep(place.run("apply", "--format", "json"))).exitCode).toBe(5);
  plane.intercept = () => false;
  await keep(place.run("plan"));
  await keep(place.run("status"));
  await keep(place.run("status", "--format", "json"));
  await keep(place.run("validate"));
  await keep(place.run("history"));
  await keep(place.run("history", "--format", "json"));
  expect((await keep(place.run("history", "verify"))).exitCode).toBe(0);
  expectNoCanary();
}, 120_000);

test("what is said of single keys does not hold it, and no imported policy does, whatever keys are called", async () => {
  const secret = plane.adminKey;
  plane.keys.set(
    uuid(3),
    rawKey(uuid(3), {
      name: secret,
      type: secret,
      workspace_id: secret,
      status: secret,
      scopes: [secret],
      alert_emails: [`${secret}@example.com`],
      defaults: { metadata: { [secret]: secret, list: [secret] }, config_id: secret },
    }),
  );
  for (const format of ["human", "json"]) {
    await keep(place.run("import", "--dry-run", "--format", format));
    await keep(place.run("audit", "--format", format));
    for (const id of [uuid(1), uuid(2), uuid(3)]) await keep(place.run("explain", id, "--format", format));
  }
  expect((await keep(place.run("import"))).exitCode).toBe(0);
  // What was left out does not keep the rest from being sound.
  expect((await keep(place.run("validate"))).exitCode).toBe(0);
  place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: one }"));
  for (const format of ["human", "json", "github"])
    await keep(place.run("plan", "--all", "--format", format));
  expect((await keep(place.run("apply"))).exitCode).toBe(0);
  await keep(place.run("explain", uuid(3), "--offline"));
  await keep(place.run("explain", secret));
  rmSync(join(place.policies, "one.yaml"));
  expect((await keep(place.run("forget", uuid(1)))).exitCode).toBe(0);
  expectNoCanary();
}, 120_000);

test("nor is any piece of it where a text is cut in the midst of it", async () => {
  const secret = plane.adminKey;
  const pieces = [secret.slice(0, 6), secret.slice(-6)];
  const guardrail = (name: string, rule: string): string =>
    `apiVersion: keysteward/v1\nkind: Guardrail\nmetadata: { name: ${name} }\n` +
    `spec: { message: text, appliesTo: live, schema: { properties: ${rule} } }\n`;
  place.write("a.yaml", guardrail("a", "{ description: { maxLength: 3 } }"));
  place.write("b.yaml", guardrail("b", "{ name: { const: other } }"));
  const policy = keyPolicy("one", uuid(1), "{ description: a }");
  place.write("one.yaml", policy.replace("spec:\n", "spec:\n  mode: report\n"));
  const formats = [["human"], ["json"], ["github", "--all"]].map(([format = "", ...rest]) => [
    ...["plan", "--format", format],
    ...rest,
  ]);
  const audits = ["human", "json", "sarif"].map((format) => ["audit", "--format", format]);
  const others = [["apply"], ["status"], ["status", "--format", "json"], ["explain", uuid(1)]];
  place.write("two.yaml", keyPolicy("two", uuid(2), "{ description: b }"));
  for (const before of [60, 90]) {
    plane.keys.get(uuid(2))!["description"] = `${"x".repeat(300 + before)}${secret}${"y".repeat(50)}`;
    const text = `${"x".repeat(before)}${secret}${"y".repeat(50)}`;
    Object.assign(plane.keys.get(uuid(1))!, { name: text, description: text });
    for (const order of [...formats, ...audits, ...others]) await keep(place.run(...order));
  }
  for (const name of readdirSync(place.policies)) rmSync(join(place.policies, name));
  const written = everythingWritten();
  expect(written).toContain("[secret]...");
  for (const piece of pieces) expect(written.includes(piece), `found ${piece}`).toBe(false);
}, 120_000);

test("the daemon writes it nowhere either, and hands it to no child", async () => {
  const daemon = place.start("daemon");
  await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "a pass", daemon.output);
  // A policy that holds the key by mistake, in a value and in a broken line.
  place.write("two.yaml", keyPolicy("two", uuid(2), "{ name: two }"));
  await until(() => plane.keys.get(uuid(2))?.["name"] === "two", "the edit", daemon.output);
  const environment = readFileSync(`/proc/${daemon.child.pid}/environ`, "latin1");
  expect(environment).toContain("PORTKEY_API_KEY");
  daemon.child.kill("SIGTERM");
  await keep(daemon.ended);
  expectNoCanary();
});

test("it is in no answer of the daemon's socket, and nothing of its mask is either", async () => {
  const [head, tail] = [plane.adminKey.slice(0, 2), plane.adminKey.slice(-3)];
  plane.keys.get(uuid(1))!["key"] = `${head}*****${tail}`;
  place.write("one.yaml", keyPolicy("one", uuid(1), "{ usage_limits: { credit_limit: 1 } }"));
  place.write("two.yaml", keyPolicy("two", uuid(2), "{ description: changed, name: two }"));
  Object.assign(place.env, { KEYSTEWARD_GUARD_CHANGED: "0%", KEYSTEWARD_GUARD_FLOOR: "0" });
  const daemon = place.start("daemon");
  await until(() => daemon.log.some(({ msg }) => msg === "plan held"), "a held plan", daemon.output);
  const digest = String(daemon.log.find(({ msg }) => msg === "plan held")?.["digest"]);
  const orders = [["status"], ["approve", "0123456789abcdef"], ["pause"], ["sync", "--wait"], ["resume"]];
  for (const order of [...orders, ["approve", digest], ["status"]]) {
    await keep(place.run(...order, "--format", "json"));
  }
  await keep(place.run("status"));
  await keep(place.run("plan"));
  const socket = join(place.folder, "control.sock");
  for (const name of ["status", "approve", "sync", "nothing", plane.adminKey]) {
    texts.push(
      JSON.stringify(await askDaemon(socket, { name, body: { digest: plane.adminKey } }).catch(String)),
    );
  }
  daemon.child.kill("SIGTERM");
  await keep(daemon.ended);
  expect(plane.keys.get(uuid(2))?.["name"]).toBe("two");
  expectNoCanary();
  expect(everythingWritten()).not.toContain(`${head}*****`);
});

test("a key from a file stays in that file, and a configuration that holds one is refused without quoting it", async () => {
  delete place.env["PORTKEY_API_KEY"];
  const file = join(place.folder, "..", `${place.folder.split("/").at(-1)}.secret`);
  writeFileSync(file, `${plane.adminKey}\n`, { mode: 0o600 });
  place.env["PORTKEY_API_KEY_FILE"] = file;
  expect((await keep(place.run("apply"))).exitCode).toBe(0);
  delete place.env["PORTKEY_API_KEY_FILE"];
  const missing = await keep(place.run("apply"));
  expect(missing.exitCode).toBe(4);
  expect(missing.stderr).toContain("PORTKEY_API_KEY");
  place.env["PORTKEY_BASE_URL"] = `https://user:${plane.adminKey}@example.com/v1`;
  expect((await keep(place.run("apply"))).exitCode).toBe(4);
  expectNoCanary();
});

test("nor is it in the audit trail when a commit's author bears it, and git does not get it", async () => {
  const repository = new Repository(place.policies);
  repository.commit(plane.adminKey, { "one.yaml": keyPolicy("one", uuid(1), "{ name: changed }") });
  rmSync(join(place.policies, ".git/logs"), { recursive: true });
  const tools = join(place.folder, "tools");
  mkdirSync(tools);
  const script = `env >> ${join(place.folder, "environment-of-git")}; PATH=${place.env["PATH"]!} exec git "$@"`;
  writeFileSync(join(tools, "git"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  place.env["PATH"] = `${tools}:${place.env["PATH"]!}`;
  expect((await keep(place.run("apply"))).exitCode).toBe(0);
  expect(readFileSync(join(place.folder, "environment-of-git"), "utf8")).toContain("GIT_OPTIONAL_LOCKS=0");
  const { stdout } = await keep(place.run("history", "--policy", "one"));
  expect(stdout).toMatch(/commit [0-9a-f]{12} by \[secret\] <\[secret\]@example\.com>/);
  expectNoCanary();
});

test("nor is it in the state when the file of a guardrail or of a broken policy is called so", async () => {
  const rule = `{ message: text, schema: { properties: { name: { minLength: 1 } } } }`;
  place.write(
    `guardrail-${plane.adminKey}.yaml`,
    `apiVersion: keysteward/v1\nkind: Guardrail\nmetadata: { name: named }\nspec: ${rule}\n`,
  );
  expect((await keep(place.run("apply"))).exitCode).toBe(0);
  rmSync(join(place.policies, "one.yaml"));
  place.write(`${plane.adminKey}.yaml`, keyPolicy("one", uuid(1), "{ name: one, nam: x }"));
  for (let pass = 0; pass < 2; pass += 1) {
    await keep(place.run("apply"));
    expect((await keep(place.run("status"))).stdout).toContain("[secret].yaml");
  }
  for (const name of readdirSync(place.policies)) rmSync(join(place.policies, name), { recursive: true });
  expectNoCanary();
});

test("a token that holds it resets the usage once, and is nowhere", async () => {
  const resets: string[] = [];
  plane.intercept = ({ method, body }) => {
    if (method === "PUT" && JSON.stringify(body).includes("reset_usage")) resets.push(JSON.stringify(body));
    return false;
  };
  const budget = keyPolicy("one", uuid(1), "{ usage_limits: { type: cost, credit_limit: 5 } }");
  place.write("one.yaml", budget);
  expect((await keep(place.run("apply"))).exitCode).toBe(0);
  place.write("one.yaml", budget.replace("spec:\n", `spec:\n  resetUsage: "launch-${plane.adminKey}"\n`));
  expect((await keep(place.run("plan"))).stdout).toContain("launch-[secret]");
  for (let pass = 0; pass < 4; pass += 1) await keep(place.run("apply"));
  await keep(place.run("explain", uuid(1)));
  await keep(place.run("history", "--format", "json"));
  expect(resets).toHaveLength(1);
  rmSync(join(place.policies, "one.yaml"));
  expectNoCanary();
});

test("nor is it in the state when a policy's file is called so, or stands in a folder that is", async () => {
  const file = join(plane.adminKey, `${plane.adminKey}.yaml`);
  place.write(file, keyPolicy("two", uuid(2), "{ name: changed, defaults: { metadata: { team: a } } }"));
  expect((await keep(place.run("apply"))).exitCode).toBe(0);
  await keep(place.run("plan"));
  for (const format of ["human", "json"]) await keep(place.run("history", "--format", format));
  expect((await keep(place.run("history", "verify"))).exitCode).toBe(0);
  expect((await keep(place.run("plan"))).exitCode).toBe(0);
  rmSync(join(place.policies, plane.adminKey), { recursive: true });
  await keep(place.run("plan"));
  expect(texts.join("")).toContain("[secret].yaml");
  expectNoCanary();
});
