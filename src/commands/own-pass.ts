import { randomUUID } from "node:crypto";
import { assemble } from "../assemble.ts";
import { runPass, type PassOptions, type PassPorts, type PassResult } from "../reconcile/pass.ts";
import type { RemoteContext } from "./remote-context.ts";
import { stopping } from "./stopping.ts";

/** What a command that makes a pass itself works with. */
export interface OwnPass {
  readonly ports: PassPorts;
  /** Aborted when the command was asked to stop. */
  readonly stopping: AbortSignal;
  /** Makes the pass; a stop ends it. */
  readonly run: (
    options: Pick<PassOptions, "kind" | "release" | "approve" | "onOutcome">,
  ) => Promise<PassResult>;
}

/** Opens state and connection to write, alone, for as long as `work` takes. */
export async function withOwnPass<T>(context: RemoteContext, work: (own: OwnPass) => Promise<T>): Promise<T> {
  const { config, credential, log, io } = context;
  const stop = stopping(log);
  const assembled = assemble({ config, mode: "write", credential, log, env: io.env });
  try {
    return await work({
      ports: assembled.ports,
      stopping: stop.signal,
      run: (options) =>
        runPass(assembled.ports, {
          pass: randomUUID(),
          target: config.portkey.baseUrl,
          settleMs: config.settleMs,
          workers: assembled.workers,
          yielding: stop.signal,
          stopping: stop.signal,
          signal: new AbortController().signal,
          ...options,
        }),
    });
  } finally {
    stop.release();
    await assembled.close();
  }
}
