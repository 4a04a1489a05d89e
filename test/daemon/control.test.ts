import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { askDaemon } from "../../src/daemon/control-client.ts";
import {
  startControlServer,
  type ControlHandlers,
  type ControlServer,
} from "../../src/daemon/control-server.ts";
import { AppError } from "../../src/errors.ts";

let folder: string;
let path: string;
const running = new Set<ControlServer | Server>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keysteward-control-"));
  path = join(folder, "made", "control.sock");
});

afterEach(async () => {
  for (const one of running) {
    if ("stop" in one) await one.stop();
    else one.close();
  }
  running.clear();
  rmSync(folder, { recursive: true, force: true });
});

async function start(handlers: ControlHandlers = {}): Promise<ControlServer> {
  const server = await startControlServer({
    path,
    handlers,
    clean: (text) => text.replaceAll("s3cr3t", "[secret]"),
  });
  running.add(server);
  return server;
}

interface Sent {
  readonly method?: string;
  readonly name?: string;
  readonly body?: string;
}

function send({
  method = "POST",
  name = "echo",
  body = "{}",
}: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: path, path: `/${name}`, method }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode!, text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("a command", () => {
  test("is answered with what its handler returns, whether at once or later", async () => {
    await start({
      now: (body) => ({ got: body }),
      later: async (body) => {
        await new Promise((resolve) => setImmediate(resolve));
        return { got: body };
      },
    });
    expect(await askDaemon(path, { name: "now", body: { a: [1, null] } })).toEqual({ got: { a: [1, null] } });
    expect(await askDaemon(path, { name: "later" })).toEqual({ got: {} });
  });

  test("that is refused is told with its reason, a defect without its stack", async () => {
    await start({
      refuses: () => {
        throw new AppError("DAEMON_FAILED", "not now");
      },
      breaks: () => {
        throw new TypeError("x is undefined");
      },
    });
    await expect(askDaemon(path, { name: "refuses" })).rejects.toMatchObject({
      code: "DAEMON_FAILED",
      message: "The daemon refused: not now.",
    });
    expect(await send({ name: "breaks" })).toEqual({
      status: 500,
      text: '{"error":{"code":"defect","message":"x is undefined"}}',
    });
  });

  test.each<[string, Sent, number]>([
    ["that nobody knows", { name: "nothing" }, 404],
    ["named like what every object has", { name: "constructor" }, 404],
    ["that is not sent with POST", { method: "PUT" }, 405],
    ["with what is no JSON", { body: "{" }, 400],
    ["with what is no object", { body: "[1]" }, 400],
    ["with more than 64 KiB", { body: JSON.stringify({ a: "x".repeat(70_000) }) }, 400],
  ])("%s is refused", async (_, sent, status) => {
    await start({ echo: (body) => body });
    expect((await send(sent)).status).toBe(status);
  });

  test("is answered without a secret, wherever that came from", async () => {
    await start({
      tell: () => ({ a: "s3cr3t" }),
      fail: () => {
        throw new AppError("DAEMON_FAILED", "it was s3cr3t");
      },
    });
    for (const name of ["tell", "fail"]) expect((await send({ name })).text).not.toContain("s3cr3t");
  });

  test("that a stop overtakes is still answered", async () => {
    let release = (): void => undefined;
    let begun = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (begun = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const server = await start({
      slow: async () => {
        begun();
        await held;
        return { done: true };
      },
    });
    const asked = askDaemon(path, { name: "slow" });
    await arrived;
    const stopping = server.stop();
    release();
    expect(await asked).toEqual({ done: true });
    await stopping;
  });
});

describe("nobody listens", () => {
  test("without a socket, without one that is named, and after a stop, which removes it", async () => {
    expect(await askDaemon(null, { name: "x" })).toBeUndefined();
    expect(await askDaemon(path, { name: "x" })).toBeUndefined();
    const server = await start({ x: () => ({}) });
    expect(existsSync(path)).toBe(true);
    await server.stop();
    expect(existsSync(path)).toBe(false);
    expect(await askDaemon(path, { name: "x" })).toBeUndefined();
  });

  test("at a socket that a killed process left behind; a new daemon takes its place", async () => {
    path = join(folder, "left.sock");
    leaveSocketBehind(path);
    expect(statSync(path).isSocket()).toBe(true);
    expect(await askDaemon(path, { name: "x" })).toBeUndefined();
    await start({ x: () => ({ fresh: true }) });
    expect(await askDaemon(path, { name: "x" })).toEqual({ fresh: true });
  });
});

/** A process that listens and dies without cleaning up. */
function leaveSocketBehind(at: string): void {
  const script = `require("net").createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, "SIGKILL"))`;
  expect(spawnSync(process.execPath, ["-e", script]).signal).toBe("SIGKILL");
}

describe("the socket", () => {
  test("and a folder that was made for it are open to their owner alone, whatever the mask", async () => {
    const mask = process.umask(0);
    try {
      await start();
      expect(process.umask(0)).toBe(0);
    } finally {
      process.umask(mask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "made")).mode & 0o777).toBe(0o700);
  });

  test("of a living daemon is not taken from it", async () => {
    await start({ x: () => ({ first: true }) });
    await expect(start()).rejects.toMatchObject({ code: "SOCKET_IN_USE", exitCode: 4 });
    expect(await askDaemon(path, { name: "x" })).toEqual({ first: true });
  });

  test("of somebody who accepts and says nothing is not taken either", async () => {
    path = join(folder, "other.sock");
    const other = createServer();
    running.add(other);
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(start()).rejects.toMatchObject({ code: "SOCKET_IN_USE" });
  });

  test("does not replace a file that is something else", async () => {
    path = join(folder, "notes.txt");
    writeFileSync(path, "mine");
    await expect(start()).rejects.toMatchObject({ code: "SOCKET_UNUSABLE", exitCode: 4 });
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
  });

  test("that cannot be made is told with what to do", async () => {
    writeFileSync(join(folder, "file"), "");
    path = join(folder, "file", "control.sock");
    await expect(start()).rejects.toMatchObject({
      code: "SOCKET_UNUSABLE",
      hint: expect.stringContaining("off") as string,
    });
  });
});

test("who ends in the middle of an answer is told apart from nobody", async () => {
  path = join(folder, "rude.sock");
  const rude = createServer((socket) => socket.once("data", () => socket.destroy()));
  running.add(rude);
  await new Promise<void>((resolve) => rude.listen(path, resolve));
  await expect(askDaemon(path, { name: "x" })).rejects.toMatchObject({ code: "DAEMON_FAILED" });
});

test("a client that says nothing does not keep the daemon from stopping", async () => {
  const server = await start({ x: () => ({}) });
  const [silent, slow] = [connect(path), connect(path)];
  const ended = [silent, slow].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  for (const socket of [silent, slow]) socket.on("error", () => undefined);
  await Promise.all(
    [silent, slow].map((one) => new Promise<void>((resolve) => one.once("connect", resolve))),
  );
  slow.write("POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{");
  await askDaemon(path, { name: "x" });
  await server.stop();
  await Promise.all(ended);
});

test("a client that goes away harms nobody", async () => {
  await start({ x: () => ({ fine: true }) });
  const socket = connect(path);
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  socket.write("POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{");
  socket.destroy();
  expect(await askDaemon(path, { name: "x" })).toEqual({ fine: true });
});
