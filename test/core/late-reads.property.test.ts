import fc from "fast-check";
import { expect, test } from "vitest";
import type { PassKind } from "../../src/core/plan.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import { storedKey, variant } from "./arbitraries.ts";
import { configA, configB, keyId, now, policy, resolve, settleMs } from "./build.ts";
import { holds, timeFor } from "../property.ts";
import { unfulfilled } from "./oracle.ts";
import { createWorld, type World } from "./world.ts";

/*
 * Reads lag behind writes by up to the settle time, each as it likes, and a policy is edited up to three times within
 * that time, always of the same fields, back to an earlier value too. Then:
 *   1. each edit is on the server after the pass that takes it up, whether that pass reads or not;
 *   2. no later look within the time plans another request, and each edit made one at most;
 *   3. nor does one plan a request after the time: it has nothing to do but to forget mended drift.
 */

const id = keyId(1);

const values: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  name: fc.constantFrom("search", "batch", "other"),
  description: fc.constantFrom(null, "text", "more"),
  rate_limits: fc.constantFrom([], [{ type: "requests", unit: "rpm", value: 1 }]),
  usage_limits: fc.record({
    credit_limit: fc.constantFrom(0, 10, 1000),
    periodic_reset: fc.constantFrom("weekly", "monthly"),
  }),
  scopes: fc.constantFrom(["logs.view"], ["logs.view", "completions.write"]),
  defaults: fc.record({
    metadata: fc.record({ team: fc.constantFrom("a", "b", null), "team.lead": fc.constantFrom("a", "b") }),
    config_id: fc.constantFrom(null, configA, configB),
    allow_config_override: fc.boolean(),
  }),
  alert_emails: fc.constantFrom(null, ["a@example.com"], ["b@example.com"]),
  expires_at: fc.constantFrom(null, "2027-06-30T23:59:59Z"),
  rotation_policy: fc.record({ rotation_period: fc.constantFrom("weekly", "monthly") }),
};

interface Edit {
  readonly key: JsonObject;
  readonly pass: PassKind;
  /** Looks that follow, before the next edit. */
  readonly looks: readonly PassKind[];
}

const pass = fc.constantFrom<PassKind>("edit", "reconcile");
const edits: fc.Arbitrary<readonly Edit[]> = fc
  .subarray(Object.keys(values), { minLength: 1 })
  .chain((names) => {
    const key = fc.record(Object.fromEntries(names.map((name) => [name, values[name]!])));
    const looks = fc.array(pass, { maxLength: 4 });
    return fc.array(fc.record({ key, pass, looks }), { minLength: 1, maxLength: 3 });
  });

/** Three edits with four looks each take less than the settle time. */
const stepMs = settleMs / 20;

function expectNoRequest(world: World, look: PassKind, when: number): void {
  const made = world.look(look, when);
  expect(made.changes.flatMap(({ fields }) => fields)).toEqual([]);
  world.apply(made, when);
}

/** Long ago the first edit was applied; since then somebody changed the name. */
function withHistory(world: World, { key }: Edit): void {
  const before = now - 3 * settleMs;
  world.follow(resolve({ policies: [policy({ key })] }));
  for (const when of [before, before + settleMs]) world.apply(world.look("reconcile", when), when);
  world.happen((stored) => ({ ...stored, name: "somebody's" }));
  world.apply(world.look("reconcile", now), now);
}

test(
  "late reads neither hide an edit nor make a second request",
  async (context) => {
    await holds(
      context,
      "late reads",
      fc.property(edits, storedKey, variant, fc.boolean(), fc.integer(), (list, ...rest) => {
        const [stored, server, known, seed] = rest;
        const world = createWorld({
          resolution: resolve({}),
          keys: new Map([[id, stored]]),
          ledger: new Map(),
          variant: server,
          seed,
          lateMs: settleMs,
        });
        if (known) withHistory(world, list[0]!);
        let when = now + 1;
        for (const { key, pass: kind, looks } of list) {
          const resolution = resolve({ policies: [policy({ key })] });
          const updates = world.updates.get(id) ?? 0;
          world.follow(resolution);
          world.apply(world.look(kind, when), when);
          expect(unfulfilled(resolution.desired.get(id)!, world.stored(id)!, when)).toEqual([]);
          expect((world.updates.get(id) ?? 0) - updates).toBeLessThanOrEqual(1);
          for (const look of looks) expectNoRequest(world, look, (when += stepMs));
          when += stepMs;
        }
        for (const later of [settleMs - 1, settleMs, 2 * settleMs]) {
          expectNoRequest(world, "reconcile", when - stepMs + later);
        }
        const { adoptions, notices } = world.look("reconcile", when + 3 * settleMs);
        expect([...adoptions, ...notices]).toEqual([]);
      }),
    );
  },
  timeFor("late reads"),
);
