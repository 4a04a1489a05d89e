import { beforeEach, expect, test } from "vitest";
import { createWakeUp, type WakeUp } from "../../src/daemon/wake-up.ts";
import { VirtualClock } from "../portkey/virtual-clock.ts";

const day = 86_400_000;

/** What sleeps are measured on; the wall clock is `ahead` of it. */
let machine: VirtualClock;
let ahead: number;
let woken: number[];
let sleeps: number[];
let wakeUp: WakeUp;

beforeEach(() => {
  machine = new VirtualClock(0);
  ahead = 0;
  woken = [];
  sleeps = [];
  const now = (): number => machine.now() + ahead;
  const clock = {
    now,
    sleep(ms: number, signal?: AbortSignal) {
      sleeps.push(ms);
      return machine.sleep(ms, signal);
    },
  };
  wakeUp = createWakeUp(clock, () => woken.push(now()));
});

test("it wakes at the instant, once, and not before", async () => {
  wakeUp.set(100_000);
  await machine.advance(99_999);
  expect(woken).toEqual([]);
  await machine.advance(10 * day);
  expect(woken).toEqual([100_000]);
});

test("an instant further away than a timer reaches is waited for all the same", async () => {
  wakeUp.set(40 * day);
  await machine.advance(40 * day - 1);
  expect(woken).toEqual([]);
  expect(Math.max(...sleeps)).toBeLessThan(2 ** 31);
  await machine.advance(1);
  expect(woken).toEqual([40 * day]);
});

test("an instant that is over wakes at once", async () => {
  await machine.advance(5_000);
  wakeUp.set(4_000);
  await machine.advance(0);
  expect(woken).toEqual([5_000]);
});

test("another instant takes the place of the one before, sooner, later or none", async () => {
  wakeUp.set(1_000);
  wakeUp.set(3_000);
  wakeUp.set(2_000);
  await machine.advance(10_000);
  expect(woken).toEqual([2_000]);
  wakeUp.set(20_000);
  wakeUp.set(null);
  await machine.advance(day);
  expect(woken).toEqual([2_000]);
});

test("a clock that is set ahead past the instant wakes within the minute", async () => {
  wakeUp.set(day);
  await machine.advance(10_000);
  ahead = 2 * day;
  await machine.advance(59_000);
  expect(woken).toHaveLength(1);
  expect(woken[0]! - 2 * day).toBeLessThan(60_000);
});

test("a clock that is set back wakes within the minute: what had ended may be in force again", async () => {
  await machine.advance(10 * day);
  wakeUp.set(20 * day);
  await machine.advance(1_000);
  ahead = -5 * day;
  await machine.advance(59_000);
  expect(woken).toHaveLength(1);
});

test("a clock that is set back a little does not wake before the instant", async () => {
  wakeUp.set(100_000);
  await machine.advance(10_000);
  ahead = -5_000;
  await machine.advance(100_000 - 10_000 + 4_999);
  expect(woken).toEqual([]);
  await machine.advance(1);
  expect(woken).toEqual([100_000]);
});

test("after stop it does not wake", async () => {
  wakeUp.set(1_000);
  wakeUp.stop();
  await machine.advance(day);
  expect(woken).toEqual([]);
});
