import { createResolver } from "../../src/core/resolve.ts";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { JsonObject, KeyId, KeyPolicy, PolicySet } from "../../src/core/policy.ts";
import type { PassKind } from "../../src/core/plan.ts";
import type { Provenance } from "../../src/ports.ts";
import { enforce, type EnforceOptions } from "../../src/reconcile/enforce.ts";
import type { PassPorts } from "../../src/reconcile/pass.ts";
import { survey, type Survey } from "../../src/reconcile/survey.ts";
import { keyId, now, policy, policySet, settleMs } from "../core/build.ts";
import type { Stored, Variant } from "../core/model-server.ts";
import type { View } from "../core/model-shapes.ts";
import { emptyDisk, FakeState, type Disk } from "./fake-state.ts";
import { FakePlane, type PlaneResets } from "./fake-plane.ts";
import { Fuse } from "./fuse.ts";

/** A key that has nothing set. */
export function stored(own: Partial<Stored> = {}): Stored {
  return {
    name: "key",
    description: null,
    rate_limits: [],
    usage_limits: null,
    scopes: ["completions.write"],
    metadata: null,
    config_id: null,
    allow_config_override: null,
    alert_emails: [],
    expires_at: null,
    rotation_policy: null,
    ...own,
  };
}

/** `count` keys that have nothing set. */
export function plainKeys(count: number): Map<KeyId, Stored> {
  return new Map(Array.from({ length: count }, (_, index) => [keyId(index + 1), stored()]));
}

/** One policy a key, all of which want the same. */
export function policiesFor(count: number, key: JsonObject): KeyPolicy[] {
  return Array.from({ length: count }, (_, index) =>
    policy({ name: `p${index + 1}`, keyIds: [keyId(index + 1)], key }),
  );
}

export interface RigParts {
  readonly set?: PolicySet;
  readonly policies?: readonly KeyPolicy[];
  readonly keys?: ReadonlyMap<KeyId, Stored>;
  /** When each of them was updated last. */
  readonly updatedAt?: ReadonlyMap<KeyId, string>;
  readonly disk?: Disk;
  readonly variant?: Variant;
  readonly seed?: number;
  readonly view?: View;
  readonly fuse?: Fuse;
  readonly resets?: PlaneResets;
  readonly provenance?: Provenance;
  /** What the guard lets pass; everything but `foreign` and `self-lockout` is off when left out. */
  readonly limits?: GuardLimits;
}

export const target = "https://api.example.com/v1";

const noLimits: GuardLimits = { changed: null, loosened: null, shrunk: null, floor: 0 };

/** What a pass works with, and the hands to play with it. */
export interface Rig {
  readonly ports: PassPorts;
  readonly plane: FakePlane;
  readonly state: FakeState;
  /** What the state and the control plane were asked, in one order. */
  readonly log: string[];
  /** Moves the time. */
  setNow(ms: number): void;
  survey(pass?: PassKind): Promise<Survey>;
  enforce(surveyed: Survey, options?: Partial<EnforceOptions>): ReturnType<typeof enforce>;
}

export function createRig(parts: RigParts): Rig {
  const log: string[] = [];
  const fuse = parts.fuse ?? new Fuse();
  let time = now;
  const state = new FakeState(parts.disk ?? emptyDisk(), { log, fuse });
  const plane = new FakePlane({
    keys: parts.keys ?? new Map(),
    now: () => time,
    updatedAt: parts.updatedAt ?? new Map(),
    isClaimed: (id) => state.isClaimed(id),
    log,
    fuse,
    ...(parts.variant === undefined ? {} : { variant: parts.variant }),
    ...(parts.seed === undefined ? {} : { seed: parts.seed }),
    ...(parts.resets === undefined ? {} : { resets: parts.resets }),
    ...(parts.view === undefined ? {} : { view: parts.view }),
  });
  const set = parts.set ?? policySet({ policies: parts.policies ?? [] });
  const ports: PassPorts = {
    policies: { load: () => set },
    resolve: createResolver(),
    reader: plane,
    writer: plane,
    state,
    clock: { now: () => time, sleep: () => Promise.reject(new Error("a pass does not sleep")) },
    guard: { limits: parts.limits ?? noLimits, budget: { requests: 4, perMs: 1_000 }, target },
    tally: () => plane.tally(),
    provenance: parts.provenance ?? { of: () => Promise.resolve(undefined) },
  };
  return {
    ports,
    plane,
    state,
    log,
    setNow(ms) {
      time = ms;
    },
    survey: (pass = "reconcile") => survey(ports, { pass, settleMs, signal: new AbortController().signal }),
    enforce: (surveyed, options = {}) =>
      enforce(ports, surveyed, {
        pass: "pass-1",
        workers: 2,
        yielding: new AbortController().signal,
        signal: new AbortController().signal,
        ...options,
      }),
  };
}
