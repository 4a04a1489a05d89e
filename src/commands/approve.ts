import { heldChange } from "../core/approval.ts";
import { isTaken, type Outcome } from "../core/outcome.ts";
import type { Plan } from "../core/plan.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { approvalResult, type ApprovalResult } from "../reconcile/approval-result.ts";
import { heldPlans } from "../reconcile/holding.ts";
import { humanApproval } from "../render/human-approval.ts";
import { resultJson } from "../render/json.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { withOwnPass } from "./own-pass.ts";
import { provedOutcomes } from "./proved-outcomes.ts";
import { createRemoteContext } from "./remote-context.ts";

/** Goes on with exactly what the guard holds under a digest: by the daemon where one runs, else by a pass of its own. */
export async function approve(io: Io, digest: string, flags: CommonFlags): Promise<number> {
  const context = createContext(io, flags);
  const answer = await askDaemon(context.config.control.socket, { name: "approve", body: { digest } });
  const result = answer === undefined ? await approveAlone(io, digest, flags) : asResult(answer);
  if (context.format === "json") context.print(resultJson(result));
  else context.print(humanApproval(result, context.paint));
  return exitOf(result);
}

function asResult(answer: object): ApprovalResult {
  return answer as ApprovalResult;
}

async function approveAlone(io: Io, digest: string, flags: CommonFlags): Promise<ApprovalResult> {
  const context = createRemoteContext(io, flags);
  return withOwnPass(context, async ({ ports, stopping, run }) => {
    const { state } = ports;
    const known = heldPlans(state).find((plan) => plan.digest === digest);
    let released: Plan | undefined;
    const { report, survey, outcomes, error } = await run({
      kind: known?.pass ?? "reconcile",
      release(plan) {
        if (plan.heldDigest === digest) released = plan;
        return released !== undefined;
      },
      approve: ({ approval }) => Promise.resolve(released !== undefined || approval?.digest === digest),
    });
    if (error !== null) throw error;
    const changes = released?.held.map(heldChange) ?? survey?.approval?.changes ?? known?.changes;
    const { settleMs } = context.config;
    const ended = await provedOutcomes(ports, outcomes, { pass: report.pass, settleMs, signal: stopping });
    const held = changes === undefined ? undefined : { changes };
    return asProved(approvalResult(state, { digest, held, report }), ended);
  });
}

/** What was accepted and does not read so is not done. */
function asProved(result: ApprovalResult, outcomes: readonly Outcome[]): ApprovalResult {
  const unfinished = outcomes.filter(({ outcome }) => !isTaken(outcome));
  return result.outcome === "done" && unfinished.length > 0
    ? { ...result, outcome: "unfinished", applied: result.applied - unfinished.length, unfinished }
    : result;
}

function exitOf({ outcome }: ApprovalResult): number {
  switch (outcome) {
    case "done":
      return exits.ok;
    case "nothing":
    case "moved-on":
      return exits.held;
    case "unfinished":
    case "paused":
    case "stopped":
      return exits.failed;
    default:
      return outcome satisfies never;
  }
}
