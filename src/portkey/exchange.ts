import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { isObject } from "../core/canonical.ts";
import type { Json } from "../core/policy.ts";
import { RemoteError } from "../core/remote-error.ts";
import type { Answer } from "./answer.ts";
import { isHtml, parseJson } from "./answer.ts";
import type { Asked, Verdict } from "./classify.ts";
import { classifyAnswer, classifyFault, DeadlineError, lostConsequence, TooLargeError } from "./classify.ts";
import type { Credential } from "./credential.ts";
import { onAbort } from "./on-abort.ts";

/** One request, ready to be sent. */
export interface Outgoing extends Asked {
  readonly url: URL;
  readonly body?: string;
}

export interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  readonly credential: Credential;
  /** From sending to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly userAgent: string;
}

export interface Success {
  readonly status: number;
  /** Undefined for an empty body. */
  readonly json: Json | undefined;
}

const largestAnswer = 64 * 1024 * 1024;
const largestComplaint = 64 * 1024;
const longestExcerpt = 200;

/**
 * Sends one request, once, and reads its answer to the end. Redirects are not followed. Throws a RemoteError for
 * everything that is not a success, but the signal's reason when a read is broken off by it.
 */
export async function exchange(
  outgoing: Outgoing,
  options: ExchangeOptions,
  signal: AbortSignal | undefined,
): Promise<Success> {
  const answer = await receive(outgoing, options, signal);
  const isSuccess = answer.status >= 200 && answer.status < 300 && !isHtml(answer);
  const json = isSuccess ? parseJson(answer.body) : undefined;
  const isEmpty = isSuccess && outgoing.method === "PUT" && answer.body.trim() === "";
  const isRefusal = isObject(json) && json["success"] === false;
  if (isEmpty || (json !== undefined && !isRefusal)) return { status: answer.status, json };
  throw toError(classifyAnswer(answer, outgoing, Date.now()), options.credential);
}

async function receive(
  outgoing: Outgoing,
  options: ExchangeOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const end = new AbortController();
  const forget = onAbort([signal], (reason) => end.abort(reason));
  const late = new DeadlineError(`nothing complete within ${options.timeoutMs} ms`);
  const deadline = setTimeout(() => end.abort(late), options.timeoutMs);
  try {
    return await ask(outgoing, options, end.signal);
  } catch (error) {
    if (signal?.aborted === true) throw brokenOff(outgoing, signal);
    const cause = end.signal.aborted ? late : error;
    const fault = classifyFault(cause, outgoing);
    const message = `${fault.message}; asked ${outgoing.url.origin}`;
    throw toError({ ...fault, message }, options.credential);
  } finally {
    clearTimeout(deadline);
    forget();
  }
}

async function ask(outgoing: Outgoing, options: ExchangeOptions, signal: AbortSignal): Promise<Answer> {
  const { method, url, body } = outgoing;
  const {
    statusCode,
    headers,
    body: stream,
  } = await request(url, {
    dispatcher: options.dispatcher,
    method,
    signal,
    headers: {
      "x-portkey-api-key": options.credential.reveal(),
      "user-agent": options.userAgent,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: statusCode, headers, body: await readBody(stream, statusCode < 300) };
}

/** Reads to the end, or, of an error's body, as far as anybody will look. Leaving the loop destroys the stream. */
async function readBody(stream: Readable, isSuccess: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (isSuccess && size > largestAnswer) throw new TooLargeError("the answer is larger than 64 MiB");
    if (!isSuccess && size > largestComplaint) break;
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** A read that is broken off has had no effect; of a write nobody knows. */
function brokenOff(outgoing: Outgoing, signal: AbortSignal): unknown {
  const consequence = lostConsequence(outgoing, true);
  if (consequence !== "unknown") return signal.reason;
  const message = `${outgoing.method} ${outgoing.path} got no answer: it was broken off on our side`;
  return new RemoteError(message, { consequence, status: null, errorCode: null, attempts: 1 });
}

/**
 * The error carries no cause: what undici throws may hold parts of the request. Its message is cut and cleaned of
 * whatever looks like a key.
 */
function toError({ failure, message }: Verdict, credential: Credential): RemoteError {
  const clean = credential.redact(message).replace(/\s+/g, " ");
  const errorCode = failure.errorCode === null ? null : credential.redact(failure.errorCode).slice(0, 40);
  return new RemoteError(excerpt(clean), { ...failure, errorCode });
}

function excerpt(text: string): string {
  const said = text.indexOf("; it says: ");
  const length = (said === -1 ? 0 : said + "; it says: ".length) + longestExcerpt;
  return said !== -1 && text.length > length ? `${text.slice(0, length)}…` : text;
}
