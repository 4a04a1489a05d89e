import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { htmlPage } from "./api-error.ts";
import type { Effect } from "./faults.ts";

/** An answer as it goes out. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export function htmlReply(status: number): Reply {
  return { status, headers: { "content-type": "text/html" }, body: htmlPage(status) };
}

/** Sends a reply, as the effect lets it. `closing` ends the pauses. */
export async function deliver(
  response: ServerResponse,
  reply: Reply,
  { effect, closing }: { readonly effect: Effect | undefined; readonly closing: AbortSignal },
): Promise<void> {
  switch (effect?.kind) {
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "hang":
      return;
    case "cut-off":
      cutOff(response, reply);
      return;
    case "empty":
      start(response, { ...reply, body: "" });
      response.end();
      return;
    case "drip":
      start(response, reply);
      await drip(response, Buffer.from(reply.body), { ...effect, closing });
      return;
    default:
      start(response, reply);
      response.end(reply.body);
  }
}

function start(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    ...headers,
  });
}

function cutOff(response: ServerResponse, reply: Reply): void {
  const bytes = Buffer.from(reply.body);
  start(response, reply);
  const { socket } = response;
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket?.destroySoon());
}

async function drip(
  response: ServerResponse,
  bytes: Buffer,
  pace: { readonly bytes: number; readonly pauseMs: number; readonly closing: AbortSignal },
): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += pace.bytes) {
    await pause(pace.pauseMs, undefined, { signal: pace.closing });
    response.write(bytes.subarray(at, at + pace.bytes));
  }
  response.end();
}
