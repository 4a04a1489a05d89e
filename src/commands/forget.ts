import { randomUUID } from "node:crypto";
import { assembleState, assembleWritableState } from "../assemble.ts";
import type { KeyId } from "../core/policy.ts";
import type { Resolution } from "../core/resolve.ts";
import { AppError } from "../errors.ts";
import { askDaemon } from "../daemon/control-client.ts";
import { forgetKeys, orphanedKeys, type Forgetting } from "../reconcile/forget-keys.ts";
import { humanForget, humanOrphans } from "../render/human-forget.ts";
import { forgetJson } from "../render/json-keys.ts";
import { confirmed, isInteractive } from "./ask.ts";
import { createContext, exits, type CommonFlags, type Context, type Io } from "./context.ts";
import { ledgerNames, liveNames, namedKey } from "./named-key.ts";
import { trustedPolicies } from "./trusted-policies.ts";

export interface ForgetFlags extends CommonFlags {
  /** Every key that no policy covers any more, instead of one. */
  readonly allOrphaned?: boolean;
  /** Do not ask. */
  readonly yes?: boolean;
}

/** Gives up what the ledger knows of keys that no policy covers any more. */
export async function forget(io: Io, key: string | undefined, flags: ForgetFlags): Promise<number> {
  const context = createContext(io, flags);
  const { print, format, paint } = context;
  if ((key === undefined) === (flags.allOrphaned !== true)) {
    throw new AppError("USAGE", "forget takes one key, or --all-orphaned", {
      hint: "`keysteward plan` lists the keys that no policy covers any more.",
    });
  }
  const { resolution, ids } = chooseKeys(context, key);
  const isAll = key === undefined;
  if (isAll && ids.length > 0 && flags.yes !== true && !(await mayForget(io, ids.length))) {
    print(format === "json" ? forgetJson([]) : "Nothing was forgotten.\n");
    return exits.held;
  }
  const results = ids.length === 0 ? [] : ((await byDaemon(context, ids)) ?? alone(context, resolution, ids));
  print(format === "json" ? forgetJson(results) : humanForget(results, paint));
  return results.every(({ outcome }) => outcome === "forgotten") ? exits.ok : exits.held;
}

/** A daemon holds its state, and so does it itself; undefined when none answers. */
async function byDaemon(
  { config }: Context,
  ids: readonly KeyId[],
): Promise<readonly Forgetting[] | undefined> {
  const answer = await askDaemon(config.control.socket, { name: "forget", body: { ids } });
  return answer?.["keys"] as readonly Forgetting[] | undefined;
}

function alone(context: Context, resolution: Resolution, ids: readonly KeyId[]): readonly Forgetting[] {
  const state = openForWriting(context);
  try {
    return forgetKeys(state, resolution, { ids, pass: randomUUID(), now: Date.now() });
  } finally {
    state.close();
  }
}

interface Chosen {
  readonly resolution: Resolution;
  readonly ids: readonly KeyId[];
}

/** Looks without the lock: a key that is not there, or a list that is declined, needs none. */
function chooseKeys(context: Context, key: string | undefined): Chosen {
  const state = assembleState(context.config);
  try {
    const { resolution } = trustedPolicies(context.config, { state, now: Date.now() });
    if (key !== undefined)
      return { resolution, ids: [namedKey(key, [ledgerNames(state), liveNames(state)])] };
    const ids = orphanedKeys(state.applied(), resolution);
    const orphans = ids.map((keyId) => ({ keyId, policy: state.applied().get(keyId)?.policy ?? "" }));
    if (context.format === "human") context.print(humanOrphans(orphans));
    return { resolution, ids };
  } finally {
    state.close();
  }
}

async function mayForget(io: Io, count: number): Promise<boolean> {
  if (isInteractive(io)) return confirmed(`Forget ${count} keys?`);
  io.stderr.write("keysteward: nobody can be asked here: --yes forgets what is listed\n");
  return false;
}

function openForWriting({ config }: Context): ReturnType<typeof assembleWritableState> {
  try {
    return assembleWritableState(config);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "STATE_LOCKED") throw error;
    throw new AppError("STATE_LOCKED", error.message, {
      hint: "Who holds it does not answer at control.socket: stop it, forget the key, and start it again.",
      cause: error,
    });
  }
}
