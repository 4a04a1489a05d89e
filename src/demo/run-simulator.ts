import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, messageOf } from "../errors.ts";
import { createPolicySource } from "../policy-dir/policy-source.ts";
import { startSimulator, type Simulator } from "../simulator/simulator.ts";
import type { StoredKey } from "../simulator/stored-key.ts";
import { carelessKeys, strayKeys } from "./careless-keys.ts";
import { tellWrites } from "./tell-writes.ts";

export interface SimulatorRun {
  /** Each key that they name is there. */
  readonly policies: string;
  /** On 127.0.0.1; 0 for any that is free. */
  readonly port: number;
  readonly print: (text: string) => void;
  readonly stop: AbortSignal;
}

/**
 * A control plane in memory, to try commands against, until `stop`; tells how to reach it, and each write that arrives. What
 * is applied there is kept apart from what was applied elsewhere. Throws USAGE when the policies cannot be read, or the port
 * cannot be had.
 */
export async function runSimulator({ policies, port, print, stop }: SimulatorRun): Promise<void> {
  const set = createPolicySource({ directory: policies }).load();
  if (!set.trusted) {
    const why = set.problems.map(({ message }) => message).join("; ");
    throw new AppError("USAGE", `no keys can be made for the policies: ${why}`, {
      hint: "Name a directory with --policies; `keysteward init` writes one.",
    });
  }
  const named = carelessKeys(set);
  const strays = strayKeys();
  const simulator = await started([...named, ...strays], port);
  const folder = mkdtempSync(join(tmpdir(), "keysteward-simulator-"));
  try {
    print(
      `A control plane in memory: ${named.length} keys that the policies name, as somebody made them by hand, and ` +
        `${strays.length} that no policy does.\nIn another terminal:\n\n` +
        `  export PORTKEY_BASE_URL=${simulator.baseUrl}\n` +
        `  export PORTKEY_API_KEY=${simulator.adminKey}\n` +
        `  export KEYSTEWARD_STATE=sqlite:${join(folder, "state.db")}\n` +
        "  keysteward plan\n\n" +
        "What is written arrives here; Ctrl-C ends it, and all of it is gone.\n",
    );
    await tellWrites(simulator, print, stop);
  } finally {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function started(keys: readonly StoredKey[], port: number): Promise<Simulator> {
  try {
    return await startSimulator({ keys, port });
  } catch (error) {
    throw new AppError("USAGE", `the port ${port} cannot be had: ${messageOf(error)}`, {
      hint: "Name another one, or leave --port out for any that is free.",
      cause: error,
    });
  }
}
