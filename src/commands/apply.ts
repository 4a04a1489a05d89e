import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { assemble, type Assembled } from "../assemble.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Plan } from "../core/plan.ts";
import { enforce } from "../reconcile/enforce.ts";
import { keepReport, makeReport, requestsSince } from "../reconcile/pass.ts";
import { survey, type Survey } from "../reconcile/survey.ts";
import { Withdrawn } from "../reconcile/withdrawn.ts";
import { humanOutcomes, humanPlan } from "../render/human-plan.ts";
import { humanProblems } from "../render/human-problems.ts";
import { applyJson, type ApplyResult } from "../render/json.ts";
import { createRemoteContext, exits, stopOnSignal } from "./context.ts";
import type { CommonFlags, Io, RemoteContext } from "./context.ts";
import { showProgress } from "./progress.ts";

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
  try {
    const options = { pass: "reconcile", settleMs: config.settleMs, signal: stop.signal } as const;
    const startedAt = assembled.ports.clock.now();
    const before = assembled.ports.tally();
    const surveyed = await survey(assembled.ports, options);
    if (context.format === "human") showPlan(context, surveyed);
    const verdict = await decide(context, flags, surveyed);
    const pass = randomUUID();
    const outcomes = verdict.go ? await push({ context, assembled, surveyed, pass, stop: stop.signal }) : [];
    const requests = requestsSince(before, assembled.ports.tally());
    if (verdict.go) {
      const endedAt = assembled.ports.clock.now();
      const timed = { pass, kind: "reconcile", startedAt, endedAt, survey: surveyed } as const;
      const report = makeReport({ ...timed, outcomes, error: null, requests });
      keepReport(assembled.ports.state, report, config.portkey.baseUrl);
    }
    showEnd(context, { plan: surveyed.plan, problems: surveyed.problems, outcomes, requests }, verdict);
    const unfinished = outcomes.some(({ outcome }) => outcome !== "applied");
    return unfinished ? exits.failed : verdict.exit;
  } finally {
    stop.release();
    await assembled.close();
  }
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
    const reason =
      "Nothing was written: the policies have errors. Mend them, or go on with what is sound: --keep-going";
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
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}

async function confirmed(plan: Plan): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`Apply ${plan.changes.length} changes? Only "yes" goes on: `);
    return answer.trim().toLowerCase() === "yes";
  } finally {
    prompt.close();
  }
}

interface Push {
  readonly context: RemoteContext;
  readonly assembled: Assembled;
  readonly surveyed: Survey;
  readonly pass: string;
  readonly stop: AbortSignal;
}

async function push({ context, assembled, surveyed, pass, stop }: Push): Promise<readonly Outcome[]> {
  const yielding = new AbortController();
  const withdraw = (): void => {
    context.log.info("stopping");
    yielding.abort(new Withdrawn(true));
  };
  if (stop.aborted) withdraw();
  stop.addEventListener("abort", withdraw);
  const progress = showProgress(context.io, surveyed.plan.changes.length);
  try {
    return await enforce(assembled.ports, surveyed, {
      pass,
      workers: assembled.workers,
      yielding: yielding.signal,
      signal: new AbortController().signal,
      onOutcome: progress.step,
    });
  } finally {
    progress.end();
    stop.removeEventListener("abort", withdraw);
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
