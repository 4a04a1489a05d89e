import { describe, expect, test } from "vitest";
import type { Effect } from "../../src/simulator/faults.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";
import { call, get, idOf, key, put, until, useSimulators } from "./support.ts";

const start = useSimulators();
const renamed = { name: "renamed" };

function storedName(simulator: Simulator): string | undefined {
  return simulator.keys.get(idOf(1))?.name;
}

describe("what comes in place of an answer", () => {
  test("a status, with an error body in the model's shape, and nothing is carried out", async () => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "status", status: 503 } });
    const { status, json } = await put(simulator, 1, renamed);
    expect([status, json.data.errorCode]).toEqual([503, "AB04"]);
    expect(storedName(simulator)).toBe("key 1");
    expect((await put(simulator, 1, renamed)).status).toBe(200);
  });

  test("a status with a body and headers of its own", async () => {
    const simulator = await start();
    const headers = { "retry-after": "7", "content-type": "text/plain" };
    simulator.faults.add({ effect: { kind: "status", status: 429, body: "slow down", headers } });
    const answer = await call(simulator, "GET /v1/api-keys");
    expect([answer.status, answer.text]).toEqual([429, "slow down"]);
    expect(answer.headers.get("retry-after")).toBe("7");
    expect(answer.headers.get("content-type")).toBe("text/plain");
  });

  test.each([200, 404, 502])("a web page with %d, and nothing is carried out", async (status) => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "html", status } });
    const answer = await put(simulator, 1, renamed);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("text/html");
    expect(answer.text).toContain(`<title>${status} `);
    expect(storedName(simulator)).toBe("key 1");
  });

  test("nothing at all: an empty body, though it was carried out", async () => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "empty" } });
    const { status, text } = await put(simulator, 1, renamed);
    expect([status, text]).toEqual([200, ""]);
    expect(storedName(simulator)).toBe("renamed");
  });
});

describe("a connection that breaks", () => {
  const breaks: [Effect, string, number | null][] = [
    [{ kind: "reset", when: "before" }, "key 1", null],
    [{ kind: "reset", when: "after" }, "renamed", null],
    [{ kind: "cut-off" }, "renamed", 200],
  ];
  test.each(breaks)("%j leaves the key as `%s`", async (effect, name, logged) => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect });
    await expect(put(simulator, 1, renamed)).rejects.toThrow();
    expect(storedName(simulator)).toBe(name);
    expect(simulator.requests[0]?.status).toBe(logged);
    expect((await get(simulator, 1)).status).toBe(200);
  });

  test.each([
    ["before", "key 1"],
    ["after", "renamed"],
  ] as const)("no answer, %s it was carried out, until the client gives up", async (when, name) => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "hang", when } });
    const patience = new AbortController();
    let ended = false;
    const pending = call(simulator, `PUT /v1/api-keys/${idOf(1)}`, {
      body: renamed,
      signal: patience.signal,
    });
    const outcome = pending.catch((error: unknown) => error).finally(() => (ended = true));
    // A second request comes back while the first is still without an answer.
    await until(() => simulator.requests.length === 1);
    expect((await get(simulator, 1)).status).toBe(200);
    await until(() => storedName(simulator) === name);
    expect(ended).toBe(false);
    expect(simulator.requests[0]?.status).toBeNull();
    patience.abort();
    expect(await outcome).toMatchObject({ name: "AbortError" });
  });

  test("an answer that drips comes whole", async () => {
    const simulator = await start({ keys: [key(1)] });
    const whole = await get(simulator, 1);
    simulator.faults.add({ effect: { kind: "drip", bytes: 100, pauseMs: 1 } });
    expect((await get(simulator, 1)).text).toBe(whole.text);
  });
});

describe("a server that does not do as it says", () => {
  test("an update is accepted and not stored", async () => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "not-stored" } });
    const before = (await get(simulator, 1)).json;
    expect((await put(simulator, 1, renamed)).text).toBe("{}");
    expect((await get(simulator, 1)).json).toEqual(before);
    await put(simulator, 1, renamed);
    expect(storedName(simulator)).toBe("renamed");
  });

  test("a refused update is refused all the same", async () => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "not-stored" } });
    expect((await put(simulator, 1, { name: "" })).status).toBe(400);
  });

  test("it has its own mind about a value", async () => {
    const simulator = await start({ keys: [key(1)] });
    const change = ({ scopes }: { scopes: readonly string[] }) => ({ scopes: [...scopes, "logs.view"] });
    simulator.faults.add({ effect: { kind: "force", change }, count: Infinity });
    await put(simulator, 1, { scopes: ["prompts.read"] });
    expect((await get(simulator, 1)).json.scopes).toEqual(["prompts.read", "logs.view"]);
  });

  test("reads after an update show the key as it was, so many times", async () => {
    const simulator = await start({ keys: [key(1)] });
    simulator.faults.add({ effect: { kind: "stale", reads: 2 } });
    await put(simulator, 1, renamed);
    expect(storedName(simulator)).toBe("renamed");
    expect((await get(simulator, 1)).json.name).toBe("key 1");
    expect((await call(simulator, "GET /v1/api-keys")).json.data[0].name).toBe("key 1");
    expect((await get(simulator, 1)).json.name).toBe("renamed");
  });

  test("reads stay behind until they are told to catch up", async () => {
    const simulator = await start({ keys: [key(1), key(2)] });
    simulator.faults.add({ effect: { kind: "stale", reads: Infinity }, id: idOf(1), count: Infinity });
    await put(simulator, 1, renamed);
    await put(simulator, 1, { name: "again" });
    await put(simulator, 2, renamed);
    for (let look = 0; look < 5; look++) expect((await get(simulator, 1)).json.name).toBe("key 1");
    expect((await get(simulator, 2)).json.name).toBe("renamed");
    simulator.catchUp();
    expect((await get(simulator, 1)).json.name).toBe("again");
  });

  test.each([
    [{ drop: idOf(2) }, [3, 1], 3],
    [{ duplicate: idOf(2) }, [3, 2, 2, 1], 3],
    [{ total: 7 }, [3, 2, 1], 7],
  ])("the list is wrong: %j", async (distortion, ids, total) => {
    const simulator = await start({ keys: [key(1), key(2), key(3)] });
    simulator.faults.add({ effect: { kind: "list", ...distortion } });
    const { json } = await call(simulator, "GET /v1/api-keys");
    expect(json.data.map(({ id }: { id: string }) => Number(id.slice(-2)))).toEqual(ids);
    expect(json.total).toBe(total);
    expect((await call(simulator, "GET /v1/api-keys")).json).toMatchObject({ total: 3, data: { length: 3 } });
  });
});

describe("which requests are hit", () => {
  const effect = { kind: "status", status: 500 } as const;

  /** Which of these requests are hit, in words of one letter each. */
  async function hits(simulator: Simulator, lines: readonly string[]): Promise<string> {
    let seen = "";
    for (const line of lines) seen += (await call(simulator, line)).status === 500 ? "x" : ".";
    return seen;
  }

  const list = "GET /v1/api-keys";
  const one = `GET /v1/api-keys/${idOf(1)}`;
  const two = `GET /v1/api-keys/${idOf(2)}`;
  const deletion = `DELETE /v1/api-keys/${idOf(1)}`;

  test.each([
    ["the next one", {}, "x....."],
    ["two of them", { count: 2 }, "xx...."],
    ["the third and the fourth", { nth: 3, count: 2 }, "..xx.."],
    ["all", { count: Infinity }, "xxxxxx"],
    ["by method", { method: "DELETE", count: Infinity }, ".....x"],
    ["by target: a key", { target: "key", count: Infinity }, ".xxx.x"],
    ["by target: the list", { target: "list", count: Infinity }, "x...x."],
    ["by key", { id: idOf(1), count: Infinity }, ".x.x.x"],
    ["the second of a key", { id: idOf(1), nth: 2 }, "...x.."],
  ] as const)("%s", async (_, matcher, expected) => {
    const simulator = await start({ keys: [key(1), key(2)] });
    const fault = simulator.faults.add({ effect, ...matcher });
    expect(await hits(simulator, [list, one, two, one, list, deletion])).toBe(expected);
    expect(fault.hits).toBe(expected.replaceAll(".", "").length);
  });

  test("of two faults the one ordered first; the other one comes when that is used up or withdrawn", async () => {
    const simulator = await start();
    simulator.faults.add({ effect: { kind: "status", status: 501 } });
    const second = simulator.faults.add({ effect: { kind: "status", status: 502 }, count: Infinity });
    const statuses = [];
    for (let n = 0; n < 2; n++) statuses.push((await call(simulator, list)).status);
    second.remove();
    statuses.push((await call(simulator, list)).status);
    expect(statuses).toEqual([501, 502, 200]);
    simulator.faults.add({ effect, count: Infinity });
    simulator.faults.clear();
    expect((await call(simulator, list)).status).toBe(200);
  });
});

describe("close", () => {
  test("ends requests without an answer, and may be called twice", async () => {
    const simulator = await start();
    simulator.faults.add({ effect: { kind: "hang", when: "before" } });
    const pending = call(simulator, "GET /v1/api-keys").catch((error: unknown) => error);
    await until(() => simulator.requests.length === 1);
    await Promise.all([simulator.close(), simulator.close()]);
    expect(await pending).toBeInstanceOf(Error);
    await expect(call(simulator, "GET /v1/api-keys")).rejects.toThrow();
  });

  test("ends a latency and a drip without waiting for them", async () => {
    const simulator = await start({ keys: [key(1)], latencyMs: 3_600_000 });
    const waiting = get(simulator, 1).catch((error: unknown) => error);
    await until(() => simulator.requests.length === 1);
    simulator.setLatency(0);
    const drip = simulator.faults.add({ effect: { kind: "drip", bytes: 1, pauseMs: 3_600_000 } });
    const dripping = get(simulator, 1).catch((error: unknown) => error);
    await until(() => drip.hits === 1);
    await simulator.close();
    expect(await waiting).toBeInstanceOf(Error);
    expect(await dripping).toBeInstanceOf(Error);
  });
});

test("latency delays the carrying out as well", async () => {
  const simulator = await start({ keys: [key(1)], latencyMs: 3_600_000 });
  const pending = put(simulator, 1, renamed).catch((error: unknown) => error);
  await until(() => simulator.requests[0]?.body !== undefined);
  expect(storedName(simulator)).toBe("key 1");
  await simulator.close();
  await pending;
  expect(storedName(simulator)).toBe("key 1");
});
