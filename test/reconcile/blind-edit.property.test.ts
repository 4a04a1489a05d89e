import fc from "fast-check";
import { expect, test } from "vitest";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { KeyId } from "../../src/core/policy.ts";
import type { PassKind } from "../../src/core/plan.ts";
import { approveHeld, heldPlans } from "../../src/reconcile/holding.ts";
import { runPass, type PassResult } from "../../src/reconcile/pass.ts";
import type { Stored } from "../core/model-server.ts";
import { applied, confirmed, keyId, liveKey, now, own, settleMs } from "../core/build.ts";
import { holds, timeFor } from "../property.ts";
import { emptyDisk } from "./fake-state.ts";
import { createRig, stored, target, type Rig } from "./rig.ts";

/*
 * The invariants, for any keys, whatever the ledger knows and the inventory remembers of them, and any limits:
 *   1. an edit pass raises the limits of no more keys than the guard lets pass;
 *   2. nothing is lost: reconcile passes after it, with approvals of what they hold, leave every key as it is wanted.
 */

const amount = fc.integer({ min: 1, max: 4 });

const cases = fc.record({
  keys: fc.array(
    fc.record({ ledger: fc.option(amount), live: amount, remembered: fc.option(amount), wanted: amount }),
    {
      maxLength: 8,
    },
  ),
  floor: fc.integer({ min: 0, max: 3 }),
  share: fc.constantFrom(0, 0.25, 0.5),
});

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function limited(limit: number): Stored {
  const rest = { alert_threshold: null, periodic_reset: null, periodic_reset_days: null };
  return stored({ usage_limits: { type: "cost", credit_limit: limit, ...rest } });
}

function rigOf({ keys, floor, share }: Case): Rig {
  const limits: GuardLimits = { changed: null, loosened: share, shrunk: null, floor };
  const disk = emptyDisk();
  const rig = createRig({
    policies: keys.map(({ wanted }, n) => own(n + 1, { usage_limits: { credit_limit: wanted } })),
    keys: new Map(keys.map(({ live }, n) => [keyId(n + 1), limited(live)])),
    limits,
    disk,
  });
  for (const [n, { remembered }] of keys.entries()) {
    if (remembered === null) continue;
    const key = liveKey(n + 1, { usage_limits: { type: "cost", credit_limit: remembered } });
    rig.state.saveInventoryKey({ key, raw: {}, seenAt: now, rotationReadAt: null });
  }
  for (const [n, { ledger }] of keys.entries()) {
    const fields =
      ledger === null ? [] : applied({ "usage_limits.credit_limit": confirmed(ledger) }, keyId(n + 1));
    for (const [id, entry] of fields) disk.ledger.set(id, entry);
  }
  return rig;
}

function run(rig: Rig, kind: PassKind): Promise<PassResult> {
  return runPass(rig.ports, {
    ...{ pass: "pass-1", kind, settleMs, workers: 2, target },
    yielding: new AbortController().signal,
    stopping: new AbortController().signal,
    signal: new AbortController().signal,
  });
}

function limitsOf(rig: Rig): Map<KeyId, unknown> {
  return new Map([...rig.plane.keys].map(([id, key]) => [id, key.usage_limits?.["credit_limit"]]));
}

test(
  "no edit loosens more than passes, however little is known of the keys, and nothing of it is lost",
  async (context) => {
    const property = fc.asyncProperty(cases, async (one) => {
      const rig = rigOf(one);
      const before = limitsOf(rig);
      await run(rig, "edit");
      const raised = [...limitsOf(rig)].filter(([id, limit]) => Number(limit) > Number(before.get(id)));
      const most = Math.max(one.floor, Math.floor(one.keys.length * one.share));
      expect(raised.length).toBeLessThanOrEqual(most);
      for (let pass = 0; pass < 2; pass += 1) {
        for (const { digest } of heldPlans(rig.state))
          approveHeld(rig.state, digest, { pass: "by-hand", at: now });
        await run(rig, "reconcile");
      }
      expect([...limitsOf(rig).values()]).toEqual(one.keys.map(({ wanted }) => wanted));
      expect((await rig.survey("reconcile")).plan).toMatchObject({ changes: [], held: [] });
    });
    await holds(context, "blind edits", property);
  },
  timeFor("blind edits"),
);
