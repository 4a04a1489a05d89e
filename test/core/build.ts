import { noOverrides } from "../../src/core/overrides.ts";
import { createResolver, nothingLive, type ResolveContext, type Resolution } from "../../src/core/resolve.ts";
import type { Quarantine } from "../../src/core/last-good.ts";
import { makePlan, type Sight } from "../../src/core/make-plan.ts";
import { readLiveKey } from "../../src/core/live.ts";
import type { BrokenGuardrail, Guardrail } from "../../src/core/guardrail.ts";
import type { LiveKey } from "../../src/core/key.ts";
import type { AppliedField, AppliedKey, Restoration } from "../../src/core/ledger.ts";
import type { PolicyTest } from "../../src/core/policy-test.ts";
import type { PassKind, Plan } from "../../src/core/plan.ts";
import type {
  Json,
  JsonObject,
  KeyBlock,
  KeyId,
  KeyPolicy,
  Override,
  PolicySet,
  Profile,
} from "../../src/core/policy.ts";
import type { Place, Problem } from "../../src/core/problem.ts";
import { effectiveFields, type DesiredFields } from "../../src/core/effective.ts";
import type { KeyMatch } from "../../src/core/key-match.ts";
import { isObject } from "../../src/core/canonical.ts";

/** The time of every test that does not need another one. */
export const now = Date.parse("2026-09-01T12:00:00Z");
export const settleMs = 60_000;
export const dayMs = 86_400_000;

/** The n-th key id, in the order in which ids sort. */
export function keyId(n: number): KeyId {
  return `${n.toString(16).padStart(8, "0")}-58cc-4372-a567-0e02b2c3d479`;
}

export const configA = "aaaaaaaa-0000-4000-8000-00000000000a";
export const configB = "bbbbbbbb-0000-4000-8000-00000000000b";

export function at(line: number, file = "policies/team.yaml", column = 1): Place {
  return { file, line, column };
}

/** A `key` block of which every property, at any depth, has a line of its own after `start`. */
export function block(value: JsonObject, start: Place = at(10)): KeyBlock {
  const places = new Map<string, Place>([["", start]]);
  let line = start.line;
  function visit(object: JsonObject, pointer: string): void {
    for (const [name, inner] of Object.entries(object)) {
      const path = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      line += 1;
      places.set(path, { ...start, line });
      if (isObject(inner)) visit(inner, path);
    }
  }
  visit(value, "");
  return { value, places };
}

export interface DocumentParts {
  readonly name?: string;
  readonly place?: Place;
  readonly profiles?: readonly string[];
  readonly key?: JsonObject;
}

export interface PolicyParts extends DocumentParts {
  readonly keyIds?: readonly KeyId[];
  readonly mode?: KeyPolicy["mode"];
  readonly acknowledge?: KeyPolicy["acknowledge"];
  readonly resetUsage?: string | undefined;
  readonly overrides?: readonly OverrideParts[];
  /** Selects its keys instead. */
  readonly match?: KeyMatch;
  readonly priority?: number;
}

/** Instants as a policy writes them. */
export interface OverrideParts {
  readonly from?: string;
  readonly until: string;
  readonly reason?: string;
  readonly key?: JsonObject;
}

/** The overrides of a policy, each a hundred lines below the one before. */
function overridesOf(parts: readonly OverrideParts[], place: Place): readonly Override[] {
  if (parts.length === 0) return noOverrides;
  return parts.map(({ from, until, reason = "a reason", key = {} }, index) => {
    const line = place.line + 100 * (index + 1);
    return {
      from: from === undefined ? null : Date.parse(from),
      until: Date.parse(until),
      reason,
      key: block(key, { ...place, line: line + 3 }),
      place: { ...place, line },
      untilPlace: { ...place, line: line + 1 },
    };
  });
}

export function policy(parts: PolicyParts = {}): KeyPolicy {
  const { name = "team", place = at(1, `policies/${parts.name ?? "team"}.yaml`) } = parts;
  return {
    kind: "KeyPolicy",
    labels: {},
    keyIds: (parts.keyIds ?? (parts.match === undefined ? [keyId(1)] : [])).map((value) => ({
      value,
      place: { ...place, line: place.line + 4 },
    })),
    ...(parts.match === undefined
      ? {}
      : { match: { value: parts.match, place: { ...place, line: place.line + 4 } } }),
    ...(parts.priority === undefined ? {} : { priority: parts.priority }),
    mode: parts.mode ?? "enforce",
    overrides: overridesOf(parts.overrides ?? [], place),
    acknowledge: parts.acknowledge ?? [],
    ...(parts.resetUsage === undefined
      ? {}
      : { resetUsage: { value: parts.resetUsage, place: { ...place, line: place.line + 8 } } }),
    ...documentParts({ ...parts, name, place }),
  };
}

/** A policy of its own for the n-th key. */
export function own(n: number, key: JsonObject, mode: KeyPolicy["mode"] = "enforce"): KeyPolicy {
  return policy({ name: `p${n}`, keyIds: [keyId(n)], key, mode });
}

export function profile(parts: DocumentParts & { readonly name: string }): Profile {
  const place = parts.place ?? at(1, `policies/profiles/${parts.name}.yaml`);
  return { kind: "Profile", ...documentParts({ ...parts, place }) };
}

function documentParts(parts: DocumentParts & { readonly name: string; readonly place: Place }) {
  const { name, place } = parts;
  const profiles = (parts.profiles ?? []).map((value) => ({
    value,
    place: { ...place, line: place.line + 6 },
  }));
  return { name, place, profiles, key: block(parts.key ?? {}, { ...place, line: place.line + 10 }) };
}

export interface SetParts {
  /** What is known of live keys; nothing when left out. */
  readonly context?: Partial<ResolveContext>;
  readonly policies?: readonly KeyPolicy[];
  readonly profiles?: readonly Profile[];
  readonly guardrails?: readonly Guardrail[];
  readonly brokenGuardrails?: readonly BrokenGuardrail[];
  readonly tests?: readonly PolicyTest[];
  readonly problems?: readonly Problem[];
  readonly testProblems?: readonly Problem[];
  readonly trusted?: boolean;
}

export function policySet(parts: SetParts = {}): PolicySet {
  const { policies = [], profiles = [], problems = [], trusted = true } = parts;
  const { guardrails = [], brokenGuardrails = [], tests = [], testProblems = [] } = parts;
  const documents = policies.length + profiles.length + guardrails.length;
  return {
    trusted,
    policies,
    profiles,
    guardrails,
    brokenGuardrails,
    tests,
    problems,
    testProblems,
    files: documents,
    documents,
  };
}

/** What a fresh resolver makes of a set. */
export function resolve(parts: SetParts, at = now): Resolution {
  return createResolver()(policySet(parts), { ...nothingLive(at), ...parts.context });
}

/** The fields of one block, as its policy wants them. */
export function desiredFields(key: JsonObject): DesiredFields {
  return effectiveFields([{ source: "team", block: block(key) }]);
}

/** A row of the list as Portkey shows a key that has nothing set (as recorded, without a secret). */
export function rawKey(own: JsonObject = {}, id: KeyId = keyId(1)): JsonObject {
  return {
    id,
    name: "key",
    description: null,
    type: "workspace-service",
    organisation_id: "00000000-0000-4000-8000-000000000001",
    workspace_id: "00000000-0000-4000-8000-000000000002",
    user_id: null,
    status: "active",
    created_at: "2026-01-01T00:00:00.000Z",
    last_updated_at: "2026-01-01T00:00:00.000Z",
    creation_mode: "api",
    rate_limits: [],
    usage_limits: null,
    reset_usage: null,
    scopes: ["completions.write"],
    defaults: { metadata: null, config_id: null },
    alert_emails: null,
    expires_at: null,
    object: "api-key",
    last_reset_at: null,
    expiry_enforced: 0,
    allow_config_override: null,
    api_key_defaults_id: null,
    ...own,
  };
}

/** The same key as a GET shows it: with the contradicting switch inside `defaults` and the next reset (observed). */
export function asGet(raw: JsonObject): JsonObject {
  const defaults = isObject(raw["defaults"]) ? raw["defaults"] : {};
  return { next_usage_reset_at: null, ...raw, defaults: { ...defaults, allow_config_override: false } };
}

export function live(own: JsonObject = {}, source: "list" | "get" = "get"): LiveKey {
  const raw = rawKey(own);
  return readLiveKey(source === "get" ? asGet(raw) : raw, source);
}

/** The n-th key, as a GET shows it. */
export function liveKey(n: number, own: JsonObject = {}): LiveKey {
  return readLiveKey(asGet(rawKey(own, keyId(n))), "get");
}

/** What a plan is given of keys that a pass has read; anything else is missing. */
export function seen(...keys: readonly LiveKey[]): (id: KeyId) => Sight {
  const byId = new Map(keys.map((key) => [key.id, key]));
  return (id) => {
    const key = byId.get(id);
    return key === undefined
      ? { kind: "missing", message: "not shown" }
      : { kind: "seen", key, complete: key.fields.has("rotation_policy") };
  };
}

export function unseen(): Sight {
  return { kind: "unseen" };
}

export interface PlanParts extends SetParts {
  readonly pass?: PassKind;
  readonly resolution?: Resolution;
  readonly quarantined?: ReadonlyMap<KeyId, Quarantine>;
  readonly applied?: ReadonlyMap<KeyId, AppliedKey>;
  readonly sightOf?: (id: KeyId) => Sight;
  readonly restorations?: ReadonlyMap<KeyId, Restoration>;
  readonly now?: number;
}

export function plan(parts: PlanParts): Plan {
  return makePlan({
    pass: parts.pass ?? "reconcile",
    resolution: parts.resolution ?? resolve(parts, parts.now),
    quarantined: parts.quarantined ?? new Map(),
    applied: parts.applied ?? new Map(),
    sightOf: parts.sightOf ?? unseen,
    restorations: parts.restorations ?? new Map(),
    liveCount: parts.pass === "edit" ? null : 1,
    now: parts.now ?? now,
    settleMs,
  });
}

/** A value that a request of ours set long ago. */
export function confirmed(value: Json, since = 0): AppliedField {
  return { confirmed: { value, policy: "team", at: since } };
}

export function claimed(value: Json, refused = false): AppliedField {
  return { claimed: { value, policy: "team", at: 0, refused } };
}

/** The ledger of one key, owned by the policy `team`. */
export function applied(fields: Record<string, AppliedField>, id: KeyId = keyId(1)): Map<KeyId, AppliedKey> {
  const key = {
    policy: "team",
    file: "policies/team.yaml",
    line: 1,
    fields: new Map(Object.entries(fields)),
  };
  return new Map([[id, key]]);
}

/** Freezes everything that can be reached, maps included: any write to it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const inner of value.values()) deepFreeze(inner);
    const refuse = (): never => {
      throw new TypeError("a frozen map was written to");
    };
    Object.assign(value, { set: refuse, delete: refuse, clear: refuse });
  }
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

/** How many runs a property makes that is beside other tests in its file, and does not grow with `npm run soak`. */
export const propertyRuns = 300;
