import fc from "fast-check";
import { expect, test } from "vitest";
import { readLiveKey } from "../../src/core/live.ts";
import type { PassKind } from "../../src/core/plan.ts";
import type { JsonObject, KeyId, PolicySet } from "../../src/core/policy.ts";
import { keyBlock, storedKey, variant } from "../core/arbitraries.ts";
import { keyId, now, policy, policySet } from "../core/build.ts";
import type { Stored, Variant } from "../core/model-server.ts";
import { show } from "../core/model-shapes.ts";
import { holds, timeFor } from "../property.ts";
import { emptyDisk } from "./fake-state.ts";
import { Fuse, Killed, type FuseOptions } from "./fuse.ts";
import { createRig, stored, type Rig, type RigParts } from "./rig.ts";

/*
 * The invariants, for any policies, keys and earlier pass, and a process that dies at any call to the state or to the
 * control plane, before that call took effect or after:
 *   1. a fresh process, one pass later, ends in the live state of a run that nobody disturbed;
 *   2. the plan after that has no changes, and once its corrections of the ledger are made, nothing at all;
 *   3. no request goes out whose claim is not on the disk (the control plane of the test refuses it).
 */

const ids = [1, 2, 3].map(keyId);
const minute = 60_000;

interface Case {
  readonly before: readonly JsonObject[];
  readonly wanted: readonly JsonObject[];
  readonly keys: ReadonlyMap<KeyId, Stored>;
  readonly variant: Variant;
  readonly seed: number;
  readonly workers: number;
  readonly passes: readonly [PassKind, PassKind];
}

const blocks = fc.tuple(...ids.map(() => keyBlock));
const passKind = fc.constantFrom<PassKind>("edit", "reconcile");

const cases: fc.Arbitrary<Case> = fc.record({
  before: fc.oneof(fc.constant([]), blocks),
  wanted: blocks,
  keys: fc
    .tuple(...ids.map(() => storedKey))
    .map((stored) => new Map(stored.map((key, index) => [ids[index]!, key]))),
  variant,
  seed: fc.integer(),
  workers: fc.constantFrom(1, 2, 3),
  passes: fc.tuple(passKind, passKind),
});

const deaths = fc.record({ at: fc.integer({ min: 1, max: 14 }), takesEffect: fc.boolean() });

function setOf(blocksOfKeys: readonly JsonObject[]): PolicySet {
  const policies = blocksOfKeys.map((key, index) =>
    policy({ name: `p${index}`, keyIds: [ids[index]!], key }),
  );
  return policySet({ policies });
}

/** What a process leaves behind: what the control plane stores, and what is on the disk. */
type Left = Pick<RigParts, "keys" | "updatedAt" | "disk">;

function leftBy({ plane, state }: Rig): Left {
  return { keys: plane.keys, updatedAt: plane.updatedAt, disk: state.disk };
}

interface Start {
  readonly wanted: readonly JsonObject[];
  readonly minutes: number;
  readonly fuse?: Fuse;
}

/** A new process on what the last one left behind. */
function start(given: Case, left: Left, { wanted, minutes, fuse = new Fuse() }: Start): Rig {
  const { variant: server, seed } = given;
  const rig = createRig({ ...left, set: setOf(wanted), variant: server, seed, fuse });
  rig.setNow(now + minutes * minute);
  return rig;
}

async function pass(rig: Rig, kind: PassKind, workers: number): Promise<void> {
  const surveyed = await rig.survey(kind);
  const outcomes = await rig.enforce(surveyed, { workers });
  expect(outcomes.filter(({ outcome }) => outcome !== "applied")).toEqual([]);
}

/** An undisturbed pass for what was wanted before, then one for what is wanted now, with the fuse in it. */
async function run(given: Case, fuse: FuseOptions): Promise<Rig> {
  const first = start(given, { keys: given.keys, disk: emptyDisk() }, { wanted: given.before, minutes: 0 });
  await pass(first, "reconcile", given.workers);
  const second = start(given, leftBy(first), { wanted: given.wanted, fuse: new Fuse(fuse), minutes: 10 });
  try {
    await pass(second, given.passes[0], given.workers);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  return second;
}

const override = "defaults.allow_config_override";

/** What the control plane stores, in canonical form: order and spelling may differ by how often it was sent. */
function contents({ plane }: Rig): unknown {
  return [...plane.keys].map(([id, key]) => {
    const { fields } = readLiveKey(
      show(key, id, "get", (first) => first),
      "get",
    );
    const { [override]: switched, ...rest } = Object.fromEntries(fields);
    // A switch that was never set has the effect of true, and becomes that with the first write to what is beside it.
    return [id, { ...rest, [override]: switched ?? true }];
  });
}

const never: FuseOptions = { at: Infinity, takesEffect: false };
const timeout = timeFor("killed anywhere");

test(
  "killed anywhere, a fresh process ends where an undisturbed one does, and then plans nothing",
  async (context) => {
    await holds(
      context,
      "killed anywhere",
      fc.asyncProperty(cases, deaths, async (given, death) => {
        const undisturbed = await run(given, never);
        const killed = await run(given, death);
        const next = start(given, leftBy(killed), { wanted: given.wanted, minutes: 20 });
        await pass(next, given.passes[1], given.workers);
        expect(contents(next)).toEqual(contents(undisturbed));
        next.setNow(now + 30 * minute);
        const third = await next.survey("reconcile");
        expect(third.plan.changes).toEqual([]);
        const quiet = ["held", "orphaned", "released"];
        expect(third.plan.notices.filter(({ kind }) => !quiet.includes(kind))).toEqual([]);
        await next.enforce(third);
        const fourth = await next.survey("reconcile");
        expect([fourth.plan.changes, fourth.plan.adoptions]).toEqual([[], []]);
      }),
    );
  },
  timeout,
);

test("the kills hit: each kind of call is one at which a process dies", async () => {
  const given: Case = {
    before: [],
    wanted: [{ usage_limits: { credit_limit: 5 } }],
    keys: new Map([[keyId(1), stored()]]),
    variant: { defaults: "merge", metadata: "replace", groups: "merge" },
    seed: 1,
    workers: 1,
    passes: ["edit", "edit"],
  };
  const logs = [];
  for (let at = 1; at <= 5; at += 1) {
    const { log, plane } = await run(given, { at, takesEffect: true });
    logs.push(`${log.map((line) => line.split(" ")[0]).join(" ")}; ${plane.bodies.length} sent`);
  }
  expect(logs).toEqual([
    "get; 0 sent",
    "get saveInventoryKey; 0 sent",
    "get saveInventoryKey claim; 1 sent",
    "get saveInventoryKey claim update; 1 sent",
    "get saveInventoryKey claim update confirm; 1 sent",
  ]);
});
