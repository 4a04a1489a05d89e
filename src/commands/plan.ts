import { assemble } from "../assemble.ts";
import { survey } from "../reconcile/survey.ts";
import { humanPlan, humanUntrusted } from "../render/human-plan.ts";
import { humanProblems } from "../render/human-problems.ts";
import { planJson } from "../render/json.ts";
import { createRemoteContext, exits, stopOnSignal, type CommonFlags, type Io } from "./context.ts";

/** The reading half of a reconcile pass: what would be written, and why. */
export async function plan(io: Io, flags: CommonFlags): Promise<number> {
  const context = createRemoteContext(io, flags);
  const { config, credential, log, paint, print } = context;
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  try {
    const options = { pass: "reconcile", settleMs: config.settleMs, signal: stop.signal } as const;
    const { plan, problems, trusted } = await survey(assembled.ports, options);
    if (context.format === "json") print(planJson(plan, problems));
    else print(humanProblems(problems, paint) + (trusted ? humanPlan(plan, paint) : humanUntrusted(paint)));
    if (problems.some(({ severity }) => severity === "error")) return exits.invalid;
    if (plan.refusals.length > 0) return exits.held;
    return plan.changes.length > 0 ? exits.changes : exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}
