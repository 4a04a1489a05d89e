import { startPartner } from "./child.ts";

/** After this long an update is not coming. */
const putTimeoutMs = 60_000;

export interface ControlPlaneOptions {
  readonly keys: number;
  /** Every key has another rate limit than its policy asks for. */
  readonly stale?: boolean;
  readonly latencyMs?: number;
}

export interface Arrival {
  /** Milliseconds of the machine's monotonic clock, as `monotonic` reads it. */
  readonly at: number;
  readonly kind: "list" | "get" | "put";
}

export interface ControlPlane {
  readonly baseUrl: string;
  /** What arrived since the last call. */
  arrivals(): Promise<readonly Arrival[]>;
  /** When the next update of the key arrives, and the instant at which it did. */
  nextPut(keyId: string): Promise<number>;
  stop(): Promise<void>;
}

/** Milliseconds on a clock that all processes of the machine share. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Starts the control plane in a process of its own, so that it neither waits for what is measured nor holds it up. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const settings = { stale: false, latencyMs: 0, ...options };
  const waiting = new Map<string, (at: number) => void>();
  const partner = startPartner("control-plane", [JSON.stringify(settings)], (event) => {
    const { id, at } = event as { readonly id: string; readonly at: number };
    waiting.get(id)?.(at);
    waiting.delete(id);
  });
  const { port } = (await partner.ask()) as { readonly port: number };
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async arrivals() {
      return ((await partner.ask("forget")) as { readonly arrivals: readonly Arrival[] }).arrivals;
    },
    nextPut(keyId) {
      return new Promise((resolve, reject) => {
        const tooLate = setTimeout(() => reject(new Error(`no update of ${keyId} came`)), putTimeoutMs);
        waiting.set(keyId, (at) => {
          clearTimeout(tooLate);
          resolve(at);
        });
      });
    },
    stop: () => partner.stop(),
  };
}
