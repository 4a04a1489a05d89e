/*
 * Putting a key back to an earlier point. It is planned like everything else, with the values of that point in place of
 * what its policy wants; and what is carried out is what was planned, claims, read-back and all.
 *
 * First of all the key is marked as put back, so that no pass undoes it: killed right after that, the key is left alone
 * as it is, which is told. Only then requests go out.
 */
import { noCourse } from "../core/course.ts";
import type { Outcome } from "../core/outcome.ts";
import type { TrailStart } from "../core/history.ts";
import { instantText } from "../core/history-detail.ts";
import { makePlan } from "../core/make-plan.ts";
import { restoredText } from "../core/notices.ts";
import type { Notice, Plan } from "../core/plan.ts";
import type { KeyId } from "../core/policy.ts";
import { noneAcknowledged } from "../core/acknowledged.ts";
import type { DesiredKey } from "../core/resolve.ts";
import { valuesAt, type KeyPast } from "../core/key-past.ts";
import { pointText, wishesFor, type RestorePoint } from "../core/restore.ts";
import { AppError } from "../errors.ts";
import type { State } from "../ports.ts";
import { enforce, type EnforceOptions } from "./enforce.ts";
import type { PushPorts } from "./push-change.ts";
import { keepDeed } from "./report.ts";

export interface RestorePorts extends PushPorts {
  readonly state: State;
}

export interface RestoreRequest {
  readonly keyId: KeyId;
  readonly point: RestorePoint;
  /** What the state knows of our writes to the key. */
  readonly past: KeyPast;
}

/** What would be written, and when the key was read for it. */
export interface PlannedRestore {
  readonly plan: Plan;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
}

/**
 * Reads the key and plans. Throws NOTHING_TO_RESTORE for a key that we have never written and where nobody knows any more
 * what it was, and a RemoteError when the key cannot be read.
 */
export async function planRestore(
  { reader, state, clock }: Pick<RestorePorts, "reader" | "clock"> & Pick<RestorePorts, "state">,
  { keyId, point, past }: RestoreRequest,
  { signal, settleMs }: { readonly signal: AbortSignal; readonly settleMs: number },
): Promise<PlannedRestore> {
  const applied = state.applied().get(keyId);
  const { values, unknown } = valuesAt(past, point);
  if (applied !== undefined && values.size === 0 && unknown.length > 0) {
    throw forgotten({ keyId, point, past });
  }
  if (applied === undefined || values.size === 0) {
    throw new AppError("NOTHING_TO_RESTORE", `nothing that we have written to the key ${keyId} is known`, {
      hint: "keysteward history --key shows what was written; a key that was never written has nothing to be put back.",
    });
  }
  const readAt = clock.now();
  const { key } = await reader.get(keyId, { signal });
  const place = { file: applied.file, line: applied.line, column: 1 };
  const fields = wishesFor(values, key, { policy: applied.policy, place });
  const desired: DesiredKey = {
    keyId,
    policy: applied.policy,
    place,
    mode: "enforce",
    fields,
    course: noCourse,
    acknowledged: noneAcknowledged,
  };
  const plan = makePlan({
    pass: "reconcile",
    resolution: { desired: new Map([[keyId, desired]]), held: [], guardrails: [], problems: [] },
    applied: new Map([[keyId, applied]]),
    sightOf: () => ({ kind: "seen", key, complete: true }),
    restorations: new Map(),
    liveCount: null,
    now: readAt,
    // A read that may be late is no sight of the key: what is to be put back is sent.
    settleMs,
  });
  return { plan: asRestored(plan), readAt };
}

/** Nobody knows any more what the key was: why, and what can be done. */
function forgotten({ keyId, point, past: { reach } }: RestoreRequest): AppError {
  const why =
    reach === null
      ? "how our requests of that time ended was never learnt"
      : `the audit trail no longer reaches back to that point and to the writes before it; ${beginning(reach)}`;
  return new AppError(
    "NOTHING_TO_RESTORE",
    `the key ${keyId} cannot be put back to ${pointText(point)}: ${why}`,
    {
      hint: `keysteward history --key ${keyId} shows the writes that are left; --to baseline is what was there before the first one.`,
    },
  );
}

function beginning({ seq, at }: TrailStart): string {
  return at === null ? "nothing of it is left" : `it begins with line ${seq}, of ${instantText(at)}`;
}

function asRestored(plan: Plan): Plan {
  const changes = plan.changes.map((change) => ({
    ...change,
    fields: change.fields.map((field) => ({ ...field, why: "restored" as const, reverts: undefined })),
  }));
  return { ...plan, changes, notices: [], adoptions: [] };
}

/** Marks the key as put back, then writes what was planned. Throws when the state cannot be written. */
export async function carryOutRestore(
  ports: RestorePorts,
  planned: PlannedRestore & RestoreRequest,
  options: EnforceOptions,
): Promise<readonly Outcome[]> {
  const { keyId, point, plan, readAt } = planned;
  const applied = ports.state.applied().get(keyId);
  const at = ports.clock.now();
  const text = pointText(point);
  ports.state.setRestoration(
    keyId,
    { at, point: text },
    {
      at,
      pass: options.pass,
      keyId,
      policy: applied?.policy ?? "",
      file: applied?.file ?? "",
      line: applied?.line ?? 1,
      commit: null,
      author: null,
      event: "restored",
      detail: {
        point: text,
        digest: plan.digest,
        fields: plan.changes.flatMap(({ fields }) => fields.map(({ path }) => path)),
      },
    },
  );
  const told = { keyId, policy: applied?.policy ?? "" };
  const begins: Notice = { kind: "restored", ...told, message: restoredText(told, { at, point: text }) };
  keepDeed(ports.state, keyId, { ends: "restored", begins });
  // A person puts back one key, whichever way that goes.
  return enforce(ports, { plan, readAt, inventory: null, mayTurnOut: true }, options);
}
