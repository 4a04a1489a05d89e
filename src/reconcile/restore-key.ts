import { isObject } from "../core/canonical.ts";
import { judgePlan, releasePlan } from "../core/guard.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Plan, Refusal } from "../core/plan.ts";
import type { JsonObject, KeyId } from "../core/policy.ts";
import { valuesAt, type KeyPast } from "../core/key-past.ts";
import { pointText, type RestorePoint } from "../core/restore.ts";
import type { EnforceOptions } from "./enforce.ts";
import { ownKeysIn, type GuardSettings } from "./guarded.ts";
import { carryOutRestore, planRestore, type RestorePorts, type RestoreRequest } from "./restore.ts";

/** What somebody asks to be put back. */
export interface RestoreOrder {
  readonly keyId: KeyId;
  readonly point: RestorePoint;
  /** The digest of the plan that was reviewed; null to plan only. */
  readonly expect: string | null;
  /** Carry it out although it could lock us out. */
  readonly force: boolean;
}

export interface RestoreKeyPorts extends RestorePorts {
  readonly guard: GuardSettings;
  readonly settleMs: number;
  /** What the state knows of our writes to a key. */
  readonly pastOf: (id: KeyId) => KeyPast;
}

/** What would be written, or was. */
export interface RestoreResult {
  readonly plan: Plan;
  readonly point: string;
  /** Why it is not carried out without a second look: it could lock out the key that we use. */
  readonly refusals: readonly Refusal[];
  /** `planned`: nothing was asked but the plan. `moved-on`: the key is not as it was reviewed. */
  readonly done: "planned" | "moved-on" | "held" | "restored";
  readonly outcomes: readonly Outcome[];
}

/**
 * Plans, and where a digest is given and still stands, carries out. Throws what `planRestore` throws, and when the state
 * cannot be written.
 */
export async function restoreKey(
  ports: RestoreKeyPorts,
  order: RestoreOrder,
  options: EnforceOptions,
): Promise<RestoreResult> {
  const { keyId, point, expect, force } = order;
  const request = { keyId, point, past: ports.pastOf(keyId) };
  const { plan, readAt } = await planRestore(ports, request, {
    signal: options.signal,
    settleMs: ports.settleMs,
  });
  const { refusals } = judged(ports, plan);
  const told = { plan, point: `${pointText(point)}${asFarAsKnown(request)}`, refusals, outcomes: [] };
  if (expect === null) return { ...told, done: "planned" };
  if (expect !== plan.digest) return { ...told, done: "moved-on" };
  if (refusals.length > 0 && !force) return { ...told, done: "held" };
  const outcomes = await carryOutRestore(ports, { ...request, plan: releasePlan(plan), readAt }, options);
  return { ...told, done: "restored", outcomes };
}

/** What of the point cannot be put back, or goes back further than anything that is known. */
function asFarAsKnown({ past, point }: RestoreRequest): string {
  const { unknown, isEarliest } = valuesAt(past, point);
  if (unknown.length > 0) {
    return `, without what nobody knows of it any more, which is left as it is: ${unknown.join(", ")}`;
  }
  return isEarliest ? ", before our first write that is known: the earliest values there are" : "";
}

/** A person puts back one key: shares do not matter, to lock ourselves out does. */
function judged({ guard, state, clock }: RestoreKeyPorts, plan: Plan): Plan {
  const own = new Set(ownKeysIn({ inventory: [] }, state));
  return judgePlan(plan, {
    limits: { changed: null, loosened: null, shrunk: null, floor: 0 },
    budget: guard.budget,
    now: clock.now(),
    lastListed: null,
    foreign: false,
    isOwn: (id) => own.has(id),
  });
}

/** The order as it comes over the daemon's socket; undefined when it is none. */
export function orderFrom({ keyId, point: asked, expect, force }: JsonObject): RestoreOrder | undefined {
  const point = isObject(asked) ? pointOf(asked) : undefined;
  if (typeof keyId !== "string" || point === undefined) return undefined;
  return {
    keyId,
    point,
    expect: typeof expect === "string" ? expect : null,
    force: force === true,
  };
}

function pointOf({ kind, seq, at }: JsonObject): RestorePoint | undefined {
  if (kind === "baseline") return { kind };
  if (kind === "line" && typeof seq === "number") return { kind, seq };
  return kind === "instant" && typeof at === "number" ? { kind, at } : undefined;
}
