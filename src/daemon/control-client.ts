import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import type { JsonObject } from "../core/policy.ts";
import { AppError, messageOf } from "../errors.ts";

/** A command for the daemon: its name, and what it needs to know. */
export interface ControlCommand {
  readonly name: string;
  readonly body?: JsonObject;
}

/**
 * Tells the daemon at a socket to do something, and resolves to its answer, however long that takes; undefined when
 * nobody listens there. Throws DAEMON_FAILED with what the daemon says when it refuses, or ends before it has answered.
 */
export async function askDaemon(
  socket: string | null,
  { name, body = {} }: ControlCommand,
): Promise<JsonObject | undefined> {
  if (socket === null) return undefined;
  try {
    const { status, text } = await exchange(socket, `/${name}`, JSON.stringify(body));
    const answer = JSON.parse(text) as JsonObject;
    if (status === 200) return answer;
    throw new AppError("DAEMON_FAILED", `The daemon refused: ${sayingOf(answer)}.`);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isNobody(error)) return undefined;
    throw failure(socket, error);
  }
}

/** Whether somebody accepts connections at a socket. */
export async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    // Who may not ask cannot tell that nobody is there.
    return !isNobody(error);
  } finally {
    socket.destroy();
  }
}

async function exchange(
  socketPath: string,
  path: string,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const outgoing = request({ socketPath, path, method: "POST", headers, agent: false });
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
  });
  outgoing.end(body);
  return answered;
}

function isNobody(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ECONNREFUSED";
}

function failure(socket: string, error: unknown): AppError {
  if (codeOf(error) === "EACCES" || codeOf(error) === "EPERM") {
    return new AppError("SOCKET_UNUSABLE", `The daemon's socket ${socket} may not be opened by this user.`, {
      hint: "Only the user that the daemon runs as, and root, may speak to it.",
    });
  }
  const message = `The daemon at ${socket} ended before it had answered (${messageOf(error)}).`;
  return new AppError("DAEMON_FAILED", message, { hint: "keysteward status shows how things stand." });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function sayingOf(answer: JsonObject): string {
  const error = answer["error"];
  const isTold = typeof error === "object" && error !== null && !Array.isArray(error);
  const message = isTold ? (error as JsonObject)["message"] : undefined;
  return typeof message === "string" ? message : "it gave no reason";
}
