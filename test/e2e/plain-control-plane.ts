import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/*
 * A control plane that is not the product's simulator and knows none of its opinions: it follows the published OpenAPI
 * document and nothing else. What a PUT brings is stored as it is, one top-level field at a time.
 */

export type RawKey = Record<string, unknown> & { id: string };

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown> | null;
  readonly at: number;
}

export interface PlainControlPlane {
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly keys: Map<string, RawKey>;
  readonly seen: Seen[];
  /** Answers a request instead of the usual; undefined to go on as usual. Called after the request was logged. */
  intercept: (request: Seen, response: ServerResponse) => boolean | Promise<boolean>;
  puts(): Seen[];
  gets(): Seen[];
  close(): Promise<void>;
}

const optional = {
  description: null,
  rate_limits: [],
  usage_limits: null,
  alert_emails: null,
  expires_at: null,
};

export function rawKey(id: string, given: Partial<RawKey> = {}): RawKey {
  return {
    id,
    key: "ab*****xyz",
    name: "unnamed",
    type: "workspace-service",
    organisation_id: "a1b2c3d4-e5f6-4a5b-8c7d-9e0f1a2b3c4d",
    workspace_id: "ws-shared-123",
    status: "active",
    created_at: "2026-01-01T00:00:00Z",
    last_updated_at: "2026-01-01T00:00:00Z",
    creation_mode: "api",
    scopes: ["completions.write"],
    defaults: { metadata: {}, config_id: null },
    object: "api-key",
    ...structuredClone(optional),
    ...given,
  };
}

export async function startPlainControlPlane(keys: readonly RawKey[]): Promise<PlainControlPlane> {
  const stored = new Map(keys.map((key) => [key.id, key]));
  const seen: Seen[] = [];
  const adminKey = "admin-key-that-nobody-may-see-Zx81";

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const one: Seen = {
      method: request.method ?? "",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: text === "" ? null : (JSON.parse(text) as Record<string, unknown>),
      at: performance.now(),
    };
    seen.push(one);
    if (await plane.intercept(one, response)) return undefined;
    const send = (status: number, body: unknown): unknown =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.headers["x-portkey-api-key"] !== adminKey)
      return send(401, { errorCode: "AB05", message: "no" });
    const id = /^\/admin\/v1\/api-keys\/([^/]+)$/.exec(url.pathname)?.[1];
    if (url.pathname === "/admin/v1/api-keys" && one.method === "GET") {
      const size = Number(one.query["page_size"] ?? 50);
      const page = Number(one.query["current_page"] ?? 0);
      const all = [...stored.values()];
      return send(200, {
        object: "list",
        total: all.length,
        data: all.slice(page * size, (page + 1) * size),
      });
    }
    const key = id === undefined ? undefined : stored.get(id);
    if (key === undefined) return send(404, { errorCode: "AB08", message: "not found" });
    if (one.method === "GET") return send(200, key);
    if (one.method !== "PUT") return send(405, { errorCode: "AB01", message: "method" });
    const { metadata, ...rest } = (one.body?.["defaults"] ?? {}) as Record<string, unknown>;
    Object.assign(key, one.body);
    if (one.body?.["defaults"] !== undefined) key["defaults"] = { metadata: metadata ?? {}, ...rest };
    key["last_updated_at"] = new Date().toISOString();
    return send(200, {});
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const plane: PlainControlPlane = {
    baseUrl: `http://127.0.0.1:${port}/admin/v1`,
    adminKey,
    keys: stored,
    seen,
    intercept: () => false,
    puts: () => seen.filter(({ method }) => method === "PUT"),
    gets: () => seen.filter(({ method }) => method === "GET"),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return plane;
}
