import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { RemoteError } from "../../src/core/remote-error.ts";
import type { ClientOptions } from "../../src/portkey/client.ts";
import type { Handler } from "./control-plane.ts";
import { ControlPlane, keyId, keyRow, respond, secret } from "./control-plane.ts";

let planes: ControlPlane[] = [];

afterEach(async () => {
  await Promise.all(planes.map((plane) => plane.stop()));
  planes = [];
});

async function start(handler: Handler, options: Partial<ClientOptions> = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start(handler, options);
  planes.push(plane);
  return plane;
}

async function errorOf(promise: Promise<unknown>): Promise<RemoteError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RemoteError) return error;
  throw new Error(`expected a RemoteError, got ${inspect(error)}`);
}

async function waitUntil(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1_000) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Begins an answer that it never ends. */
function cutOff(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-length": "99" });
  response.write(text, () => response.destroy());
}

/** Serves so many keys in pages, as Portkey does. */
function serveList(count: number): Handler {
  return (response, { url }) => {
    const size = Number(url.searchParams.get("page_size"));
    const from = size * Number(url.searchParams.get("current_page"));
    const length = Math.max(0, Math.min(size, count - from));
    respond(response, 200, {
      object: "list",
      total: count,
      data: Array.from({ length }, (_, index) => keyRow(from + index)),
    });
  };
}

describe("requests", () => {
  test("a list reads every page, and only those", async () => {
    const plane = await start(serveList(250));
    const keys = await plane.client.list();
    expect(keys.map(({ key }) => key.id)).toEqual(Array.from({ length: 250 }, (_, n) => keyId(n)));
    expect(keys[0]!.raw).not.toHaveProperty("key");
    expect(plane.seen.map(({ method, url }) => `${method} ${url.pathname}${url.search}`).sort()).toEqual([
      "GET /v1/api-keys?page_size=100&current_page=0",
      "GET /v1/api-keys?page_size=100&current_page=1",
      "GET /v1/api-keys?page_size=100&current_page=2",
    ]);
    expect(plane.tally()).toEqual({ reads: 3, writes: 0, throttledMs: 0 });
  });

  test("a get asks for one key, with the key in its header", async () => {
    const plane = await start((response) => respond(response, 200, { ...keyRow(7), rotation_policy: null }));
    const { key, raw } = await plane.client.get(keyId(7));
    expect(key.id).toBe(keyId(7));
    expect(raw).not.toHaveProperty("key");
    const { method, url, headers, body } = plane.seen[0]!;
    expect([method, url.pathname, body]).toEqual(["GET", `/v1/api-keys/${keyId(7)}`, ""]);
    expect(headers).toMatchObject({ "x-portkey-api-key": secret, "user-agent": "keysteward-test" });
    expect(headers).not.toHaveProperty("content-type");
  });

  test.each<[string, (response: Parameters<Handler>[0]) => void, number]>([
    ["{}", (response) => respond(response, 200, {}), 200],
    ["an empty body", (response) => respond(response, 200, ""), 200],
    ["204", (response) => response.writeHead(204).end(), 204],
  ])("an update sends its body as it is, and takes %s for success", async (_case, answer, status) => {
    const plane = await start((response) => answer(response));
    const body = { name: "ü", expires_at: null, rate_limits: [] };
    await expect(plane.client.update(keyId(1), body)).resolves.toEqual({ status, attempts: 1 });
    const seen = plane.seen[0]!;
    expect([seen.method, seen.url.pathname]).toEqual(["PUT", `/v1/api-keys/${keyId(1)}`]);
    expect(seen.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(seen.body)).toEqual(body);
    expect(plane.tally()).toMatchObject({ reads: 0, writes: 1 });
  });

  test.each(["", "slug", "../admin", `${keyId(1)}/rotate`, `urn:uuid:${keyId(1)}`])(
    "nothing is asked about %j, which is not a key's id",
    async (id) => {
      const plane = await start(serveList(0));
      const failures = [await errorOf(plane.client.get(id)), await errorOf(plane.client.update(id, {}))];
      expect(failures.map(({ failure }) => failure)).toEqual(
        Array(2).fill({ consequence: "rejected", status: null, errorCode: null, attempts: 0 }),
      );
      expect(plane.seen).toEqual([]);
    },
  );
});

describe("answers that are not the success they should be", () => {
  test("a redirect is not followed: the key goes nowhere else", async () => {
    const plane = await start((response) => respond(response, 302, "", { location: "/v1/elsewhere" }));
    expect((await errorOf(plane.client.get(keyId(1)))).failure.consequence).toBe("misdirected");
    expect(plane.seen).toHaveLength(1);
  });

  test("a passing failure is repeated, and the attempts are counted", async () => {
    const plane = await start((response, _seen, n) => respond(response, n < 2 ? 503 : 200, {}));
    await expect(plane.client.update(keyId(1), { name: "x" })).resolves.toEqual({ status: 200, attempts: 3 });
    expect(plane.tally().writes).toBe(3);
  });

  test("a lasting failure is thrown with its status, code, words and attempts", async () => {
    const complaint = { success: false, data: { message: "Internal", errorCode: "AB04" } };
    const plane = await start((response) => respond(response, 500, complaint));
    const error = await errorOf(plane.client.list());
    expect(error.failure).toEqual({
      consequence: "unavailable",
      status: 500,
      errorCode: "AB04",
      attempts: 5,
    });
    expect(error.message).toBe("GET /api-keys got 500 AB04: the server failed; it says: Internal");
  });

  test("a long complaint is cut", async () => {
    const plane = await start((response) => respond(response, 400, { message: "no ".repeat(100_000) }));
    const error = await errorOf(plane.client.update(keyId(1), {}));
    expect(error.failure.consequence).toBe("rejected");
    expect(error.message).toMatch(/it says: .*(no )+.{0,3}…$/);
    expect(error.message.length).toBeLessThan(350);
  });

  test("a success that says `success: false` is a refusal", async () => {
    const plane = await start((response) =>
      respond(response, 200, { success: false, data: { message: "no" } }),
    );
    expect((await errorOf(plane.client.update(keyId(1), {}))).failure.consequence).toBe("rejected");
  });

  test("another key than the one asked for is no answer", async () => {
    const plane = await start((response) => respond(response, 200, keyRow(2)));
    expect((await errorOf(plane.client.get(keyId(1)))).message).toContain(`got another key: ${keyId(2)}`);
  });

  test.each([[{ object: "list" }], [{ data: [{}], total: 1 }], [[]], [null]])(
    "a list answer of the wrong shape fails the list: %j",
    async (body) => {
      const plane = await start((response) => respond(response, 200, body));
      expect((await errorOf(plane.client.list())).failure).toMatchObject({
        consequence: "unavailable",
        status: 200,
      });
    },
  );

  test("a list that loses rows fails, and never gives a part", async () => {
    const plane = await start((response, { url }) => {
      const page = Number(url.searchParams.get("current_page"));
      respond(response, 200, { total: 3, data: page < 2 ? [keyRow(page)] : [] });
    });
    expect((await errorOf(plane.client.list())).message).toBe(
      "list incomplete: 2 of 3 keys, then an empty page",
    );
  });

  test("an answer without end is not read to its end", async () => {
    const megabyte = Buffer.alloc(1024 * 1024, " ");
    let sent = 0;
    const plane = await start((response) => {
      const more = () => {
        while (sent < 500 && !response.destroyed) {
          sent += 1;
          if (!response.write(megabyte)) return void response.once("drain", more);
        }
      };
      more();
    });
    expect((await errorOf(plane.client.list())).failure.consequence).toBe("misdirected");
    expect(sent).toBeLessThan(200);
  });
});

describe("answers that do not come", () => {
  test.each<[string, Handler]>([
    ["silence", () => undefined],
    ["headers alone", (response) => void response.writeHead(200).write(" ")],
  ])("after the time-out, %s leaves a write unknown and a read unavailable", async (_case, handler) => {
    const plane = await start(handler, { timeoutMs: 40 });
    const write = await errorOf(plane.client.update(keyId(1), { name: "x" }));
    expect(write.failure).toMatchObject({ consequence: "unknown", status: null, attempts: 5 });
    expect(write.message).toContain("nothing complete within 40 ms");
    expect((await errorOf(plane.client.get(keyId(1)))).failure.consequence).toBe("unavailable");
  });

  test("a connection that breaks is tried again", async () => {
    const plane = await start((response, _seen, n) => {
      if (n === 0) response.destroy();
      else respond(response, 200, {});
    });
    await expect(plane.client.update(keyId(1), { name: "x" })).resolves.toMatchObject({ attempts: 2 });
  });

  test.each<[string, Handler]>([
    ["breaks", (response) => void response.destroy()],
    ["ends in a 502", (response) => respond(response, 502, "bad gateway")],
  ])("a usage reset that %s is not sent again: it may have happened", async (_case, handler) => {
    const plane = await start(handler);
    const error = await errorOf(plane.client.update(keyId(1), { reset_usage: true }));
    expect(error.failure).toMatchObject({ consequence: "unknown", attempts: 1 });
    expect(plane.seen).toHaveLength(1);
  });

  test("a usage reset that was refused for the rate is sent again", async () => {
    const plane = await start((response, _seen, n) => respond(response, n === 0 ? 429 : 200, {}));
    await expect(plane.client.update(keyId(1), { reset_usage: true })).resolves.toMatchObject({
      attempts: 2,
    });
  });

  test("where nobody listens, nothing was sent", async () => {
    const plane = await start(serveList(0), { baseUrl: "http://127.0.0.1:1" });
    const error = await errorOf(plane.client.update(keyId(1), { reset_usage: true }));
    expect(error.failure).toMatchObject({ consequence: "unavailable", attempts: 5 });
    expect(error.message).toContain("could not connect (ECONNREFUSED)");
  });
});

describe("abort", () => {
  test("breaks off what is under way: a write is unknown then, a read just ends", async () => {
    const plane = await start(() => undefined);
    const controller = new AbortController();
    const write = errorOf(plane.client.update(keyId(1), {}, { signal: controller.signal }));
    const read = plane.client.get(keyId(1), { signal: controller.signal });
    read.catch(() => undefined);
    await waitUntil(() => plane.seen.length === 2);
    controller.abort(new Error("time to go"));
    expect((await write).failure).toMatchObject({ consequence: "unknown", attempts: 1 });
    await expect(read).rejects.toThrow("time to go");
    await waitUntil(() => plane.sockets.size === 0);
  });

  test("breaks off a list with all its pages", async () => {
    const plane = await start((response, seen, n) => {
      if (n === 0) serveList(1_000)(response, seen, n);
    });
    const controller = new AbortController();
    const list = plane.client.list({ signal: controller.signal });
    list.catch(() => undefined);
    await waitUntil(() => plane.seen.length === 5);
    controller.abort(new Error("time to go"));
    await expect(list).rejects.toThrow("time to go");
    expect(plane.seen).toHaveLength(5);
  });

  test("a withdrawal does not touch what is under way", async () => {
    const answers: (() => void)[] = [];
    const plane = await start((response) => answers.push(() => respond(response, 200, {})));
    const withdrawal = new AbortController();
    const updates = Array.from({ length: 6 }, (_, n) =>
      plane.client.update(keyId(n), {}, { withdraw: withdrawal.signal }),
    );
    const settled = Promise.allSettled(updates);
    await waitUntil(() => answers.length === 4);
    withdrawal.abort(new Error("a newer policy"));
    for (const answer of answers) answer();
    expect((await settled).map(({ status }) => status)).toEqual([
      ...Array<string>(4).fill("fulfilled"),
      ...Array<string>(2).fill("rejected"),
    ]);
    expect(plane.seen).toHaveLength(4);
  });
});

test("connections are kept and bounded, whatever the answers were", async () => {
  const statuses = [200, 400, 404, 409, 503, 200];
  const plane = await start((response, _seen, n) => respond(response, statuses[n % statuses.length]!, { n }));
  const updates = Array.from({ length: 100 }, (_, n) => plane.client.update(keyId(n), {}));
  await Promise.allSettled(updates);
  expect(plane.connections).toBeLessThanOrEqual(4);
  await plane.client.close();
  await waitUntil(() => plane.sockets.size === 0);
});

describe("the admin key is in no error", () => {
  /** Puts the key wherever a server could. */
  function echo(status: number, headers: Record<string, string> = {}): Handler {
    return (response, seen) => {
      const key = String(seen.headers["x-portkey-api-key"]);
      const body = {
        success: false,
        data: { message: `bad key ${key}`, errorCode: key },
        headers: seen.headers,
      };
      respond(response, status, body, { location: `/?key=${key}`, "x-echo": key, ...headers });
    };
  }

  test.each<[string, Handler, Partial<ClientOptions>]>([
    ...[200, 302, 400, 401, 402, 403, 404, 407, 408, 409, 422, 429, 500, 501, 503].map(
      (status): [string, Handler, Partial<ClientOptions>] => [`an echo with ${status}`, echo(status), {}],
    ),
    ["a web page", (response, seen) => respond(response, 404, `<html>${JSON.stringify(seen.headers)}`), {}],
    ["plain text", (response) => respond(response, 400, `${"x".repeat(190)} ${secret}`), {}],
    ["text cut off", (response) => cutOff(response, `{"key":"${secret}`), {}],
    ["a broken connection", (response) => void response.destroy(), {}],
    ["no HTTP", (response) => void response.socket?.end(`${secret}\r\n\r\n`), {}],
    ["a bad header", (response) => void response.socket?.end(`HTTP/1.1 200 OK\r\n${secret}\r\n\r\n`), {}],
    ["a time-out", () => undefined, { timeoutMs: 30 }],
    ["nobody there", () => undefined, { baseUrl: "http://127.0.0.1:1/v1" }],
    ["no such host", () => undefined, { baseUrl: "http://nowhere.invalid/v1" }],
  ])("%s", async (_case, handler, options) => {
    const plane = await start(handler, options);
    const calls = [
      () => plane.client.list(),
      () => plane.client.get(keyId(1)),
      () => plane.client.update(keyId(1), { name: "x" }),
    ];
    for (const call of calls) expectNoSecret(await errorOf(call()));
  });

  test("a server without TLS", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const plane = await start(serveList(0), { baseUrl: `https://127.0.0.1:${port}/v1` });
    const error = await errorOf(plane.client.update(keyId(1), {}));
    expect(error.failure.consequence).toBe("unavailable");
    expect(error.message).toContain("TLS");
    expectNoSecret(error);
    server.close();
  });

  function expectNoSecret(error: RemoteError): void {
    const shown = inspect(error, { depth: null, showHidden: true });
    expect(`${shown} ${error.stack ?? ""} ${JSON.stringify(error)} ${error.message}`).not.toContain("c4n4ry");
    expect(error.cause).toBeUndefined();
  }
});
