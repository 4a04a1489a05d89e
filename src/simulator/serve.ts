/*
 * One request, in the order in which things are decided:
 *
 *   1. it arrives and is logged        5. a missing prefix      404 and a web page, as a web server answers
 *   2. the rate limit                  6. the credential        401
 *   3. the latency                     7. the route, the id, the body; then it is carried out
 *   4. a fault that needs no answer    8. a fault on the way back
 *
 * What the rate limit refuses does not count as hit by a fault.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Json } from "../core/policy.ts";
import { ApiError, errorBody } from "./api-error.ts";
import type { SlidingWindow } from "./arrivals.ts";
import { deliver, htmlReply, type Reply } from "./deliver.ts";
import type { Effect, Faults } from "./faults.ts";
import { askedFor, carryOut, type ApiRequest, type Control } from "./routes.ts";

export interface LoggedRequest {
  /** When it arrived: milliseconds since the epoch, by the simulator's clock. */
  readonly at: number;
  readonly method: string;
  /** With the prefix, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Undefined without a body and until it was read; null where it was no JSON. */
  readonly body: Json | undefined;
  /** Null as long as nothing was answered. */
  readonly status: number | null;
}

type OpenEntry = { -readonly [Name in keyof LoggedRequest]: LoggedRequest[Name] };

/** What a running simulator consists of. */
export interface Desk {
  readonly control: Control;
  readonly adminKey: string;
  readonly faults: Faults;
  readonly requests: LoggedRequest[];
  readonly closing: AbortSignal;
  latencyMs: number;
  window: SlidingWindow | undefined;
}

const prefix = "/v1/";

/** Serves one request. Rejects when its connection ends early, or the simulator does. */
export async function serve(desk: Desk, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://localhost");
  const entry: OpenEntry = {
    at: desk.control.now(),
    method: incoming.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body: undefined,
    status: null,
  };
  desk.requests.push(entry);
  const waitMs = desk.window?.arrive(entry.at);
  entry.body = await readJson(incoming);
  if (desk.latencyMs > 0) await pause(desk.latencyMs, undefined, { signal: desk.closing });
  const request: ApiRequest = {
    method: entry.method,
    parts: url.pathname.slice(prefix.length).split("/"),
    query: url.searchParams,
    body: entry.body,
  };
  const effect = waitMs === undefined ? desk.faults.take(askedFor(request)) : undefined;
  const reply =
    waitMs === undefined
      ? answer(desk, { request, effect, url, incoming })
      : throttled(desk, entry.at, waitMs);
  const isAnswered = effect?.kind !== "hang" && effect?.kind !== "reset";
  if (isAnswered) entry.status = reply.status;
  await deliver(response, reply, { effect, closing: desk.closing });
}

interface Arrived {
  readonly request: ApiRequest;
  readonly effect: Effect | undefined;
  readonly url: URL;
  readonly incoming: IncomingMessage;
}

const nothing: Reply = { status: 0, body: "" };

function answer(desk: Desk, { request, effect, url, incoming }: Arrived): Reply {
  if (effect?.kind === "html") return htmlReply(effect.status);
  if (effect?.kind === "status") return ordered(desk, effect);
  if ((effect?.kind === "reset" || effect?.kind === "hang") && effect.when === "before") return nothing;
  if (!url.pathname.startsWith(prefix)) return htmlReply(404);
  try {
    const isKnown = incoming.headers["x-portkey-api-key"] === desk.adminKey;
    if (!isKnown) throw new ApiError("AB05", "Unauthorised Request");
    return { status: 200, body: JSON.stringify(carryOut(request, desk.control, effect)) };
  } catch (error) {
    return refusal(desk, error instanceof ApiError ? error : new ApiError("AB04", String(error)));
  }
}

function refusal({ control }: Desk, error: ApiError): Reply {
  return { status: error.status, body: JSON.stringify(errorBody(error, control.model.errorShape)) };
}

/** A string goes out as it is, with whatever content type the fault says. */
function ordered(desk: Desk, { status, body, headers = {} }: Extract<Effect, { kind: "status" }>): Reply {
  const usual = { ...refusal(desk, new ApiError(codeFor(status), "ordered")), status, headers };
  return body === undefined
    ? usual
    : { ...usual, body: typeof body === "string" ? body : JSON.stringify(body) };
}

function codeFor(status: number): ApiError["code"] {
  const codes: Readonly<Record<number, ApiError["code"]>> = {
    400: "AB01",
    401: "AB05",
    403: "AB03",
    404: "AB08",
    409: "AB07",
    429: "AB06",
  };
  return codes[status] ?? "AB04";
}

function throttled(desk: Desk, at: number, waitMs: number): Reply {
  const reply = refusal(desk, new ApiError("AB06", "Rate limit exceeded"));
  const seconds = Math.ceil(waitMs / 1000);
  switch (desk.window?.limit.retryAfter ?? "seconds") {
    case "seconds":
      return { ...reply, headers: { "retry-after": String(seconds) } };
    case "date": {
      const date = new Date(Math.ceil((at + waitMs) / 1000) * 1000).toUTCString();
      return { ...reply, headers: { "retry-after": date } };
    }
    case "none":
      return reply;
  }
}

async function readJson(incoming: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
