import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline/promises";
import type { Logger } from "pino";
import { assemble } from "../assemble.ts";
import type { Plan } from "../core/plan.ts";
import { isTaken, type Outcome, type PassReport } from "../core/outcome.ts";
import { awaitProof, withProofs } from "../reconcile/await-proof.ts";
import { runPass, type PassPorts } from "../reconcile/pass.ts";
import { addRequests, keepReadBack, requestsSince } from "../reconcile/report.ts";
import type { Survey } from "../reconcile/survey.ts";
import { Withdrawn } from "../reconcile/withdrawn.ts";
import { humanOutcomes, humanPlan } from "../render/human-plan.ts";
import { countProblems, humanProblems } from "../render/human-problems.ts";
import { applyJson, type ApplyResult } from "../render/json.ts";
import { createRemoteContext, exits, keptAlive, stopOnSignal } from "./context.ts";
import type { CommonFlags, Io, RemoteContext } from "./context.ts";
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
  const assembled = assemble({ config, mode: "write", credential, log, env: io.env });
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
    const ended = await proved(assembled.ports, { report, outcomes, settleMs: config.settleMs, stopping });
    if (survey !== null) {
      const { plan, problems } = survey;
      showEnd(context, { plan, problems, ...ended }, verdict);
    }
    const outOfReach = report.notices.some(({ kind }) => kind === "missing" || kind === "unreadable");
    const failed = ended.outcomes.some(({ outcome }) => !isTaken(outcome));
    return failed || (verdict.go && outOfReach) ? exits.failed : verdict.exit;
  } finally {
    stop.release();
    await assembled.close();
  }
}

interface Pushed {
  readonly report: PassReport;
  readonly outcomes: readonly Outcome[];
  readonly settleMs: number;
  readonly stopping: AbortSignal;
}

/** Reads back what was pushed, and waits for it as long as reads may lag: an answer of 200 is not yet an effect. */
async function proved(
  ports: PassPorts,
  { report, outcomes, settleMs, stopping }: Pushed,
): Promise<Pick<ApplyResult, "outcomes" | "requests">> {
  if (report.awaiting === 0) return { outcomes, requests: report.requests };
  const before = ports.tally();
  const awaited = await keptAlive(awaitProof(ports, { pass: report.pass, settleMs, signal: stopping }));
  keepReadBack(ports.state, awaited.proofs.values());
  const requests = addRequests(report.requests, requestsSince(before, ports.tally()));
  return { outcomes: withProofs(outcomes, awaited), requests };
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
  if (mustAsk && !(await confirmed(plan))) {
    return { go: false, exit: exits.held, reason: "Nothing was written." };
  }
  return { go: true, exit, reason: "" };
}

function isInteractive(io: Io): boolean {
  return io.stdin.isTTY === true && (io.stderr.isTTY === true || io.stdout.isTTY === true);
}

async function confirmed(plan: Plan): Promise<boolean> {
  const prompt = createInterface({
    input: process.stdin,
    output: process.stderr.isTTY ? process.stderr : process.stdout,
  });
  try {
    const answer = await prompt.question(`Apply ${plan.changes.length} changes? Only "yes" goes on: `);
    return answer.trim().toLowerCase() === "yes";
  } catch {
    // Ctrl-C or Ctrl-D at the question is an answer.
    return false;
  } finally {
    prompt.close();
  }
}

function showPlan({ print, paint }: RemoteContext, { plan, problems }: Survey): void {
  print(humanProblems(problems, paint) + humanPlan(plan, paint));
}

function showEnd({ format, print, paint }: RemoteContext, result: ApplyResult, verdict: Verdict): void {
  if (format === "json") print(applyJson(result));
  else if (!verdict.go) print(`${verdict.reason}\n`);
  else if (result.outcomes.length > 0) print(humanOutcomes(result.outcomes, paint));
}
