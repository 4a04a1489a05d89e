/*
 * What a policy for a live key would say so that the key is as it says: every field that is set, in the order of the
 * schema. What is empty is left out, since nobody has an opinion of it, or said aloud as null where that is asked for.
 *
 *   on the key                                in the policy
 *   a rotation date beside a period           left to the server, which computes it
 *   metadata that is no text                  left out: a policy's metadata is sent as text, and would change it
 *   a switch that was never set               left out: there is no way back to unset
 *   a rotation policy that could not be read  left out
 *
 * Whether the rest can be said is not decided here but asked of those who read policies (`policy-dir/import-policy.ts`).
 */
import { isObject } from "./canonical.ts";
import { metadataPath, partsOf } from "./fields.ts";
import type { Canonical, FieldPath, LiveKey } from "./key.ts";
import { liveValue } from "./live.ts";
import type { Json } from "./policy.ts";
import { compareTexts } from "./texts.ts";

/** A field of a policy and its value as it is to be written. */
export interface Statement {
  readonly path: FieldPath;
  readonly value: Json;
}

/** A field that is set on the key and not in the policy, and why. */
export interface LeftOut {
  readonly path: FieldPath;
  /** What is on the key; null where it is not known. */
  readonly value: Json;
  readonly reason: string;
}

export interface ImportFields {
  readonly statements: readonly Statement[];
  readonly leftOut: readonly LeftOut[];
}

/** `leave`: nothing is said of what is empty. `null`: it is said to be empty. */
export type EmptyFields = "leave" | "null";

export interface ImportOptions {
  readonly empty: EmptyFields;
  /** Why the rotation policy is not known, where it is not. */
  readonly unreadable?: string;
}

export function importFields(live: LiveKey, { empty, unreadable }: ImportOptions): ImportFields {
  const leftOut: LeftOut[] = [];
  const statements = [
    ...single(live, "name", "leave"),
    ...single(live, "description", empty),
    ...single(live, "rate_limits", empty),
    ...group(live, "usage_limits", empty),
    ...single(live, "scopes", "leave"),
    ...metadata(live, empty, leftOut),
    ...single(live, "defaults.config_id", empty),
    ...single(live, "defaults.allow_config_override", "leave"),
    ...single(live, "alert_emails", empty),
    ...single(live, "expires_at", empty),
    ...group(live, "rotation_policy", empty),
  ];
  if (!live.fields.has("rotation_policy")) {
    const reason = unreadable ?? "the control plane did not show it";
    leftOut.push({ path: "rotation_policy", value: null, reason });
  }
  return { statements, leftOut };
}

function single(live: LiveKey, path: FieldPath, empty: EmptyFields): Statement[] {
  const value = liveValue(live, path);
  return value === undefined || (value === null && empty === "leave") ? [] : [{ path, value }];
}

/** The parts of a budget or a rotation; the whole as null where there is none. */
function group(live: LiveKey, top: "usage_limits" | "rotation_policy", empty: EmptyFields): Statement[] {
  const whole = live.fields.get(top);
  if (!isObject(whole)) return single(live, top, empty);
  // In a rotation that is not told what is empty: a policy says how a key is rotated, not all the ways it is not.
  const parts = partsOf(top).flatMap((path) => single(live, path, top === "usage_limits" ? empty : "leave"));
  const isPeriodic = (whole["rotation_period"] ?? whole["rotation_period_days"] ?? null) !== null;
  return parts.filter(({ path }) => !(isPeriodic && path === "rotation_policy.next_rotation_at"));
}

function metadata(live: LiveKey, empty: EmptyFields, leftOut: LeftOut[]): Statement[] {
  const whole = live.fields.get("defaults.metadata");
  if (!isObject(whole)) return single(live, "defaults.metadata", empty);
  const entries = Object.entries(whole).sort(([a], [b]) => compareTexts(a, b));
  return entries.flatMap(([name, value]): Statement[] => {
    const path = metadataPath(name);
    if (name === "__proto__") {
      leftOut.push({ path, value, reason: "a policy cannot hold a field of this name" });
      return [];
    }
    if (typeof value === "string") return [{ path, value }];
    if (value !== null) leftOut.push({ path, value, reason: notText(value) });
    return value === null && empty === "null" ? [{ path, value }] : [];
  });
}

function notText(value: Canonical): string {
  const kind = typeof value === "object" ? "a list or an object" : `a ${typeof value}`;
  return `it is ${kind}, and what a policy says of metadata is sent as text`;
}
