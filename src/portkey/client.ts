import type { Dispatcher } from "undici";
import { isUuid } from "../core/canonical.ts";
import type { UpdateBody } from "../core/key.ts";
import type { KeyId } from "../core/policy.ts";
import type { Consequence } from "../core/remote-error.ts";
import { RemoteError } from "../core/remote-error.ts";
import { messageOf } from "../errors.ts";
import type { KeyReader, KeyWriter, LiveRecord, RequestOptions, UpdateReceipt } from "../ports.ts";
import type { Credential } from "./credential.ts";
import { createDispatcher } from "./dispatcher.ts";
import type { Outgoing, Success } from "./exchange.ts";
import { exchange } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
import { readAllPages } from "./pages.ts";
import type { Throttle } from "./throttle.ts";
import type { Page } from "./wire.ts";
import { readPage, readRecord } from "./wire.ts";

export interface ClientOptions {
  /** As `parseBaseUrl` gives it. */
  readonly baseUrl: string;
  readonly credential: Credential;
  /** For one attempt, from sending to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Keys asked for in one page of the list. */
  readonly pageSize: number;
  readonly throttle: Throttle;
  /** Connections at most; as many as the throttle lets be in flight. */
  readonly concurrency: number;
  readonly userAgent: string;
  /** Connections to use instead of own ones; not closed by `close`. */
  readonly dispatcher?: Dispatcher;
}

export type PortkeyClient = KeyReader & KeyWriter & { close(): Promise<void> };

/**
 * Portkey's admin API for keys. All requests go through the throttle, which also retries. A request that was never
 * sent since it was aborted or withdrawn rejects with the reason; any other failure is a RemoteError.
 */
export function createPortkeyClient(options: ClientOptions): PortkeyClient {
  const { baseUrl, throttle, pageSize, credential } = options;
  const isOwn = (masked: string): boolean => credential.fits(masked);
  const dispatcher = options.dispatcher ?? createDispatcher(process.env, options);

  function send(outgoing: Outgoing, request: RequestOptions): Promise<Success & { attempts: number }> {
    const kind = outgoing.method === "GET" ? "read" : "write";
    const { repeatable } = outgoing;
    return throttle.run(
      async (attempts) => ({
        ...(await exchange(outgoing, { ...options, dispatcher }, request.signal)),
        attempts,
      }),
      { ...request, kind, repeatable },
    );
  }

  async function fetchPage(page: number, request: RequestOptions): Promise<Page> {
    const url = new URL(`${baseUrl}/api-keys`);
    url.searchParams.set("page_size", String(pageSize));
    url.searchParams.set("current_page", String(page));
    const outgoing: Outgoing = { method: "GET", path: "/api-keys", target: "list", repeatable: true, url };
    const answer = await send(outgoing, request);
    return read(answer, "GET /api-keys", () => readPage(answer.json ?? null, isOwn));
  }

  let lastListCost: number | undefined;

  async function list(request: RequestOptions = {}): Promise<readonly LiveRecord[]> {
    let pages = 0;
    const records = await readAllPages(async (page, signal) => {
      pages += 1;
      const end = new AbortController();
      const forget = onAbort([request.signal, signal], (reason) => end.abort(reason));
      try {
        return await fetchPage(page, { ...request, signal: end.signal });
      } finally {
        forget();
      }
    });
    lastListCost = pages;
    return records;
  }

  async function get(id: KeyId, request: RequestOptions = {}): Promise<LiveRecord> {
    const { url, path } = keyUrl(baseUrl, id);
    const answer = await send({ method: "GET", path, target: "key", repeatable: true, url }, request);
    const record = read(answer, `GET ${path}`, () => readRecord(answer.json ?? null, "get", isOwn));
    if (record.key.id === id.toLowerCase()) return record;
    throw ours(`GET ${path} got another key: ${record.key.id}`, "unavailable", answer);
  }

  async function update(id: KeyId, body: UpdateBody, request: RequestOptions = {}): Promise<UpdateReceipt> {
    const { url, path } = keyUrl(baseUrl, id);
    // A second reset of the usage would throw away what was used since the first.
    const repeatable = body["reset_usage"] !== true;
    const outgoing: Outgoing = {
      method: "PUT",
      path,
      target: "key",
      repeatable,
      url,
      body: JSON.stringify(body),
    };
    const { status, attempts } = await send(outgoing, request);
    return { status, attempts };
  }

  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    if (options.dispatcher === undefined) closing ??= dispatcher.close();
    await closing;
  }

  return { list, get, update, listCost: () => lastListCost, close };
}

function keyUrl(baseUrl: string, id: KeyId): { url: URL; path: string } {
  if (!isUuid(id)) {
    throw ours(
      `not a key's id: ${JSON.stringify(id.length > 60 ? `${id.slice(0, 57)}...` : id)}; expected a UUID`,
      "rejected",
      undefined,
    );
  }
  const path = `/api-keys/${encodeURIComponent(id)}`;
  return { url: new URL(`${baseUrl}${path}`), path };
}

/** An answer of the wrong shape is a failure to answer: nothing of it is used. */
function read<T>(answer: Success & { attempts: number }, what: string, shape: () => T): T {
  try {
    return shape();
  } catch (error) {
    throw ours(`${what} got an answer that cannot be read: ${messageOf(error)}`, "unavailable", answer);
  }
}

/** A failure that is seen on our side of the wire. */
function ours(
  message: string,
  consequence: Consequence,
  answer: { status: number; attempts: number } | undefined,
): RemoteError {
  const { status = null, attempts = 0 } = answer ?? {};
  return new RemoteError(message, { consequence, status, errorCode: null, attempts });
}
