import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mostInWindow, SlidingWindow } from "../../src/simulator/arrivals.ts";
import { call, useSimulators, wednesday } from "./support.ts";

const start = useSimulators();
const list = "GET /v1/api-keys";

const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 });

/** Arrivals from the gaps between them. */
function arrivalsOf(between: readonly number[]): number[] {
  let at = 0;
  return between.map((gap) => (at += gap));
}

describe("the most arrivals in a window", () => {
  test("two that are a whole window apart do not share it", () => {
    expect(mostInWindow([0, 100], 100)).toBe(1);
    expect(mostInWindow([0, 99.9], 100)).toBe(2);
    expect(mostInWindow([], 100)).toBe(0);
  });

  test("is what counting every window says, in any order of arrivals", () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 200 }), (between, ms) => {
        const arrivals = arrivalsOf(between);
        const counted = arrivals.map((end) => arrivals.filter((at) => at > end - ms && at <= end).length);
        expect(mostInWindow(arrivals.toReversed(), ms)).toBe(Math.max(...counted));
      }),
    );
  });
});

describe("the rate limit", () => {
  test("lets in no more than it says in any window, and whoever waits as told", () => {
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 200 }),
        (between, requests, perMs) => {
          const window = new SlidingWindow({ requests, perMs });
          const letIn: number[] = [];
          for (const at of arrivalsOf(between)) {
            const waitMs = window.arrive(at);
            if (waitMs === undefined) letIn.push(at);
            else {
              expect(waitMs).toBeGreaterThan(0);
              expect(letIn.filter((earlier) => earlier > at + waitMs - perMs).length).toBeLessThan(requests);
              expect(letIn.filter((earlier) => earlier > at - perMs).length).toBe(requests);
            }
          }
          expect(mostInWindow(letIn, perMs)).toBeLessThanOrEqual(requests);
        },
      ),
    );
  });

  test.each([
    [undefined, "2"],
    ["seconds", "2"],
    // At 12:00:00.700, and 1.5 s on, rounded up to whole seconds.
    ["date", "Wed, 04 Mar 2026 12:00:03 GMT"],
    ["none", null],
  ] as const)("answers 429 AB06 with Retry-After as %s", async (retryAfter, header) => {
    let now = wednesday;
    const limit = { requests: 2, perMs: 1500, ...(retryAfter === undefined ? {} : { retryAfter }) };
    const simulator = await start({ rateLimit: limit, now: () => now });
    const statuses = [];
    for (let n = 0; n < 2; n++) statuses.push((await call(simulator, list)).status);
    const { status, headers, json } = await call(simulator, list);
    expect([...statuses, status]).toEqual([200, 200, 429]);
    expect(json.data.errorCode).toBe("AB06");
    expect(headers.get("retry-after")).toBe(header);
    expect(simulator.maxInWindow(1500)).toBe(3);
    now += 1500;
    expect((await call(simulator, list)).status).toBe(200);
    expect(simulator.maxInWindow(1500)).toBe(3);
  });

  test("comes and goes when it is told to, and keeps faults for requests that are let in", async () => {
    const simulator = await start({ now: () => wednesday });
    const fault = simulator.faults.add({ effect: { kind: "status", status: 503 } });
    simulator.setRateLimit({ requests: 0, perMs: 1000 });
    expect((await call(simulator, list)).status).toBe(429);
    expect(fault.hits).toBe(0);
    simulator.setRateLimit(undefined);
    expect((await call(simulator, list)).status).toBe(503);
  });
});
