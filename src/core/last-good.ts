/*
 * A broken file costs only itself: a key keeps what its policy said last as long as something is broken that this was,
 * or would be, computed from.
 *
 * Every pass that is carried out leaves the value of each key behind, as its sound policy said it (`Keeping`). Here it
 * is taken up again. A key is quarantined, and wanted to be as it was said last, when
 *
 *   a policy that is not sound names it;
 *   nothing names it, and its policy is there and not sound (its keyId a typo that meets another policy's key), or the
 *     file of its policy cannot be read, or any file cannot be read that could a moment ago: its policy may have gone
 *     there, or into it under another name of the file;
 *   a sound policy names it, but its former one is there and not sound, or was in a file that cannot be read now: what
 *     looks like the end of that may be a typo, and the other policy may be looser.
 *
 * Where a guardrail refuses what a policy says, its last good value may be what is refused: then drift is mended where that
 * tightens, and what is live and tighter is left.
 *
 * Everything else is what it seems. A policy that is gone while its file is read, or gone with it, is deleted, and its
 * key is left alone; a policy that is there, sound, and does not name the key has given it up. What is left behind of a
 * key that is neither wanted nor quarantined is dropped at once, so that a file that breaks later cannot bring it back.
 *
 * A quarantine begins and ends by what is read, and by nothing else. A key without a last good value is held: it stays as
 * it is live.
 */
import { advanced, tightened } from "./course.ts";
import { breaksFile, isHiding } from "./coverage.ts";
import type { Plan } from "./plan.ts";
import type { KeyId, PolicySet } from "./policy.ts";
import { placeText, type Problem } from "./problem.ts";
import type { DesiredKey, Resolution } from "./resolve.ts";
import { hidingIn, type Hiding, type Sources } from "./sources.ts";

/** A key that is kept at its last good value. */
export interface Quarantine {
  readonly keyId: KeyId;
  /** The policy that said it. */
  readonly policy: string;
  /** What is broken. */
  readonly file: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly why: string;
  /** Set where a guardrail refuses what the policy says: until that is mended nothing is loosened, not even back. */
  readonly isRefused?: true;
}

/** Which policy a key's last good value came from, and the file in which that named the key. */
export interface LastGoodOwner {
  readonly keyId: KeyId;
  readonly policy: string;
  readonly file: string;
}

/** What was left behind by the passes before. */
export interface LastGoodReader {
  /** The owners of all last good values. */
  lastGoodOwners(): Iterable<LastGoodOwner>;
  /** What was wanted of a key last; undefined where nothing is known. */
  lastGoodOf(id: KeyId): DesiredKey | undefined;
  quarantines(): ReadonlyMap<KeyId, Quarantine>;
}

/** What a pass leaves behind: it replaces what was left before. */
export interface Keeping {
  /** What is wanted of each key now, or was last. */
  readonly desired: ReadonlyMap<KeyId, DesiredKey>;
  readonly quarantined: ReadonlyMap<KeyId, Quarantine>;
  readonly sources: Sources;
}

export interface LastGoodInput {
  readonly set: PolicySet;
  readonly resolution: Resolution;
  /** What the pass before knew of the files. */
  readonly before: Sources;
  readonly reader: LastGoodReader;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface WithLastGood {
  readonly resolution: Resolution;
  readonly quarantined: ReadonlyMap<KeyId, Quarantine>;
}

interface Cause {
  readonly file: string;
  readonly why: string;
  /**
   * Whether nobody can read what the policy says now. Then an override that was in force has its end, and one that was to come
   * begins, as it was said. A policy that can be read and is refused brings nothing new but what tightens.
   */
  readonly isHidden: boolean;
  readonly isRefused: boolean;
}

/** What the guard holds nobody has agreed to: of such a key what was left before stays. */
export function withoutHeld(
  keeping: Keeping,
  { held }: Pick<Plan, "held">,
  reader: Pick<LastGoodReader, "lastGoodOf">,
): Keeping {
  if (held.length === 0) return keeping;
  const desired = new Map(keeping.desired);
  for (const { keyId } of held) {
    const before = reader.lastGoodOf(keyId);
    if (before === undefined) desired.delete(keyId);
    else desired.set(keyId, before);
  }
  return { ...keeping, desired };
}

/** The resolution in which quarantined keys want what they wanted last. */
export function withLastGood(input: LastGoodInput): WithLastGood {
  const { resolution, reader, now } = input;
  const causes = causesIn(input);
  if (causes.size === 0) return { resolution, quarantined: new Map() };
  const former = reader.quarantines();
  const desired = new Map(resolution.desired);
  const quarantined = new Map<KeyId, Quarantine>();
  for (const [keyId, { file, why, isHidden, isRefused }] of causes) {
    const good = reader.lastGoodOf(keyId);
    if (good === undefined) continue;
    desired.set(keyId, { ...good, ...(isHidden ? advanced(good, now) : tightened(good, now)) });
    const since = former.get(keyId)?.since ?? now;
    const refused = isRefused ? { isRefused } : {};
    quarantined.set(keyId, { keyId, policy: good.policy, file, since, why, ...refused });
  }
  const held = resolution.held.filter(({ keyId }) => !quarantined.has(keyId));
  return { resolution: { ...resolution, desired, held }, quarantined };
}

function causesIn(input: LastGoodInput): ReadonlyMap<KeyId, Cause> {
  const { resolution, reader } = input;
  const causes = new Map<KeyId, Cause>();
  // Whatever is broken is told as an error: where there is none, nobody has to be asked.
  if (resolution.problems.every(({ severity }) => severity !== "error")) return causes;
  for (const { keyId, why } of resolution.held) if (!causes.has(keyId)) causes.set(keyId, causeOf(why));
  const causeOfOwner = ownerJudge(input);
  for (const owner of reader.lastGoodOwners()) {
    const cause = causes.has(owner.keyId) ? undefined : causeOfOwner(owner);
    if (cause !== undefined) causes.set(owner.keyId, cause);
  }
  return causes;
}

type OwnerJudge = (owner: LastGoodOwner) => Cause | undefined;

/** Judges keys that no broken policy names. */
function ownerJudge({ set, resolution, before, reader }: LastGoodInput): OwnerJudge {
  const hiding = hidingIn(set.problems);
  const there = new Set(set.policies.map(({ name, place }) => `${name} ${place.file}`));
  const broken = firstFaults(resolution);
  const newlyHidden = firstNewlyHidden(set.problems, before);
  const former = reader.quarantines();

  return (owner) => {
    const heir = resolution.desired.get(owner.keyId);
    if (heir?.policy === owner.policy && heir.place.file === owner.file) return undefined;
    const fault = broken.get(owner.policy);
    if (fault !== undefined) return causeOf(fault);
    const since = stillHidden(former.get(owner.keyId), hiding);
    if (since !== undefined) return causeOf(since);
    // A former owner that is there and sound has given the key up.
    if (heir !== undefined && there.has(`${owner.policy} ${owner.file}`)) return undefined;
    const hidden = hiding(owner.file);
    if (hidden !== undefined) return causeOf(hidden);
    return heir === undefined && newlyHidden !== undefined ? goneInto(newlyHidden) : undefined;
  };
}

/** What hid a policy whose file had another name by then. */
function stillHidden(former: Quarantine | undefined, hiding: Hiding): Problem | undefined {
  return former === undefined ? undefined : hiding(former.file);
}

/** By policy: the first thing that is wrong with it, and not only with a key of it. */
function firstFaults({ held, faults: known }: Resolution): ReadonlyMap<string, Problem> {
  // Also of policies that name and select no key at the moment: what they had is theirs until they are sound.
  const faults = new Map<string, Problem>(known);
  for (const { policy, why } of held) if (breaksFile(why) && !faults.has(policy)) faults.set(policy, why);
  return faults;
}

function firstNewlyHidden(problems: readonly Problem[], before: Sources): Problem | undefined {
  const hiding = hidingIn(problems);
  return problems.find((problem) => hiding(problem.file) === problem && !before.hidden.has(problem.file));
}

function causeOf(problem: Problem): Cause {
  const isRefused = problem.code === "KS1340";
  return { file: problem.file, why: problemText(problem), isHidden: isHiding(problem), isRefused };
}

function goneInto(problem: Problem): Cause {
  const why = `nothing that can be read names the key any more, and this may: ${problemText(problem)}`;
  return { file: problem.file, why, isHidden: true, isRefused: false };
}

function problemText(problem: Problem): string {
  return `${placeText(problem)}: ${problem.message} (${problem.code})`;
}
