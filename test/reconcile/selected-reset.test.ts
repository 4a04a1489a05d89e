import { describe, expect, test } from "vitest";
import type { GuardLimits } from "../../src/core/guard.ts";
import type { KeyPolicy } from "../../src/core/policy.ts";
import { survey } from "../../src/reconcile/survey.ts";
import { keyId, now, policy, settleMs, type PolicyParts } from "../core/build.ts";
import { emptyDisk } from "./fake-state.ts";
import { createRig, stored, type Rig } from "./rig.ts";

const one = keyId(1);

/** Selects by the beginning of a name. */
function selector(name: string, begin: string, parts: PolicyParts = {}): KeyPolicy {
  return policy({ name, match: { name: `${begin}*` }, key: { description: "wanted" }, ...parts });
}

/** A key, and passes of one process after another over what policies ask of it then. */
class World {
  #time = now;
  #disk = emptyDisk();
  #keys = new Map([[one, stored({ name: "a-b" })]]);
  #resets = { made: new Map<string, number[]>(), shown: true, lagMs: 0 };
  limits: GuardLimits | undefined;

  rename(name: string): void {
    this.#keys.set(one, { ...this.#keys.get(one)!, name });
  }

  rig(...policies: readonly KeyPolicy[]): Rig {
    this.#time += 20 * settleMs;
    const rig = createRig({
      policies,
      keys: this.#keys,
      disk: this.#disk,
      resets: this.#resets,
      ...(this.limits === undefined ? {} : { limits: this.limits }),
    });
    rig.setNow(this.#time);
    return rig;
  }

  /** Two passes; how often usage was reset by them, and by another one of each kind. */
  async resets(...policies: readonly KeyPolicy[]): Promise<number> {
    const before = this.#resets.made.get(one)?.length ?? 0;
    for (const pass of ["reconcile", "edit", "reconcile"] as const) {
      const rig = this.rig(...policies);
      await rig.enforce(await rig.survey(pass));
      this.#keys = new Map(rig.plane.keys);
    }
    return (this.#resets.made.get(one)?.length ?? 0) - before;
  }
}

const token = (resetUsage: string | undefined): PolicyParts => ({ resetUsage });

describe("the token of a policy that selects its keys", () => {
  test("resets the usage of a key once when it is put there, and once for each change", async () => {
    const world = new World();
    expect(await world.resets(selector("a", "a"))).toBe(0);
    expect(await world.resets(selector("a", "a", token("x")))).toBe(1);
    expect(await world.resets(selector("a", "a", token("y")))).toBe(1);
    expect(await world.resets(selector("a", "a"))).toBe(0);
    expect(await world.resets(selector("a", "a", token("y")))).toBe(0);
  });

  test("resets nothing of a key that comes under it later, which is told", async () => {
    const world = new World();
    const policies = [selector("a", "a"), selector("c", "c", token("x"))];
    await world.resets(...policies);
    world.rename("c");
    const { plan } = await world.rig(...policies).survey();
    expect(plan.notices).toMatchObject([{ kind: "not-reset", keyId: one }]);
    expect(await world.resets(...policies)).toBe(0);
    expect(await world.resets(selector("a", "a"), selector("c", "c", token("y")))).toBe(1);
  });
});

describe("where several policies select a key", () => {
  const high = (parts: PolicyParts = {}): KeyPolicy => selector("high", "a-", { priority: 5, ...parts });
  const low = (parts: PolicyParts = {}): KeyPolicy => selector("low", "a", parts);

  test("the token of the highest priority that has one counts", async () => {
    const world = new World();
    expect(await world.resets(high(), low())).toBe(0);
    expect(await world.resets(high(), low(token("x")))).toBe(1);
    expect(await world.resets(high(token("h")), low(token("x")))).toBe(1);
    expect(await world.resets(high(token("h")), low(token("y")))).toBe(0);
    const { resolution } = await world.rig(high(token("h")), low(token("y"))).survey();
    expect(resolution.desired.get(one)?.resetUsage).toMatchObject({
      value: "h",
      place: { file: "policies/high.yaml" },
    });
  });

  test("a token that comes to count because the one above it went is no change", async () => {
    const world = new World();
    await world.resets(high(), low());
    expect(await world.resets(high(token("h")), low(token("x")))).toBe(1);
    expect(await world.resets(high(), low(token("x")))).toBe(0);
    expect(await world.resets(high(), low(token("y")))).toBe(1);
  });

  test("a key that left all of them, or whose policy is gone, comes back without a reset", async () => {
    const world = new World();
    await world.resets(low(token("x")));
    world.rename("z");
    expect(await world.resets(low(token("y")))).toBe(0);
    world.rename("a-b");
    expect(await world.resets(low(token("y")))).toBe(0);
    expect(await world.resets(low(token("z")))).toBe(1);
    expect(await world.resets(selector("other", "x"))).toBe(0);
    expect(await world.resets(low(token("1")))).toBe(0);
  });

  test("a key that comes under one and leaves it, again and again, is not reset", async () => {
    const world = new World();
    const policies = [high(token("h")), low(token("x"))];
    world.rename("ab");
    expect(await world.resets(low())).toBe(0);
    expect(await world.resets(...policies)).toBe(1);
    for (const name of ["a-b", "ab", "a-b", "ab"]) {
      world.rename(name);
      expect(await world.resets(...policies)).toBe(0);
    }
    expect(await world.resets(high(token("h")), low(token("y")))).toBe(1);
  });

  test("a key is not reset for the token that a policy had when it began to select it", async () => {
    const world = new World();
    await world.resets(high());
    expect(await world.resets(high(), low(token("x")))).toBe(0);
    expect(await world.resets(high(), low(token("y")))).toBe(1);
  });

  test("a change that is held meanwhile is made up for, whatever else is noted of the key", async () => {
    const world = new World();
    await world.resets(high(), low());
    world.limits = { changed: null, loosened: 0, shrunk: null, floor: 0 };
    const third = selector("third", "a-b", { priority: 1 });
    expect(await world.resets(high(), third, low(token("x")))).toBe(0);
    world.limits = undefined;
    expect(await world.resets(high(), third, low(token("x")))).toBe(1);
  });

  test("one that only reports holds the reset of another one back, and it is told", async () => {
    const world = new World();
    await world.resets(high(), low());
    const policies = [high({ mode: "report" }), low(token("x"))];
    expect(await world.resets(...policies)).toBe(0);
    const { plan } = await world.rig(...policies).survey();
    expect(plan.notices).toMatchObject([
      { kind: "drift", message: expect.stringContaining('usage would be reset (token "x", before none)') },
    ]);
    expect(await world.resets(high(), low(token("x")))).toBe(1);
  });
});

describe("an override", () => {
  const from = new Date(now + 100 * settleMs).toISOString();
  const until = new Date(now + 200 * settleMs).toISOString();
  const parts = { overrides: [{ from, until, key: { description: "for a while" } }] };

  test("resets nothing when it begins and when it ends", async () => {
    const world = new World();
    await world.resets(selector("a", "a", parts));
    expect(await world.resets(selector("a", "a", { ...parts, ...token("x") }))).toBe(1);
    for (let step = 0; step < 4; step += 1) {
      expect(await world.resets(selector("a", "a", { ...parts, ...token("x") }))).toBe(0);
    }
  });

  test("no forecast promises a reset: the next pass makes it", async () => {
    const world = new World();
    await world.resets(selector("a", "a"));
    const rig = world.rig(selector("a", "a", { ...parts, ...token("x") }));
    const { signal } = new AbortController();
    const ahead = { pass: "reconcile", settleMs, signal, at: Date.parse(from) } as const;
    expect((await rig.survey()).plan.changes).toMatchObject([{ fields: [], reset: { token: "x" } }]);
    const { plan } = await survey(rig.ports, ahead);
    expect(plan.changes).toMatchObject([{ rank: "neutral", fields: [{ path: "description" }] }]);
    expect(plan.changes[0]).not.toHaveProperty("reset");
  });
});
