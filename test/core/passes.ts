import type { Plan, PassKind } from "../../src/core/plan.ts";
import type { KeyId, PolicySet } from "../../src/core/policy.ts";
import type { Sight } from "../../src/core/make-plan.ts";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { keptPolicies, type KeptPolicies } from "../../src/reconcile/kept-policies.ts";
import { FakeState } from "../reconcile/fake-state.ts";
import { now, plan, policySet, type SetParts } from "./build.ts";

/** Passes that read sets one after another and leave behind what the next one needs, without keys or requests. */
export interface Passes {
  /** Reads and leaves nothing behind, as `plan` does. */
  look(parts: SetParts, at?: number): KeptPolicies;
  /** Reads, and leaves behind what a pass does that is carried out. */
  pass(parts: SetParts, at?: number): KeptPolicies;
  /** The plan of what `look` sees. */
  plan(parts: SetParts, about?: { pass?: PassKind; sightOf?: (id: KeyId) => Sight }): Plan;
  readonly state: FakeState;
}

export function createPasses(): Passes {
  const state = new FakeState();
  const resolve = createResolver();

  function read(set: PolicySet, at: number): KeptPolicies {
    return keptPolicies(set, { resolve: (sound) => resolve(sound, nothingLive(at)), state, now: at });
  }

  return {
    state,
    look: (parts, at = now) => read(policySet(parts), at),
    pass(parts, at = now) {
      const kept = read(policySet(parts), at);
      const { resolution, quarantined, sources } = kept;
      state.keepLastGood({ desired: resolution.desired, quarantined, sources });
      return kept;
    },
    plan(parts, about = {}) {
      const { resolution, quarantined } = read(policySet(parts), now);
      return plan({ ...about, resolution, quarantined, applied: state.applied() });
    },
  };
}
