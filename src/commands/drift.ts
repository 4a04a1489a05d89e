import { assemble, assembleAcceptor, type Assembled } from "../assemble.ts";
import { planAcceptance, type Acceptance, type LeftField } from "../core/accept-drift.ts";
import type { LiveKey } from "../core/key.ts";
import { AppError } from "../errors.ts";
import { tryGet } from "../reconcile/read-live-keys.ts";
import { driftJson, humanDrift, type DriftResult } from "../render/drift.ts";
import { exits, stopOnSignal, type CommonFlags, type Io } from "./context.ts";
import { idPrefixes, ledgerNames, liveNames, namedKey, policyNames } from "./named-key.ts";
import { createRemoteContext, type RemoteContext } from "./remote-context.ts";
import { trustedPolicies, withKey } from "./trusted-policies.ts";

export interface DriftFlags extends CommonFlags {
  /** Fields to accept; all that differ unless given. */
  readonly field?: readonly string[];
  readonly dryRun?: boolean;
}

/** Writes what is live into the policy that asks for something else, as the smallest edit. */
export async function acceptDrift(io: Io, text: string, flags: DriftFlags): Promise<number> {
  const context = createRemoteContext(io, flags);
  const { config, credential, log, format, paint, print } = context;
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  const { reader, state, clock } = assembled.ports;
  try {
    const { set, resolution } = trustedPolicies(config, { state, now: clock.now() });
    const lookups = [policyNames(set.policies, resolution), liveNames(state), ledgerNames(state)];
    const keyId = namedKey(text, [...lookups, idPrefixes(set.policies)]);
    const answer = await tryGet(reader, { id: keyId, listed: false, signal: stop.signal });
    const result: DriftResult =
      "kind" in answer
        ? {
            ...empty(keyId),
            outcome: "refused",
            reason: "message" in answer ? answer.message : "it was not seen",
          }
        : acceptOn(context, assembled, { live: answer.key, flags, now: clock.now() });
    print(format === "json" ? driftJson(result) : humanDrift(result, paint));
    if (result.outcome === "refused") return exits.held;
    return result.outcome === "planned" ? exits.changes : exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}

interface Parts {
  readonly live: LiveKey;
  readonly flags: DriftFlags;
  readonly now: number;
}

function acceptOn(
  { io, config }: RemoteContext,
  { ports }: Assembled,
  { live, flags, now }: Parts,
): DriftResult {
  const { state } = ports;
  const [keyId, named] = [live.id, flags.field ?? []];
  // What it is selected by, and what guardrails say of it, is what it is now.
  const { set, resolve, quarantined } = trustedPolicies(config, { state, now, live: withKey(state, live) });
  const kept = quarantined.get(keyId);
  if (kept !== undefined) {
    const hint = "`keysteward validate` shows what is wrong; mend it first.";
    return { ...empty(keyId), policy: kept.policy, outcome: "refused", reason: kept.why, hint };
  }
  // As it is read now: what is kept of other keys is no part of any file.
  const policies = { set, resolution: resolve(set), resolve };
  const plan = planAcceptance({
    keyId,
    ...policies,
    live,
    applied: state.applied().get(keyId),
    restored: state.restorations().has(keyId),
    named,
    now,
    settleMs: config.settleMs,
  });
  if (plan.kind === "refused")
    return { ...empty(keyId), outcome: "refused", reason: plan.reason, hint: plan.hint };
  const policy = plan.policy.name;
  const { acceptEdits } = assembleAcceptor();
  const edits = acceptEdits({ keyId, live, ...policies, accepted: plan.accepted, now, clean: io.clean });
  if (edits.kind === "refused")
    return { ...empty(keyId), policy, outcome: "refused", reason: edits.reason, left: plan.left };
  const left = [...plan.left, ...edits.left];
  const { accepted, files } = edits;
  const result = { ...empty(keyId), policy, accepted, left, files };
  // Who names a field means that field: without it the rest is not what was asked for.
  const missing = named.length > 0 ? left[0] : undefined;
  if (missing !== undefined) return { ...result, ...notAccepted(missing), files: [], accepted: [] };
  if (accepted.length === 0)
    return { ...result, outcome: left.length > 0 ? "refused" : "nothing", reason: leftReason(left) };
  if (flags.dryRun !== true) write(files, accepted);
  return { ...result, outcome: flags.dryRun === true ? "planned" : "written" };
}

function notAccepted({ path, reason }: LeftField): Pick<DriftResult, "outcome" | "reason"> {
  return { outcome: "refused", reason: `${path} cannot be accepted: ${reason}` };
}

function leftReason(left: readonly LeftField[]): string | null {
  return left.length === 0 ? null : "none of the differences can be accepted";
}

/** All files or none. Throws POLICY_WRITE_FAILED, also where somebody has changed a file since it was read. */
function write(files: DriftResult["files"], accepted: readonly Acceptance[]): void {
  const { replaceFiles } = assembleAcceptor();
  const changed = replaceFiles(
    files.map(({ file, bytes, after }) => {
      const mark = bytes[0] === 0xef ? "\ufeff" : "";
      return { path: file, before: bytes, text: mark + after };
    }),
  );
  if (changed === null) return;
  throw new AppError(
    "POLICY_WRITE_FAILED",
    `${changed} changed while it was looked at, and nothing was written`,
    {
      hint: `Try again; ${accepted.length === 1 ? "the field" : "each field"} is looked at anew.`,
    },
  );
}

function empty(keyId: string): DriftResult {
  return {
    keyId,
    policy: null,
    outcome: "nothing",
    reason: null,
    hint: null,
    accepted: [],
    left: [],
    files: [],
  };
}
