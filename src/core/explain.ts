/*
 * Everything that is known of one key: what is wanted of it and who says so, what was said and lost, what is live, what
 * was applied, and what a reconcile pass would do. Nothing is decided here: the verdicts are those of `diff.ts`, the
 * change and the notices those of `make-plan.ts`, asked about this key alone.
 */
import { splitAcknowledged, type Acknowledged } from "./acknowledged.ts";
import { coverageOf, type Coverage } from "./coverage.ts";
import { noCourse, type Course } from "./course.ts";
import { explainGuardrails, type ExplainedGuardrail } from "./explain-guardrails.ts";
import { diffField, type FieldVerdict } from "./diff.ts";
import {
  effectiveFields,
  statementsOf,
  type DesiredField,
  type DesiredFields,
  type Layer,
} from "./effective.ts";
import { overlaps } from "./fields.ts";
import { importFields } from "./import-fields.ts";
import type { Canonical, FieldPath } from "./key.ts";
import type { AppliedField, AppliedKey, Restoration } from "./ledger.ts";
import { lineageOf, profileTable } from "./lineage.ts";
import type { Quarantine } from "./last-good.ts";
import { labelsByKey } from "./live-violations.ts";
import { liveValue } from "./live.ts";
import { makePlan, type Sight } from "./make-plan.ts";
import { isInForce, overrideSource } from "./overrides.ts";
import type { Notice } from "./plan.ts";
import type { Json, KeyId, KeyPolicy, PolicySet } from "./policy.ts";
import { isSamePlace, type Place } from "./problem.ts";
import type { Rank } from "./rank.ts";
import { explainReset, type ExplainedReset } from "./reset-words.ts";
import type { Resolution } from "./resolve.ts";

/** Something that a policy, a profile or an override says. */
export interface Said {
  readonly path: FieldPath;
  readonly value: Json;
  readonly source: string;
  readonly place: Place;
}

export interface ExplainedField extends Said {
  readonly value: Canonical;
  /** What other layers say of it, and lost; the one that would win without this one first. */
  readonly lost: readonly Said[];
  /** Undefined when it is not known. */
  readonly live: Canonical | undefined;
  readonly applied: AppliedField | undefined;
  /** What the three-way rule says; null where it is not asked, since the key or this field is left alone. */
  readonly verdict: FieldVerdict | null;
  /** That the field is left as it is live; null where it is not. */
  readonly acknowledged: Acknowledged | null;
  /** Which way the change would go; null where there would be none. */
  readonly rank: Rank | null;
}

export interface Explanation {
  readonly keyId: KeyId;
  readonly coverage: Coverage;
  /** Sorted by path. */
  readonly fields: readonly ExplainedField[];
  /** What is set on the key and asked of it by nobody. */
  readonly unmanaged: readonly { readonly path: FieldPath; readonly value: Json }[];
  /** Which overrides are in force, and what will change by itself. */
  readonly course: Course;
  /** Those that are about the key, and whether they hold. */
  readonly guardrails: readonly ExplainedGuardrail[];
  readonly notices: readonly Notice[];
  /** How it stands with the token of its policy; absent when that has none. */
  readonly reset?: ExplainedReset;
}

export interface ExplainInput {
  readonly keyId: KeyId;
  readonly set: PolicySet;
  readonly resolution: Resolution;
  readonly applied: ReadonlyMap<KeyId, AppliedKey>;
  readonly sight: Sight;
  readonly now: number;
  readonly settleMs: number;
  /** Keys whose value in the resolution is their last good one; none when left out. */
  readonly quarantined?: ReadonlyMap<KeyId, Quarantine>;
  /** Keys that a person has put back; none when left out. */
  readonly restorations?: ReadonlyMap<KeyId, Restoration>;
}

export function explainKey(input: ExplainInput): Explanation {
  const { keyId, resolution, applied, sight } = input;
  const coverage = coverageOf(keyId, resolution, applied);
  const plan = planAlone(input);
  const layers = coverage.kind === "governed" ? layersOf(input, policiesOf(coverage)) : [];
  const wanted = resolution.desired.get(keyId);
  const desired = wanted?.fields ?? new Map<FieldPath, DesiredField>();
  const left = wanted === undefined ? [] : splitAcknowledged(wanted, sight, input.now).left;
  const isLeftAlone = plan.notices.some(({ kind }) => leftAlone.includes(kind));
  const fields = [...desired].map(([path, field]): ExplainedField => {
    const live = sight.kind === "seen" ? liveValue(sight.key, path) : undefined;
    const change = plan.changes[0]?.fields.find((one) => one.path === path);
    const known = applied.get(keyId)?.fields.get(path);
    const acknowledged = left.find((one) => one.path === path)?.said ?? null;
    return {
      path,
      value: field.value,
      source: field.source,
      place: field.place,
      lost: lostTo(path, field, layers),
      live,
      applied: known,
      verdict:
        isLeftAlone || acknowledged !== null ? null : verdictOf(input, { path, desired: field.value, live }),
      acknowledged,
      rank: change?.rank ?? null,
    };
  });
  const due = plan.changes[0]?.reset;
  const reset =
    wanted === undefined ? undefined : explainReset(wanted, applied.get(keyId)?.reset, { due, isLeftAlone });
  return {
    keyId,
    coverage,
    fields: fields.sort((a, b) => (a.path < b.path ? -1 : 1)),
    unmanaged: unmanagedFields(sight, desired),
    course: wanted?.course ?? noCourse,
    guardrails: guardrailsOf(input, coverage),
    notices: plan.notices,
    ...(reset === undefined ? {} : { reset }),
  };
}

/** What is told of a key that is not judged field by field. */
const leftAlone: readonly Notice["kind"][] = ["paused", "restored", "held", "missing", "unreadable"];

/** The plan of a reconcile pass over this key alone. */
function planAlone({
  keyId,
  resolution,
  applied,
  sight,
  now,
  settleMs,
  restorations,
  quarantined,
}: ExplainInput): ReturnType<typeof makePlan> {
  const desired = resolution.desired.get(keyId);
  const known = applied.get(keyId);
  const kept = quarantined?.get(keyId);
  return makePlan({
    pass: "reconcile",
    resolution: {
      desired: new Map(desired === undefined ? [] : [[keyId, desired]]),
      held: resolution.held.filter((held) => held.keyId === keyId),
      guardrails: resolution.guardrails,
      problems: resolution.problems,
    },
    quarantined: new Map(kept === undefined ? [] : [[keyId, kept]]),
    applied: new Map(known === undefined ? [] : [[keyId, known]]),
    sightOf: () => sight,
    restorations: restorations ?? new Map(),
    liveCount: null,
    now,
    settleMs,
  });
}

interface Sides {
  readonly path: FieldPath;
  readonly desired: Canonical;
  readonly live: Canonical | undefined;
}

/** A policy that only reports has applied nothing: what the ledger knows is not asked. */
function verdictOf({ keyId, resolution, applied, now, settleMs }: ExplainInput, sides: Sides): FieldVerdict {
  const reports = resolution.desired.get(keyId)?.mode === "report";
  const known = reports ? undefined : applied.get(keyId)?.fields.get(sides.path);
  return diffField({ ...sides, applied: known, lastSeen: undefined }, { now, settleMs, retryRefused: true });
}

/** Who has a say in a governed key, the one that has its way last. */
function policiesOf({ policy, selectedBy }: Extract<Coverage, { kind: "governed" }>): readonly string[] {
  return selectedBy?.map((one) => one.policy).reverse() ?? [policy];
}

/** What sound policies are built from: each after its profiles, with its overrides in force after it. */
function layersOf(
  { set, now }: Pick<ExplainInput, "set" | "now">,
  names: readonly string[],
): readonly Layer[] {
  const profiles = profileTable(set.profiles);
  return names
    .flatMap((name) => policyNamed(set, name) ?? [])
    .flatMap((policy) => [
      ...[...lineageOf(policy.profiles, profiles).profiles, policy].map((one): Layer => {
        return { source: one.name, block: one.key };
      }),
      ...policy.overrides
        .filter((one) => isInForce(one, now))
        .map((one): Layer => ({ source: overrideSource(policy.name, one), block: one.key })),
    ]);
}

/** Also of a policy that they hold; not of one of which nobody can tell what it asks for. */
function guardrailsOf(input: ExplainInput, coverage: Coverage): ExplainedGuardrail[] {
  const { set, resolution, sight } = input;
  const names = namesOf(input, coverage);
  const policies = names.flatMap((name) => policyNamed(set, name) ?? []);
  const profiles = profileTable(set.profiles);
  const isWhole =
    policies.length > 0 && policies.every((one) => lineageOf(one.profiles, profiles).problems.length === 0);
  return explainGuardrails({
    guardrails: resolution.guardrails,
    governed: isWhole ? { policies, fields: effectiveFields(layersOf(input, names)) } : undefined,
    labelsOf: labelsByKey(set, resolution),
    live: sight.kind === "seen" ? sight.key : undefined,
  });
}

/** The policies that have a say in the key, the one that has its way last; none where nobody has. */
function namesOf({ keyId, resolution }: ExplainInput, coverage: Coverage): readonly string[] {
  if (coverage.kind === "governed") return policiesOf(coverage);
  if (coverage.kind !== "held") return [];
  const held = resolution.held.find((one) => one.keyId === keyId);
  return held?.selectors?.toReversed() ?? [coverage.policy];
}

function policyNamed(set: PolicySet, name: string): KeyPolicy | undefined {
  return set.policies.find((one) => one.name === name);
}

/** The statements about a field, or about what holds it or is in it, that another one has replaced. */
function lostTo(path: FieldPath, winner: DesiredField, layers: readonly Layer[]): readonly Said[] {
  return layers.toReversed().flatMap((layer) =>
    statementsOf(layer)
      .filter(
        ([other, { place }]) =>
          (other === path || overlaps(other, path)) && !isSamePlace(place, winner.place),
      )
      .map(([other, { written, source, place }]) => ({ path: other, value: written, source, place })),
  );
}

function unmanagedFields(sight: Sight, desired: DesiredFields): Explanation["unmanaged"] {
  if (sight.kind !== "seen") return [];
  const { statements, leftOut } = importFields(sight.key, { empty: "leave" });
  const isManaged = (path: FieldPath): boolean =>
    [...desired.keys()].some((other) => other === path || overlaps(other, path));
  return [...statements, ...leftOut.filter(({ value }) => value !== null)]
    .filter(({ path }) => !isManaged(path))
    .map(({ path, value }) => ({ path, value }));
}
