import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holds, timeFor } from "../property.ts";
import type { Fate } from "./throttle-world.ts";
import { mostInWindow, ThrottleWorld } from "./throttle-world.ts";

/*
 * The invariants, for any arrivals, latencies, failures, priorities and aborts:
 *   1. no window of perMs holds more arrivals at the server than the cap;
 *   2. no more than `concurrency` requests are in flight;
 *   3. every promise settles;
 *   4. while the server says wait, nothing starts;
 *   5. whoever starts had the highest priority among those that waited, and the earliest place within it;
 *   6. after stop nothing starts.
 */

const fate: fc.Arbitrary<Fate> = fc.record(
  {
    there: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
    back: fc.integer({ min: 0, max: 2_000 }),
    failure: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("unavailable" as const, "unknown" as const) },
      { weight: 1, arbitrary: fc.constant("throttled" as const) },
      { weight: 1, arbitrary: fc.constantFrom("rejected" as const, "missing" as const) },
    ),
    retryAfterMs: fc.integer({ min: 0, max: 20_000 }),
  },
  { requiredKeys: ["there", "back"] },
);

const request = fc.record(
  {
    after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_000 })),
    priority: fc.integer({ min: -2, max: 2 }),
    fates: fc.array(fate, { minLength: 1, maxLength: 6 }),
    abortAfter: fc.integer({ min: 0, max: 5_000 }),
    repeatable: fc.boolean(),
  },
  { requiredKeys: ["after", "priority", "fates"] },
);

const world = fc.record({
  requests: fc.integer({ min: 1, max: 6 }),
  perMs: fc.constantFrom(100, 1_000, 5_000),
  concurrency: fc.integer({ min: 1, max: 5 }),
  random: fc.constantFrom(0, 0.5, 0.999),
});

type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

async function play(
  world: ThrottleWorld,
  requests: readonly Request[],
): Promise<PromiseSettledResult<string>[]> {
  const asked: Promise<string>[] = [];
  for (const [index, { after, priority, fates, abortAfter, repeatable }] of requests.entries()) {
    await world.clock.advance(after);
    const controller = new AbortController();
    if (abortAfter !== undefined) {
      void world.clock.sleep(abortAfter).then(() => controller.abort(new Error("nobody wants it any more")));
    }
    asked.push(
      world.ask(`r${index}`, fates, {
        priority,
        signal: controller.signal,
        ...(repeatable === undefined ? {} : { repeatable }),
      }),
    );
  }
  return world.clock.runUntil(Promise.allSettled(asked));
}

describe("whatever happens", () => {
  test(
    "the server never sees more than the cap in any window, nor more in flight, and all settles",
    async (context) => {
      await holds(
        context,
        "throttle: the cap",
        fc.asyncProperty(world, fc.array(request, { maxLength: 25 }), async (options, requests) => {
          const { random, ...limits } = options;
          const w = new ThrottleWorld({ ...limits, random: () => random });
          const results = await play(w, requests);
          expect(results).toHaveLength(requests.length);
          const arrivals = w.sendings.map((sending) => sending.arrivedAt!);
          expect(mostInWindow(arrivals, limits.perMs)).toBeLessThanOrEqual(limits.requests);
          expect(w.mostInFlight).toBeLessThanOrEqual(limits.concurrency);
          expect(w.throttle.tally().writes).toBe(w.sendings.length);
          await w.clock.runUntil(w.throttle.idle());
        }),
      );
    },
    timeFor("throttle: the cap"),
  );

  test(
    "nothing is sent while the server says wait",
    async (context) => {
      await holds(
        context,
        "throttle: told to wait",
        fc.asyncProperty(world, fc.array(request, { maxLength: 20 }), async (options, requests) => {
          const { random, ...limits } = options;
          const w = new ThrottleWorld({ ...limits, random: () => random });
          await play(w, requests);
          for (const [from, until] of saidToWait(w, requests)) {
            const during = w.sendings.filter((sending) => sending.sentAt > from && sending.sentAt < until);
            expect(during).toEqual([]);
          }
        }),
      );
    },
    timeFor("throttle: told to wait"),
  );

  test(
    "nothing starts after stop, and all that waited settles without time passing",
    async (context) => {
      await holds(
        context,
        "throttle: stop",
        fc.asyncProperty(
          fc.array(request, { maxLength: 20 }),
          fc.integer({ min: 0, max: 5_000 }),
          async (requests, at) => {
            const w = new ThrottleWorld();
            const asked = requests.map(({ fates, priority }, index) =>
              w.ask(`r${index}`, fates, { priority }),
            );
            const all = Promise.allSettled(asked);
            await w.clock.advance(at);
            w.throttle.stop();
            const before = w.sendings.length;
            const late = Promise.allSettled([w.ask("late", [{ there: 0, back: 0 }])]);
            const results = await w.clock.runUntil(Promise.all([all, late]));
            expect(w.sendings).toHaveLength(before);
            expect(results[1][0]).toMatchObject({ status: "rejected", reason: { code: "STOPPED" } });
          },
        ),
      );
    },
    timeFor("throttle: stop"),
  );

  test(
    "higher priority first, then first come, first served",
    async (context) => {
      await holds(
        context,
        "throttle: priorities",
        fc.asyncProperty(
          fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 30 }),
          fc.integer({ min: 1, max: 4 }),
          async (priorities, concurrency) => {
            const w = new ThrottleWorld({ concurrency });
            // Fills every place, so that all the others have to queue.
            const first = Array.from({ length: concurrency }, (_, i) =>
              w.ask(`first${i}`, [{ there: 10, back: 10 }]),
            );
            const asked = priorities.map((priority, index) =>
              w.ask(`r${index}`, [{ there: 1, back: 1 }], { priority }),
            );
            await w.clock.runUntil(Promise.all([...first, ...asked]));
            const expected = priorities
              .map((priority, index) => ({ priority, index }))
              .sort((a, b) => b.priority - a.priority || a.index - b.index)
              .map(({ index }) => `r${index}`);
            expect(w.order.slice(concurrency)).toEqual(expected);
          },
        ),
      );
    },
    timeFor("throttle: priorities"),
  );
});

/** From when until when the answers of this world asked for quiet. */
function saidToWait(w: ThrottleWorld, requests: readonly Request[]): [number, number][] {
  return w.sendings.flatMap((sending): [number, number][] => {
    const { fates } = requests[Number(sending.name.slice(1))]!;
    const { failure, retryAfterMs } = fates[Math.min(sending.attempt, fates.length) - 1]!;
    if (retryAfterMs === undefined || failure === undefined) return [];
    if (failure === "rejected" || failure === "missing") return [];
    return [[sending.answeredAt!, sending.answeredAt! + retryAfterMs]];
  });
}
