import { assemble, assembleState } from "../assemble.ts";
import { explainKey } from "../core/explain.ts";
import type { LiveKey } from "../core/key.ts";
import type { Sight } from "../core/make-plan.ts";
import { AppError } from "../errors.ts";
import { tryGet } from "../reconcile/read-live-keys.ts";
import { humanExplain } from "../render/human-explain.ts";
import { explainJson, type ExplainResult } from "../render/json-keys.ts";
import { createContext, exits, stopOnSignal } from "./context.ts";
import type { CommonFlags, Context, Io } from "./context.ts";
import { createRemoteContext } from "./remote-context.ts";
import { ledgerNames, liveNames, namedKey, policyNames } from "./named-key.ts";
import { trustedPolicies, withKey } from "./trusted-policies.ts";

export interface ExplainFlags extends CommonFlags {
  /** Do not ask the control plane; use what was seen last. */
  readonly offline?: boolean;
}

/** What is wanted of a key, who says so and where, what is live, and what would happen now. */
export async function explain(io: Io, key: string, flags: ExplainFlags): Promise<number> {
  return flags.offline === true ? explainOffline(io, key, flags) : explainOnline(io, key, flags);
}

async function explainOnline(io: Io, text: string, flags: ExplainFlags): Promise<number> {
  const context = createRemoteContext(io, flags);
  const { config, credential, log } = context;
  const stop = stopOnSignal();
  const assembled = assemble({ config, mode: "read", credential, log, env: io.env });
  const { reader, state, clock } = assembled.ports;
  try {
    const known = trustedPolicies(config, { state, now: clock.now() });
    const keyId = keyNamed(text, known, state);
    const answer = await tryGet(reader, { id: keyId, listed: false, signal: stop.signal });
    const sight: Sight = "kind" in answer ? answer : { kind: "seen", key: answer.key, complete: true };
    const found = sight.kind === "seen" ? { key: sight.key, from: "control-plane" as const } : undefined;
    // What it is selected by is what it is now.
    const policies =
      found === undefined
        ? known
        : trustedPolicies(config, { state, now: clock.now(), live: withKey(state, found.key) });
    show(context, { ...policies, keyId, state, sight, found, seenAt: null, now: clock.now() });
    return exits.ok;
  } finally {
    stop.release();
    await assembled.close();
  }
}

function explainOffline(io: Io, text: string, flags: ExplainFlags): Promise<number> {
  const context = createContext(io, flags);
  const state = assembleState(context.config);
  try {
    const policies = trustedPolicies(context.config, { state, now: Date.now() });
    const keyId = keyNamed(text, policies, state);
    const known = state.inventoryOf(keyId);
    const sight: Sight =
      known === undefined
        ? { kind: "unseen" }
        : { kind: "seen", key: known.key, complete: known.rotationReadAt !== null };
    const found = known === undefined ? undefined : { key: known.key, from: "inventory" as const };
    const seenAt = known?.seenAt ?? null;
    show(context, { ...policies, keyId, state, sight, found, seenAt, now: Date.now() });
    return Promise.resolve(exits.ok);
  } finally {
    state.close();
  }
}

type KnownState = Pick<
  ReturnType<typeof assembleState>,
  "applied" | "restorations" | "liveKeys" | "keysNamed"
>;
type Policies = ReturnType<typeof trustedPolicies>;

function keyNamed(text: string, { set, resolution }: Policies, state: KnownState): string {
  return namedKey(text, [policyNames(set.policies, resolution), liveNames(state), ledgerNames(state)]);
}

interface Known extends Policies {
  readonly keyId: string;
  readonly state: ReturnType<typeof assembleState>;
  readonly sight: Sight;
  readonly found: { readonly key: LiveKey; readonly from: "control-plane" | "inventory" } | undefined;
  readonly seenAt: number | null;
  readonly now: number;
}

/** Throws USAGE for a key that neither policies nor the state nor the control plane know. */
function show({ config, format, print, paint }: Context, known: Known): void {
  const { keyId, set, resolution, quarantined, state, sight, found, seenAt, now } = known;
  const applied = state.applied();
  const { settleMs } = config;
  const restorations = state.restorations();
  const explanation = explainKey({
    keyId,
    set,
    resolution,
    applied,
    sight,
    now,
    settleMs,
    restorations,
    quarantined,
  });
  const { coverage } = explanation;
  if (coverage.kind === "ungoverned" && found === undefined) {
    const why = "message" in sight ? `: ${sight.message}` : ", and it was not seen so far";
    throw new AppError("USAGE", `no policy governs the key ${keyId}${why}`, {
      hint: "Check the id; `keysteward audit` lists the keys that are live.",
    });
  }
  const result: ExplainResult = {
    explanation,
    key: found?.key ?? null,
    from: found?.from ?? null,
    seenAt: found === undefined ? null : (seenAt ?? now),
    now,
    problems:
      coverage.kind === "ungoverned"
        ? []
        : resolution.problems.filter(({ file }) => file === coverage.place.file),
  };
  print(format === "json" ? explainJson(result) : humanExplain(result, paint));
}
