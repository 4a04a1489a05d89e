import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { createDispatcher } from "../../src/portkey/dispatcher.ts";
import { ControlPlane, keyId, respond } from "./control-plane.ts";

/** A proxy that connects wherever it is asked to, or refuses. */
async function startProxy(refusal?: number) {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer();
  server.on("connect", (request, socket: Socket) => {
    const target = request.url ?? "";
    asked.push(target);
    sockets.push(socket);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
      return;
    }
    const [host, port] = target.split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    sockets.push(upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { asked, stop, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const limits = { timeoutMs: 10_000, concurrency: 4 };

test.each([
  ["HTTP_PROXY", {}, true],
  ["http_proxy", {}, true],
  ["HTTP_PROXY", { NO_PROXY: "127.0.0.1" }, false],
])("%s in the environment is used, but for %j", async (name, more, isUsed) => {
  const proxy = await startProxy();
  const dispatcher = createDispatcher({ [name]: proxy.url, ...more }, limits);
  const plane = await ControlPlane.start((response) => respond(response, 200, {}), { dispatcher });
  await expect(plane.client.update(keyId(1), {})).resolves.toMatchObject({ status: 200 });
  expect(proxy.asked).toEqual(isUsed ? [`127.0.0.1:${plane.port}`] : []);
  await dispatcher.destroy();
  await plane.stop();
  proxy.stop();
});

test.each(["proxy.example.com:8080", "nonsense", "socks5://me:c4n4ry@proxy.example.com"])(
  "a proxy that is not an HTTP URL is refused, and not repeated: %s",
  (text) => {
    const make = () => createDispatcher({ https_proxy: text }, limits);
    expect(make).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: "HTTPS_PROXY in the environment is not an http:// or https:// URL",
      }),
    );
  },
);

test("behind a proxy that refuses, nothing was sent", async () => {
  const proxy = await startProxy(403);
  const dispatcher = createDispatcher({ HTTP_PROXY: proxy.url }, limits);
  const plane = await ControlPlane.start((response) => respond(response, 200, {}), { dispatcher });
  await expect(plane.client.update(keyId(1), {})).rejects.toMatchObject({
    failure: { consequence: "unavailable" },
    message: expect.stringContaining(
      `PUT /api-keys/${keyId(1)} got no answer: the proxy refused to connect (403); asked http://`,
    ) as string,
  });
  expect(plane.seen).toEqual([]);
  await dispatcher.destroy();
  await plane.stop();
  proxy.stop();
});
