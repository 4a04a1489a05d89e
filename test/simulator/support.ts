import { afterEach } from "vitest";
import { seedKey } from "../../src/simulator/seed-key.ts";
import { startSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/simulator.ts";
import type { StoredKey } from "../../src/simulator/stored-key.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: any;
}

/** A Wednesday. */
export const wednesday = Date.parse("2026-03-04T12:00:00.700Z");

/** Starts simulators that end with their test. */
export function useSimulators(): (options?: SimulatorOptions) => Promise<Simulator> {
  const running: Simulator[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((simulator) => simulator.close()));
  });
  return async (options = {}) => {
    const simulator = await startSimulator(options);
    running.push(simulator);
    return simulator;
  };
}

/** The n-th key; a larger n is younger. */
export function key(n: number, given: Partial<StoredKey> = {}): StoredKey {
  return seedKey({ id: idOf(n), name: `key ${n}`, created_at: new Date(n * 1000).toISOString(), ...given });
}

export function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

/** Sends one request, `"PUT /v1/api-keys/..."`, with the admin key unless told otherwise. */
export async function call(
  simulator: Simulator,
  line: string,
  sent: { readonly body?: unknown; readonly apiKey?: string; readonly signal?: AbortSignal } = {},
): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const response = await fetch(simulator.url + path, {
    method,
    headers: { "x-portkey-api-key": sent.apiKey ?? simulator.adminKey, "content-type": "application/json" },
    ...(sent.body === undefined
      ? {}
      : { body: typeof sent.body === "string" ? sent.body : JSON.stringify(sent.body) }),
    ...(sent.signal === undefined ? {} : { signal: sent.signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

export function get(simulator: Simulator, n: number): Promise<Answer> {
  return call(simulator, `GET /v1/api-keys/${idOf(n)}`);
}

export function put(simulator: Simulator, n: number, body: unknown): Promise<Answer> {
  return call(simulator, `PUT /v1/api-keys/${idOf(n)}`, { body });
}

/** Updates the key, demands that this is accepted, and gives what a GET then shows. */
export async function updated(simulator: Simulator, n: number, body: unknown): Promise<any> {
  const answer = await put(simulator, n, body);
  if (answer.status !== 200 || answer.text !== "{}") throw new Error(`refused: ${answer.text}`);
  return (await get(simulator, n)).json;
}

/** Resolves once the condition holds; fails the test when it does not for too long. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
