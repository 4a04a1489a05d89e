/*
 * Portkey's official SDK as the client: if it gets along with the simulator, the simulator speaks as the API does.
 */
import { Portkey } from "portkey-ai";
import { expect, test } from "vitest";
import { uuidFor } from "../../src/simulator/seed-key.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { idOf, key, useSimulators } from "./support.ts";

const start = useSimulators();

function client(simulator: Simulator, apiKey = simulator.adminKey): Portkey {
  return new Portkey({ apiKey, baseURL: simulator.baseUrl });
}

test("list gives the page it asks for", async () => {
  const simulator = await start({ keys: [key(1), key(2), key(3)] });
  const page = await client(simulator).apiKeys.list({ page_size: 2, current_page: 1 });
  expect(page).toMatchObject({ object: "list", total: 3, data: [{ id: idOf(1), object: "api-key" }] });
  expect(simulator.requests).toMatchObject([{ query: { page_size: "2", current_page: "1" }, status: 200 }]);
});

test("retrieve gives one key", async () => {
  const simulator = await start({ keys: [key(1)] });
  expect(await client(simulator).apiKeys.retrieve({ id: idOf(1) })).toMatchObject({
    id: idOf(1),
    name: "key 1",
  });
});

test("update writes what it names, with the id in its body", async () => {
  const simulator = await start({ keys: [key(1)] });
  const portkey = client(simulator);
  await portkey.apiKeys.update({
    id: idOf(1),
    name: "renamed",
    rate_limits: [{ type: "requests", unit: "rpm", value: 60 }],
    usage_limits: { credit_limit: 10, alert_threshold: 8, periodic_reset: "monthly" },
    defaults: { metadata: { environment: "development" } },
    expires_at: null,
  });
  expect(simulator.requests[0]).toMatchObject({ method: "PUT", body: { id: idOf(1), expires_at: null } });
  expect(await portkey.apiKeys.retrieve({ id: idOf(1) })).toMatchObject({
    name: "renamed",
    rate_limits: [{ type: "requests", unit: "rpm", value: 60 }],
    usage_limits: { credit_limit: 10, alert_threshold: 8, periodic_reset: "monthly", current_usage: 0 },
    defaults: { metadata: { environment: "development" } },
    scopes: ["completions.write"],
  });
});

test("create makes a key, whose secret it gives, and delete takes it away", async () => {
  const simulator = await start();
  const portkey = client(simulator);
  const made = await portkey.apiKeys.create({
    type: "workspace",
    "sub-type": "service",
    name: "made",
    workspace_id: "ws-main",
    scopes: ["logs.view"],
  });
  expect(made).toMatchObject({ object: "api-key", key: expect.any(String) });
  expect(simulator.keys.get(made.id!)).toMatchObject({
    type: "workspace-service",
    workspace_id: uuidFor("ws-main"),
    scopes: ["logs.view"],
  });
  await portkey.apiKeys.delete({ id: made.id! });
  expect(simulator.keys.size).toBe(0);
});

test("refusals arrive as the errors that the SDK knows", async () => {
  const simulator = await start({ keys: [key(1)] });
  const { apiKeys } = client(simulator);
  await expect(apiKeys.retrieve({ id: idOf(2) })).rejects.toMatchObject({ status: 404 });
  await expect(apiKeys.update({ id: idOf(1), name: "" })).rejects.toMatchObject({ status: 400 });
  await expect(client(simulator, "wrong").apiKeys.list({})).rejects.toMatchObject({ status: 401 });
});

test("a server error is tried once more by the SDK, and then succeeds", async () => {
  const simulator = await start({ keys: [key(1)] });
  simulator.faults.add({ effect: { kind: "status", status: 503 } });
  expect(await client(simulator).apiKeys.retrieve({ id: idOf(1) })).toMatchObject({ id: idOf(1) });
  expect(simulator.requests.map(({ status }) => status)).toEqual([503, 200]);
});
