import { heldChange } from "../core/approval.ts";
import type { Plan } from "../core/plan.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { approvalResult, type ApprovalResult } from "../reconcile/approval-result.ts";
import { heldPlans } from "../reconcile/holding.ts";
import { humanApproval } from "../render/human-approval.ts";
import { resultJson } from "../render/json.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { withOwnPass } from "./own-pass.ts";
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
  return withOwnPass(createRemoteContext(io, flags), async ({ ports: { state }, run }) => {
    const known = heldPlans(state).find((plan) => plan.digest === digest);
    let released: Plan | undefined;
    const { report, survey, error } = await run({
      kind: known?.pass ?? "reconcile",
      release(plan) {
        if (plan.heldDigest === digest) released = plan;
        return released !== undefined;
      },
      approve: ({ approval }) => Promise.resolve(released !== undefined || approval?.digest === digest),
    });
    if (error !== null) throw error;
    const changes = released?.held.map(heldChange) ?? survey?.approval?.changes ?? known?.changes;
    return approvalResult(state, { digest, held: changes === undefined ? undefined : { changes }, report });
  });
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
