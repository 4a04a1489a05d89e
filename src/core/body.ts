/*
 * The body of `PUT /api-keys/{id}` for the fields of a key that differ.
 *
 * A request carries only top-level fields in which something differs, each one whole, because it is not known
 * whether Portkey merges inside them or replaces them: what nobody manages inside such a field is sent along as it
 * is live, so that the result is the same either way. For that the live key must be known; an edit pass has not
 * looked, so its body may have to wait for one fresh GET (`undefined` here). A stored copy would not do: it could
 * put back what somebody changed meanwhile.
 *
 *   field             how it is emptied   sent along
 *   description       ""                  -
 *   rate_limits       null                -
 *   alert_emails      null                -
 *   expires_at        null                -
 *   usage_limits      null                the other parts; null parts only where there is something to empty
 *   rotation_policy   null                the transition period; the other kind of time as null where it is set
 *   defaults          parts: {} and null  the other parts, but for those that are empty
 *
 * What is empty and stays so is left out: the result is the same whichever way Portkey reads it, nobody is told of an
 * empty value that was not asked for, and a config switch that reads as unset stays whatever it is.
 *
 * `reset_usage` is no field: it acts when it is sent, and what is not named beside it stays (Portkey's page on updating a
 * key). So it carries nothing along, and is sent by itself when nothing else changes.
 */
import type { Canonical, FieldPath, LiveKey, UpdateBody } from "./key.ts";
import type { Json, JsonObject } from "./policy.ts";
import { isObject } from "./canonical.ts";
import type { DesiredFields } from "./effective.ts";
import { partsOf, topOf, type TopField } from "./fields.ts";
import { liveValue } from "./live.ts";

export interface BodyParts {
  readonly desired: DesiredFields;
  /** The fields that differ. */
  readonly changed: readonly FieldPath[];
  /** The key as it is now; undefined when it has not been looked at. */
  readonly live: LiveKey | undefined;
  /** Whether `live` is all that there is to know; else an unknown part asks for another look. */
  readonly complete: boolean;
}

/** The body, or undefined when the live key has to be read first. */
export function updateBody(parts: BodyParts): UpdateBody | undefined {
  const body: Record<string, Json> = {};
  for (const top of new Set(parts.changed.map(topOf))) {
    const value = compose(top, parts);
    if (value === undefined) return undefined;
    body[top] = value;
  }
  return body;
}

/** The body with the reset of usage in it, where there is one: an action beside the fields, in the same request. */
export function withReset(body: UpdateBody, reset: object | undefined): UpdateBody {
  return reset === undefined ? body : { ...body, reset_usage: true };
}

function compose(top: TopField, parts: BodyParts): Json | undefined {
  switch (top) {
    case "usage_limits":
      return usageLimits(parts);
    case "rotation_policy":
      return rotationPolicy(parts);
    case "defaults":
      return defaults(parts);
    case "description":
      return wanted(parts, top) ?? "";
    case "name":
    case "rate_limits":
    case "scopes":
    case "alert_emails":
    case "expires_at":
      return wanted(parts, top) ?? null;
  }
}

function usageLimits(parts: BodyParts): Json | undefined {
  if (wanted(parts, "usage_limits") === null) return null;
  const values = groupValues("usage_limits", parts);
  if (values === undefined) return undefined;
  if ((values["credit_limit"] ?? null) === null) return null;
  return { ...withNeededNulls("usage_limits", values, parts), type: values["type"] ?? "cost" };
}

function rotationPolicy(parts: BodyParts): Json | undefined {
  if (wanted(parts, "rotation_policy") === null) return null;
  const values = groupValues("rotation_policy", parts);
  if (values === undefined) return undefined;
  // Portkey computes the next rotation from a period, and takes a period and a date together for a contradiction.
  const { next_rotation_at: _computed, ...periods } = values;
  const path = "rotation_policy.next_rotation_at";
  const wantedDate = wanted(parts, path) ?? null;
  if (wantedDate === null) {
    const body = withNeededNulls("rotation_policy", periods, parts);
    return dateMayStandAlone(parts) ? { ...body, next_rotation_at: null } : body;
  }
  // A wanted date that is over is no difference: the server has moved it on, and sending it again would move it back.
  const liveDate = parts.live === undefined ? undefined : liveValue(parts.live, path);
  const date = parts.changed.includes(path) ? wantedDate : (liveDate ?? wantedDate);
  return withNeededNulls("rotation_policy", { ...periods, next_rotation_at: date }, parts);
}

/** A date beside no period was set by somebody; where objects are merged it would stand beside the period to come. */
function dateMayStandAlone({ live }: BodyParts): boolean {
  if (live === undefined) return true;
  const periods = ["rotation_policy.rotation_period", "rotation_policy.rotation_period_days"];
  const isComputed = periods.some((path) => liveValue(live, path) !== null);
  return !isComputed && liveValue(live, "rotation_policy.next_rotation_at") !== null;
}

function defaults(parts: BodyParts): Json | undefined {
  const metadata = metadataOf(parts);
  const configId = wantedOrLive(parts, "defaults.config_id");
  const configSwitch = wantedOrLive(parts, "defaults.allow_config_override");
  if (metadata === undefined || configId === undefined || (configSwitch === undefined && !parts.complete)) {
    return undefined;
  }
  const stays = (path: FieldPath): boolean =>
    parts.live !== undefined && !parts.changed.some((one) => one === path || one.startsWith(`${path}.`));
  const body: Record<string, Json> = {};
  if (Object.keys(metadata).length > 0 || !stays("defaults.metadata")) body["metadata"] = metadata;
  if (configId !== null || !stays("defaults.config_id")) body["config_id"] = configId;
  // Unset has the effect of true, Portkey's documented default; unknown even after a GET is left alone.
  const isSaid = typeof configSwitch === "boolean" || !stays("defaults.allow_config_override");
  if (configSwitch !== undefined && isSaid) body["allow_config_override"] = configSwitch ?? true;
  return body;
}

function metadataOf(parts: BodyParts): JsonObject | undefined {
  if (wanted(parts, "defaults.metadata") === null) return {};
  const live = parts.live === undefined ? undefined : liveValue(parts.live, "defaults.metadata");
  if (live === undefined) return undefined;
  const prefix = "defaults.metadata.";
  const managed = [...parts.desired].filter(([path]) => path.startsWith(prefix));
  const emptied = new Set(
    managed.filter(([, { value }]) => value === null).map(([path]) => path.slice(prefix.length)),
  );
  const kept = Object.entries(isObject(live) ? live : {}).filter(([name]) => !emptied.has(name));
  const set = managed
    .filter(([, { value }]) => value !== null)
    .map(([path, { value }]) => [path.slice(prefix.length), value]);
  return Object.fromEntries([...kept, ...set]) as JsonObject;
}

/** Every part of a group: as wanted, else as it is live; undefined when one is neither said nor known. */
function groupValues(group: "usage_limits" | "rotation_policy", parts: BodyParts): JsonObject | undefined {
  const entries = partsOf(group).map(
    (path) => [path.slice(group.length + 1), wantedOrLive(parts, path)] as const,
  );
  return entries.some(([, value]) => value === undefined)
    ? undefined
    : Object.fromEntries(entries.map(([name, value]) => [name, value ?? null]));
}

/** Drops the parts that are empty, but for those that are, or may be, set now and so must be emptied aloud. */
function withNeededNulls(group: string, values: JsonObject, parts: BodyParts): JsonObject {
  const needed = Object.entries(values).filter(([name, value]) => {
    if (value !== null) return true;
    const live = parts.live === undefined ? undefined : liveValue(parts.live, `${group}.${name}`);
    return live !== null && parts.desired.has(`${group}.${name}`);
  });
  return Object.fromEntries(needed);
}

function wantedOrLive(parts: BodyParts, path: FieldPath): Canonical | undefined {
  const value = wanted(parts, path);
  if (value !== undefined) return value;
  return parts.live === undefined ? undefined : liveValue(parts.live, path);
}

function wanted(parts: BodyParts, path: FieldPath): Canonical | undefined {
  return parts.desired.get(path)?.value;
}
