import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";

/* The YAML language server that editors run, over its protocol: messages with a length before them on its two streams. */

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: any;
  readonly result?: any;
  readonly error?: unknown;
}

export interface Place {
  readonly line: number;
  readonly character: number;
}

export interface LanguageServer {
  /** Opens a file, on the disk or not; resolves to what the server finds wrong with it. */
  open(path: string, text: string): Promise<{ readonly message: string; readonly range: { start: Place } }[]>;
  complete(path: string, at: Place): Promise<readonly string[]>;
  /** What is shown over a place. */
  hover(path: string, at: Place): Promise<string>;
  /** Asks it to end; resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** The server for a folder, with schemas by the files that they are for. */
export async function startLanguageServer(root: string, schemas: object = {}): Promise<LanguageServer> {
  // Nothing is fetched: schemas are files, and the store of schemas is off.
  const settings = {
    yaml: {
      validate: true,
      hover: true,
      completion: true,
      schemaStore: { enable: false, url: "" },
      kubernetesCRDStore: { enable: false },
      schemas,
    },
  };
  const require = createRequire(import.meta.url);
  const bin = require.resolve("yaml-language-server/bin/yaml-language-server");
  const child = spawn(process.execPath, [bin, "--stdio"], {
    cwd: dirname(bin),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const waiting = new Map<number, (message: Message) => void>();
  const diagnosed = new Map<string, (found: any[]) => void>();
  let rest = Buffer.alloc(0);
  let count = 0;

  function send(message: object): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  function request(method: string, params: unknown): Promise<any> {
    count += 1;
    const id = count;
    send({ id, method, params });
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(JSON.stringify(error)));
      });
    });
  }

  function take(message: Message): void {
    const { id, method, params } = message;
    if (method === undefined) waiting.get(id as number)?.(message);
    else if (method === "workspace/configuration") {
      const sections = params.items.map(
        ({ section }: { section: string }) => (settings as any)[section] ?? {},
      );
      send({ id, result: sections });
    } else if (method === "textDocument/publishDiagnostics") diagnosed.get(params.uri)?.(params.diagnostics);
    else if (id !== undefined) send({ id, result: null });
  }

  child.stdout.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const end = rest.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(rest.subarray(0, Math.max(end, 0)).toString())?.[1]);
      if (end < 0 || rest.length < end + 4 + length) return;
      const body = rest.subarray(end + 4, end + 4 + length).toString();
      rest = rest.subarray(end + 4 + length);
      take(JSON.parse(body) as Message);
    }
  });

  await request("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    workspaceFolders: [{ uri: pathToFileURL(root).href, name: "root" }],
    capabilities: {
      workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } },
      textDocument: {
        completion: { completionItem: { snippetSupport: true, documentationFormat: ["markdown"] } },
        hover: { contentFormat: ["markdown"] },
        publishDiagnostics: {},
      },
    },
  });
  send({ method: "initialized", params: {} });
  send({ method: "workspace/didChangeConfiguration", params: { settings } });

  return {
    open(path, text) {
      const uri = pathToFileURL(path).href;
      const found = new Promise<any[]>((resolve) => diagnosed.set(uri, resolve));
      send({
        method: "textDocument/didOpen",
        params: { textDocument: { uri, languageId: "yaml", version: 1, text } },
      });
      return found;
    },
    async complete(path, position) {
      const textDocument = { uri: pathToFileURL(path).href };
      const answer = await request("textDocument/completion", { textDocument, position });
      return (answer.items ?? answer).map(({ label }: { label: string }) => label);
    },
    async hover(path, position) {
      const textDocument = { uri: pathToFileURL(path).href };
      const answer = await request("textDocument/hover", { textDocument, position });
      return answer?.contents?.value ?? "";
    },
    async stop() {
      await request("shutdown", null);
      send({ method: "exit" });
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}
