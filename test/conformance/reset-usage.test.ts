import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/policy.ts";
import type { Effect } from "../../src/simulator/faults.ts";
import { useStages, type Stage, type StageParts } from "./stage.ts";

/*
 * Tokens, from the file to the server: usage is reset once when a token changes, whatever becomes of requests, answers and
 * reads; and what cannot be known is told, and not sent again.
 */

const stage = useStages();
const budget = { type: "cost", credit_limit: 10 };
const spent = { ...budget, current_usage: 12 };
const settleMs = 60_000;
const hour = 3_600_000;

interface Wanted {
  readonly token?: string | undefined;
  readonly key?: JsonObject;
  readonly mode?: string;
  readonly name?: string;
}

function write(
  it: Stage,
  { token, key = { usage_limits: budget }, mode = "enforce", name = "p1" }: Wanted,
): void {
  const spec = { keyId: "ID", mode, key, ...(token === undefined ? {} : { resetUsage: token }) };
  it.write(JSON.stringify({ apiVersion: "keysteward/v1", kind: "KeyPolicy", metadata: { name }, spec }));
}

/** A key that has used its budget up and is governed, without a token so far. */
async function governed(parts: StageParts = {}): Promise<Stage> {
  const it = await stage({ keys: [{ usage_limits: spent, status: "exhausted" }], ...parts });
  write(it, {});
  await it.apply();
  it.pass(hour);
  it.asked();
  return it;
}

/** The bodies of the updates since the last time that this was asked. */
function puts(it: Stage): unknown[] {
  return it
    .asked()
    .filter(({ line }) => line.startsWith("PUT"))
    .map(({ body }) => body);
}

function usage(it: Stage): unknown {
  return it.stored().usage_limits?.["current_usage"];
}

function break_(it: Stage, effect: Effect, count = 1): void {
  it.simulator.faults.add({ method: "PUT", effect, count });
}

async function kinds(it: Stage, pass: "reconcile" | "edit" = "reconcile"): Promise<string[]> {
  return (await it.plan(pass)).notices.map(({ kind }) => kind);
}

describe("a token that changes", () => {
  test.each(["reconcile", "edit"] as const)("resets usage once, in a %s pass too", async (kind) => {
    const it = await governed();
    write(it, { token: "launch" });
    const { changes } = await it.plan(kind);
    expect(changes).toMatchObject([
      { rank: "loosens", fields: [], reset: { token: "launch", previous: null, why: "policy" } },
    ]);
    const report = await it.apply(kind);
    expect(report).toMatchObject({ applied: 1, unfinished: [], awaiting: 1 });
    expect(puts(it)).toEqual([{ reset_usage: true }]);
    expect([usage(it), it.stored().status]).toEqual([0, "active"]);
    expect(await it.readBack()).toMatchObject([
      { kind: "proved", fields: [], reset: { token: "launch", kind: "done" } },
    ]);
    await it.expectSilence();
  });

  test("resets once more for each change, going back to an earlier one among them", async () => {
    const it = await governed();
    for (const token of ["a", "b", "a"]) {
      it.pass(hour);
      write(it, { token });
      await it.apply();
      expect(puts(it)).toEqual([{ reset_usage: true }]);
    }
    await it.expectSilence();
  });

  test("resets nothing when it is taken out, nor when the same one is put back", async () => {
    const it = await governed();
    write(it, { token: "launch" });
    await it.apply();
    await it.readBack();
    for (const token of [undefined, "launch"]) {
      it.asked();
      write(it, { token });
      await it.expectSilence();
    }
  });

  test("goes in one request with what else changes", async () => {
    const it = await governed();
    write(it, { token: "launch", key: { usage_limits: { ...budget, credit_limit: 20 }, name: "renamed" } });
    expect(await it.update()).toEqual({
      name: "renamed",
      usage_limits: { type: "cost", credit_limit: 20 },
      reset_usage: true,
    });
    expect([usage(it), it.stored().name]).toEqual([0, "renamed"]);
    await it.readBack();
    await it.expectSilence();
  });

  test("resets each key of the policy once", async () => {
    const it = await stage({ keys: [{ usage_limits: spent }, { usage_limits: spent }] });
    const ids = [...it.simulator.keys.keys()];
    const write2 = (token: string): void => {
      const spec = { keyIds: ids, key: { usage_limits: budget }, resetUsage: token };
      const metadata = { name: "both" };
      it.write(JSON.stringify({ apiVersion: "keysteward/v1", kind: "KeyPolicy", metadata, spec }));
    };
    write2("a");
    await it.apply();
    expect(puts(it)).toEqual([]);
    it.pass(hour);
    write2("b");
    await it.apply();
    expect(puts(it)).toEqual([{ reset_usage: true }, { reset_usage: true }]);
    await it.readBack();
    await it.expectSilence();
  });

  test("is in the digest of the plan", async () => {
    const it = await governed();
    const digests = [];
    for (const token of [undefined, "a", "b"]) {
      write(it, { token });
      digests.push((await it.plan()).digest);
    }
    expect(new Set(digests).size).toBe(3);
  });

  test("is in the audit trail, with how it ended and what was read back", async () => {
    const it = await governed();
    write(it, { token: "launch" });
    await it.apply();
    await it.readBack();
    const [claimed, applied, readBack] = it.history().slice(-3);
    expect(claimed).toMatchObject({
      event: "claimed",
      detail: {
        fields: [],
        reset: { token: "launch", previous: null, lastResetAt: null },
        top: ["reset_usage"],
      },
    });
    expect(applied).toMatchObject({ event: "applied", detail: { status: 200 } });
    expect(readBack).toMatchObject({
      event: "read-back",
      detail: { reset: { token: "launch", kind: "done" } },
    });
    expect(it.explain().reset).toMatchObject({ token: "launch", kind: "proved" });
  });
});

describe("a token that asks for nothing", () => {
  test("of a key that the state does not know: it is kept as seen, told once, and resets nothing", async () => {
    const it = await stage({ keys: [{ usage_limits: spent, name: "theirs" }] });
    // A field that has to be set makes the first pass write: the token must not count as new after it.
    write(it, { token: "launch", key: { name: "ours" } });
    for (const kind of ["reconcile", "edit"] as const) expect(await kinds(it, kind)).toContain("not-reset");
    await it.apply("edit");
    expect(puts(it)).toEqual([{ name: "ours" }]);
    await it.readBack();
    await it.expectSilence();
    expect(it.explain().reset).toMatchObject({ token: "launch", kind: "seen" });
    write(it, { token: "launch-2", key: { name: "ours" } });
    expect(await it.update()).toEqual({ reset_usage: true });
  });

  test("of a key with nothing else to write", async () => {
    const it = await stage({ keys: [{ usage_limits: spent }] });
    write(it, { token: "launch" });
    await it.apply();
    await it.expectSilence();
    expect(usage(it)).toBe(12);
  });

  test("of a policy that takes over a key", async () => {
    const it = await governed();
    write(it, { token: "launch", name: "other" });
    expect(await kinds(it)).toContain("not-reset");
    await it.apply();
    expect(puts(it)).toEqual([]);
    await it.expectSilence();
  });
});

describe("a policy that is not enforced", () => {
  test.each(["report", "paused"])("resets nothing in mode %s, and tells what it would do", async (mode) => {
    const it = await governed();
    write(it, { token: "launch", mode });
    const { changes, notices } = await it.plan();
    expect(changes).toEqual([]);
    expect(notices.map(({ message }) => message).join()).toContain(
      'usage would be reset (token "launch", before none)',
    );
    await it.apply();
    expect(puts(it)).toEqual([]);
    // Once it is enforced the change is made up for.
    write(it, { token: "launch" });
    expect(await it.update()).toEqual({ reset_usage: true });
  });
});

describe("a request that may have taken effect", () => {
  const lost: readonly (readonly [string, Effect, boolean])[] = [
    ["reset before it was carried out", { kind: "reset", when: "before" }, false],
    ["reset after it was carried out", { kind: "reset", when: "after" }, true],
    ["cut off", { kind: "cut-off" }, true],
    ["answered with 500", { kind: "status", status: 500 }, false],
  ];

  test.each(lost)("%s, is sent again only where a read shows no effect", async (_, effect, tookEffect) => {
    const it = await governed();
    write(it, { token: "launch" });
    break_(it, effect);
    expect(await it.apply()).toMatchObject({ unfinished: [{ outcome: "unknown" }], awaiting: 1 });
    expect(puts(it)).toEqual([{ reset_usage: true }]);
    // At once a read may be late, and a pass sends nothing.
    await it.apply(tookEffect ? "edit" : "reconcile");
    await it.apply("edit");
    expect(puts(it)).toEqual([]);
    if (!tookEffect) expect(await kinds(it, "edit")).toEqual(["settling"]);
    it.pass(settleMs + 1_000);
    await it.apply();
    expect(puts(it)).toEqual(tookEffect ? [] : [{ reset_usage: true }]);
    expect(usage(it)).toBe(0);
    await it.readBack();
    expect(it.explain().reset?.kind).toBe("proved");
    await it.expectSilence();
  });

  test("is not sent again because of a read that is late", async () => {
    const it = await governed();
    write(it, { token: "launch" });
    break_(it, { kind: "reset", when: "after" });
    await it.apply();
    const done = it.stored().last_reset_at;
    expect([usage(it), typeof done]).toEqual([0, "string"]);
    // Reads show the key as it was, up to the end of the settle time after the first of them.
    it.edit({ last_reset_at: null });
    it.pass(settleMs * 2);
    await it.readBack();
    it.pass(settleMs - 1_000);
    await it.apply();
    expect(await kinds(it)).toEqual(["settling"]);
    it.edit({ last_reset_at: done });
    it.pass(2_000);
    await it.apply();
    expect(puts(it)).toEqual([{ reset_usage: true }]);
    await it.expectSilence();
  });

  test("counts as done where somebody else has reset usage since", async () => {
    const it = await governed();
    write(it, { token: "launch" });
    break_(it, { kind: "reset", when: "before" });
    await it.apply();
    it.pass(10_000);
    it.edit({
      last_reset_at: new Date(it.now()).toISOString(),
      usage_limits: { ...spent, current_usage: 0 },
    });
    await it.apply();
    it.pass(hour);
    await it.apply();
    expect(puts(it)).toEqual([{ reset_usage: true }]);
    await it.expectSilence();
  });

  test("is not sent again where last_reset_at is not shown; the doubt is told until the token changes", async () => {
    const it = await governed({ model: { showsLastReset: false } });
    write(it, { token: "launch" });
    break_(it, { kind: "reset", when: "after" });
    await it.apply();
    await it.readBack();
    it.pass(settleMs + 1_000);
    expect(await it.readBack()).toMatchObject([{ kind: "not-shown", reset: { kind: "in-doubt" } }]);
    for (let day = 0; day < 3; day += 1) {
      it.pass(24 * hour);
      const report = await it.apply();
      expect(report.notices).toMatchObject([
        { kind: "in-doubt", message: expect.stringContaining("change the token") },
      ]);
    }
    expect(puts(it)).toEqual([{ reset_usage: true }]);
    expect(it.explain().reset?.kind).toBe("in-doubt");
    expect(it.history().at(-1)).toMatchObject({
      event: "read-back",
      detail: { reset: { token: "launch", kind: "in-doubt" } },
    });
    write(it, {});
    expect(await kinds(it)).toEqual([]);
    write(it, { token: "launch" });
    expect(await kinds(it)).toEqual(["in-doubt"]);
    write(it, { token: "again" });
    expect(await it.update()).toEqual({ reset_usage: true });
    await it.expectSilence();
  });

  test("is in doubt where the last reset was in the very moment of the request", async () => {
    const it = await governed();
    it.edit({ last_reset_at: new Date(it.now()).toISOString() });
    write(it, { token: "launch" });
    break_(it, { kind: "reset", when: "before" });
    await it.apply();
    await it.readBack();
    it.pass(settleMs + 1_000);
    await it.apply();
    it.pass(hour);
    expect(await kinds(it)).toEqual(["in-doubt"]);
    expect(puts(it)).toEqual([{ reset_usage: true }]);
  });
});

describe("a request that certainly had no effect", () => {
  test("is refused: not done, left by an edit pass, sent again by a reconcile pass", async () => {
    const it = await governed();
    write(it, { token: "launch" });
    break_(it, { kind: "status", status: 400 });
    expect(await it.apply("edit")).toMatchObject({ unfinished: [{ outcome: "rejected" }], awaiting: 0 });
    it.asked();
    expect(await kinds(it, "edit")).toEqual(["refused"]);
    await it.apply("edit");
    expect(puts(it)).toEqual([]);
    expect(await it.update()).toEqual({ reset_usage: true });
    await it.readBack();
    await it.expectSilence();
  });
});

test("a reset that was accepted and does not show is told, and not sent again", async () => {
  const it = await governed();
  write(it, { token: "launch" });
  break_(it, { kind: "not-stored" });
  expect(await it.apply()).toMatchObject({ applied: 1 });
  expect(await it.readBack()).toMatchObject([{ kind: "open", reset: { kind: "late" } }]);
  it.pass(settleMs + 1_000);
  expect(await it.readBack()).toMatchObject([{ kind: "not-shown", reset: { kind: "not-shown" } }]);
  expect(puts(it)).toEqual([{ reset_usage: true }]);
  it.pass(hour);
  await it.apply();
  expect(await kinds(it)).toEqual(["not-reflected"]);
  expect(puts(it)).toEqual([]);
  write(it, { token: "once-more" });
  expect(await it.update()).toEqual({ reset_usage: true });
  await it.readBack();
  await it.expectSilence();
});

test("a policy that takes the budget away and asks for a reset is warned of", async () => {
  const it = await governed();
  write(it, { token: "launch", key: { usage_limits: null } });
  expect(it.problems()).toMatchObject([{ code: "KS1360", severity: "warning", path: "spec.resetUsage" }]);
});
