/*
 * The composition root: from a configuration to the real adapters. Nothing else imports an adapter.
 */
import type { Logger } from "pino";
import { systemClock } from "./clock.ts";
import { effectiveRequests, type Config } from "./config.ts";
import { createScrubber } from "./log/scrub.ts";
import type { ChainReport, HistoryEntry, HistoryFilter, TrailStart } from "./core/history.ts";
import type { Guardrail } from "./core/guardrail.ts";
import { withCleanTokens } from "./core/clean-tokens.ts";
import { createResolver } from "./core/resolve.ts";
import { createSchedule, type Schedule } from "./daemon/schedule.ts";
import { acceptEdits } from "./policy-dir/accept-edits.ts";
import { rememberedGuardrail } from "./policy-dir/guardrail-document.ts";
import { createHandover } from "./policy-dir/handover.ts";
import { importPolicy } from "./policy-dir/import-policy.ts";
import { fileWords, writeNewFile } from "./policy-dir/new-file.ts";
import { createPolicySource } from "./policy-dir/policy-source.ts";
import { replaceFiles } from "./policy-dir/replace-file.ts";
import { createWatch } from "./policy-dir/watch.ts";
import { forgetCredential, readCredential } from "./config/credential-source.ts";
import type { Bell, State, StateReader } from "./ports.ts";
import { createProvenance } from "./git/provenance.ts";
import { createPortkeyClient } from "./portkey/client.ts";
import { createCredential, type Credential } from "./portkey/credential.ts";
import { createThrottle, type Throttle } from "./portkey/throttle.ts";
import type { PassPorts } from "./reconcile/pass.ts";
import {
  openState,
  readHistory,
  readLastLine,
  readLineTime,
  readTrailStart,
  verifyAudit,
} from "./state/open-state.ts";
import { version } from "./version.ts";

export interface Assembled {
  readonly ports: PassPorts;
  /** How many changes are under way: as many as requests may be in flight, so that none grows old in a queue. */
  readonly workers: number;
  /** Lets requests start again after the credential was refused. */
  readonly beginPass: () => void;
  readonly watch: () => Bell;
  readonly schedule: () => Schedule;
  /** Takes what is no longer to be kept off the front of the audit trail. */
  readonly trimAudit: () => void;
  /** Closes connections and the state. */
  close(): Promise<void>;
}

export interface AssembleParts {
  readonly config: Config;
  /** `read`: nothing is written to the state, and another process may hold it. */
  readonly mode: "read" | "write";
  readonly credential: Credential;
  readonly log: Logger;
  /** What git is started with; the admin key is not in it any more. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The admin key from where the configuration says; taken out of the environment, so that no child inherits it. Throws
 * CREDENTIAL_MISSING when there is none.
 */
export function assembleCredential(
  config: Config,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Credential {
  const credential = createCredential(readCredential(config.credential, env, warn));
  forgetCredential(config.credential, env);
  return credential;
}

/** What makes policies for keys that have none, and files of them. */
export function assembleImporter() {
  return { importPolicy, writeNewFile, fileWords };
}

/** What puts what is live into the policies that ask for something else. */
export function assembleAcceptor() {
  return { acceptEdits, replaceFiles };
}

/** The state alone, to be read beside a running daemon. */
export function assembleState(config: Config): StateReader & { close(): void } {
  return openState({ url: config.stateUrl, mode: "read" });
}

/** The guardrails that were in force in the last pass that kept its findings. */
export function lastGuardrails(state: Pick<StateReader, "guardrails">): readonly Guardrail[] {
  return state.guardrails().map(rememberedGuardrail);
}

/** The audit trail alone, to be read beside a running daemon. */
export interface History {
  readonly entries: (filter: HistoryFilter) => readonly HistoryEntry[];
  readonly verify: () => ChainReport;
  /** The first line that is left, where earlier ones were taken off; null where none were. */
  readonly start: () => TrailStart | null;
  /** When the latest line up to this number was written, in milliseconds since the epoch; undefined where none is left. */
  readonly timeOf: (seq: number) => number | undefined;
  /** The number of the latest line that was ever written; 0 for none. */
  readonly last: () => number;
}

export function assembleHistory({ stateUrl }: Config): History {
  return {
    entries: (filter) => readHistory(stateUrl, filter),
    verify: () => verifyAudit(stateUrl),
    start: () => readTrailStart(stateUrl),
    timeOf: (seq) => readLineTime(stateUrl, seq),
    last: () => readLastLine(stateUrl),
  };
}

/** The state alone, to be written. Throws STATE_LOCKED while a daemon or another command writes it. */
export function assembleWritableState(config: Config): State {
  return openState({ url: config.stateUrl, mode: "write", lockOwner: `keysteward ${version}` });
}

/** Throws an AppError when the state cannot be opened. */
export function assemble({ config, mode, credential, log, env }: AssembleParts): Assembled {
  const clean = createScrubber([credential.reveal()]);
  const state = openState({ url: config.stateUrl, mode, lockOwner: `keysteward ${version}`, clean });
  const spent = state.fact("budget")?.["until"];
  const perMs = config.rate.perMs;
  let toldToWaitUntil = 0;
  const throttle = createThrottle({
    requests: effectiveRequests(config.rate),
    perMs,
    concurrency: config.rate.concurrency,
    clock: systemClock,
    ...(typeof spent === "number" ? { heldUntil: spent } : {}),
    ...(mode === "read" ? {} : { onSpend: (until: number) => state.saveFact("budget", { until }) }),
    onHold(hold) {
      if (hold.reason === "throttled") toldToWaitUntil = systemClock.now() + hold.ms;
      const isShort = hold.reason === "restart" && hold.ms <= 10_000;
      if (isShort) log.debug(hold, "requests are held");
      else log.warn(hold, "requests are held");
    },
  });
  const client = createPortkeyClient({
    baseUrl: config.portkey.baseUrl,
    credential,
    timeoutMs: config.portkey.timeoutMs,
    pageSize: config.portkey.pageSize,
    throttle,
    concurrency: config.rate.concurrency,
    userAgent: `keysteward/${version}`,
  });
  const handover = createHandover();
  const provenance = createProvenance({
    directory: config.policies,
    env,
    clock: systemClock,
    onUnknown(reason, isUsual) {
      const message = "the audit trail goes without the commits of policies";
      if (isUsual) log.debug({ reason }, message);
      else log.warn({ reason }, message);
    },
  });
  function trimAudit(): void {
    try {
      state.trimAudit(config.audit, systemClock.now());
    } catch (error) {
      log.warn({ err: error }, "the audit trail stays longer than it is to be kept");
    }
  }
  trimAudit();
  const ports: PassPorts = {
    policies: createPolicySource({ directory: config.policies, handover }),
    resolve: withCleanTokens(createResolver({ lastGuardrails: () => lastGuardrails(state) }), clean),
    reader: client,
    writer: client,
    state,
    clock: systemClock,
    guard: {
      limits: config.guard,
      budget: { requests: effectiveRequests(config.rate), perMs },
      target: config.portkey.baseUrl,
    },
    tally: () => throttle.tally(),
    provenance,
  };
  return {
    ports,
    workers: config.rate.concurrency,
    beginPass: () => throttle.reset(),
    watch: () =>
      createWatch({
        directory: config.policies,
        debounceMs: config.watch.debounceMs,
        pollMs: config.watch.pollMs,
        clock: systemClock,
        handover,
        onError: (error) => log.warn({ err: error }, "the policy directory cannot be watched; it is polled"),
      }),
    schedule: () => createSchedule(config.schedule),
    trimAudit,
    async close() {
      await drain(throttle);
      provenance.stop();
      await client.close();
      const { reads, writes } = throttle.tally();
      try {
        // Everything is answered: the next process need not wait for longer than the window.
        const until = Math.max(systemClock.now() + perMs, toldToWaitUntil);
        if (mode === "write" && reads + writes > 0) state.saveFact("budget", { until });
      } catch (error) {
        log.warn({ err: error }, "the next start waits longer than it must");
      } finally {
        state.close();
      }
    },
  };
}

async function drain(throttle: Throttle): Promise<void> {
  throttle.stop();
  await throttle.idle();
}
