import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { RemoteError } from "../../src/core/remote-error.ts";
import type { HoldNotice } from "../../src/portkey/gate.ts";
import { createThrottle } from "../../src/portkey/throttle.ts";
import type { Fate } from "./throttle-world.ts";
import { mostInWindow, remoteError, ThrottleWorld } from "./throttle-world.ts";
import { settle } from "./virtual-clock.ts";

const quick: Fate = { there: 1, back: 1 };
const down: Fate = { ...quick, failure: "unavailable" };

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

async function failureOf(promise: Promise<unknown>): Promise<RemoteError["failure"]> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RemoteError)) throw new Error("expected a RemoteError", { cause: error });
  return error.failure;
}

describe("the budget", () => {
  test("a slot comes back one window after the answer, not after the start", async () => {
    const w = new ThrottleWorld({ requests: 2, concurrency: 2 });
    const all = times(4, (i) => w.ask(`r${i}`, [{ there: 0, back: 700 }]));
    await w.clock.runUntil(Promise.all(all));
    const start = w.sendings[0]!.sentAt;
    expect(w.sendings.map((sending) => sending.sentAt - start)).toEqual([0, 0, 1_700, 1_700]);
  });

  test("requests that leave apart and arrive together stay within the cap", async () => {
    const w = new ThrottleWorld({ requests: 3, concurrency: 3 });
    const fates = (there: number): Fate[] => [{ there, back: 0 }];
    const all = [2_500, 1_000, 0, 0, 0, 0, 0].map((there, i) => w.ask(`r${i}`, fates(there)));
    await w.clock.runUntil(Promise.all(all));
    const arrivals = w.sendings.map((sending) => sending.arrivedAt!);
    expect(mostInWindow(arrivals, 1_000)).toBeLessThanOrEqual(3);
  });

  test("a full budget is used: n requests per window and latency", async () => {
    const w = new ThrottleWorld({ requests: 5, concurrency: 5 });
    const all = times(50, (i) => w.ask(`r${i}`, [quick]));
    const start = w.clock.now();
    await w.clock.runUntil(Promise.all(all));
    expect(w.clock.now() - start).toBe(9 * 1_002 + 2);
  });

  test("each attempt of a request costs a slot of its own", async () => {
    const w = new ThrottleWorld({ requests: 1, random: () => 0 });
    const asked = w.ask("r", [down, down, quick]);
    await w.clock.runUntil(asked);
    const start = w.sendings[0]!.sentAt;
    expect(w.sendings.map((sending) => sending.sentAt - start)).toEqual([0, 1_002, 2_004]);
  });

  test("what a former process may have spent is waited for", async () => {
    const w = new ThrottleWorld({ heldUntil: 1_000_000 + 7_000 });
    await w.clock.runUntil(w.ask("r", [quick]));
    expect(w.sendings[0]!.sentAt).toBe(1_000_000 + 7_000);
    expect(w.throttle.tally().throttledMs).toBe(0);
  });

  test("a horizon from a clock that was wrong by years costs one window, not years", async () => {
    const w = new ThrottleWorld({ heldUntil: Number.MAX_SAFE_INTEGER });
    await w.clock.runUntil(w.ask("r", [quick]));
    expect(w.sendings[0]!.sentAt).toBe(1_000_000 + 1_000);
  });

  test("before each request the persisted horizon covers its window, at about one write per window", async () => {
    const horizons: number[] = [];
    const w = new ThrottleWorld({ requests: 10, concurrency: 1, onSpend: (until) => horizons.push(until) });
    let uncovered = 0;
    const asked = times(100, (i) =>
      w.throttle.run(
        async () => {
          if ((horizons.at(-1) ?? 0) < w.clock.now() + 1_000) uncovered += 1;
          await w.clock.sleep(i % 7);
        },
        { kind: "read" },
      ),
    );
    const start = w.clock.now();
    await w.clock.runUntil(Promise.all(asked));
    expect(uncovered).toBe(0);
    expect(horizons.length).toBeLessThanOrEqual((w.clock.now() - start) / 1_000 + 1);
    expect(w.throttle.tally()).toEqual({ reads: 100, writes: 0, throttledMs: 0 });
  });

  test("a request whose horizon cannot be persisted is not sent", async () => {
    const w = new ThrottleWorld({
      onSpend: () => {
        throw new Error("disk full");
      },
    });
    await expect(w.clock.runUntil(w.ask("r", [quick]))).rejects.toThrow("disk full");
    expect(w.sendings).toEqual([]);
  });
});

describe("when the server says wait", () => {
  test.each([2_000, 3_600_000])("everything waits for %d ms, to the end", async (retryAfterMs) => {
    const w = new ThrottleWorld({ requests: 20 });
    const first = w.ask("first", [{ ...quick, failure: "throttled", retryAfterMs }, quick]);
    await w.clock.advance(2);
    const others = times(3, (i) => w.ask(`r${i}`, [quick]));
    await w.clock.runUntil(Promise.all([first, ...others]));
    const said = w.sendings[0]!.answeredAt!;
    expect(w.sendings.slice(1).map((sending) => sending.sentAt - said)).toEqual(Array(4).fill(retryAfterMs));
    expect(w.throttle.tally()).toEqual({ reads: 0, writes: 5, throttledMs: retryAfterMs });
  });

  test("the wait is handed to the next process", async () => {
    const horizons: number[] = [];
    const w = new ThrottleWorld({ onSpend: (until) => horizons.push(until) });
    const asked = w.ask("r", [{ ...quick, failure: "throttled", retryAfterMs: 3_600_000 }]);
    await w.clock.advance(2);
    expect(horizons.at(-1)).toBe(w.clock.now() + 3_600_000);
    w.throttle.stop();
    await expect(failureOf(asked)).resolves.toMatchObject({ consequence: "throttled", attempts: 1 });
  });

  test("a Retry-After on a 503 holds everybody too", async () => {
    const w = new ThrottleWorld();
    const asked = w.ask("r", [{ ...down, retryAfterMs: 9_000 }, quick]);
    await w.clock.advance(2);
    const other = w.ask("other", [quick]);
    await w.clock.runUntil(Promise.all([asked, other]));
    expect(Math.min(...w.sendings.slice(1).map((sending) => sending.sentAt))).toBe(
      w.sendings[0]!.answeredAt! + 9_000,
    );
  });

  test("429s in one volley halve the rate once", async () => {
    const holds: HoldNotice[] = [];
    const w = new ThrottleWorld({ requests: 8, concurrency: 4, onHold: (hold) => holds.push(hold) });
    const all = times(4, (i) => w.ask(`r${i}`, [{ ...quick, failure: "throttled" }, quick]));
    await w.clock.runUntil(Promise.all(all));
    expect(holds).toEqual(Array(4).fill({ reason: "throttled", ms: 250, requests: 4 }));
  });

  test("without Retry-After the wait doubles and the rate halves with each 429, down to one", async () => {
    const holds: HoldNotice[] = [];
    const w = new ThrottleWorld({ requests: 7, random: () => 0.999, onHold: (hold) => holds.push(hold) });
    const throttled: Fate = { ...quick, failure: "throttled" };
    await w.clock.runUntil(w.ask("r", [throttled, throttled, throttled, throttled, quick]));
    expect(holds.map((hold) => [hold.ms, hold.requests])).toEqual([
      [500, 3],
      [999, 1],
      [1_998, 1],
      [3_996, 1],
    ]);
  });

  test("the rate comes back in steps, one for each quiet window", async () => {
    const w = new ThrottleWorld({ requests: 20, concurrency: 20 });
    const first = w.ask("first", [
      { there: 0, back: 0, failure: "throttled", retryAfterMs: 1_000 },
      { there: 0, back: 0 },
    ]);
    await w.clock.advance(500);
    const others = times(200, (i) => w.ask(`r${i}`, [{ there: 0, back: 0 }]));
    await w.clock.runUntil(Promise.all([first, ...others]));
    const start = w.sendings[0]!.sentAt + 1_000;
    const perWindow = times(8, (n) => {
      const from = start + n * 1_000;
      return w.sendings.filter((s) => s.sentAt >= from && s.sentAt < from + 1_000).length;
    });
    expect(perWindow).toEqual([10, 12, 14, 16, 18, 20, 20, 20]);
  });

  test("a request gives up after ten 429s, with all its attempts counted", async () => {
    const w = new ThrottleWorld();
    const asked = w.ask("r", [{ ...quick, failure: "throttled", retryAfterMs: 100 }]);
    await expect(w.clock.runUntil(failureOf(asked))).resolves.toMatchObject({
      consequence: "throttled",
      attempts: 10,
      status: 429,
    });
    expect(w.sendings).toHaveLength(10);
  });

  test("a hold ends for whoever gives up, but for nobody else", async () => {
    const w = new ThrottleWorld();
    const controller = new AbortController();
    const first = w.ask("first", [{ ...quick, failure: "throttled", retryAfterMs: 60_000 }, quick]);
    await w.clock.advance(2);
    const impatient = w.ask("impatient", [quick], { signal: controller.signal });
    const patient = w.ask("patient", [quick]);
    await w.clock.advance(100);
    controller.abort(new Error("no more time"));
    await expect(impatient).rejects.toThrow("no more time");
    await w.clock.runUntil(Promise.all([first, patient]));
    expect(w.sendings.slice(1).every((s) => s.sentAt === w.sendings[0]!.answeredAt! + 60_000)).toBe(true);
    expect(w.order).not.toContain("impatient");
  });
});

describe("when the server fails", () => {
  test("a request is tried five times with growing jittered back-off, then its last failure is thrown", async () => {
    const w = new ThrottleWorld({ requests: 100, random: () => 0.5 });
    const asked = w.ask("r", [down]);
    await expect(w.clock.runUntil(failureOf(asked))).resolves.toMatchObject({
      consequence: "unavailable",
      attempts: 5,
    });
    const gaps = w.sendings.slice(1).map((s, i) => s.sentAt - w.sendings[i]!.answeredAt!);
    expect(gaps).toEqual([250, 500, 1_000, 2_000]);
  });

  test.each(["rejected", "missing", "misdirected"] as const)("%s is thrown at once", async (failure) => {
    const w = new ThrottleWorld();
    await expect(w.clock.runUntil(failureOf(w.ask("r", [{ ...quick, failure }])))).resolves.toMatchObject({
      consequence: failure,
      attempts: 1,
    });
  });

  test("what is not repeatable is not sent again after an unknown outcome", async () => {
    const w = new ThrottleWorld();
    const asked = w.ask("r", [{ ...quick, failure: "unknown" }], { repeatable: false });
    await expect(w.clock.runUntil(failureOf(asked))).resolves.toMatchObject({
      consequence: "unknown",
      attempts: 1,
    });
  });

  test("a request that may have taken effect once stays in doubt, whatever it fails of later", async () => {
    const w = new ThrottleWorld();
    const asked = w.ask("r", [{ ...quick, failure: "unknown" }, down]);
    await expect(w.clock.runUntil(failureOf(asked))).resolves.toMatchObject({
      consequence: "unknown",
      attempts: 5,
    });
  });

  test("what fails for another reason than the server is thrown as it is", async () => {
    const w = new ThrottleWorld();
    const defect = new TypeError("a defect");
    const asked = w.throttle.run(() => Promise.reject(defect), { kind: "read" });
    await expect(w.clock.runUntil(asked)).rejects.toBe(defect);
  });

  test("after five failures in a row one probe at a time goes out, until one is answered", async () => {
    const holds: HoldNotice[] = [];
    const w = new ThrottleWorld({
      requests: 100,
      concurrency: 5,
      random: () => 0.999,
      onHold: (hold) => holds.push(hold),
    });
    const upAt = w.clock.now() + 4_000;
    const asked = times(20, (i) =>
      w.throttle.run(
        async () => {
          w.sendings.push({ name: `r${i}`, attempt: 0, sentAt: w.clock.now() });
          await w.clock.sleep(10);
          if (w.clock.now() < upAt) throw remoteError("unavailable");
        },
        { kind: "write" },
      ),
    );
    await w.clock.runUntil(Promise.all(asked));
    const probes = w.sendings.slice(5).filter((s) => s.sentAt < upAt);
    expect(holds.map((hold) => [hold.reason, hold.ms])).toEqual([
      ["outage", 999],
      ["outage", 1_998],
      ["outage", 3_996],
    ]);
    expect(probes.map((probe) => probe.sentAt - w.sendings[0]!.sentAt)).toEqual([1_009, 3_017]);
    const afterwards = w.sendings.filter((s) => s.sentAt >= upAt);
    expect(afterwards[1]!.sentAt - afterwards[0]!.sentAt).toBe(10);
    expect(afterwards.filter((s) => s.sentAt === afterwards[1]!.sentAt)).toHaveLength(5);
    expect(w.throttle.tally().throttledMs).toBe(0);
  });

  test("a server that stays down turns away whoever waits, in bounded time, and is probed again afterwards", async () => {
    const w = new ThrottleWorld({ requests: 100, random: () => 0.999 });
    const asked = times(1_000, (i) => w.ask(`r${i}`, [down]));
    const start = w.clock.now();
    const results = await w.clock.runUntil(Promise.allSettled(asked));
    expect(results.every((result) => result.status === "rejected")).toBe(true);
    expect(w.clock.now() - start).toBeLessThan(5 * 60_000);
    expect(w.sendings.length).toBeLessThan(50);
    const unsent = results.filter(
      (r) => r.status === "rejected" && (r.reason as RemoteError).failure.attempts === 0,
    );
    expect(unsent.length).toBeGreaterThan(950);
    await expect(w.clock.runUntil(w.ask("later", [quick]))).resolves.toBe("later");
  });
});

describe("when the credential is refused", () => {
  test("nothing more goes out until reset, and all that waits is told at once", async () => {
    const w = new ThrottleWorld({ requests: 100, concurrency: 2 });
    const asked = [
      w.ask("refused", [{ ...quick, failure: "auth" }]),
      w.ask("under way", [{ there: 500, back: 500 }]),
      ...times(10, (i) => w.ask(`r${i}`, [quick])),
    ];
    await w.clock.advance(2);
    const waiting = await Promise.all(asked.slice(2).map(failureOf));
    expect(waiting.every((failure) => failure.consequence === "auth" && failure.attempts === 0)).toBe(true);
    await expect(failureOf(asked[0]!)).resolves.toMatchObject({ consequence: "auth", attempts: 1 });
    await expect(failureOf(w.ask("late", [quick]))).resolves.toMatchObject({
      consequence: "auth",
      attempts: 0,
    });
    await expect(w.clock.runUntil(asked[1]!)).resolves.toBe("under way");
    expect(w.order).toEqual(["refused", "under way"]);
    w.throttle.reset();
    await expect(w.clock.runUntil(w.ask("again", [quick]))).resolves.toBe("again");
  });

  test("after reset no more is in flight than before", async () => {
    const w = new ThrottleWorld({ requests: 100, concurrency: 3 });
    const first = w.ask("refused", [{ ...quick, failure: "auth" }]);
    await w.clock.runUntil(failureOf(first));
    w.throttle.reset();
    await w.clock.runUntil(Promise.all(times(20, (i) => w.ask(`r${i}`, [quick]))));
    expect(w.mostInFlight).toBe(3);
  });

  test("a request in its back-off is not kept waiting", async () => {
    const w = new ThrottleWorld({ random: () => 0.999 });
    const failed = w.ask("failed", [{ ...quick, failure: "unknown" }]);
    await w.clock.advance(2);
    const refused = w.ask("refused", [{ ...quick, failure: "auth" }]);
    await w.clock.advance(2);
    await expect(failureOf(refused)).resolves.toMatchObject({ consequence: "auth" });
    await expect(failureOf(failed)).resolves.toMatchObject({ consequence: "unknown", attempts: 1 });
  });
});

describe("abort and stop", () => {
  test("an aborted request that is under way keeps its place until it ends", async () => {
    const w = new ThrottleWorld({ requests: 100, concurrency: 1 });
    const controller = new AbortController();
    const first = w.ask("first", [{ there: 500, back: 500 }], { signal: controller.signal });
    const second = w.ask("second", [quick]);
    await w.clock.advance(100);
    controller.abort(new Error("changed my mind"));
    await w.clock.runUntil(second);
    expect(w.mostInFlight).toBe(1);
    await expect(first).resolves.toBe("first");
  });

  test("an aborted request that waits is rejected with the reason, and never sent", async () => {
    const w = new ThrottleWorld({ concurrency: 1 });
    const controller = new AbortController();
    const first = w.ask("first", [quick]);
    const second = w.ask("second", [quick], { signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    await expect(second).rejects.toThrow("changed my mind");
    await expect(w.ask("third", [quick], { signal: controller.signal })).rejects.toThrow("changed my mind");
    await w.clock.runUntil(first);
    expect(w.order).toEqual(["first"]);
  });

  test("a withdrawn request is taken back while it waits, and only then", async () => {
    const w = new ThrottleWorld({ concurrency: 1 });
    const withdrawal = new AbortController();
    const signal = new AbortController().signal;
    const first = w.ask("first", [quick], { signal, withdraw: withdrawal.signal });
    const second = w.ask("second", [quick], { signal, withdraw: withdrawal.signal });
    withdrawal.abort(new Error("a newer policy"));
    await expect(second).rejects.toThrow("a newer policy");
    await expect(w.clock.runUntil(first)).resolves.toBe("first");
    expect(w.order).toEqual(["first"]);
  });

  test("an abort after the first attempt tells what became of it", async () => {
    const w = new ThrottleWorld({ random: () => 0.999 });
    const controller = new AbortController();
    const asked = w.ask("r", [{ ...quick, failure: "unknown" }], { signal: controller.signal });
    await w.clock.advance(2);
    controller.abort(new Error("changed my mind"));
    await expect(failureOf(asked)).resolves.toMatchObject({ consequence: "unknown", attempts: 1 });
  });

  test("thousands of requests may share one signal without a warning", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const w = new ThrottleWorld();
    const controller = new AbortController();
    const all = Promise.allSettled(
      times(2_000, () =>
        w.throttle.run(() => Promise.resolve(), { kind: "read", signal: controller.signal }),
      ),
    );
    controller.abort(new Error("enough"));
    await all;
    await settle();
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });

  test("stop cannot be undone by reset", async () => {
    const w = new ThrottleWorld();
    w.throttle.stop();
    w.throttle.reset();
    await expect(w.ask("r", [quick])).rejects.toMatchObject({ code: "STOPPED" });
  });

  test("idle waits for what is in flight and for what waits", async () => {
    const w = new ThrottleWorld({ concurrency: 1 });
    const asked = [w.ask("a", [quick]), w.ask("b", [down, quick])];
    let idle = false;
    const waiting = w.throttle.idle().then(() => {
      idle = true;
    });
    await w.clock.advance(4);
    expect(idle).toBe(false);
    await w.clock.runUntil(waiting);
    expect(await Promise.allSettled(asked)).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
  });
});

test.each([
  ["requests", 0],
  ["perMs", 1.5],
  ["concurrency", -1],
])("limits that make no sense are refused: %s %d", (name, value) => {
  const w = new ThrottleWorld();
  const options = { requests: 1, perMs: 1, concurrency: 1, clock: w.clock, [name]: value };
  expect(() => createThrottle(options)).toThrow(`${name} must be a whole number from 1 up, found ${value}`);
});

test("a process lives as long as a request waits, and not until its window has passed", async () => {
  const script = `
    import { systemClock } from "./src/clock.ts";
    import { createThrottle } from "./src/portkey/throttle.ts";
    const t = createThrottle({ requests: 1, perMs: 3_600_000, concurrency: 1, clock: systemClock,
      heldUntil: Date.now() + 300 });
    await t.run(async () => console.log("sent"), { kind: "read" });
  `;
  const args = ["--import", "tsx", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 25_000 });
  expect(stdout).toBe("sent\n");
});
