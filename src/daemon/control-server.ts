/*
 * The socket by which commands speak to a running daemon: HTTP over a unix socket, JSON in and out, one path a command.
 * Who may open the file may command the daemon, so it is nobody's but its owner's from the moment it exists. What goes
 * out is what a handler returned, or an error's code and message, and nothing else.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import type { JsonObject } from "../core/policy.ts";
import { AppError, messageOf } from "../errors.ts";
import { isListening } from "./control-client.ts";

/** Answers one command. May take as long as it likes; what it throws as an AppError is told by code and message. */
export type ControlHandler = (body: JsonObject) => JsonObject | Promise<JsonObject>;

/** By command: `approve` answers POST /approve. */
export type ControlHandlers = Readonly<Record<string, ControlHandler>>;

export interface ControlServerOptions {
  /** Absolute, at most 107 bytes. */
  readonly path: string;
  readonly handlers: ControlHandlers;
  /** Takes secrets out of what goes out. */
  readonly clean: (text: string) => string;
}

export interface ControlServer {
  /** Takes no more commands, waits for what is being answered, and removes the socket. */
  stop(): Promise<void>;
}

const longestBody = 64 * 1024;
const receiveMs = 10_000;

/** Throws SOCKET_IN_USE when another daemon answers there, SOCKET_UNUSABLE when there can be no socket. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path } = options;
  await makeRoom(path);
  const answering = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    response.on("error", () => undefined);
    void commandOf(options.handlers, request).then((command) => {
      const answered = answer(command, response, options.clean).finally(() => answering.delete(answered));
      answering.add(answered);
    });
  });
  server.headersTimeout = receiveMs;
  server.requestTimeout = receiveMs;
  server.maxConnections = 64;
  await listenPrivately(server, path);
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    // Node removes the socket with the server.
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.all(answering);
    // Who has not said what he wants by now is not waited for.
    server.closeAllConnections();
    await closed;
  }

  return { stop: () => (stopped ??= stop()) };
}

/** Removes what a daemon that was killed left behind, and nothing else. */
async function makeRoom(path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket()) throw unusable(path, "there is something else at that path");
  } catch (error) {
    throw error instanceof AppError ? error : unusable(path, messageOf(error), error);
  }
  if (await isListening(path)) {
    throw new AppError("SOCKET_IN_USE", `Another daemon answers at the socket ${path}.`, {
      hint: "Each daemon needs a socket of its own: control.socket names it.",
    });
  }
  unlinkSync(path);
}

/** The file gets its mode from the mask of the moment in which it is made, which `listen` does at once. */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(unusable(path, messageOf(error), error)));
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(mask);
    }
  });
}

function unusable(path: string, reason: string, cause?: unknown): AppError {
  return new AppError("SOCKET_UNUSABLE", `There can be no socket at ${path}: ${reason}.`, {
    hint: "control.socket names another path, or is off: then commands cannot speak to the daemon.",
    cause,
  });
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Finds the answer to a command that has arrived as a whole. */
type Command = () => Answer | Promise<Answer>;

/** Never rejects: a command that cannot be read is one that is refused. */
async function commandOf(handlers: ControlHandlers, request: IncomingMessage): Promise<Command> {
  const name = (request.url ?? "").slice(1);
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (handler === undefined)
    return () => refusal(404, "UNKNOWN_COMMAND", "this daemon knows no such command");
  if (request.method !== "POST") return () => refusal(405, "METHOD", "a command is sent with POST");
  const body = await readBody(request).catch(() => undefined);
  if (body === undefined) return () => refusal(400, "BODY", "expected a JSON object of at most 64 KiB");
  return async () => ({ status: 200, body: await handler(body) });
}

/** Resolves once the answer is with the client, or the client is gone. */
async function answer(
  command: Command,
  response: ServerResponse,
  clean: (text: string) => string,
): Promise<void> {
  const { status, body } = await outcomeOf(command);
  if (response.destroyed) return;
  const gone = new Promise((resolve) => response.once("close", resolve));
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(clean(JSON.stringify(body)));
  await gone;
}

async function outcomeOf(command: Command): Promise<Answer> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof AppError) return refusal(409, error.code, error.message);
    return refusal(500, "defect", messageOf(error));
  }
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

/** Undefined when it is too long or no JSON object. */
async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) return undefined;
    chunks.push(chunk);
  }
  return parseObject(Buffer.concat(chunks).toString("utf8"));
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
