import { assemble } from "../assemble.ts";
import { survey, type Survey } from "../reconcile/survey.ts";
import { githubPlan } from "../render/github-plan.ts";
import { humanPlan, humanUntrusted } from "../render/human-plan.ts";
import { humanProblems } from "../render/human-problems.ts";
import { planJson } from "../render/json.ts";
import type { PlanView } from "../render/plan-view.ts";
import { instantAhead } from "./ahead.ts";
import { exits, stopOnSignal } from "./context.ts";
import type { CommonFlags, Io } from "./context.ts";
import { createRemoteContext, type RemoteContext } from "./remote-context.ts";

export interface PlanFlags extends CommonFlags {
  /** Show what is not enforced, and long lists to their end. */
  readonly all?: boolean;
  /** Show what will be in force at this instant instead. */
  readonly at?: string;
}

/** The reading half of a reconcile pass: what would be written, and why. */
export async function plan(io: Io, flags: PlanFlags): Promise<number> {
  const context = createRemoteContext(io, flags);
  const { config, credential, log, print } = context;
  const at = instantAhead(flags.at, Date.now());
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  try {
    const surveyed = await survey(assembled.ports, {
      pass: "reconcile",
      settleMs: config.settleMs,
      signal: stop.signal,
      ...(at === undefined ? {} : { at }),
    });
    print(rendered(context, surveyed, { all: flags.all ?? false, at }));
    const { plan, problems } = surveyed;
    if (problems.some(({ severity }) => severity === "error")) return exits.invalid;
    if (plan.refusals.length > 0) return exits.held;
    return plan.changes.length > 0 ? exits.changes : exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}

function rendered(
  { format, paint }: RemoteContext,
  surveyed: Survey,
  how: Pick<PlanView, "all" | "at">,
): string {
  const { plan, problems, trusted, unenforced, courses, quarantined } = surveyed;
  const view: PlanView = { plan, names: keyNames(surveyed), unenforced, courses, quarantined, ...how };
  if (format === "json") return planJson(plan, problems, view);
  if (format === "github") return githubPlan(view, problems);
  // The command line lets no other form through.
  return humanProblems(problems, paint) + (trusted ? humanPlan(plan, paint, view) : humanUntrusted(paint));
}

/** The keys' own names, as the pass saw them. */
export function keyNames({ inventory }: Survey): ReadonlyMap<string, string> {
  return new Map((inventory ?? []).map(({ key }) => [key.id, key.name]));
}
