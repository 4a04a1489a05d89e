/*
 * The JSON results, version 1: stable, and described by schema/results.schema.json. A field is never taken away or
 * given another meaning within a version; new ones may appear.
 */
import type { Outcome, RequestCounts } from "../core/outcome.ts";
import { instantText } from "../core/overrides.ts";
import type { Change, Plan, Refusal } from "../core/plan.ts";
import type { Quarantine } from "../core/last-good.ts";
import type { PolicySet } from "../core/policy.ts";
import type { Problem } from "../core/problem.ts";
import type { PlannedReset } from "../core/reset.ts";
import { policyCourseJson } from "./course-json.ts";
import type { PlanView } from "./plan-view.ts";
import { selectedByJson } from "./selected-by.ts";
import { isAllWell, type Standing } from "./standing.ts";
import type { Unenforced } from "../core/unenforced.ts";

export interface ValidateResult {
  readonly set: Pick<PolicySet, "files" | "documents" | "policies">;
  readonly problems: readonly Problem[];
  /** The later moment that was asked about; milliseconds since the epoch. */
  readonly at?: number | undefined;
}

export function validateJson({ set, problems, at }: ValidateResult): string {
  return text({
    version: 1,
    at: at === undefined ? null : instantText(at),
    ok: problems.every(({ severity }) => severity !== "error"),
    files: set.files,
    documents: set.documents,
    policies: set.policies.length,
    problems: problems.map(problemJson),
  });
}

export function planJson(
  plan: Plan,
  problems: readonly Problem[],
  { unenforced = [], courses = [], quarantined = new Map(), at }: Omit<PlanView, "plan"> = {},
): string {
  return text({
    ...planObject(plan, problems),
    at: at === undefined ? null : instantText(at),
    quarantined: [...quarantined.values()].map(quarantineJson),
    unenforced: unenforced.map(unenforcedJson),
    overrides: courses.map(policyCourseJson),
  });
}

export interface ApplyResult {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly outcomes: readonly Outcome[];
  readonly requests: RequestCounts;
}

export function applyJson({ plan, problems, outcomes, requests }: ApplyResult): string {
  return text({ ...planObject(plan, problems), outcomes, requests });
}

export function statusJson(standing: Standing): string {
  const { report, interrupted, held, quarantined, paused, live, doing, next } = standing;
  return text({
    version: 1,
    pass: null,
    ...report,
    interrupted,
    held: held.map(({ at, ...plan }) => ({ ...plan, since: instant(at) })),
    quarantined: quarantined.map(quarantineJson),
    paused: paused === null ? null : instant(paused),
    live,
    doing: doing === null ? null : { kind: doing.kind, since: instant(doing.since) },
    next,
    inSync: isAllWell(standing),
  });
}

function quarantineJson({ since, ...quarantine }: Quarantine): object {
  return { ...quarantine, since: instant(since) };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** A result that is plain data already. */
export function resultJson(result: object): string {
  return text(result);
}

function planObject(plan: Plan, problems: readonly Problem[]): object {
  return {
    version: 1,
    digest: plan.digest,
    pass: plan.pass,
    changes: plan.changes.map(changeJson),
    held: plan.held.map(changeJson),
    heldDigest: plan.heldDigest,
    actions: [
      ...plan.changes.flatMap((change) => actionJson(change, false)),
      ...plan.held.flatMap((change) => actionJson(change, true)),
    ],
    notices: plan.notices,
    refusals: plan.refusals,
    summary: plan.summary,
    problems: problems.map(problemJson),
  };
}

export interface RestoreTold {
  readonly plan: Plan;
  readonly point: string;
  readonly refusals: readonly Refusal[];
  readonly done: string;
  readonly outcomes: readonly Outcome[];
}

export function restoreJson({ plan, point, refusals, done, outcomes }: RestoreTold): string {
  const { digest, changes } = plan;
  return text({ version: 1, point, done, digest, changes: changes.map(changeJson), refusals, outcomes });
}

/** `from` is left out where the value before is not known. */
function changeJson({ keyId, policy, place, desired, rank, fields, reset }: Change): object {
  return {
    keyId,
    policy,
    file: place.file,
    line: place.line,
    ...selectedByJson(desired.selectedBy),
    rank,
    fields: fields.map(({ path, action, from, to, why, rank: fieldRank, place: at }) => ({
      path,
      action,
      from,
      to,
      why,
      rank: fieldRank,
      file: at.file,
      line: at.line,
    })),
    ...(reset === undefined ? {} : { reset: resetJson(reset) }),
  };
}

/** What is done once, beside what is set: it is part of the change of the same key. */
function actionJson({ keyId, policy, reset }: Change, held: boolean): object[] {
  return reset === undefined ? [] : [{ keyId, action: "reset_usage", policy, ...resetJson(reset), held }];
}

function resetJson({ token, previous, why, place }: PlannedReset): object {
  return { token, previous, why, file: place.file, line: place.line };
}

function unenforcedJson({ keyId, policy, mode, place, selectedBy, fields }: Unenforced): object {
  return {
    keyId,
    policy,
    mode,
    file: place.file,
    line: place.line,
    ...selectedByJson(selectedBy),
    fields: fields.map(({ place: at, ...field }) => ({ ...field, file: at.file, line: at.line })),
  };
}

export function problemJson({ frame: _frame, ...problem }: Problem): object {
  return problem;
}

function text(result: object): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
