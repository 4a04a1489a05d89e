/*
 * What a failed request means. One table for what was answered, one for what was not. The question behind both: may
 * this request have taken effect, and what should be done about it?
 *
 *   answered                                consequence
 *   401                                     auth
 *   402                                     auth, in words of its own: the subscription has ended
 *   429                                     throttled
 *   408, 425, 5xx except 501                unavailable; whatever the body, since proxies say it in HTML. For a
 *                                           request that must not be repeated unknown, but for 425, which is a refusal
 *   501, and any 4xx not named here         rejected
 *   404 with JSON, asked for one key        missing
 *   404 otherwise, 407, 3xx                 misdirected
 *   HTML with 2xx or any 4xx not above      misdirected: the base URL lacks its prefix, or a proxy stands in the way
 *   2xx that is not JSON                    unknown for a write, unavailable for a read
 *
 *   not answered                            consequence
 *   never connected, or no trust            unavailable: nothing was sent
 *   anything later                          unknown for a write, unavailable for a read
 *
 * A 403 is never `missing`: Portkey answers it for a lack of scopes and for keys that are gone alike.
 */
import type { Consequence, RemoteFailure } from "../core/remote-error.ts";
import type { Answer } from "./answer.ts";
import { header, isHtml, parseJson, readComplaint } from "./answer.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { isObject } from "../core/canonical.ts";

/** What was asked for. */
export interface Asked {
  readonly method: "GET" | "PUT";
  /** Below the base URL, as it is named in messages. */
  readonly path: string;
  readonly target: "list" | "key";
  /** Whether it may be sent twice. */
  readonly repeatable: boolean;
}

export interface Verdict {
  readonly failure: RemoteFailure;
  /** Not yet redacted. */
  readonly message: string;
}

/** Thrown where an answer took too long. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** Thrown where an answer is larger than anything the API could mean. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

/** Judges an answer that is not the success it should be; `now` in milliseconds since the epoch. */
export function classifyAnswer(answer: Answer, asked: Asked, now: number): Verdict {
  const consequence = judgeStatus(answer, asked);
  const complaint = readComplaint(answer.body);
  const isPage = isHtml(answer);
  const retryAfterMs = parseRetryAfter(header(answer, "retry-after"), header(answer, "date"), now);
  const mayWait = consequence === "throttled" || consequence === "unavailable";
  const code = complaint.code === null ? "" : ` ${complaint.code}`;
  const said = isPage || complaint.text === "" ? "" : `; it says: ${complaint.text}`;
  return {
    failure: {
      consequence,
      status: answer.status,
      errorCode: complaint.code,
      attempts: 1,
      ...(mayWait && retryAfterMs !== undefined ? { retryAfterMs } : {}),
    },
    message: `${asked.method} ${asked.path} got ${answer.status}${code}: ${explain(consequence, answer.status, isPage)}${said}`,
  };
}

/** Judges a request that ended without a whole answer. */
export function classifyFault(thrown: unknown, asked: Asked): Verdict {
  const fault = faultIn(thrown);
  const wasSent = !isBeforeSending(thrown, fault);
  const consequence = thrown instanceof TooLargeError ? "misdirected" : lostConsequence(asked, wasSent);
  return {
    failure: { consequence, status: null, errorCode: null, attempts: 1 },
    message: `${asked.method} ${asked.path} got no answer: ${describeFault(thrown, fault)}`,
  };
}

/** What it means that an answer was lost. */
export function lostConsequence(asked: Asked, wasSent: boolean): Consequence {
  return wasSent && asked.method === "PUT" ? "unknown" : "unavailable";
}

function judgeStatus(answer: Answer, asked: Asked): Consequence {
  const { status } = answer;
  if (status === 401 || status === 402) return "auth";
  if (status === 429) return "throttled";
  if (status === 425) return "unavailable";
  if (status === 408 || (status >= 500 && status !== 501))
    return asked.repeatable ? "unavailable" : "unknown";
  if (status === 501) return "rejected";
  if (status === 407 || isHtml(answer) || (status >= 300 && status < 400)) return "misdirected";
  if (status < 300) return isObject(parseJson(answer.body)) ? "rejected" : lostConsequence(asked, true);
  if (status !== 404) return "rejected";
  return asked.target === "key" && isObject(parseJson(answer.body)) ? "missing" : "misdirected";
}

function explain(consequence: Consequence, status: number, isPage: boolean): string {
  switch (consequence) {
    case "auth":
      return status === 402 ? "the Portkey subscription has ended" : "the admin key is not accepted";
    case "throttled":
      return "too many requests";
    case "unavailable":
    case "unknown":
      return status < 300 ? "the answer is not JSON" : "the server failed";
    case "rejected":
      return status === 403
        ? "not allowed (a scope is missing, or the key is gone)"
        : "the request was refused";
    case "missing":
      return "there is no such key";
    case "misdirected":
      return misdirection(status, isPage);
    default:
      return consequence satisfies never;
  }
}

function misdirection(status: number, isPage: boolean): string {
  if (status === 407) return "the proxy wants credentials";
  if (status >= 300 && status < 400) return "a redirect, which is not followed; check the base URL";
  return isPage
    ? "a web page and not the API; the base URL probably lacks its prefix (such as /v1), or a proxy stands in the way"
    : "this is not where the API is; check the base URL and its prefix (such as /v1)";
}

const beforeSending = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EPROTO",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Codes of TLS: a certificate without trust, or no TLS on the other side. */
const handshake = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;

/** undici's words for a proxy that refused the tunnel. */
const tunnelRefused = /^Proxy response \((\d+)\)/;

interface Fault {
  readonly code: string | undefined;
  /** What the system was asked for; undefined where that is not said. */
  readonly syscall: string | undefined;
}

function isBeforeSending(thrown: unknown, { code, syscall }: Fault): boolean {
  if (thrown instanceof Error && tunnelRefused.test(thrown.message)) return true;
  // A way that is lost while something is read or written was there before: the request may have arrived.
  if (code === undefined || syscall === "read" || syscall === "write") return false;
  return beforeSending.has(code) || handshake.test(code);
}

function describeFault(thrown: unknown, fault: Fault): string {
  const { code } = fault;
  if (thrown instanceof DeadlineError || thrown instanceof TooLargeError) return thrown.message;
  const tunnel = thrown instanceof Error ? tunnelRefused.exec(thrown.message)?.[1] : undefined;
  if (tunnel !== undefined) return `the proxy refused to connect (${tunnel})`;
  const named = code ?? (thrown instanceof Error ? thrown.name : "unknown fault");
  if (handshake.test(named)) {
    return `the TLS certificate is not trusted, or there is no TLS (${named}); NODE_EXTRA_CA_CERTS adds an authority`;
  }
  return isBeforeSending(thrown, fault) ? `could not connect (${named})` : `the connection broke (${named})`;
}

/** A network fault, wherever in the chain of causes it is. */
function faultIn(thrown: unknown): Fault {
  let error: unknown = thrown;
  for (let depth = 0; depth < 5 && error instanceof Error; depth++) {
    if ("code" in error && typeof error.code === "string") {
      const syscall = "syscall" in error && typeof error.syscall === "string" ? error.syscall : undefined;
      return { code: error.code, syscall };
    }
    error = error.cause;
  }
  return { code: undefined, syscall: undefined };
}
