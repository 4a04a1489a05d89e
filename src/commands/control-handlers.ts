/*
 * What the daemon does for those who speak to it over its socket, by command.
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { KeyPast } from "../core/key-past.ts";
import type { JsonObject, KeyId, PolicySet } from "../core/policy.ts";
import type { Resolution } from "../core/resolve.ts";
import { keysToProve } from "../core/proof.ts";
import type { ControlHandlers } from "../daemon/control-server.ts";
import type { Daemon } from "../daemon/daemon.ts";
import type { ProofWatch } from "../daemon/proof-watch.ts";
import type { Schedule } from "../daemon/schedule.ts";
import { AppError } from "../errors.ts";
import { approvalResult, type ApprovalResult } from "../reconcile/approval-result.ts";
import { approveHeld, pausedSince, savePaused } from "../reconcile/holding.ts";
import type { PassPorts } from "../reconcile/pass.ts";
import { forgetKeys } from "../reconcile/forget-keys.ts";
import { orderFrom, restoreKey } from "../reconcile/restore-key.ts";
import { resumeKey } from "../reconcile/resume-key.ts";
import { keptPolicies } from "../reconcile/kept-policies.ts";
import { resolveContext } from "../reconcile/selection-memory.ts";
import { statusFacts } from "./status-facts.ts";

export interface HandlerParts extends Pick<PassPorts, "state" | "clock"> {
  readonly ports: PassPorts;
  readonly settleMs: number;
  /** What the state knows of our writes to a key. */
  readonly pastOf: (id: KeyId) => KeyPast;
  readonly log: Logger;
  readonly schedule: Schedule;
  /** The daemon, once it has started. */
  readonly daemon: () => Daemon | undefined;
  /** Knows what became of what was written. */
  readonly proofs: ProofWatch;
  /** Takes back what is not on the wire yet. */
  readonly withdraw: () => void;
}

export function controlHandlers(parts: HandlerParts): ControlHandlers {
  const { state, clock, log, schedule } = parts;

  function running(): Daemon {
    const daemon = parts.daemon();
    if (daemon === undefined) throw new AppError("DAEMON_FAILED", "it is only just starting, try again");
    return daemon;
  }

  async function approve(digest: string): Promise<ApprovalResult> {
    const daemon = running();
    // Whoever reviewed a plan may be ahead of the last pass.
    if (!isHeld(digest)) await daemon.pass("reconcile");
    const held = approveHeld(state, digest, { pass: randomUUID(), at: clock.now() });
    if (held === undefined) return approvalResult(state, { digest, held, report: null });
    log.info({ digest, held: held.changes.length, kind: held.pass }, "plan approved");
    return approvalResult(state, { digest, held, report: await daemon.pass(held.pass) });
  }

  function isHeld(digest: string): boolean {
    return statusFacts(state).held.some((plan) => plan.digest === digest);
  }

  function pause(): JsonObject {
    // Said once: who pauses what is paused changes nothing.
    if (pausedSince(state) === null) {
      const since = clock.now();
      savePaused(state, since);
      log.warn({ since: new Date(since).toISOString() }, "paused: nothing is written until it is resumed");
    }
    parts.withdraw();
    return { version: 1, paused: true };
  }

  function resume(): JsonObject {
    savePaused(state, null);
    log.info("resumed");
    running().reconcile();
    return { version: 1, paused: false };
  }

  async function resumeOne(keyId: KeyId): Promise<JsonObject> {
    const resumed = resumeKey(state, keyId, { pass: randomUUID(), now: clock.now() });
    if (resumed) log.info({ keyId }, "key resumed");
    if (resumed) await running().pass("edit");
    return { version: 1, keyId, resumed };
  }

  async function restore(body: JsonObject): Promise<JsonObject> {
    const order = orderFrom(body);
    if (order === undefined) throw new AppError("USAGE", "expected a key and a point to put it back to");
    const daemon = running();
    const pass = randomUUID();
    const ports = { ...parts.ports, settleMs: parts.settleMs, pastOf: parts.pastOf };
    const result = await daemon.alone((signals) =>
      restoreKey(ports, order, { ...signals, pass, workers: 1 }),
    );
    if (result.done === "restored") {
      log.warn(
        { pass, keyId: order.keyId, point: result.point },
        "key put back, and left alone until it is resumed",
      );
      // The report says so, and what was written is read back.
      await daemon.pass("edit");
    }
    return asJson(result);
  }

  function forget(ids: readonly KeyId[]): JsonObject {
    const set = parts.ports.policies.load();
    if (!set.trusted)
      throw new AppError("USAGE", "the policy directory cannot be believed: nothing is forgotten");
    const request = { ids, pass: randomUUID(), now: clock.now() };
    const context = resolveContext({ state, now: request.now });
    const resolve = (sound: PolicySet): Resolution => parts.ports.resolve(sound, context);
    const { resolution } = keptPolicies(set, { resolve, state, now: request.now });
    return asJson({ keys: forgetKeys(state, resolution, request) });
  }

  async function sync(wait: boolean): Promise<JsonObject> {
    const daemon = running();
    if (!wait) {
      void daemon.pass("reconcile");
      return { version: 1, report: null, outcomes: null };
    }
    const following = parts.proofs.follow();
    const report = await daemon.pass("reconcile");
    const outcomes = await following.ended();
    if (report === null) return { version: 1, report, outcomes: null };
    const awaiting = keysToProve(state.applied()).length;
    return asJson({ version: 1, report: { ...report, awaiting }, outcomes });
  }

  return {
    approve: async ({ digest }) => asJson(await approve(typeof digest === "string" ? digest : "")),
    pause,
    resume: ({ keyId }) => (typeof keyId === "string" ? resumeOne(keyId) : resume()),
    restore,
    // Between passes: a request for the key may be under way.
    forget: ({ ids }) =>
      running().alone(() => Promise.resolve(forget(Array.isArray(ids) ? ids.map(String) : []))),
    sync: ({ wait }) => sync(wait === true),
    status: () =>
      asJson({ ...statusFacts(state), doing: parts.daemon()?.doing() ?? null, next: schedule.next() }),
  };
}

/** What goes over the socket is what JSON can carry. */
function asJson(value: object): JsonObject;
function asJson(value: object | null): JsonObject | null;
function asJson(value: object | null): JsonObject | null {
  return JSON.parse(JSON.stringify(value)) as JsonObject | null;
}
