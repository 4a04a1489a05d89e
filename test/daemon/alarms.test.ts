import { beforeEach, describe, expect, test } from "vitest";
import { createAlarms, type Alarms } from "../../src/daemon/alarms.ts";
import { VirtualClock } from "../portkey/virtual-clock.ts";

let clock: VirtualClock;
let rings: string[];
let alarms: Alarms;

beforeEach(() => {
  clock = new VirtualClock(0);
  rings = [];
  alarms = createAlarms(clock, (kind) => rings.push(`${kind} at ${clock.now()}`));
});

test("an alarm rings once, at its time", async () => {
  alarms.set("edit", 1_000);
  await clock.advance(999);
  expect(rings).toEqual([]);
  await clock.advance(10_000);
  expect(rings).toEqual(["edit at 1000"]);
});

test("there is one a kind: the one that is to ring first", async () => {
  alarms.set("edit", 1_000);
  alarms.set("reconcile", 500);
  alarms.set("edit", 3_000);
  alarms.set("reconcile", 200);
  await clock.advance(10_000);
  expect(rings).toEqual(["reconcile at 200", "edit at 1000"]);
});

test("one that rang can be set again", async () => {
  alarms.set("edit", 100);
  await clock.advance(100);
  alarms.set("edit", 100);
  await clock.advance(100);
  expect(rings).toEqual(["edit at 100", "edit at 200"]);
});

describe("a pass that begins", () => {
  test("turns off the alarms that it covers: a reconcile pass covers both kinds", async () => {
    alarms.set("edit", 100);
    alarms.set("reconcile", 200);
    alarms.covered("reconcile");
    await clock.advance(1_000);
    expect(rings).toEqual([]);
  });

  test("leaves those that it does not: an edit pass reads nothing", async () => {
    alarms.set("edit", 100);
    alarms.set("reconcile", 200);
    alarms.covered("edit");
    await clock.advance(1_000);
    expect(rings).toEqual(["reconcile at 200"]);
  });
});

test("after stop nothing rings", async () => {
  alarms.set("edit", 100);
  alarms.set("reconcile", 200);
  alarms.stop();
  await clock.advance(1_000);
  expect(rings).toEqual([]);
});
