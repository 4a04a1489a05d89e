/*
 * What the simulator answers, held against Portkey's published OpenAPI document (api-keys.openapi.json is its part on
 * API keys, as it is). The document does not declare everything that recorded answers of the real API show. These are
 * the deviations that are tolerated, and each of them has to occur:
 */
const deviations: readonly string[] = [
  "null at description",
  "null at workspace_id",
  "null at user_id",
  "null at usage_limits",
  "null at usage_limits/alert_threshold",
  "null at reset_usage",
  "null at alert_emails",
  "null at expires_at",
  "null at defaults/metadata",
  "null at defaults/config_id",
  'not in the enum at status: "expired"',
];

import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";
import formats from "ajv-formats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { call, idOf, key } from "../simulator/support.ts";

const documentUrl = new URL("api-keys.openapi.json", import.meta.url);
const openapi = JSON.parse(readFileSync(documentUrl, "utf8")) as { components: { schemas: object } };

/** OpenAPI 3.0 as JSON Schema: ajv knows `nullable`, but not `example`. */
const ajv = new Ajv({ allErrors: true, strict: false, verbose: true });
formats.default(ajv);
ajv.addSchema(openapi, "openapi");

const config = "1f0c0000-0000-4000-8000-00000000000a";
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ keys: [1, 2, 3, 4, 5].map((n) => key(n)) });
  simulator.model.listHasRotationPolicy = true;
  const limits = { credit_limit: 500, alert_threshold: 400, type: "cost", periodic_reset: "monthly" };
  const bodies: [number, object][] = [
    [1, { description: "all is set", rate_limits: [{ type: "requests", unit: "rpm", value: 60 }] }],
    [1, { usage_limits: limits, alert_emails: ["a@example.com"], expires_at: "2099-01-01T00:00:00Z" }],
    [1, { defaults: { metadata: { team: "search" }, config_id: config, allow_config_override: false } }],
    [1, { rotation_policy: { rotation_period: "monthly", key_transition_period_ms: 3_600_000 } }],
    [2, { usage_limits: { credit_limit: 5, alert_threshold: null, periodic_reset_days: 30 } }],
    [3, { expires_at: "2001-01-01T00:00:00Z" }],
    [4, { description: "", scopes: ["logs.view"] }],
  ];
  for (const [n, body] of bodies) {
    expect((await call(simulator, `PUT /v1/api-keys/${idOf(n)}`, { body })).text).toBe("{}");
  }
  simulator.create({ type: "organisation-service", id: idOf(6) });
  simulator.create({ type: "workspace-user", id: idOf(7) });
});

afterAll(() => simulator.close());

/** What is wrong with a value, in the words of the deviations; paths are below a key. */
function complaints(schema: string, value: unknown): string[] {
  const validate = ajv.getSchema(`openapi#/components/schemas/${schema}`)!;
  return validate(value) === true ? [] : (validate.errors ?? []).map(describe);
}

function describe({ instancePath, keyword, data, message }: ErrorObject): string {
  const path = instancePath.replace(/^\/data\/\d+/, "").slice(1);
  if (data === null) return `null at ${path}`;
  return keyword === "enum"
    ? `not in the enum at ${path}: ${JSON.stringify(data)}`
    : `${message ?? ""} at ${path}`;
}

test("the list conforms, but for the deviations", async () => {
  const { json } = await call(simulator, "GET /v1/api-keys");
  expect(json.data).toHaveLength(7);
  const found = new Set(complaints("ApiKeyObjectList", json));
  expect([...found].sort()).toEqual(deviations.toSorted());
});

test("every GET conforms, but for the deviations", async () => {
  const found = new Set<string>();
  for (const id of simulator.keys.keys()) {
    const { json } = await call(simulator, `GET /v1/api-keys/${id}`);
    for (const complaint of complaints("ApiKeyObject", json)) found.add(complaint);
  }
  expect([...found].sort()).toEqual(deviations.toSorted());
});

test("a key on which everything is set conforms without any", async () => {
  simulator.edit(idOf(1), { user_id: idOf(9), reset_usage: 0 });
  const { json } = await call(simulator, `GET /v1/api-keys/${idOf(1)}`);
  expect(complaints("ApiKeyObject", json)).toEqual([]);
});

test("a rotation's answer conforms", async () => {
  const { json } = await call(simulator, `POST /v1/api-keys/${idOf(2)}/rotate`);
  expect(complaints("RotateApiKeyResponse", json)).toEqual([]);
  expect(Object.keys(json).sort()).toEqual(["id", "key", "key_transition_expires_at"]);
});

test("the schemas do find what is wrong", () => {
  expect(complaints("ApiKeyObject", { id: 5, status: "gone", rate_limits: [{ value: 1.5 }] })).toHaveLength(
    3,
  );
});
