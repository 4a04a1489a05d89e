import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { assemble } from "../assemble.ts";
import { runPass } from "../reconcile/pass.ts";
import type { Survey } from "../reconcile/survey.ts";
import { Withdrawn } from "../reconcile/withdrawn.ts";
import { humanOutcomes, humanPlan } from "../render/human-plan.ts";
import { countProblems, humanProblems } from "../render/human-problems.ts";
import { applyJson, type ApplyResult } from "../render/json.ts";
import { confirmed, isInteractive } from "./ask.ts";
import { createRemoteContext, exits, stopOnSignal } from "./context.ts";
import type { CommonFlags, Io, RemoteContext } from "./context.ts";
import { keyNames } from "./plan.ts";
import { showProgress, type Progress } from "./progress.ts";

export interface ApplyFlags extends CommonFlags {
  /** Take the plan as it is, without asking. */
  readonly yes?: boolean;
  /** Go on with what is sound although some policies have errors. */
  readonly keepGoing?: boolean;
  /** The digest of the plan that was reviewed. */
  readonly expect?: string;
}

/** One reconcile pass: plan, ask where somebody can be asked, push. */
export async function apply(io: Io, flags: ApplyFlags): Promise<number> {
  const context = createRemoteContext(io, flags);
  const { config, credential, log } = context;
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "write", credential, log });
  const stopping = stoppingSignal(stop.signal, log);
  let verdict: Verdict = { go: false, exit: exits.failed, reason: "" };
  let progress: Progress | undefined;
  try {
    const { report, survey, outcomes, error } = await runPass(assembled.ports, {
      pass: randomUUID(),
      kind: "reconcile",
      target: config.portkey.baseUrl,
      settleMs: config.settleMs,
      workers: assembled.workers,
      yielding: stopping,
      stopping,
      signal: new AbortController().signal,
      async approve(surveyed) {
        if (context.format === "human") showPlan(context, surveyed);
        verdict = await decide(context, flags, surveyed);
        if (verdict.go) progress = showProgress(io, surveyed.plan.changes.length);
        return verdict.go;
      },
      onOutcome: () => progress?.step(),
    });
    progress?.end();
    if (error !== null) throw error;
    if (survey !== null) {
      const { plan, problems } = survey;
      showEnd(context, { plan, problems, outcomes, requests: report.requests }, verdict);
    }
    const outOfReach = report.notices.some(({ kind }) => kind === "missing" || kind === "unreadable");
    return report.unfinished.length > 0 || (verdict.go && outOfReach) ? exits.failed : verdict.exit;
  } finally {
    stop.release();
    await assembled.close();
  }
}

/** Aborted with a `Withdrawn` when the command was asked to stop. */
function stoppingSignal(stop: AbortSignal, log: Logger): AbortSignal {
  const stopping = new AbortController();
  const withdraw = (): void => {
    log.info("stopping");
    stopping.abort(new Withdrawn(true));
  };
  if (stop.aborted) withdraw();
  else stop.addEventListener("abort", withdraw, { once: true });
  return stopping.signal;
}

interface Verdict {
  readonly go: boolean;
  readonly exit: number;
  /** Why not, for people. */
  readonly reason: string;
}

async function decide(context: RemoteContext, flags: ApplyFlags, surveyed: Survey): Promise<Verdict> {
  const { plan, problems } = surveyed;
  const invalid = problems.some(({ severity }) => severity === "error");
  const exit = invalid ? exits.invalid : exits.ok;
  if (invalid && flags.keepGoing !== true) {
    const counts = countProblems(problems);
    const reason = `Nothing was written: ${counts} in the policies. Mend them, or go on with what is sound: --keep-going`;
    return { go: false, exit, reason };
  }
  if (flags.expect !== undefined && flags.expect !== plan.digest) {
    const reason = `Nothing was written: the plan is ${plan.digest} by now, not ${flags.expect}. Review it again.`;
    return { go: false, exit: exits.held, reason };
  }
  const approved = flags.yes === true || flags.expect !== undefined;
  if (plan.refusals.length > 0 && !approved) {
    const reason = plan.refusals
      .map(({ message, approve }) => `Held: ${message}. To go on: ${approve}`)
      .join("\n");
    return { go: false, exit: exits.held, reason };
  }
  const mustAsk = plan.changes.length > 0 && !approved && isInteractive(context.io);
  if (mustAsk && !(await confirmed(`Apply ${plan.changes.length} changes?`))) {
    return { go: false, exit: exits.held, reason: "Nothing was written." };
  }
  return { go: true, exit, reason: "" };
}

function showPlan({ print, paint }: RemoteContext, surveyed: Survey): void {
  const { plan, problems, unenforced } = surveyed;
  const view = { names: keyNames(surveyed), unenforced };
  print(humanProblems(problems, paint) + humanPlan(plan, paint, view));
}

function showEnd({ format, print, paint }: RemoteContext, result: ApplyResult, verdict: Verdict): void {
  if (format === "json") print(applyJson(result));
  else if (!verdict.go) print(`${verdict.reason}\n`);
  else if (result.outcomes.length > 0) print(humanOutcomes(result.outcomes, paint));
}
