import { beforeEach, expect, test } from "vitest";
import { createRelief, type Relief } from "../../src/daemon/relief.ts";
import { VirtualClock } from "../portkey/virtual-clock.ts";

let clock: VirtualClock;
let collected: number[];
let relief: Relief;

beforeEach(() => {
  clock = new VirtualClock(0);
  collected = [];
  relief = createRelief(clock, () => collected.push(clock.now()));
});

test("garbage is collected after a pass, and once more when it has been quiet", async () => {
  relief.passBegins();
  relief.passEnded();
  expect(collected).toEqual([]);
  await clock.advance(60_000);
  expect(collected).toEqual([500, 10_000]);
});

test("nothing is collected while a pass runs", async () => {
  relief.passEnded();
  await clock.advance(1_000);
  relief.passBegins();
  await clock.advance(60_000);
  expect(collected).toEqual([500]);
});

test("passes that follow each other closely are one", async () => {
  for (let pass = 0; pass < 5; pass += 1) {
    relief.passBegins();
    relief.passEnded();
    await clock.advance(400);
  }
  await clock.advance(60_000);
  expect(collected).toEqual([2_100, 11_600]);
});

test("what a pass let go of is gone after the first collection", async () => {
  const kept = new WeakRef({ pass: "over" });
  const real = createRelief(clock);
  // A reference is held until the turn ends in which it was last followed.
  await new Promise((resolve) => setImmediate(resolve));
  real.passEnded();
  await clock.advance(1_000);
  expect(kept.deref()).toBeUndefined();
});
