import { randomUUID } from "node:crypto";
import { assemble, assembleHistory, assembleState } from "../assemble.ts";
import { isTaken } from "../core/outcome.ts";
import { pointFrom, type RestorePoint } from "../core/restore.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { AppError } from "../errors.ts";
import { humanOutcomes } from "../render/human-plan.ts";
import { humanRestore } from "../render/human-restore.ts";
import { restoreJson } from "../render/json.ts";
import { confirmed, isInteractive } from "./ask.ts";
import { createContext, exits } from "./context.ts";
import type { CommonFlags, Context, Io } from "./context.ts";
import { createRemoteContext } from "./remote-context.ts";
import { instantOf } from "./instant.ts";
import { ledgerNames, liveNames, namedKey } from "./named-key.ts";
import { pastReader } from "./past-of.ts";
import { provedOutcomes } from "./proved-outcomes.ts";
import { restoreKey, type RestoreOrder, type RestoreResult } from "../reconcile/restore-key.ts";
import { stopping } from "./stopping.ts";

export interface RestoreFlags extends CommonFlags {
  /** The point: `baseline`, a line of the audit trail, an instant, or how long ago. */
  readonly to?: string;
  /** Plan only. */
  readonly dryRun?: boolean;
  /** Do not ask, and carry it out although it could lock us out. */
  readonly yes?: boolean;
  /** The digest of the plan that was reviewed. */
  readonly expect?: string;
}

/** Carries out an order, by the daemon or alone. */
type Doer = (order: RestoreOrder) => Promise<RestoreResult>;

/** Puts a key back to its baseline or another point of its history, and leaves it so until it is resumed. */
export async function restore(io: Io, key: string, flags: RestoreFlags): Promise<number> {
  const context = createContext(io, flags);
  const keyId = knownKey(context, key);
  const order = {
    keyId,
    point: pointOf(context, flags.to ?? "baseline"),
    expect: null,
    force: flags.yes === true,
  };
  const { socket } = context.config.control;
  const first = await askDaemon(socket, { name: "restore", body: asBody(order) });
  if (first !== undefined) {
    const byDaemon: Doer = async (one) => {
      const answer = await askDaemon(socket, { name: "restore", body: asBody(one) });
      if (answer === undefined) throw new AppError("DAEMON_FAILED", "the daemon went away meanwhile");
      return answer as unknown as RestoreResult;
    };
    return goOn(context, flags, { order, planned: first as unknown as RestoreResult, carryOut: byDaemon });
  }
  return alone(io, flags, (doer) =>
    doer(order).then((planned) => goOn(context, flags, { order, planned, carryOut: doer })),
  );
}

interface Step {
  readonly order: RestoreOrder;
  readonly planned: RestoreResult;
  readonly carryOut: Doer;
}

async function goOn(
  context: Context,
  flags: RestoreFlags,
  { order, planned, carryOut }: Step,
): Promise<number> {
  const { format, paint, print } = context;
  const isHuman = format === "human";
  if (isHuman) print(humanRestore(planned, paint));
  const verdict = await decide(context, flags, planned);
  if (verdict !== null) {
    if (!isHuman) print(restoreJson(planned));
    else if (verdict.reason !== "") print(`${verdict.reason}\n`);
    return verdict.exit;
  }
  const ended = await carryOut({ ...order, expect: planned.plan.digest });
  if (!isHuman) print(restoreJson(ended));
  else if (ended.done !== "restored")
    print("Nothing was written: the key has changed meanwhile. Look again.\n");
  else {
    print(humanOutcomes(ended.outcomes, paint));
    print(`The key is left as it is now, until: keysteward resume ${order.keyId}\n`);
  }
  if (ended.done !== "restored") return exits.held;
  return ended.outcomes.every(({ outcome }) => isTaken(outcome)) ? exits.ok : exits.failed;
}

interface Stop {
  readonly exit: number;
  readonly reason: string;
}

/** Null when it is to be carried out. */
async function decide({ io }: Context, flags: RestoreFlags, planned: RestoreResult): Promise<Stop | null> {
  const { plan, refusals } = planned;
  if (flags.dryRun === true) return { exit: plan.changes.length > 0 ? exits.changes : exits.ok, reason: "" };
  if (flags.expect !== undefined && flags.expect !== plan.digest) {
    return {
      exit: exits.held,
      reason: `Nothing was written: the plan is ${plan.digest} by now, not ${flags.expect}.`,
    };
  }
  if (refusals.length > 0 && flags.yes !== true) {
    return { exit: exits.held, reason: "Nothing was written. If that is meant: --yes" };
  }
  const mustAsk = flags.yes !== true && flags.expect === undefined && isInteractive(io);
  if (mustAsk && !(await confirmed("Put it back, and pause its policy for this key?"))) {
    return { exit: exits.held, reason: "Nothing was written." };
  }
  return null;
}

/** Opens state and connection for as long as `work` takes. */
async function alone(io: Io, flags: RestoreFlags, work: (doer: Doer) => Promise<number>): Promise<number> {
  const { config, credential, log } = createRemoteContext(io, flags);
  const stop = stopping(log);
  const assembled = assemble({ config, mode: "write", credential, log, env: io.env });
  const { settleMs } = config;
  const ports = {
    ...assembled.ports,
    settleMs,
    pastOf: pastReader(assembled.ports.state, assembleHistory(config)),
  };
  const pass = randomUUID();
  const options = {
    pass,
    workers: 1,
    yielding: stop.signal,
    stopping: stop.signal,
    signal: new AbortController().signal,
  };

  try {
    return await work(async (order) => {
      const result = await restoreKey(ports, order, options);
      const look = { pass, settleMs, signal: stop.signal };
      return { ...result, outcomes: await provedOutcomes(ports, result.outcomes, look) };
    });
  } finally {
    stop.release();
    await assembled.close();
  }
}

function knownKey({ config }: Context, text: string): string {
  const state = assembleState(config);
  try {
    return namedKey(text, [ledgerNames(state), liveNames(state)]);
  } finally {
    state.close();
  }
}

/** Throws USAGE for no point, and for one that is still to come: a slip of the hand would pause the policy of the key. */
function pointOf({ config }: Context, text: string): RestorePoint {
  const point = pointFrom(text);
  if (point?.kind === "line") {
    const last = assembleHistory(config).last();
    if (point.seq <= last) return point;
    throw new AppError("USAGE", `--to ${text}: the audit trail has no such line; its last one is ${last}`, {
      hint: "keysteward history shows the lines and their numbers.",
    });
  }
  if (point !== undefined) return point;
  const now = Date.now();
  const at = instantOf(text, now);
  if (at !== undefined && at > now) {
    throw new AppError("USAGE", `--to ${text} is still to come; a key is put back to what it was`, {
      hint: `It is ${new Date(now).toISOString()}; name an instant before that.`,
    });
  }
  if (at !== undefined) return { kind: "instant", at };
  throw new AppError("USAGE", `--to ${text} is no point in a key's history`, {
    hint: "baseline, the number of a line (keysteward history), an instant such as 2026-11-25T10:00:00Z, or how long ago: 24h.",
  });
}

function asBody(order: RestoreOrder): Parameters<typeof askDaemon>[1]["body"] & object {
  return { ...order, point: { ...order.point } };
}
