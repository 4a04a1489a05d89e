import { isTaken, type Outcome, type PassReport } from "../core/outcome.ts";
import type { PassPorts } from "../reconcile/pass.ts";
import { addRequests, requestsSince } from "../reconcile/report.ts";
import type { Survey } from "../reconcile/survey.ts";
import { humanOutcomes, humanPlan } from "../render/human-plan.ts";
import { countProblems, humanProblems } from "../render/human-problems.ts";
import { applyJson, type ApplyResult } from "../render/json.ts";
import { confirmed, isInteractive } from "./ask.ts";
import { exits } from "./context.ts";
import type { CommonFlags, Io } from "./context.ts";
import { withOwnPass, type OwnPass } from "./own-pass.ts";
import { createRemoteContext, type RemoteContext } from "./remote-context.ts";
import { keyNames } from "./plan.ts";
import { provedOutcomes } from "./proved-outcomes.ts";
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
  return withOwnPass(context, (own) => applyWith(context, flags, own));
}

async function applyWith(
  context: RemoteContext,
  flags: ApplyFlags,
  { ports, stopping, run }: OwnPass,
): Promise<number> {
  let verdict: Verdict = { go: false, exit: exits.failed, reason: "" };
  let reviewed = false;
  let progress: Progress | undefined;
  const { report, survey, outcomes, error } = await run({
    kind: "reconcile",
    release({ digest, heldDigest }) {
      reviewed = flags.expect === digest || flags.expect === heldDigest;
      return flags.yes === true || reviewed;
    },
    async approve(surveyed) {
      if (context.format === "human") showPlan(context, surveyed);
      verdict = await decide(context, reviewed ? reviewedFlags(flags, surveyed) : flags, surveyed);
      if (verdict.go) progress = showProgress(context.io, surveyed.plan.changes.length);
      return verdict.go;
    },
    onOutcome: () => progress?.step(),
  });
  progress?.end();
  if (error !== null) throw error;
  const { settleMs } = context.config;
  const ended = await proved(ports, { report, outcomes, settleMs, stopping });
  if (survey !== null) {
    const { plan, problems } = survey;
    showEnd(context, { plan, problems, ...ended }, verdict);
  }
  const outOfReach = report.notices.some(({ kind }) => kind === "missing" || kind === "unreadable");
  const failed = ended.outcomes.some(({ outcome }) => !isTaken(outcome));
  const undone = verdict.go && verdict.exit !== exits.held && outOfReach;
  return failed || undone ? exits.failed : verdict.exit;
}

interface Pushed {
  readonly report: PassReport;
  readonly outcomes: readonly Outcome[];
  readonly settleMs: number;
  readonly stopping: AbortSignal;
}

async function proved(
  ports: PassPorts,
  { report, outcomes, settleMs, stopping }: Pushed,
): Promise<Pick<ApplyResult, "outcomes" | "requests">> {
  const before = ports.tally();
  const ended = await provedOutcomes(ports, outcomes, { pass: report.pass, settleMs, signal: stopping });
  return { outcomes: ended, requests: addRequests(report.requests, requestsSince(before, ports.tally())) };
}

/** Whoever has reviewed what is held has seen what needs a second look; the rest goes by itself. */
function reviewedFlags(flags: ApplyFlags, { plan }: Survey): ApplyFlags {
  return { ...flags, expect: plan.digest };
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
  const mustAsk = plan.changes.length > 0 && !approved && isInteractive(context.io);
  if (mustAsk && !(await confirmed(`Apply ${plan.changes.length} changes?`))) {
    return { go: false, exit: exits.held, reason: "Nothing was written." };
  }
  const moment = surveyed.moments?.next?.at ?? Infinity;
  if (mustAsk && Date.now() >= moment) {
    const reason = "Nothing was written: an override has begun or ended meanwhile. Review it again.";
    return { go: false, exit: exits.held, reason };
  }
  return { go: true, exit: plan.refusals.length > 0 && !invalid ? exits.held : exit, reason: "" };
}

function showPlan({ print, paint }: RemoteContext, surveyed: Survey): void {
  const { plan, problems, trusted, unenforced, courses, quarantined } = surveyed;
  const view = { names: keyNames(surveyed), unenforced, courses, quarantined };
  print(humanProblems(problems, paint) + (trusted ? humanPlan(plan, paint, view) : ""));
}

function showEnd({ format, print, paint }: RemoteContext, result: ApplyResult, verdict: Verdict): void {
  if (format === "json") print(applyJson(result));
  else if (!verdict.go) print(`${verdict.reason}\n`);
  else if (result.outcomes.length > 0) print(humanOutcomes(result.outcomes, paint));
}
