import type { PassReport } from "../core/outcome.ts";
import { resultJson } from "../render/json.ts";
import { humanStatus } from "../render/human-status.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { commandDaemon } from "./command-daemon.ts";
import { standingNow } from "./status.ts";

export interface SyncFlags extends CommonFlags {
  /** Wait for the pass to end. */
  readonly wait?: boolean;
}

interface SyncResult {
  readonly version: 1;
  /** Null when nobody waited for it, or when the daemon stopped. */
  readonly report: PassReport | null;
}

/** Rings a reconcile pass of the daemon. */
export async function sync(io: Io, flags: SyncFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const wait = flags.wait === true;
  const answer = await commandDaemon(config, { name: "sync", body: { wait } });
  const result = answer as unknown as SyncResult;
  if (format === "json") print(resultJson(result));
  else if (result.report === null) print(wait ? "the daemon stopped before the pass ended\n" : "rung\n");
  else {
    const standing = await standingNow(config);
    print(standing === undefined ? "the pass has ended, and the daemon too\n" : humanStatus(standing, paint));
  }
  if (result.report === null) return wait ? exits.failed : exits.ok;
  return exitOf(result.report);
}

function exitOf({ error, problems, heldDigest, unfinished, summary, applied }: PassReport): number {
  if (error !== null || unfinished.length > 0) return exits.failed;
  if (problems.some(({ severity }) => severity === "error")) return exits.invalid;
  // What a paused daemon leaves is held too.
  return heldDigest === null && applied === summary.changes ? exits.ok : exits.held;
}
