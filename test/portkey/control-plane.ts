import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { systemClock } from "../../src/clock.ts";
import type { ClientOptions, PortkeyClient } from "../../src/portkey/client.ts";
import { createPortkeyClient } from "../../src/portkey/client.ts";
import { createCredential } from "../../src/portkey/credential.ts";
import { createThrottle } from "../../src/portkey/throttle.ts";

export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a server does with its n-th request, n from 0. */
export type Handler = (response: ServerResponse, seen: Seen, n: number) => void;

export const secret = "pk-c4n4ry-Zz9qLm3xT7";

/** A control plane on an ephemeral port of this machine that does what it is told, and a client that speaks to it. */
export class ControlPlane {
  readonly seen: Seen[] = [];
  readonly sockets = new Set<Socket>();
  connections = 0;
  readonly client: PortkeyClient;
  readonly #server: Server;
  readonly #throttle = createThrottle({
    requests: 10_000,
    perMs: 20,
    concurrency: 4,
    clock: systemClock,
    // No jitter, no back-off: nothing here waits for its own sake.
    random: () => 0,
  });
  readonly #handler: Handler;

  static async start(handler: Handler, options: Partial<ClientOptions> = {}): Promise<ControlPlane> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ControlPlane(server, handler, options);
  }

  private constructor(server: Server, handler: Handler, options: Partial<ClientOptions>) {
    this.#server = server;
    this.#handler = handler;
    server.on("request", (request, response) => void this.#serve(request, response));
    server.on("connection", (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    this.client = createPortkeyClient({
      baseUrl: `http://127.0.0.1:${this.port}/v1`,
      credential: createCredential(secret),
      timeoutMs: 10_000,
      pageSize: 100,
      concurrency: 4,
      throttle: this.#throttle,
      userAgent: "keysteward-test",
      ...options,
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  tally() {
    return this.#throttle.tally();
  }

  async stop(): Promise<void> {
    this.#throttle.stop();
    await this.client.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
    this.seen.push(seen);
    this.#handler(response, seen, this.seen.length - 1);
  }
}

export function respond(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const isText = typeof body === "string";
  response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json", ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

export function keyId(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

export function keyRow(n: number) {
  return {
    id: keyId(n),
    key: "z1*****3AX",
    name: `key ${n}`,
    type: "organisation-service",
    status: "active",
  };
}
