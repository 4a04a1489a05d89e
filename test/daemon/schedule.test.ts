import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSchedule, type Schedule, type ScheduleOptions } from "../../src/daemon/schedule.ts";

const started = Date.parse("2026-09-01T12:00:30Z");
const minute = 60_000;

let rings: string[];
let bell: Schedule | undefined;

beforeEach(() => {
  rings = [];
  vi.useFakeTimers({ now: started });
});

afterEach(async () => {
  await bell?.stop();
  vi.useRealTimers();
});

async function start(options: Partial<ScheduleOptions>): Promise<Schedule> {
  bell = createSchedule({ cron: "*/15 * * * *", timezone: "UTC", jitterMs: 0, ...options });
  await bell.start(() => rings.push(new Date().toISOString()));
  return bell;
}

describe("it rings", () => {
  test("at the times of the expression, and not when it starts", async () => {
    await start({});
    await vi.advanceTimersByTimeAsync(31 * minute);
    expect(rings).toEqual(["2026-09-01T12:15:00.000Z", "2026-09-01T12:30:00.000Z"]);
  });

  test("to the second where the expression has six fields", async () => {
    await start({ cron: "*/20 * * * * *" });
    await vi.advanceTimersByTimeAsync(minute);
    expect(rings.map((ring) => ring.slice(14, 19))).toEqual(["00:40", "01:00", "01:20"]);
  });

  test("in the time zone of the expression, summer and winter", async () => {
    vi.setSystemTime("2026-10-24T04:00:00Z");
    await start({ cron: "0 9 * * *", timezone: "Europe/Berlin" });
    await vi.advanceTimersByTimeAsync(2 * 24 * 60 * minute);
    expect(rings).toEqual(["2026-10-24T07:00:00.000Z", "2026-10-25T08:00:00.000Z"]);
  });

  test("later by the jitter at most", async () => {
    for (const [random, late] of [
      [0, 0],
      [0.5, 15_000],
      [0.9999, 29_997],
    ] as const) {
      vi.setSystemTime(started);
      vi.spyOn(Math, "random").mockReturnValue(random);
      rings = [];
      const jittered = await start({ jitterMs: 30_000 });
      await vi.advanceTimersByTimeAsync(16 * minute);
      await jittered.stop();
      expect(rings.map((ring) => Date.parse(ring))).toEqual([Date.parse("2026-09-01T12:15:00Z") + late]);
    }
  });
});

describe("a process that was busy, or a machine that was asleep", () => {
  test("rings late, once, and goes on as usual", async () => {
    const warn = vi.spyOn(console, "warn");
    await start({});
    // The timers stand still while the wall clock moves on, past three ticks.
    vi.setSystemTime(started + 50 * minute);
    await vi.advanceTimersByTimeAsync(15 * minute);
    expect(rings).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(15 * minute);
    expect(rings.slice(1)).toEqual(["2026-09-01T13:15:00.000Z"]);
    expect(warn).not.toHaveBeenCalled();
  });

  test("rings for a tick that is a few seconds late", async () => {
    await start({});
    vi.setSystemTime(started + 5_000);
    await vi.advanceTimersByTimeAsync(15 * minute);
    expect(rings).toHaveLength(1);
  });
});

describe("whether it was due", () => {
  const at = (time: string): number => Date.parse(`2026-09-02T${time}Z`);

  test.each([
    ["*/15 * * * *", "12:00:01", "12:14:59.999", false],
    ["*/15 * * * *", "12:00:01", "12:15:00", true],
    ["*/15 * * * *", "12:00:00", "12:00:00", false],
    ["*/15 * * * *", "11:59:59.999", "12:00:30", true],
    ["*/20 * * * * *", "12:00:01", "12:00:19", false],
    ["*/20 * * * * *", "12:00:01", "12:00:21", true],
    ["0 2 * * *", "00:30:00", "01:59:59", false],
    ["0 2 * * *", "00:30:00", "23:00:00", true],
    ["0 2 * * *", "02:00:01", "23:59:59", false],
  ])("%s after %s and until %s: %s", async (cron, since, now, wasDue) => {
    expect((await start({ cron })).wasDue(at(since), at(now))).toBe(wasDue);
  });

  test("is asked in its time zone", async () => {
    const berlin = await start({ cron: "0 2 * * *", timezone: "Europe/Berlin" });
    expect(berlin.wasDue(at("00:00:01"), at("12:00:00"))).toBe(false);
    expect(berlin.wasDue(at("00:00:00") - 1, at("12:00:00"))).toBe(true);
  });

  test("is taken for granted where it is too long ago to tell", async () => {
    const yearly = await start({ cron: "0 0 1 1 *" });
    expect(yearly.wasDue(at("12:00:00") - 2_000 * minute, at("12:00:00"))).toBe(false);
    expect(yearly.wasDue(at("12:00:00") - 4_000 * minute, at("12:00:00"))).toBe(true);
  });
});

describe("after stop it does not ring", () => {
  test("at the next time", async () => {
    const stopped = await start({});
    await stopped.stop();
    await vi.advanceTimersByTimeAsync(60 * minute);
    expect(rings).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("for a tick that waits for its jitter", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.9);
    const stopped = await start({ jitterMs: 30_000 });
    await vi.advanceTimersByTimeAsync(15 * minute - 20_000);
    expect(new Date().toISOString()).toBe("2026-09-01T12:15:10.000Z");
    expect(rings).toEqual([]);
    await stopped.stop();
    await vi.advanceTimersByTimeAsync(60 * minute);
    expect(rings).toEqual([]);
  });

  test("and can be stopped twice, or without having been started", async () => {
    const stopped = await start({});
    await stopped.stop();
    await stopped.stop();
    await createSchedule({ cron: "* * * * *", timezone: "UTC", jitterMs: 0 }).stop();
  });
});
