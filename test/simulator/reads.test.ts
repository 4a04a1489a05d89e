import { describe, expect, test } from "vitest";
import { uuidFor } from "../../src/simulator/seed-key.ts";
import { call, get, idOf, key, put, useSimulators } from "./support.ts";

const start = useSimulators();

/** The fields of every recorded list row. */
const rowFields = [
  "alert_emails",
  "allow_config_override",
  "api_key_defaults_id",
  "created_at",
  "creation_mode",
  "defaults",
  "description",
  "expires_at",
  "expiry_enforced",
  "id",
  "key",
  "last_reset_at",
  "last_updated_at",
  "name",
  "object",
  "organisation_id",
  "rate_limits",
  "reset_usage",
  "scopes",
  "status",
  "type",
  "usage_limits",
  "user_id",
  "workspace_id",
];

const rotation = { rotation_period: "monthly", next_rotation_at: null, key_transition_period_ms: 3_600_000 };

describe("the list", () => {
  test("shows the youngest key first, and how many there are", async () => {
    const simulator = await start({ keys: [key(2), key(3), key(1)] });
    const { status, json } = await call(simulator, "GET /v1/api-keys");
    expect(status).toBe(200);
    expect(json).toMatchObject({ object: "list", total: 3 });
    expect(json.data.map(({ id }: { id: string }) => id)).toEqual([3, 2, 1].map(idOf));
  });

  test("counts pages from 0 and ends with an empty one", async () => {
    const simulator = await start({ keys: [1, 2, 3, 4, 5].map((n) => key(n)) });
    const pages = await Promise.all(
      [0, 1, 2, 3].map((page) => call(simulator, `GET /v1/api-keys?page_size=2&current_page=${page}`)),
    );
    const ids = pages.map(({ json }) => json.data.map(({ id }: { id: string }) => Number(id.slice(-2))));
    expect(ids).toEqual([[5, 4], [3, 2], [1], []]);
    expect(pages.map(({ json }) => json.total)).toEqual([5, 5, 5, 5]);
  });

  test("counts pages from 1 where the model says so, and page 0 is the first as well", async () => {
    const simulator = await start({ keys: [key(1), key(2)], model: { firstPage: 1 } });
    const pages = await Promise.all(
      ["&current_page=0", "&current_page=1", "&current_page=2", ""].map((page) =>
        call(simulator, `GET /v1/api-keys?page_size=1${page}`),
      ),
    );
    expect(pages.map(({ json }) => json.data[0].name)).toEqual(["key 2", "key 2", "key 1", "key 2"]);
  });

  test("gives at most the model's largest page, and its default size when none is asked for", async () => {
    const keys = [1, 2, 3, 4].map((n) => key(n));
    const simulator = await start({ keys, model: { pageSizeDefault: 2, pageSizeMax: 3 } });
    expect((await call(simulator, "GET /v1/api-keys")).json.data).toHaveLength(2);
    expect((await call(simulator, "GET /v1/api-keys?page_size=1000")).json.data).toHaveLength(3);
  });

  test.each([
    "page_size=0",
    "page_size=-1",
    "page_size=ten",
    "page_size=1.5",
    "current_page=-1",
    "current_page=",
  ])("refuses %s", async (query) => {
    const simulator = await start({ keys: [key(1)] });
    const { status, json } = await call(simulator, `GET /v1/api-keys?${query}`);
    expect(status).toBe(400);
    expect(json.data.errorCode).toBe("AB01");
  });

  test("is narrowed to a workspace by its slug or its UUID", async () => {
    const other = key(2, { workspace_id: uuidFor("ws-other") });
    const simulator = await start({ keys: [key(1), other, key(3, { type: "organisation-service" })] });
    for (const workspace of ["ws-other", uuidFor("ws-other").toUpperCase()]) {
      const { json } = await call(simulator, `GET /v1/api-keys?workspace_id=${workspace}`);
      expect(json).toMatchObject({ total: 1, data: [{ id: idOf(2) }] });
    }
  });

  test("has rows of the 24 recorded fields, without what only a GET shows", async () => {
    const simulator = await start({ keys: [key(1, { rotation_policy: rotation })] });
    const { json } = await call(simulator, "GET /v1/api-keys");
    expect(Object.keys(json.data[0]).sort()).toEqual(rowFields);
    expect(Object.keys(json.data[0].defaults).sort()).toEqual(["config_id", "metadata"]);
  });

  test("carries rotation policies where the model says so, for the keys that have one", async () => {
    const keys = [key(1, { rotation_policy: rotation }), key(2)];
    const simulator = await start({ keys, model: { listHasRotationPolicy: true } });
    const [young, old] = (await call(simulator, "GET /v1/api-keys")).json.data;
    expect(young).not.toHaveProperty("rotation_policy");
    expect(old.rotation_policy).toMatchObject({ rotation_period: "monthly", status: "ACTIVE" });
  });
});

describe("a GET", () => {
  test("shows what a row shows, the next usage reset and the switch inside defaults", async () => {
    const simulator = await start({ keys: [key(1)] });
    const row = (await call(simulator, "GET /v1/api-keys")).json.data[0];
    const { json } = await get(simulator, 1);
    expect(Object.keys(json).sort()).toEqual([...rowFields, "next_usage_reset_at"].sort());
    expect(json).toMatchObject({ ...row, next_usage_reset_at: null });
  });

  test("shows the switch inside defaults as false while the one at the top is null", async () => {
    const simulator = await start({ keys: [key(1)] });
    const { json } = await get(simulator, 1);
    expect([json.allow_config_override, json.defaults.allow_config_override]).toEqual([null, false]);
  });

  test("never shows a secret, only its ends", async () => {
    const simulator = await start({ keys: [key(1)] });
    expect((await get(simulator, 1)).json.key).toMatch(/^.{2}\*{5}.{3}$/);
  });

  test("finds a key by its UUID in capitals too", async () => {
    const simulator = await start({ keys: [key(1, { id: "abcdef00-0000-4000-8000-000000000001" })] });
    const { json } = await call(simulator, "GET /v1/api-keys/ABCDEF00-0000-4000-8000-000000000001");
    expect(json.id).toBe("abcdef00-0000-4000-8000-000000000001");
  });
});

describe("what is refused", () => {
  test.each([
    ["without a credential", "GET /v1/api-keys", "", 401, "AB05"],
    ["with a wrong credential", `PUT /v1/api-keys/${idOf(1)}`, "another", 401, "AB05"],
    ["for an id that is no UUID", "GET /v1/api-keys/one", undefined, 400, "AB01"],
    ["for a key that does not exist", `GET /v1/api-keys/${idOf(9)}`, undefined, 404, "AB08"],
    ["for a key that is somebody else's", `GET /v1/api-keys/${idOf(2)}`, undefined, 403, "AB03"],
    ["for a method that there is not", `PATCH /v1/api-keys/${idOf(1)}`, undefined, 404, "AB02"],
    ["for a route that there is not", "GET /v1/configs", undefined, 404, "AB02"],
  ] as const)("%s", async (_, line, apiKey, status, code) => {
    const simulator = await start({ keys: [key(1), key(2)] });
    simulator.forbidden.add(idOf(2));
    const answer = await call(simulator, line, apiKey === undefined ? {} : { apiKey });
    expect([answer.status, answer.json.data.errorCode]).toEqual([status, code]);
    expect(answer.json.data.message).not.toBe("");
  });

  test("a key that is forbidden is listed all the same, and cannot be written", async () => {
    const simulator = await start({ keys: [key(1)] });
    simulator.forbidden.add(idOf(1));
    expect((await call(simulator, "GET /v1/api-keys")).json.total).toBe(1);
    expect((await put(simulator, 1, { name: "x" })).status).toBe(403);
    expect(simulator.keys.get(idOf(1))?.name).toBe("key 1");
  });

  test("a missing key is forbidden where the model says so", async () => {
    const simulator = await start({ model: { goneStatus: 403 } });
    const { status, json } = await get(simulator, 1);
    expect([status, json.data.errorCode]).toEqual([403, "AB03"]);
  });

  test("a base URL without its prefix gets the page of a web server, whatever the credential", async () => {
    const simulator = await start();
    for (const apiKey of [simulator.adminKey, "wrong"]) {
      const { status, headers, text } = await call(simulator, "GET /api-keys", { apiKey });
      expect(status).toBe(404);
      expect(headers.get("content-type")).toBe("text/html");
      expect(text).toContain("404 Not Found");
    }
  });

  test.each([
    ["data", { success: false, data: { errorCode: "AB08", message: "API key not found" } }],
    ["flat", { errorCode: "AB08", message: "API key not found" }],
    ["status", { status_code: 404, success: false, error: { code: "AB08", message: "API key not found" } }],
    ["openai", { error: { code: "AB08", message: "API key not found", param: null } }],
  ] as const)("in the shape `%s`", async (errorShape, body) => {
    const simulator = await start({ model: { errorShape } });
    expect((await get(simulator, 1)).json).toMatchObject(body);
  });
});

describe("what is kept", () => {
  test("requests are logged in order with status and body, without any secret", async () => {
    const simulator = await start({ keys: [key(1)], adminKey: "admin-key-c4n4ry" });
    await call(simulator, "GET /v1/api-keys?page_size=5");
    await put(simulator, 1, { description: "new" });
    await call(simulator, "GET /v1/api-keys", { apiKey: "wrong-c4n4ry" });
    expect(simulator.requests).toMatchObject([
      { method: "GET", path: "/v1/api-keys", query: { page_size: "5" }, body: undefined, status: 200 },
      {
        method: "PUT",
        path: `/v1/api-keys/${idOf(1)}`,
        query: {},
        body: { description: "new" },
        status: 200,
      },
      { method: "GET", path: "/v1/api-keys", status: 401 },
    ]);
    expect(JSON.stringify(simulator.requests)).not.toContain("c4n4ry");
    const times = simulator.requests.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("a key that is looked at is a copy", async () => {
    const simulator = await start({
      keys: [key(1, { rate_limits: [{ type: "requests", unit: "rpm", value: 1 }] })],
    });
    const copy = simulator.keys.get(idOf(1)) as unknown as { rate_limits: { value: number }[] };
    copy.rate_limits[0]!.value = 99;
    expect(simulator.keys.get(idOf(1))?.rate_limits[0]?.value).toBe(1);
    expect([...simulator.keys.keys()]).toEqual([idOf(1)]);
    expect(simulator.keys.size).toBe(1);
  });

  test("what somebody does in the dashboard is seen by reads", async () => {
    const now = Date.parse("2026-05-05T05:05:05Z");
    const simulator = await start({ keys: [key(1), key(2)], now: () => now });
    simulator.edit(idOf(1), { rate_limits: [{ type: "tokens", unit: "rpd", value: 7 }] });
    simulator.remove(idOf(2));
    const made = simulator.create({ name: "by hand" });
    const { json } = await get(simulator, 1);
    expect(json.rate_limits).toEqual([{ type: "tokens", unit: "rpd", value: 7 }]);
    expect(json.last_updated_at).toBe("2026-05-05T05:05:05.000Z");
    expect((await get(simulator, 2)).status).toBe(404);
    expect((await call(simulator, `GET /v1/api-keys/${made.id}`)).json.name).toBe("by hand");
    expect(() => simulator.edit(idOf(2), {})).toThrow(idOf(2));
  });
});
