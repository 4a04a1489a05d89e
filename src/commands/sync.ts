import { isTaken, type Outcome, type PassReport } from "../core/outcome.ts";
import { humanOutcomes } from "../render/human-plan.ts";
import { resultJson } from "../render/json.ts";
import { humanStatus } from "../render/human-status.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { commandDaemon } from "./command-daemon.ts";
import { standingNow } from "./status.ts";

export interface SyncFlags extends CommonFlags {
  /** Wait for the pass to end, and for what it wrote to be read back. */
  readonly wait?: boolean;
}

interface SyncResult {
  readonly version: 1;
  /** Null when nobody waited for it, or when the daemon stopped. */
  readonly report: PassReport | null;
  /** How each change of it ended, by what was read back since; null when nobody waited. */
  readonly outcomes: readonly Outcome[] | null;
}

/** Rings a reconcile pass of the daemon; told to wait, it ends as `apply` would. */
export async function sync(io: Io, flags: SyncFlags): Promise<number> {
  const { config, format, paint, print } = createContext(io, flags);
  const wait = flags.wait === true;
  const answer = await commandDaemon(config, { name: "sync", body: { wait } });
  const result = answer as unknown as SyncResult;
  const outcomes = result.outcomes ?? [];
  if (format === "json") print(resultJson(result));
  else if (result.report === null) print(wait ? "the daemon stopped before the pass ended\n" : "rung\n");
  else {
    if (outcomes.length > 0) print(humanOutcomes(outcomes, paint));
    const standing = await standingNow(config);
    print(standing === undefined ? "the pass has ended, and the daemon too\n" : humanStatus(standing, paint));
  }
  if (result.report === null) return wait ? exits.failed : exits.ok;
  return exitOf(result.report, outcomes);
}

/** As `apply` ends, where it goes on with what is sound. */
function exitOf(report: PassReport, outcomes: readonly Outcome[]): number {
  const { error, problems, notices, heldDigest, unfinished, summary, applied } = report;
  const undone = outcomes.some(({ outcome }) => !isTaken(outcome));
  if (error !== null || unfinished.length > 0 || undone) return exits.failed;
  const invalid = problems.some(({ severity }) => severity === "error");
  // What a paused daemon leaves is held too.
  const held = heldDigest !== null || applied !== summary.changes;
  if (held && !invalid) return exits.held;
  if (notices.some(({ kind }) => kind === "missing" || kind === "unreadable")) return exits.failed;
  return invalid ? exits.invalid : exits.ok;
}
