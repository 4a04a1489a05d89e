import { renameSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { keyId } from "../core/build.ts";
import { target } from "../reconcile/rig.ts";
import { OverrideRig } from "./override-rig.ts";

/* A whole daemon, and overrides that begin and end while nobody touches a file and no schedule rings. */

interface Window {
  readonly from?: string;
  readonly until: string;
  readonly rate: number;
}

const end = "2026-12-01T00:00:00Z";

function timed(n: number, ...windows: readonly Window[]): string {
  const items = windows.map(
    ({ from, until, rate }) =>
      `    - { ${from === undefined ? "" : `from: ${from}, `}until: ${until}, reason: launch, key: { rate_limits: [{ type: requests, unit: rpm, value: ${rate} }] } }\n`,
  );
  return `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: p${n} }
spec:
  keyId: ${keyId(n)}
  key: { name: k, rate_limits: [{ type: requests, unit: rpm, value: 600 }] }
${items.length === 0 ? "" : `  overrides:\n${items.join("")}`}`;
}

describe("when an override ends", () => {
  test("the base value is put back at that instant by an edit pass, and the next plan is empty", async () => {
    const rig = new OverrideRig({
      startsAt: "2026-11-20T00:00:00Z",
      files: { "p.yaml": timed(1, { until: end, rate: 2400 }) },
    });
    await rig.start();
    expect(rig.rateOf(keyId(1))).toBe(2400);
    await rig.until("2026-11-30T23:59:59.999Z");
    expect(rig.rateOf(keyId(1))).toBe(2400);
    expect(await rig.planned()).toBe(0);
    const passes = rig.reports.length;
    await rig.until(end);
    expect(rig.rateOf(keyId(1))).toBe(600);
    expect(rig.reports.slice(passes)).toMatchObject([
      {
        kind: "edit",
        applied: 1,
        startedAt: "2026-12-01T00:00:00.000Z",
        overrides: { inForce: 0, next: null },
      },
    ]);
    await rig.until("2026-12-01T01:00:00Z");
    expect(await rig.planned()).toBe(0);
    // Nothing rings any more for it.
    const last = rig.reports.length;
    await rig.until("2027-12-01T00:00:00Z");
    expect(rig.reports).toHaveLength(last);
    await rig.stop();
  });

  test("one that begins and ends a long way off is in force exactly as long", async () => {
    const from = "2027-03-01T08:00:00Z";
    const until = "2027-03-01T08:00:01Z";
    const rig = new OverrideRig({
      startsAt: "2026-11-20T00:00:00Z",
      files: { "p.yaml": timed(1, { from, until, rate: 5 }) },
    });
    await rig.start();
    await rig.until("2027-03-01T07:59:59.999Z");
    expect(rig.rateOf(keyId(1))).toBe(600);
    await rig.until(from);
    expect(rig.rateOf(keyId(1))).toBe(5);
    await rig.until("2027-03-01T08:00:00.999Z");
    expect(rig.rateOf(keyId(1))).toBe(5);
    await rig.until(until);
    expect(rig.rateOf(keyId(1))).toBe(600);
    await rig.until("2027-03-01T09:00:00Z");
    expect(await rig.planned()).toBe(0);
    await rig.stop();
  });

  test("another one that follows it takes its place without a gap", async () => {
    const rig = new OverrideRig({
      startsAt: "2026-11-20T00:00:00Z",
      files: {
        "p.yaml": timed(
          1,
          { until: end, rate: 2400 },
          { from: end, until: "2026-12-02T00:00:00Z", rate: 1200 },
        ),
      },
    });
    await rig.start();
    await rig.until(end);
    expect(rig.rateOf(keyId(1))).toBe(1200);
    await rig.until("2026-12-02T00:00:00Z");
    expect(rig.rateOf(keyId(1))).toBe(600);
    const rates = rig.rig.plane.bodies.map(
      ({ body }) => (body["rate_limits"] as { value: number }[])[0]?.value,
    );
    expect(rates).toEqual([2400, 1200, 600]);
    await rig.stop();
  });

  test("a daemon that was not there then puts the base value back as soon as it starts", async () => {
    const rig = new OverrideRig({
      startsAt: "2026-11-20T00:00:00Z",
      files: { "p.yaml": timed(1, { until: end, rate: 2400 }) },
    });
    await rig.start();
    await rig.stop();
    await rig.until("2026-12-05T00:00:00Z");
    expect(rig.rateOf(keyId(1))).toBe(2400);
    await rig.start();
    expect(rig.rateOf(keyId(1))).toBe(600);
    await rig.stop();
  });

  test("while the machine slept, the base value is back within a minute of its waking", async () => {
    const rig = new OverrideRig({
      startsAt: "2026-11-20T00:00:00Z",
      files: { "p.yaml": timed(1, { until: end, rate: 2400 }) },
    });
    await rig.start();
    await rig.until("2026-11-21T00:00:00Z");
    rig.ahead = 20 * 86_400_000;
    await rig.machine.advance(60_000);
    expect(rig.rateOf(keyId(1))).toBe(600);
    await rig.stop();
  });

  test("while a push still waits in the queue, the push gives way and only the base value is sent", async () => {
    const files = { "p.yaml": timed(1, { until: end, rate: 2400 }) };
    const rig = new OverrideRig({ startsAt: "2026-11-30T23:59:30Z", files });
    rig.ports.state.saveFact("reconciled", { at: "2026-11-30T00:00:00Z", target, listed: 1 });
    rig.rig.plane.queueUp();
    await rig.start();
    expect(rig.rig.plane.queued).toBe(1);
    await rig.until(end);
    rig.rig.plane.release();
    await rig.rest();
    expect(rig.rig.plane.bodies.map(({ body }) => body["rate_limits"])).toEqual([
      [{ type: "requests", unit: "rpm", value: 600 }],
    ]);
    await rig.until("2026-12-01T00:02:00Z");
    expect(await rig.planned()).toBe(0);
    await rig.stop();
  });

  test("while the directory cannot be believed, nothing is written until it can be", async () => {
    const rig = new OverrideRig({
      startsAt: "2026-11-30T23:50:00Z",
      files: { "p.yaml": timed(1, { until: end, rate: 2400 }) },
    });
    await rig.start();
    renameSync(rig.directory, `${rig.directory}-away`);
    rig.edited();
    await rig.rest();
    await rig.until("2026-12-01T00:00:30Z");
    expect(rig.rateOf(keyId(1))).toBe(2400);
    renameSync(`${rig.directory}-away`, rig.directory);
    await rig.until("2026-12-01T00:10:00Z");
    expect(rig.rateOf(keyId(1))).toBe(600);
    await rig.stop();
  });

  test("the guard judges it as any change: too much that loosens at once is held", async () => {
    const files = Object.fromEntries(
      [1, 2, 3].map((n) => [`p${n}.yaml`, timed(n, { from: "2026-11-25T00:00:00Z", until: end, rate: 5 })]),
    );
    const limits = { changed: null, loosened: 0.4, shrunk: null, floor: 0 };
    const rig = new OverrideRig({ startsAt: "2026-11-20T00:00:00Z", files, keys: 3, limits });
    await rig.start();
    await rig.until("2026-11-26T00:00:00Z");
    expect([1, 2, 3].map((n) => rig.rateOf(keyId(n)))).toEqual([5, 5, 5]);
    await rig.until(end);
    expect([1, 2, 3].map((n) => rig.rateOf(keyId(n)))).toEqual([5, 5, 5]);
    expect(rig.reports.at(-1)).toMatchObject({ refusals: [{ rule: "loosened" }], summary: { held: 3 } });
    await rig.stop();
  });
});

describe("what the report says of overrides", () => {
  test("is how many are in force, what comes next, and when the daemon looks again", async () => {
    const files = {
      "p.yaml": timed(1, { until: end, rate: 2400 }),
      "q.yaml": timed(2, { from: "2026-11-30T00:00:00Z", until: end, rate: 2400 }),
    };
    const rig = new OverrideRig({ startsAt: "2026-11-20T00:00:00Z", files, keys: 2 });
    await rig.start();
    expect(rig.reports.at(-1)?.overrides).toEqual({
      inForce: 1,
      next: { at: "2026-11-30T00:00:00Z", policy: "p2" },
    });
    // A week before its end somebody is told.
    await rig.until("2026-11-24T00:00:00Z");
    expect(rig.reports.at(-1)).toMatchObject({
      kind: "edit",
      applied: 0,
      startedAt: "2026-11-24T00:00:00.000Z",
      notices: [{ kind: "override-ends", policy: "p1", keyId: keyId(1) }],
    });
    await rig.stop();
  });
});
