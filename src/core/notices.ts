import { breaksFile } from "./coverage.ts";
import { compareTexts } from "./texts.ts";
import type { FieldVerdict } from "./diff.ts";
import type { DesiredField } from "./effective.ts";
import { overlaps } from "./fields.ts";
import type { Canonical, FieldPath } from "./key.ts";
import type { Quarantine } from "./last-good.ts";
import type { AppliedKey, Restoration } from "./ledger.ts";
import type { FieldChange, Notice } from "./plan.ts";
import type { KeyId } from "./policy.ts";
import type { Unclaimed } from "./unclaimed.ts";
import type { DesiredKey, Resolution } from "./resolve.ts";

/** A field of a key together with what the three-way rule says of it. */
export interface Judged {
  readonly path: FieldPath;
  readonly field: DesiredField;
  readonly verdict: FieldVerdict;
}

export function notice(desired: DesiredKey, kind: Notice["kind"], message: string): Notice {
  return { kind, keyId: desired.keyId, policy: desired.policy, message };
}

/** The policy because of which a key is not enforced: that of several which has the key's mode. */
function carefulPolicy({ policy, mode, selectedBy = [] }: DesiredKey): string {
  return selectedBy.find((one) => one.mode === mode)?.policy ?? policy;
}

/** What is told of a key whose policy is paused. */
export function pausedText(desired: DesiredKey): string {
  return `the policy "${carefulPolicy(desired)}" is paused: this key is left alone`;
}

/** What is told of a key whose policy only reports, and that is not as it says. */
export function reportText(desired: DesiredKey, differing: readonly string[]): string {
  const who = desired.selectedBy === undefined ? "the policy" : `the policy "${carefulPolicy(desired)}"`;
  return `not mended, ${who} only reports: ${differing.join("; ")}`;
}

/** What is told of a field that is neither in sync nor set. */
export function judgedNotice(desired: DesiredKey, { path, field, verdict }: Judged): Notice[] {
  if (verdict.kind === "in-sync" || verdict.kind === "adopt" || verdict.kind === "set") return [];
  const found = shortText(verdict.from ?? null);
  const wanted = shortText(field.value);
  switch (verdict.kind) {
    case "settling": {
      const set = `${path} was set to ${wanted} a moment ago and`;
      if (!verdict.wasShown) return [notice(desired, "settling", `${set} still reads ${found}`)];
      const message =
        `${set} has read so, and now reads ${found} as before: a read that lags behind, or somebody's change, which is ` +
        "mended once the settle time is over";
      return [{ ...notice(desired, "settling", message), wasShown: true }];
    }
    case "not-reflected":
      return [
        notice(desired, "not-reflected", `${path} was set to ${wanted} twice and still reads ${found}`),
      ];
    case "contested": {
      const { count, since } = verdict.reverts;
      const until = new Date(verdict.until).toISOString();
      const message =
        `${path} was put back to ${wanted} ${count} times since ${new Date(since).toISOString()}, and somebody sets ` +
        `it to ${found} again and again: find out who, or change the policy; it is put back next after ${until}`;
      return [notice(desired, "contested", message)];
    }
    case "refused":
      return [
        notice(desired, "refused", `the server refused ${path} = ${wanted} before; it is not sent again yet`),
      ];
    default:
      return verdict satisfies never;
  }
}

/** What is told of fields that would be loosened back to what a guardrail may refuse. */
export function keptTighterNotice(desired: DesiredKey, kept: readonly FieldChange[]): Notice[] {
  if (kept.length === 0) return [];
  const fields = kept.map(
    ({ path, from, to }) => `${path} is ${shortText(from ?? null)}, wanted ${shortText(to)}`,
  );
  const message = `not mended, as a guardrail refuses what the policy "${desired.policy}" says and it would loosen: ${fields.join("; ")}`;
  return [notice(desired, "drift", message)];
}

/** What is told of fields that the ledger knows and the policy no longer speaks of. */
export function releasedNotice(desired: DesiredKey, gone: readonly FieldPath[]): Notice[] {
  const released = gone
    .filter((path) => ![...desired.fields.keys()].some((other) => overlaps(path, other)))
    .sort();
  if (released.length === 0) return [];
  const message =
    `no longer managed, and left as it is: ${released.join(", ")}; ` +
    `to empty a field say so with null in the policy "${desired.policy}"`;
  return [notice(desired, "released", message)];
}

/** What is told of a key that a person has put back. */
export function restoredText(
  { keyId, policy }: Pick<DesiredKey, "keyId" | "policy">,
  { at, point }: Restoration,
): string {
  return (
    `this key was put back to ${point} at ${new Date(at).toISOString()}, and is left so: the policy "${policy}" is ` +
    `paused for it until you say keysteward resume ${keyId}`
  );
}

/** Keys that we once set and that no sound policy covers now: nothing is written, whatever is live. */
export function keysWithoutPolicy(applied: ReadonlyMap<KeyId, AppliedKey>, resolution: Resolution): Notice[] {
  const broken = new Set(resolution.problems.filter(breaksFile).map(({ file }) => file));
  // A key that several policies name is told once, for the first of them by name: whatever order they were read in.
  const byName = resolution.held.toSorted((a, b) => compareTexts(b.policy, a.policy));
  const held = new Map(byName.map((one) => [one.keyId, one]));
  const heldNotices = [...held].map(([keyId, { policy, reason }]) => heldNotice(keyId, policy, reason));
  const unclaimed: ReadonlyMap<KeyId, Unclaimed> = resolution.unclaimed ?? new Map();
  const rest = [...applied].filter(
    ([keyId]) => !resolution.desired.has(keyId) && !held.has(keyId) && !unclaimed.has(keyId),
  );
  return [
    ...heldNotices,
    ...[...unclaimed.values()].filter(({ keyId }) => !resolution.desired.has(keyId)).map(unclaimedNotice),
    ...rest.map(([keyId, { policy, file }]): Notice => {
      if (broken.has(file)) return heldNotice(keyId, policy);
      const message =
        `the policy "${policy}" (${file}) no longer covers this key; it is left as it is: bring a policy back ` +
        `to manage it again, or end this notice with \`keysteward forget ${keyId}\``;
      return { kind: "orphaned", keyId, policy, message };
    }),
  ];
}

function unclaimedNotice({ keyId, gone, heir }: Unclaimed): Notice {
  const message =
    `the policy "${gone}" does not cover this key any more, and "${heir}", which selects it, does not take it over by that: ` +
    `it is left as it is until a policy names it, or you say \`keysteward forget ${keyId}\``;
  return { kind: "orphaned", keyId, policy: gone, message };
}

/** A key that is left as it is because of what is broken about its policy. */
export function heldNotice(keyId: KeyId, policy: string, why?: string): Notice {
  const wrong = why ?? `something about the policy "${policy}" is broken`;
  const message = `${wrong}: the key keeps its values until that is mended`;
  return { kind: "held", keyId, policy, message };
}

/** A key that is kept at what its policy said before something about it was broken. */
export function quarantinedNotice({ keyId, policy, why }: Quarantine): Notice {
  const message = `kept at what the policy "${policy}" said last, until this is mended: ${why}`;
  return { kind: "quarantined", keyId, policy, message };
}

/** A value as JSON, cut to what a line can hold. */
export function shortText(value: Canonical): string {
  const json = JSON.stringify(value);
  return json.length > 120 ? `${json.slice(0, 117)}...` : json;
}
