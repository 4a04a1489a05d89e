import { randomUUID } from "node:crypto";
import { assemble } from "../assemble.ts";
import { heldChange } from "../core/approval.ts";
import type { Plan } from "../core/plan.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { approvalResult, type ApprovalResult } from "../reconcile/approval-result.ts";
import { heldPlans } from "../reconcile/holding.ts";
import { runPass } from "../reconcile/pass.ts";
import { humanApproval } from "../render/human-approval.ts";
import { resultJson } from "../render/json.ts";
import { createContext, exits, type CommonFlags, type Io } from "./context.ts";
import { createRemoteContext } from "./remote-context.ts";
import { stopping } from "./stopping.ts";

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
  const { config, credential, log } = createRemoteContext(io, flags);
  const stop = stopping(log);
  const assembled = assemble({ config, mode: "write", credential, log, env: io.env });
  const { state } = assembled.ports;
  try {
    const known = heldPlans(state).find((plan) => plan.digest === digest);
    let released: Plan | undefined;
    const { report, survey, error } = await runPass(assembled.ports, {
      pass: randomUUID(),
      kind: known?.pass ?? "reconcile",
      target: config.portkey.baseUrl,
      settleMs: config.settleMs,
      workers: assembled.workers,
      yielding: stop.signal,
      stopping: stop.signal,
      signal: new AbortController().signal,
      release(plan) {
        if (plan.heldDigest === digest) released = plan;
        return released !== undefined;
      },
      approve: ({ approval }) => Promise.resolve(released !== undefined || approval?.digest === digest),
    });
    if (error !== null) throw error;
    const changes = released?.held.map(heldChange) ?? survey?.approval?.changes ?? known?.changes;
    return approvalResult(state, { digest, held: changes === undefined ? undefined : { changes }, report });
  } finally {
    stop.release();
    await assembled.close();
  }
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
