import { describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import type { PassReport } from "../../src/core/outcome.ts";
import { isInSync } from "../../src/core/outcome.ts";
import { problemAt } from "../../src/core/problem.ts";
import { runPass, type PassOptions } from "../../src/reconcile/pass.ts";
import { keepReadBack, keepReport, makeReport, requestsSince } from "../../src/reconcile/report.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { at, keyId, now, policySet, settleMs } from "../core/build.ts";
import { settle } from "../portkey/virtual-clock.ts";
import { remoteError } from "./fake-plane.ts";
import { FakeState } from "./fake-state.ts";
import { createRig, plainKeys, policiesFor, type Rig } from "./rig.ts";

const target = "https://api.example.com/v1";

function rigOf(count: number): Rig {
  return createRig({ policies: policiesFor(count, { name: "wanted" }), keys: plainKeys(count) });
}

async function run(rig: Rig, options: Partial<PassOptions> = {}): Promise<PassReport> {
  const { report } = await runPass(rig.ports, {
    pass: "pass-1",
    kind: "reconcile",
    settleMs,
    workers: 2,
    target,
    yielding: new AbortController().signal,
    stopping: new AbortController().signal,
    signal: new AbortController().signal,
    ...options,
  });
  return report;
}

describe("the report says what happened", () => {
  test("of a pass in which everything went well", async () => {
    const rig = rigOf(2);
    const report = await run(rig, {
      approve: () => {
        rig.setNow(now + 1_500);
        return Promise.resolve(true);
      },
    });
    expect(report).toEqual({
      version: 1,
      pass: "pass-1",
      kind: "reconcile",
      startedAt: "2026-09-01T12:00:00.000Z",
      endedAt: "2026-09-01T12:00:01.500Z",
      trusted: true,
      error: null,
      awaiting: 2,
      summary: {
        desired: 2,
        enforced: 2,
        live: 2,
        changes: 2,
        held: 0,
        unchanged: 0,
        tightens: 0,
        loosens: 0,
      },
      problems: [],
      notices: [],
      refusals: [],
      heldDigest: null,
      unfinished: [],
      applied: 2,
      requests: { reads: 1, writes: 2, throttledMs: 0 },
      overrides: { inForce: 0, next: null },
    });
    expect(isInSync(report)).toBe(false);
    expect(isInSync({ ...report, awaiting: 0 })).toBe(true);
    expect(rig.state.fact("report")).toEqual(report);
    expect(rig.state.fact("reconciled")).toEqual({ at: report.endedAt, target, listed: 2 });
  });

  test("of when the policies say something else by themselves", async () => {
    const acknowledge = [1, 5].map((hours, index) => ({
      path: { value: ["name", "description"][index]!, place: at(1) },
      until: { value: now + hours * 3_600_000, place: at(1) },
      reason: "known",
    }));
    const known = { ...policiesFor(1, { name: "wanted", description: "x" })[0]!, acknowledge };
    const rig = createRig({ policies: [known], keys: plainKeys(1) });
    expect(await run(rig)).toMatchObject({ applied: 0, acknowledgedUntil: "2026-09-01T13:00:00.000Z" });
    rig.setNow(now + 3_600_000);
    const later = await run(rig);
    expect(later).toMatchObject({ applied: 1, acknowledgedUntil: "2026-09-01T17:00:00.000Z" });
    expect(later.problems).toMatchObject([{ code: "KS1333", severity: "warning" }]);
    expect(isInSync({ ...later, awaiting: 0 })).toBe(true);
  });

  test("of changes that did not succeed: each with its reason", async () => {
    const rig = rigOf(3);
    rig.plane.refusedUpdates.set(keyId(2), remoteError("rejected", 422, "the server says no"));
    const report = await run(rig);
    expect(report).toMatchObject({ applied: 2, error: null });
    expect(report.unfinished).toMatchObject([{ keyId: keyId(2), outcome: "rejected", status: 422 }]);
    expect(isInSync(report)).toBe(false);
  });

  test("of problems, without the lines of the file", async () => {
    const problem = problemAt("KS1101", at(3), { message: "a tab", frame: "3 | \t" });
    const rig = createRig({ set: policySet({ problems: [problem] }) });
    const { frame: _frame, ...kept } = problem;
    expect((await run(rig)).problems).toEqual([kept]);
  });

  test("of what this pass asked for, not those before", async () => {
    const rig = rigOf(1);
    await run(rig);
    expect((await run(rig)).requests).toEqual({ reads: 1, writes: 0, throttledMs: 0 });
    const [before, after] = [
      { reads: 3, writes: 1, throttledMs: 500 },
      { reads: 7, writes: 2, throttledMs: 1_750 },
    ];
    expect(requestsSince(before, after)).toEqual({ reads: 4, writes: 1, throttledMs: 1_250 });
  });

  test("of an edit pass: nothing was read, and nothing is known to be reconciled", async () => {
    const rig = rigOf(1);
    expect(await run(rig, { kind: "edit" })).toMatchObject({
      kind: "edit",
      applied: 1,
      summary: { live: null },
    });
    expect(rig.state.fact("reconciled")).toBeUndefined();
  });
});

describe("a pass never throws", () => {
  test.each([
    [remoteError("unavailable", 503, "down"), { code: "unavailable", message: "down" }],
    [remoteError("auth", 401, "no"), { code: "auth", message: "no" }],
    [
      new AppError("LIST_INCOMPLETE", "keys are missing"),
      { code: "LIST_INCOMPLETE", message: "keys are missing" },
    ],
    [new TypeError("x is undefined"), { code: "defect", message: "x is undefined" }],
    [new Withdrawn(true), { code: "STOPPED", message: "withdrawn: the process is to stop" }],
  ])("when the list meets %o", async (thrown, error) => {
    const rig = rigOf(1);
    rig.plane.refusedList = thrown;
    const report = await run(rig);
    expect(report).toMatchObject({ error, applied: 0, unfinished: [], problems: [], trusted: true });
    expect(isInSync(report)).toBe(false);
    expect(rig.state.fact("report")).toEqual(report);
    expect(rig.state.fact("reconciled")).toBeUndefined();
  });

  test("when the claim cannot be written: what was planned is in the report, and nothing was sent", async () => {
    const rig = rigOf(2);
    rig.state.failing.set("claim", new AppError("STATE_WRITE_FAILED", "the disk is full"));
    const report = await run(rig);
    expect(report).toMatchObject({
      error: { code: "STATE_WRITE_FAILED" },
      applied: 0,
      summary: { changes: 2 },
    });
    expect(rig.plane.bodies).toEqual([]);
  });

  test("when whoever is asked about the plan fails", async () => {
    const report = await run(rigOf(1), {
      approve: () => Promise.reject(new Error("nobody listens")),
    });
    expect(report.error).toEqual({ code: "defect", message: "nobody listens" });
  });
});

test("a directory that cannot be believed is in the report, and nothing counts as reconciled", async () => {
  const problem = problemAt("KS1001", at(1, "policies"), { message: "the policy directory is missing" });
  const set = policySet({
    trusted: false,
    policies: policiesFor(1, { name: "wanted" }),
    problems: [problem],
  });
  const rig = createRig({ set, keys: plainKeys(1) });
  const report = await run(rig);
  expect(report).toMatchObject({ trusted: false, error: null, problems: [problem], applied: 0 });
  expect(isInSync(report)).toBe(false);
  expect(rig.plane.tally()).toMatchObject({ reads: 0, writes: 0 });
  expect(rig.state.fact("reconciled")).toBeUndefined();
});

test("a pass that gave way tells what it left undone", async () => {
  const rig = rigOf(3);
  const yielding = new AbortController();
  rig.plane.queueUp();
  const passing = run(rig, { workers: 1, yielding: yielding.signal });
  while (rig.plane.queued === 0) await settle();
  yielding.abort(new Withdrawn(false));
  const report = await passing;
  expect(report.unfinished.map(({ outcome }) => outcome)).toEqual(["skipped", "skipped", "skipped"]);
  expect(report.error).toBeNull();
});

describe("a report that cannot be kept", () => {
  const report = makeReport({
    pass: "pass-1",
    kind: "reconcile",
    startedAt: now,
    endedAt: now,
    survey: null,
    outcomes: [],
    error: null,
    awaiting: 0,
    requests: { reads: 0, writes: 0, throttledMs: 0 },
  });
  const full = new AppError("STATE_WRITE_FAILED", "the disk is full");

  function fullState(): FakeState {
    const state = new FakeState();
    state.failing.set("saveFact", full);
    return state;
  }

  test("says so itself", () => {
    const kept = keepReport(fullState(), report, target);
    expect(kept).toEqual({ ...report, error: { code: "STATE_WRITE_FAILED", message: "the disk is full" } });
  });

  test("still tells the failure that came first", () => {
    const error = { code: "unavailable", message: "down" };
    expect(keepReport(fullState(), { ...report, error }, target).error).toEqual(error);
  });

  test("is plain data when it can be kept", () => {
    const state = new FakeState();
    expect(keepReport(state, report, target)).toBe(report);
    expect(JSON.parse(JSON.stringify(state.fact("report")))).toEqual(report);
  });
});

test("a stop breaks off the reading of a pass", async () => {
  const rig = rigOf(2);
  const stopping = AbortSignal.abort(new Withdrawn(true));
  let given: AbortSignal | undefined;
  const list = rig.ports.reader.list.bind(rig.ports.reader);
  const reader = {
    ...rig.ports.reader,
    list: (options: { signal?: AbortSignal } = {}) => ((given = options.signal), list(options)),
  };
  await runPass(
    { ...rig.ports, reader },
    {
      pass: "pass-1",
      kind: "reconcile",
      settleMs,
      workers: 2,
      target,
      yielding: new AbortController().signal,
      stopping,
      signal: new AbortController().signal,
    },
  );
  expect(given?.aborted).toBe(true);
});

test("a plan that is not approved is not carried out, and nothing counts as reconciled", async () => {
  const rig = rigOf(2);
  const report = await run(rig, { approve: () => Promise.resolve(false) });
  expect(report).toMatchObject({ error: null, applied: 0, unfinished: [], summary: { changes: 2 } });
  expect(isInSync(report)).toBe(false);
  expect(rig.plane.bodies).toEqual([]);
  expect(rig.state.fact("report")).toEqual(report);
  expect(rig.state.fact("reconciled")).toBeUndefined();
});

describe("what only a look at live keys can find", () => {
  const found = { kind: "drift", keyId: keyId(1), policy: "team", message: "differs" } as const;

  function reportOf(kind: "edit" | "reconcile", notices: PassReport["notices"]): PassReport {
    const parts = {
      pass: `pass-${kind}`,
      kind,
      startedAt: now,
      endedAt: now,
      survey: null,
      outcomes: [],
      error: null,
      awaiting: 0,
    };
    return { ...makeReport({ ...parts, requests: { reads: 0, writes: 0, throttledMs: 0 } }), notices };
  }

  test("stays in the report of passes that do not look, and is over when one looked", () => {
    const state = new FakeState();
    keepReport(state, reportOf("reconcile", [found]), target);
    for (const round of [1, 2]) {
      const kept = keepReport(state, reportOf("edit", []), target);
      expect(kept.notices, `edit ${round}`).toEqual([found]);
      expect(isInSync(kept)).toBe(false);
    }
    const failed = { ...reportOf("reconcile", []), error: { code: "unavailable", message: "down" } };
    expect(keepReport(state, failed, target).notices).toEqual([found]);
    expect(keepReport(state, reportOf("reconcile", []), target).notices).toEqual([]);
    expect(keepReport(state, reportOf("edit", []), target).notices).toEqual([]);
  });

  test("is told once, and what an edit pass can judge itself is not carried", () => {
    const state = new FakeState();
    const held = { ...found, kind: "held" } as const;
    keepReport(state, reportOf("reconcile", [found, held]), target);
    expect(keepReport(state, reportOf("edit", [found]), target).notices).toEqual([found]);
  });
});

test("what a reconcile pass reads anyway is the proof of what was written before", async () => {
  const rig = rigOf(3);
  expect((await run(rig)).awaiting).toBe(3);
  const second = await run(rig, { pass: "pass-2" });
  expect(second).toMatchObject({ awaiting: 0, applied: 0, requests: { reads: 1, writes: 0 } });
  expect(isInSync(second)).toBe(true);
  expect(rig.state.disk.audit.filter(({ event }) => event === "read-back")).toHaveLength(3);
});

test("what is read back settles what the report said of it, and nothing else", () => {
  const state = new FakeState();
  const notices = [
    { kind: "settling", keyId: keyId(1), policy: "p1", message: "late" },
    { kind: "settling", keyId: keyId(2), policy: "p2", message: "late" },
    { kind: "settling", keyId: keyId(1), policy: "p1", message: "was shown before", wasShown: true },
    { kind: "drift", keyId: keyId(1), policy: "p1", message: "reported" },
  ] as const;
  const requests = { reads: 1, writes: 2, throttledMs: 0 };
  const parts = { pass: "pass-1", kind: "reconcile", startedAt: 0, endedAt: 1, survey: null } as const;
  const made = { ...makeReport({ ...parts, outcomes: [], error: null, awaiting: 2, requests }), notices };
  keepReport(state, made, null);
  keepReadBack(state, [
    { keyId: keyId(1), policy: "p1", kind: "proved", fields: [] },
    { keyId: keyId(2), policy: "p2", kind: "open", fields: [] },
  ]);
  expect(state.fact("report")).toMatchObject({ awaiting: 1, notices: notices.slice(1) });
});
