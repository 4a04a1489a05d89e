/*
 * The one function that makes the plan. Preview, apply and daemon share it; it is pure and total: the same desired
 * keys, ledger, live keys and time give the same plan, whatever order they come in, and nothing makes it fail.
 *
 * Per key that a policy covers: each field goes through the three-way rule of `diff.ts`; what has to be set becomes
 * one change, the rest becomes notices or corrections of the ledger. Per key that only the ledger knows: nothing is
 * ever written, it is told.
 */
import { compareTexts } from "./texts.ts";
import { acknowledgedNotices, splitAcknowledged } from "./acknowledged.ts";
import { breaksFile } from "./coverage.ts";
import { diffField, type DiffContext } from "./diff.ts";
import type { LiveKey } from "./key.ts";
import { ranked } from "./change-rank.ts";
import type { Adoption, AppliedKey, Restoration } from "./ledger.ts";
import type { Quarantine } from "./last-good.ts";
import { liveValue } from "./live.ts";
import { adopt } from "./make-adoption.ts";
import { changeOf, fieldChange } from "./make-change.ts";
import {
  judgedNotice,
  keptTighterNotice,
  keysWithoutPolicy,
  notice,
  pausedText,
  quarantinedNotice,
  releasedNotice,
  reportText,
  restoredText,
  shortText,
  type Judged,
  heldNotice,
} from "./notices.ts";
import { overrideNotices } from "./override-notices.ts";
import {
  digestOf,
  inPushOrder,
  type Change,
  type FieldChange,
  type Notice,
  type PassKind,
  type Plan,
} from "./plan.ts";
import { dueResetText, planReset } from "./plan-reset.ts";
import type { KeyId } from "./policy.ts";
import type { DesiredKey, Resolution } from "./resolve.ts";

/** What is known of a key's live side. */
export type Sight =
  | { readonly kind: "seen"; readonly key: LiveKey; readonly complete: boolean }
  | { readonly kind: "last-seen"; readonly key: LiveKey }
  | { readonly kind: "unseen" }
  | { readonly kind: "missing" | "unreadable"; readonly message: string };

/** A sight that does not keep the key from being judged. */
export type KnownSight = Exclude<Sight, { readonly message: string }>;

export interface PlanInput {
  readonly pass: PassKind;
  readonly resolution: Resolution;
  /** Keys whose value in the resolution is their last good one; none when left out. */
  readonly quarantined?: ReadonlyMap<KeyId, Quarantine>;
  readonly applied: ReadonlyMap<KeyId, AppliedKey>;
  readonly sightOf: (id: KeyId) => Sight;
  /** Keys that a person has put back: their policies are paused for them. */
  readonly restorations: ReadonlyMap<KeyId, Restoration>;
  /** How many keys were read; null when the pass did not read. */
  readonly liveCount: number | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly settleMs: number;
}

interface KeyResult {
  readonly change?: Change;
  readonly notices: readonly Notice[];
  readonly adoption?: Adoption;
  /** Whether it can be written; what cannot be is not to make what is look like little. */
  readonly isEnforced?: boolean;
}

/** What is set on a quarantined key is in no file as it stands now. */
function withOrigin(change: Change, input: PlanInput): Change {
  return input.quarantined?.has(change.keyId) === true ? { ...change, lastGood: true } : change;
}

const nothing: KeyResult = { notices: [] };
const nothingToDo: KeyResult = { notices: [], isEnforced: true };

export function makePlan(input: PlanInput): Plan {
  const desired = [...input.resolution.desired.values()];
  const results = desired.map((key) => planKey(key, input));
  const changes = inPushOrder(
    results.flatMap(({ change }) => (change === undefined ? [] : withOrigin(change, input))),
  );
  const uncovered = keysWithoutPolicy(input.applied, input.resolution);
  const notices = [
    ...results.flatMap((result) => result.notices),
    ...desired.flatMap((key) => overrideNotices(key, input)),
    ...[...(input.quarantined?.values() ?? [])].map(quarantinedNotice),
    ...uncovered,
  ];
  return {
    pass: input.pass,
    digest: digestOf(changes),
    changes,
    held: [],
    heldDigest: null,
    notices: notices.sort(
      (a, b) =>
        compareTexts(a.keyId, b.keyId) || compareTexts(a.kind, b.kind) || compareTexts(a.message, b.message),
    ),
    refusals: [],
    adoptions: [
      ...results.flatMap(({ adoption }) => adoption ?? []),
      ...uncovered.flatMap((one) => givenUp(one, input)),
    ].sort((a, b) => compareTexts(a.keyId, b.keyId)),
    summary: {
      desired: desired.length,
      enforced: results.filter(({ isEnforced }) => isEnforced === true).length,
      live: input.liveCount,
      changes: changes.length,
      held: 0,
      unchanged: desired.length - changes.length,
      tightens: changes.filter(({ rank }) => rank === "tightens").length,
      loosens: changes.filter(({ rank }) => rank === "loosens").length,
    },
  };
}

/** Noted once of a key that no policy covers any more. */
function givenUp({ kind, keyId }: Notice, { applied, now }: PlanInput): Adoption[] {
  const known = applied.get(keyId);
  if (kind !== "orphaned" || known === undefined || known.tokens?.size === 0) return [];
  const { policy, file, line } = known;
  return [{ keyId, policy, file, line, at: now, confirm: [], drop: [], isGivenUp: true }];
}

function planKey(desired: DesiredKey, input: PlanInput): KeyResult {
  if (desired.mode === "paused") {
    return told(desired, "paused", pausedText(desired) + alsoDue(desired, input));
  }
  const restoration = input.restorations.get(desired.keyId);
  if (restoration !== undefined)
    return told(desired, "restored", restoredText(desired, restoration) + alsoDue(desired, input));
  if (isQuiet(desired, input)) return nothingToDo;
  const heir = brokenPredecessor(desired, input);
  if (heir !== undefined) return { notices: [heir] };
  const sight = input.sightOf(desired.keyId);
  if ("message" in sight) return told(desired, sight.kind, sight.message);
  if (desired.mode === "report") return reportKey(desired, sight, input);
  const result = enforceKey(desired, sight, input);
  const isThere = sight.kind !== "unseen" || input.applied.has(desired.keyId);
  return { ...result, isEnforced: isThere || result.change !== undefined };
}

/** A reset of usage that is not made either. */
function alsoDue(desired: DesiredKey, input: PlanInput): string {
  const due = dueResetText(desired, input.applied.get(desired.keyId));
  return due === "" ? "" : `; ${due}`;
}

/**
 * A key that another policy owned, whose file is broken now, does not pass to this one: what looks like the owner's end
 * may be a typo in it, and this policy may be looser.
 */
function brokenPredecessor(desired: DesiredKey, input: PlanInput): Notice | undefined {
  const applied = input.applied.get(desired.keyId);
  if (applied === undefined || applied.policy === desired.policy) return undefined;
  const { problems } = input.resolution;
  const broken = problems.some((problem) => breaksFile(problem) && problem.file === applied.file);
  return broken ? heldNotice(desired.keyId, applied.policy) : undefined;
}

/** Drift is told, nothing is written, and the ledger is not touched: the policy has applied nothing. */
function reportKey(desired: DesiredKey, sight: KnownSight, input: PlanInput): KeyResult {
  if (sight.kind !== "seen") return nothing;
  const { enforced, left } = splitAcknowledged(desired, sight, input.now);
  const known = acknowledgedNotices(desired, left, { sight, now: input.now });
  const differing = [...enforced.fields].flatMap(([path, field]) => {
    const live = liveValue(sight.key, path);
    if (live === undefined) return [];
    const verdict = diffField(
      { path, desired: field.value, applied: undefined, live, lastSeen: undefined },
      contextOf(input),
    );
    return verdict.kind === "set" ? [`${path} is ${shortText(live)}, wanted ${shortText(field.value)}`] : [];
  });
  const due = dueResetText(desired, input.applied.get(desired.keyId));
  const found = due === "" ? differing : [...differing, due];
  if (found.length === 0) return known.length === 0 ? nothing : { notices: known };
  return { notices: [notice(desired, "drift", reportText(desired, found)), ...known] };
}

/**
 * Keys of which the ledger alone said that there is nothing to do, with the entry that said so. Desired keys and entries
 * are replaced, never changed, and without a live value time plays no part, unless something is acknowledged until an
 * instant: as long as both are the same objects, so is the answer of an edit pass, which knows nothing better. Over ten
 * thousand keys it judges the edited ones only.
 */
const quiet = new WeakMap<DesiredKey, AppliedKey>();

function isQuiet(desired: DesiredKey, input: PlanInput): boolean {
  const applied = input.applied.get(desired.keyId);
  return input.pass === "edit" && applied !== undefined && quiet.get(desired) === applied;
}

function enforceKey(desired: DesiredKey, sight: KnownSight, input: PlanInput): KeyResult {
  const applied = input.applied.get(desired.keyId);
  const result = judgeKey(desired, sight, input);
  const isTimeless = desired.acknowledged.size === 0;
  if (sight.kind === "unseen" && applied !== undefined && isNothing(result) && isTimeless)
    quiet.set(desired, applied);
  return result;
}

function isNothing({ change, adoption, notices }: KeyResult): boolean {
  return change === undefined && adoption === undefined && notices.length === 0;
}

function judgeKey(desired: DesiredKey, sight: KnownSight, input: PlanInput): KeyResult {
  const applied = input.applied.get(desired.keyId);
  const { enforced, left } = splitAcknowledged(desired, sight, input.now);
  const judged = [...enforced.fields].map(([path, field]): Judged => {
    const live = sight.kind === "seen" ? liveValue(sight.key, path) : undefined;
    const lastSeen = sight.kind === "last-seen" ? liveValue(sight.key, path) : undefined;
    const sides = { path, desired: field.value, applied: applied?.fields.get(path), live, lastSeen };
    return { path, field, verdict: diffField(sides, contextOf(input)) };
  });
  const gone = [...(applied?.fields.keys() ?? [])].filter((path) => !desired.fields.has(path));
  const { fields, kept } = settable(ranked(judged.flatMap(fieldChange)), desired, input);
  const reset = planReset(desired, { ...contextOf(input), applied, sight });
  const isTokenSeen = reset.isSeen === true;
  const adoption = adopt({ desired, judged, gone, applied, now: input.now, isTokenSeen });
  const isChanged = fields.length > 0 || reset.send !== undefined;
  return {
    ...(isChanged ? { change: changeOf(enforced, { fields, reset: reset.send }, sight) } : {}),
    ...(adoption === undefined ? {} : { adoption }),
    notices: [
      ...judged.flatMap((one) => judgedNotice(desired, one)),
      ...acknowledgedNotices(desired, left, { sight, now: input.now }),
      ...releasedNotice(desired, gone),
      ...keptTighterNotice(desired, kept),
      ...reset.notices,
    ],
  };
}

/** What is set, and what is kept as it is since a guardrail refuses the policy and to set it would loosen. */
function settable(
  fields: readonly FieldChange[],
  { keyId }: DesiredKey,
  { quarantined }: PlanInput,
): { readonly fields: readonly FieldChange[]; readonly kept: readonly FieldChange[] } {
  if (quarantined?.get(keyId)?.isRefused !== true) return { fields, kept: [] };
  return {
    fields: fields.filter(({ rank }) => rank !== "loosens"),
    kept: fields.filter(({ rank }) => rank === "loosens"),
  };
}

function told(desired: DesiredKey, kind: Notice["kind"], message: string): KeyResult {
  return { notices: [notice(desired, kind, message)] };
}

function contextOf(input: PlanInput): DiffContext {
  return { now: input.now, settleMs: input.settleMs, retryRefused: input.pass === "reconcile" };
}
