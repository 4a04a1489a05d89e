import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { CommonFlags, Io } from "../../src/commands/context.ts";
import type { Simulator } from "../../src/simulator/simulator.ts";

/** What a command printed, and how it ended. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a policy directory and a state, in which commands run in this process against a simulator. */
export interface Workplace {
  readonly folder: string;
  readonly policies: string;
  run<F extends CommonFlags>(command: (io: Io, flags: F) => Promise<number>, flags?: F): Promise<Ran>;
}

/** Makes workplaces that are gone after their test. */
export function useWorkplaces(): (simulator: Simulator) => Workplace {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return (simulator) => {
    const folder = mkdtempSync(join(tmpdir(), "keysteward-command-"));
    folders.push(folder);
    const policies = join(folder, "policies");
    return {
      folder,
      policies,
      async run(command, flags) {
        let stdout = "";
        let stderr = "";
        const io: Io = {
          clean: (text) => text,
          // A command takes the admin key out of its environment.
          env: {
            PORTKEY_API_KEY: simulator.adminKey,
            PORTKEY_BASE_URL: simulator.baseUrl,
            KEYSTEWARD_RATE_REQUESTS: "1000",
            KEYSTEWARD_RATE_PER: "10ms",
            KEYSTEWARD_SETTLE: "0s",
            KEYSTEWARD_LOG_LEVEL: "error",
          },
          cwd: folder,
          stdin: {},
          stdout: { write: (text) => (stdout += text) },
          stderr: { write: (text) => (stderr += text) },
        };
        const common = { policies, state: `sqlite:${join(folder, "state.db")}` };
        const exitCode = await command(io, { ...common, ...flags } as never);
        return { exitCode, stdout, stderr };
      },
    };
  };
}
