/*
 * Drift that is accepted: what a policy must say so that it asks for what is live. Which differences those are, what is
 * written for each, and where it belongs.
 *
 *   the difference                                           what happens
 *   found after the value was applied                        accepted
 *   the policy asks for something that was never applied     left: to accept it would undo the policy's own edit;
 *                                                            accepted where the field is named, or nothing is known of
 *                                                            the key at all (a clone without a state)
 *   set a moment ago                                         left: reads may lag behind writes
 *   not shown by the control plane                           left
 *   a part of a budget, and there is none                    the whole group becomes null
 *   the group is to be empty, and is not                     the group as it is
 *   one of two ways of rotating or resetting                 both, as the API takes only one of them
 *   set by an override, or written together with what is     left: the override has its way until it ends
 *
 * A value belongs where it stands now: in the policy itself, or in a profile that no other policy is built on. What stands
 * in a profile that others share goes into the policy, where it wins. A policy of several keys is not touched, nor is one
 * that selects its keys.
 */
import { splitAcknowledged } from "./acknowledged.ts";
import { ownerOf, type Owner } from "./accept-owner.ts";
import { isObject } from "./canonical.ts";
import { diffField } from "./diff.ts";
import type { DesiredField } from "./effective.ts";
import { metadataPath, sameField } from "./fields.ts";
import { importFields } from "./import-fields.ts";
import type { Canonical, FieldPath, LiveKey } from "./key.ts";
import { overriddenFields, overriddenReason } from "./overridden-fields.ts";
import type { AppliedKey } from "./ledger.ts";
import { liveValue } from "./live.ts";
import type { Json, KeyId, KeyPolicy, PolicySet } from "./policy.ts";
import type { DesiredKey, Resolution } from "./resolve.ts";

export interface AcceptInput {
  readonly keyId: KeyId;
  readonly set: PolicySet;
  readonly resolution: Resolution;
  readonly live: LiveKey;
  /** What the ledger knows of the key. */
  readonly applied: AppliedKey | undefined;
  /** Whether a person has put the key back: then nothing of it was applied by its policy. */
  readonly restored: boolean;
  /** Fields, or groups of fields, that were named; every difference where none was. */
  readonly named: readonly FieldPath[];
  readonly now: number;
  readonly settleMs: number;
}

/** A field that is to be said otherwise. */
export interface Acceptance extends Owner {
  readonly path: FieldPath;
  /** What is wanted now; null where it is not wanted at all so far. */
  readonly from: Canonical;
  readonly to: Json;
}

export interface LeftField {
  readonly path: FieldPath;
  readonly reason: string;
}

export type AcceptPlan =
  | {
      readonly kind: "plan";
      readonly policy: KeyPolicy;
      readonly accepted: readonly Acceptance[];
      readonly left: readonly LeftField[];
    }
  | { readonly kind: "refused"; readonly reason: string; readonly hint: string };

export function planAcceptance(input: AcceptInput): AcceptPlan {
  const { keyId, set, resolution, named } = input;
  const desired = resolution.desired.get(keyId);
  const policy = set.policies.find(({ name }) => name === desired?.policy);
  if (desired === undefined || policy === undefined) return ungoverned(input);
  if (desired.selectedBy !== undefined) return selected(desired.selectedBy);
  if (policy.keyIds.length !== 1) {
    return {
      kind: "refused",
      reason: `the policy "${policy.name}" governs ${policy.keyIds.length} keys, and the others would change with this one`,
      hint: "Give this key a policy of its own first: take its id out of keyIds and write a KeyPolicy with its keyId.",
    };
  }
  const unknown = named.find((one) => ![...desired.fields.keys()].some((path) => isMeant(path, [one])));
  if (unknown !== undefined) {
    const reason = `the policy "${policy.name}" says nothing of the field ${unknown}`;
    return {
      kind: "refused",
      reason,
      hint: `It says something of ${[...desired.fields.keys()].sort().join(", ")}.`,
    };
  }
  const left: LeftField[] = [];
  const sight = { kind: "seen", key: input.live, complete: true } as const;
  const acknowledged = splitAcknowledged(desired, sight, input.now).left;
  const overridden = overriddenFields(desired);
  const paths = [...desired.fields].flatMap(([path, field]): FieldPath[] => {
    if (named.length > 0 && !isMeant(path, named)) return [];
    const own = reasonToLeave(input, path, field);
    if (own === "same") return [];
    const written = statementsFor(input.live, desired.fields, [path]);
    const known = acknowledged.find((one) => one.path === path)?.said;
    if (known !== undefined && named.length === 0) {
      left.push({
        path,
        reason: `the policy acknowledges the difference (${known.reason}); name it to accept it`,
      });
      return [];
    }
    const reason = written.map((one) => overriddenReason(overridden, one.path)).find(isText) ?? own;
    if (reason !== undefined) left.push({ path, reason });
    return reason === undefined ? [path] : [];
  });
  const accepted = statementsFor(input.live, desired.fields, paths).map(({ path, value, cause }) => {
    const field = desired.fields.get(cause);
    return { path, from: desired.fields.get(path)?.value ?? null, to: value, ...ownerOf(set, policy, field) };
  });
  return { kind: "plan", policy, accepted, left };
}

function ungoverned({ keyId, resolution }: AcceptInput): AcceptPlan {
  const held = resolution.held.find((one) => one.keyId === keyId);
  return held === undefined
    ? {
        kind: "refused",
        reason: `no policy governs the key ${keyId}`,
        hint: `\`keysteward import --key ${keyId}\` writes one that says what is live.`,
      }
    : {
        kind: "refused",
        reason: held.reason ?? held.why.message,
        hint: "`keysteward validate` shows what is wrong; mend it first.",
      };
}

/** What selects a key selects others, too, or will. */
function selected(selectedBy: NonNullable<DesiredKey["selectedBy"]>): AcceptPlan {
  const names = selectedBy.map(({ policy }) => `"${policy}"`).join(" and ");
  return {
    kind: "refused",
    reason: `the key is selected by ${names}, and what is written there is asked of every key that is selected`,
    hint: "Give this key a policy of its own first: a KeyPolicy with its keyId has it alone.",
  };
}

function isText(text: string | undefined): text is string {
  return text !== undefined;
}

/** Whether a path is one of those named, or inside of one. */
function isMeant(path: FieldPath, named: readonly FieldPath[]): boolean {
  return named.some((one) => path === one || path.startsWith(`${one}.`));
}

/** Why a difference is not accepted; undefined where it is, `same` where there is none. */
function reasonToLeave(input: AcceptInput, path: FieldPath, field: DesiredField): string | undefined {
  const { live: key, now, settleMs, applied, restored, named } = input;
  const live = liveValue(key, path);
  if (live === undefined) return "the control plane does not show it";
  if (sameField(path, { desired: field.value, live, now })) return "same";
  const known = applied?.fields.get(path);
  const sides = { path, desired: field.value, applied: known, live, lastSeen: undefined };
  const verdict = diffField(sides, { now, settleMs, retryRefused: true });
  if (verdict.kind === "settling") return "it was set a moment ago, and reads may lag behind; look again";
  const isOurs = verdict.kind === "set" && verdict.why !== "drift";
  if (!isOurs || applied === undefined || restored || named.length > 0 || reports(input)) return undefined;
  return "the policy asks for it and it was not applied yet: to accept would undo that; name the field to do it";
}

/** A policy that only reports applies nothing: whatever differs is drift. */
function reports({ keyId, resolution }: AcceptInput): boolean {
  return resolution.desired.get(keyId)?.mode === "report";
}

interface Wanted {
  readonly path: FieldPath;
  readonly value: Json;
  /** The managed field whose difference this is. */
  readonly cause: FieldPath;
}

type Fields = ReadonlyMap<FieldPath, DesiredField>;

const rotation = "rotation_policy";
const nextRotation = "rotation_policy.next_rotation_at";
const rotationPeriods = ["rotation_policy.rotation_period", "rotation_policy.rotation_period_days"];
const rotationWays = [...rotationPeriods, nextRotation];
const resets = ["usage_limits.periodic_reset", "usage_limits.periodic_reset_days"];

/** What is to be said so that these fields are as they are live. */
function statementsFor(live: LiveKey, fields: Fields, paths: readonly FieldPath[]): readonly Wanted[] {
  const wanted = new Map<FieldPath, Wanted>();
  const add = (path: FieldPath, value: Json, cause: FieldPath): void => {
    wanted.set(path, { path, value, cause });
  };
  for (const cause of paths) {
    const group = groupOf(cause);
    const whole = group === undefined ? undefined : liveValue(live, group);
    if (group !== undefined && cause !== group && whole === null && group !== "defaults.metadata")
      add(group, null, cause);
    else if (cause === group && isObject(whole)) add(group, wholeGroup(live, group), cause);
    else {
      add(cause, said(cause, liveValue(live, cause) ?? null), cause);
      const others = resets.includes(cause) ? resets : rotationWays.includes(cause) ? rotationWays : [];
      for (const other of others) addOther(other, cause);
    }
  }
  return [...wanted.values()];

  /** Another way than the one that differs: said where it is live, or is wanted and is not. */
  function addOther(path: FieldPath, cause: FieldPath): void {
    const value = liveValue(live, path) ?? null;
    const desired = fields.get(path)?.value ?? null;
    // Beside a period the date is the server's.
    const isServers =
      path === nextRotation && rotationPeriods.some((one) => (liveValue(live, one) ?? null) !== null);
    if (isServers ? desired !== null : !wanted.has(path) && value !== desired)
      add(path, isServers ? null : value, cause);
  }
}

function groupOf(path: FieldPath): FieldPath | undefined {
  return [rotation, "usage_limits", "defaults.metadata"].find(
    (one) => path === one || path.startsWith(`${one}.`),
  );
}

/** A group as an imported policy would say it; metadata as text, as it is sent. */
function wholeGroup(live: LiveKey, group: FieldPath): Json {
  if (group === "defaults.metadata") {
    const names = Object.keys(liveValue(live, group) ?? {});
    return Object.fromEntries(names.map((name) => [name, liveValue(live, metadataPath(name)) ?? null]));
  }
  const { statements } = importFields(live, { empty: "leave" });
  const parts = statements.filter(({ path }) => path.startsWith(`${group}.`));
  return Object.fromEntries(parts.map(({ path, value }) => [path.slice(group.length + 1), value]));
}

/** There is no way back to a switch that was never set, which has the effect of true (observed). */
function said(path: FieldPath, value: Canonical): Json {
  return path === "defaults.allow_config_override" && value === null ? true : value;
}
