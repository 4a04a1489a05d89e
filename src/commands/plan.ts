import { assemble } from "../assemble.ts";
import { survey, type Survey } from "../reconcile/survey.ts";
import { githubPlan } from "../render/github-plan.ts";
import { humanPlan, humanUntrusted } from "../render/human-plan.ts";
import { humanProblems } from "../render/human-problems.ts";
import { planJson } from "../render/json.ts";
import type { PlanView } from "../render/plan-view.ts";
import { exits, stopOnSignal } from "./context.ts";
import type { CommonFlags, Io } from "./context.ts";
import { createRemoteContext, type RemoteContext } from "./remote-context.ts";

export interface PlanFlags extends CommonFlags {
  /** Show what is not enforced, and long lists to their end. */
  readonly all?: boolean;
}

/** The reading half of a reconcile pass: what would be written, and why. */
export async function plan(io: Io, flags: PlanFlags): Promise<number> {
  const context = createRemoteContext(io, flags);
  const { config, credential, log, print } = context;
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  try {
    const options = { pass: "reconcile", settleMs: config.settleMs, signal: stop.signal } as const;
    const surveyed = await survey(assembled.ports, options);
    print(rendered(context, surveyed, flags.all ?? false));
    const { plan, problems } = surveyed;
    if (problems.some(({ severity }) => severity === "error")) return exits.invalid;
    if (plan.refusals.length > 0) return exits.held;
    return plan.changes.length > 0 ? exits.changes : exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}

function rendered({ format, paint }: RemoteContext, surveyed: Survey, all: boolean): string {
  const { plan, problems, trusted, unenforced } = surveyed;
  const quarantined = surveyed.keeping?.quarantined ?? new Map();
  const view: PlanView = { plan, names: keyNames(surveyed), unenforced, quarantined, all };
  switch (format) {
    case "json":
      return planJson(plan, problems, view);
    case "github":
      return githubPlan(view, problems);
    case "human":
      return (
        humanProblems(problems, paint) + (trusted ? humanPlan(plan, paint, view) : humanUntrusted(paint))
      );
    default:
      return format satisfies never;
  }
}

/** The keys' own names, as the pass saw them. */
export function keyNames({ inventory }: Survey): ReadonlyMap<string, string> {
  return new Map((inventory ?? []).map(({ key }) => [key.id, key.name]));
}
