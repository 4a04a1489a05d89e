import fc from "fast-check";
import { expect, test } from "vitest";
import type { PassKind } from "../../src/core/plan.ts";
import type { KeyId } from "../../src/core/policy.ts";
import { readBack } from "../../src/reconcile/read-back.ts";
import { keyId, now, policy, policySet, settleMs } from "../core/build.ts";
import { holds, timeFor } from "../property.ts";
import { emptyDisk } from "./fake-state.ts";
import { remoteError } from "./fake-plane.ts";
import { Fuse, Killed } from "./fuse.ts";
import { createRig, stored, type Rig, type RigParts } from "./rig.ts";

/*
 * The invariants, for any sequence of token changes, passes, looks, lost answers, refusals and deaths of the process:
 *   1. between one change of the token and the next, usage is reset once at most;
 *   2. exactly once, when everything works again for a while, `last_reset_at` is shown, and what came before was known;
 *   3. not at all only where the doubt is told;
 *   4. after that nothing is planned, and nothing is sent.
 */

const one = keyId(1);

type Trouble =
  | { readonly kind: "none" | "lost" | "refused" | "unavailable" | "throttled" }
  | { readonly kind: "killed"; readonly at: number; readonly takesEffect: boolean };

interface Act {
  readonly pass: PassKind | "look";
  readonly trouble: Trouble;
  /** How much time goes by before it. */
  readonly waitMs: number;
}

interface Period {
  /** Another token, none, or the same one as before. */
  readonly token: "next" | "none" | "same";
  readonly renames: boolean;
  readonly acts: readonly Act[];
  /** Whether everything works for a while at its end. */
  readonly heals: boolean;
}

interface Case {
  readonly shown: boolean;
  readonly lagMs: number;
  readonly periods: readonly Period[];
}

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({ kind: fc.constantFrom("none", "lost", "refused", "unavailable", "throttled") }),
  fc.record({ kind: fc.constant("killed"), at: fc.integer({ min: 1, max: 9 }), takesEffect: fc.boolean() }),
);

const act: fc.Arbitrary<Act> = fc.record({
  pass: fc.constantFrom<Act["pass"]>("edit", "reconcile", "look"),
  trouble,
  waitMs: fc.constantFrom(5_000, 30_000, settleMs, 20 * settleMs),
});

const cases: fc.Arbitrary<Case> = fc.record({
  shown: fc.boolean(),
  lagMs: fc.constantFrom(0, 20_000, settleMs - 1_000),
  periods: fc.array(
    fc.record({
      token: fc.constantFrom<Period["token"]>("next", "next", "next", "none", "same"),
      renames: fc.boolean(),
      acts: fc.array(act, { maxLength: 4 }),
      heals: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

/** What outlives a process. */
class World {
  time = now;
  token: string | undefined;
  name = "key";
  #left: Pick<RigParts, "keys" | "updatedAt" | "disk"> = {
    keys: new Map([[one, stored({ usage_limits: { type: "cost", credit_limit: 5 } })]]),
    disk: emptyDisk(),
  };
  readonly resets = new Map<KeyId, readonly number[]>();
  readonly #given: Case;

  constructor(given: Case) {
    this.#given = given;
  }

  get made(): number {
    return this.resets.get(one)?.length ?? 0;
  }

  /** One act of a process of its own: what it leaves behind is what the next one finds. */
  async act({ pass, trouble: what, waitMs }: Act): Promise<Rig> {
    this.time += waitMs;
    const { shown, lagMs } = this.#given;
    const key = { name: this.name, usage_limits: { type: "cost", credit_limit: 5 } };
    const rig = createRig({
      ...this.#left,
      set: policySet({ policies: [policy({ keyIds: [one], key, resetUsage: this.token })] }),
      resets: { made: this.resets, shown, lagMs },
      fuse: what.kind === "killed" ? new Fuse(what) : new Fuse(),
    });
    rig.setNow(this.time);
    if (what.kind === "lost") rig.plane.lostAnswers.add(one);
    if (what.kind === "refused") rig.plane.refusedUpdates.set(one, remoteError("rejected", 400));
    if (what.kind === "unavailable") rig.plane.refusedUpdates.set(one, remoteError("unavailable", 503));
    if (what.kind === "throttled") rig.plane.refusedUpdates.set(one, remoteError("throttled", 429));
    try {
      if (pass === "look") await look(rig);
      else await rig.enforce(await rig.survey(pass));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    this.#left = { keys: rig.plane.keys, updatedAt: rig.plane.updatedAt, disk: rig.state.disk };
    return rig;
  }

  /** Everything works, and there is time enough for whatever is late. */
  async heal(): Promise<Rig> {
    let rig: Rig | undefined;
    for (const pass of ["reconcile", "look", "look", "reconcile", "look", "look"] as const) {
      rig = await this.act({ pass, trouble: { kind: "none" }, waitMs: settleMs + 1_000 });
    }
    return rig!;
  }
}

function look({ ports }: Rig): Promise<unknown> {
  return readBack(ports, { pass: "look", settleMs, signal: new AbortController().signal });
}

test(
  "usage is reset once at most for each change of the token, and exactly once where that can be known",
  async (context) => {
    await holds(
      context,
      "resets of usage",
      fc.asyncProperty(cases, async (given) => {
        const world = new World(given);
        await world.heal();
        let known = true;
        let last: string | undefined;
        let doneFor: string | undefined;
        for (const [index, period] of given.periods.entries()) {
          const isNew = period.token === "next";
          if (isNew) last = `t${index}`;
          if (isNew) world.token = last;
          if (period.token === "none") world.token = undefined;
          if (period.token === "same") world.token = last;
          if (period.renames) world.name = `name-${index}`;
          const before = world.made;
          const doneBefore = doneFor !== undefined && doneFor === world.token;
          for (const one of period.acts) await world.act(one);
          expect(world.made - before).toBeLessThanOrEqual(1);
          if (world.token === undefined || doneBefore) expect(world.made).toBe(before);
          if (world.made > before) doneFor = world.token;
          if (!period.heals) {
            known = false;
            continue;
          }
          const rig = await world.heal();
          const { plan } = await rig.survey();
          const isTold = plan.notices.some(({ kind }) => kind === "in-doubt");
          if (world.made > before) doneFor = world.token;
          expect(world.made - before).toBeLessThanOrEqual(1);
          if (isNew && given.shown && known) expect(world.made - before).toBe(1);
          if (world.token !== undefined && doneFor !== world.token) expect(isTold).toBe(true);
          expect(plan.changes).toEqual([]);
          expect(plan.notices.filter(({ kind }) => kind !== "in-doubt" && kind !== "released")).toEqual([]);
          known = world.token !== undefined || period.token === "none";
        }
      }),
    );
  },
  timeFor("resets of usage"),
);

test.each([
  ["killed before the request took effect", { kind: "killed", at: 3, takesEffect: false }, 0],
  ["killed after the request took effect", { kind: "killed", at: 3, takesEffect: true }, 1],
  ["the answer lost", { kind: "lost" }, 1],
  ["no connection", { kind: "unavailable" }, 0],
] as const)("the troubles trouble: %s", async (_, what, made) => {
  const world = new World({ shown: true, lagMs: 0, periods: [] });
  await world.heal();
  world.token = "launch";
  await world.act({ pass: "edit", trouble: what, waitMs: settleMs });
  expect(world.made).toBe(made);
  await world.heal();
  expect(world.made).toBe(1);
});

test("a read from before our own reset for the token before does not stand for the next one", async () => {
  const world = new World({ shown: true, lagMs: settleMs - 1_000, periods: [] });
  await world.heal();
  world.token = "a";
  await world.act({ pass: "edit", trouble: { kind: "none" }, waitMs: settleMs });
  world.token = "b";
  const death: Trouble = { kind: "killed", at: 3, takesEffect: false };
  await world.act({ pass: "edit", trouble: death, waitMs: 5_000 });
  expect(world.made).toBe(1);
  const rig = await world.heal();
  const told = (await rig.survey()).plan.notices.map(({ kind }) => kind);
  expect([world.made, told]).toEqual([1, ["in-doubt"]]);
});
