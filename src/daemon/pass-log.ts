import type { Logger } from "pino";
import type { Outcome, PassReport } from "../core/outcome.ts";
import type { Change, PassKind } from "../core/plan.ts";
import { placeText } from "../core/problem.ts";
import type { KeyProof } from "../reconcile/read-back.ts";
import type { Round } from "../reconcile/read-back-round.ts";

export interface PassLog {
  outcome(pass: string, outcome: Outcome, change: Change): void;
  report(report: PassReport): void;
  readBack(round: Round): void;
  /** What was read back, by a round or by a pass itself, of which no read shows all that was written. */
  unprovable(pass: string, proofs: readonly KeyProof[]): void;
}

/**
 * What the daemon says of its passes: a line for each change, a line for each pass, and each problem and notice once,
 * when it appears. An unchanged key is never mentioned.
 */
export function createPassLog(log: Logger): PassLog {
  let toldProblems: ReadonlySet<string> = new Set();
  let toldNotices: ReadonlySet<string> = new Set();
  let toldHeld: ReadonlySet<string> = new Set();
  let quarantined: ReadonlyMap<string, string> = new Map();

  function tellNew(report: PassReport): void {
    // A pass that failed, or whose directory cannot be believed, is silent on what it did not look at.
    const whole = report.error === null && report.trusted;
    const problems = tellProblems(report);
    toldProblems = whole ? problems : new Set([...toldProblems, ...problems]);
    const notices = tellNotices(report);
    // An edit pass does not look at live keys: what a reconcile pass found is not over because it is silent on it.
    const lasting = [...toldNotices].filter((identity) => !(whole && identity.startsWith("quarantined ")));
    toldNotices = whole && report.kind === "reconcile" ? notices : new Set([...lasting, ...notices]);
    if (whole) tellMended(report);
    if (report.heldDigest !== null) tellHeld(report, report.heldDigest);
    else if (whole && report.kind === "reconcile") toldHeld = new Set();
  }

  /** Every pass judges anew what is quarantined: what it does not tell any more is over. */
  function tellMended({ pass, notices }: PassReport): void {
    const kept = notices.filter(({ kind }) => kind === "quarantined");
    const now = new Map(kept.map(({ keyId, policy }) => [keyId, policy]));
    for (const [keyId, policy] of quarantined)
      if (!now.has(keyId)) log.info({ pass, keyId, policy }, "quarantine ended");
    quarantined = now;
  }

  /** Once for each plan that is held, however many passes plan it again. */
  function tellHeld({ pass, kind, summary, refusals }: PassReport, digest: string): void {
    if (toldHeld.has(digest)) return;
    toldHeld = new Set([...toldHeld, digest]);
    const reasons = refusals.map(({ rule, message, limit, actual }) => ({ rule, message, limit, actual }));
    log.warn({ pass, kind, digest, held: summary.held, reasons, approve: refusals[0]?.approve }, "plan held");
  }

  function tellProblems(report: PassReport): Set<string> {
    const now = new Set<string>();
    for (const problem of report.problems) {
      const { code, message, path } = problem;
      const identity = `${code} ${placeText(problem)} ${message}`;
      now.add(identity);
      if (toldProblems.has(identity)) continue;
      const fields = { pass: report.pass, code, place: placeText(problem), path, problem: message };
      if (problem.severity === "error") log.error(fields, "policy problem");
      else log.warn(fields, "policy warning");
    }
    return now;
  }

  function tellNotices(report: PassReport): Set<string> {
    const now = new Set<string>();
    for (const { kind, keyId, policy, message } of report.notices) {
      // Told once a policy, and not again after a restart: see reminders.ts.
      if (kind === "override-ends") continue;
      const identity = `${kind} ${keyId} ${message}`;
      now.add(identity);
      if (toldNotices.has(identity)) continue;
      const fields = { pass: report.pass, kind, keyId, policy, notice: message };
      // What is known is no alarm.
      if (kind === "acknowledged") log.info(fields, "notice");
      else log.warn(fields, "notice");
    }
    return now;
  }

  function tellUnprovable(pass: string, proofs: readonly KeyProof[]): void {
    for (const { keyId, policy, fields } of proofs) {
      const paths = fields.filter(({ kind }) => kind === "unprovable").map(({ path }) => path);
      if (paths.length > 0) log.warn({ pass, keyId, policy, paths }, "no read shows what was written");
    }
  }

  return {
    unprovable: tellUnprovable,
    outcome(pass, outcome, change) {
      const fields = change.fields.map(({ path, action, from, to, why }) => ({
        path,
        action,
        from,
        to,
        why,
      }));
      const { keyId, policy, status, attempts, message } = outcome;
      const data = {
        pass,
        keyId,
        policy,
        place: placeText(change.place),
        rank: change.rank,
        fields,
        ...(change.reset === undefined ? {} : { resetUsage: change.reset.token }),
        status,
        attempts,
      };
      if (outcome.outcome === "applied") log.info(data, "change applied");
      else log.warn({ ...data, outcome: outcome.outcome, reason: message }, "change not applied");
    },
    report(report) {
      tellNew(report);
      const { pass, kind, summary, applied, requests, trusted, error } = report;
      const unfinished = report.unfinished.length;
      const problems = report.problems.length;
      const ms = Date.parse(report.endedAt) - Date.parse(report.startedAt);
      const data = {
        pass,
        kind: kind satisfies PassKind,
        ...summary,
        applied,
        unfinished,
        problems,
        trusted,
        requests,
        ms,
      };
      if (error !== null) log.error({ ...data, error }, "pass failed");
      else log.info(data, "pass ended");
    },
    readBack({ pass, proofs, open, contradicted, error, gaveWay }) {
      const judged = proofs.length - open;
      tellUnprovable(pass, proofs);
      const data = { pass, proved: judged - contradicted, contradicted, open };
      if (error !== null) log.warn({ ...data, error }, "reading back failed");
      else if (contradicted > 0) log.warn(data, "not everything reads as it was set");
      else if (judged > 0) log.info(data, "read back");
      else if (!gaveWay) log.debug(data, "nothing to be told yet of what was written");
    },
  };
}
