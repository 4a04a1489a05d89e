import { beforeEach, describe, expect, test } from "vitest";
import { policyCourses } from "../../src/core/policy-courses.ts";
import { createReminders } from "../../src/daemon/reminders.ts";
import { createLog } from "../../src/log.ts";
import { keyId, policy, resolve } from "../core/build.ts";
import { emptyDisk, FakeState, type Disk } from "../reconcile/fake-state.ts";

const end = Date.parse("2026-12-01T00:00:00Z");
const day = 86_400_000;
const hour = 3_600_000;

let disk: Disk;
let lines: Record<string, unknown>[];

beforeEach(() => {
  disk = emptyDisk();
  lines = [];
});

const launch = policy({
  name: "launch",
  keyIds: [keyId(1), keyId(2)],
  key: { expires_at: null, name: "a" },
  overrides: [
    { until: "2026-12-01T00:00:00Z", reason: "launch week", key: { expires_at: "2027-01-01T00:00:00Z" } },
  ],
});

/** A daemon that has just started, with the state that there is. */
function started(policies = [launch], state = new FakeState(disk)) {
  const write = (text: string): void => void lines.push(JSON.parse(text) as Record<string, unknown>);
  const reminders = createReminders({
    state,
    log: createLog({ level: "info", secrets: [], pretty: false, destination: { write } }),
  });
  return (now: number): void => {
    const courses = policyCourses(resolve({ policies }, now).desired.values());
    reminders.tell(courses, { pass: "pass-1", now });
  };
}

const told = (): unknown[] => lines.map(({ within }) => within);

describe("of an override that ends people are told", () => {
  test("a week and a day before, once each, with what will happen then", () => {
    const tell = started();
    for (let now = end - 9 * day; now < end + day; now += hour) tell(now);
    expect(told()).toEqual(["7 days", "1 day"]);
    expect(lines[0]).toMatchObject({
      msg: "override ends soon",
      policy: "launch",
      keys: 2,
      until: "2026-12-01T00:00:00Z",
      reason: "launch week",
      place: "policies/launch.yaml:101",
      then: [{ path: "expires_at", from: "2027-01-01T00:00:00Z", to: null }],
    });
  });

  test("not again after a restart", () => {
    for (let now = end - 9 * day; now < end + day; now += 7 * hour) started()(now);
    expect(told()).toEqual(["7 days", "1 day"]);
  });

  test("at the start, by a daemon that comes later, with how near it is", () => {
    started()(end - 2 * hour);
    expect(told()).toEqual(["1 day"]);
  });

  test("not of the week any more by a clock that was set back after the day was told", () => {
    const tell = started();
    tell(end - hour);
    tell(end - 3 * day);
    expect(told()).toEqual(["1 day"]);
  });

  test("anew where its end was moved", () => {
    started()(end - hour);
    const moved = { ...launch, overrides: launch.overrides.map((one) => ({ ...one, until: end + 5 * day })) };
    started([moved])(end - hour);
    expect(told()).toEqual(["1 day", "7 days"]);
  });

  test("of none that is not in force, and of none whose policy is paused", () => {
    const coming = { ...launch, overrides: launch.overrides.map((one) => ({ ...one, from: end - hour })) };
    const paused = { ...launch, mode: "paused" as const };
    started([coming])(end - 2 * hour);
    started([paused])(end - 2 * hour);
    expect(lines).toEqual([]);
  });
});

test("what is over is not kept, and nothing is written where nothing is told", () => {
  const short = { ...launch, overrides: launch.overrides.map((one) => ({ ...one, until: end - 5 * day })) };
  started([short])(end - 6 * day);
  const state = new FakeState(disk);
  const tell = started([launch], state);
  tell(end - 4 * day);
  expect(disk.facts.get("reminded")).toEqual({ told: { "2026-12-01T00:00:00Z launch": "7 days" } });
  const writes = state.log.length;
  tell(end - 3 * day);
  expect(state.log).toHaveLength(writes);
});

test("a state that cannot be written or read costs the memory alone: told all the same, and once a process", () => {
  const state = new FakeState(disk);
  state.failing.set("saveFact", new Error("disk full"));
  state.fact = () => {
    throw new Error("unreadable");
  };
  const tell = started([launch], state);
  tell(end - hour);
  tell(end - hour + 1);
  expect(lines.map(({ msg }) => msg)).toEqual([
    "override ends soon",
    "what was told of ending overrides is told again after a restart",
  ]);
});
