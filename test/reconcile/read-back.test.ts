import { describe, expect, test } from "vitest";
import type { JsonObject, KeyId } from "../../src/core/policy.ts";
import { awaitProof, proofWaitMs, withProofs } from "../../src/reconcile/await-proof.ts";
import { isTaken, type Outcome } from "../../src/core/outcome.ts";
import type { LiveRecord } from "../../src/ports.ts";
import { readBack, type KeyProof } from "../../src/reconcile/read-back.ts";
import { readBackRound } from "../../src/reconcile/read-back-round.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { keyId, now, settleMs } from "../core/build.ts";
import { remoteError } from "./fake-plane.ts";
import { createRig, plainKeys, policiesFor, stored, type Rig } from "./rig.ts";

const one = keyId(1);
const limits = { usage_limits: { type: "cost", credit_limit: 50 } } satisfies JsonObject;

/** Keys that a pass has just given a budget. */
async function pushed(count: number): Promise<{ rig: Rig; outcomes: readonly Outcome[] }> {
  const rig = createRig({ policies: policiesFor(count, limits), keys: plainKeys(count) });
  const outcomes = await rig.enforce(await rig.survey());
  expect(outcomes.every(({ outcome }) => outcome === "applied")).toBe(true);
  rig.log.length = 0;
  return { rig, outcomes };
}

function look(rig: Rig, signal = new AbortController().signal): Promise<readonly KeyProof[]> {
  return readBack(rig.ports, { pass: "look-1", settleMs, signal });
}

/** Somebody, or the server itself, gives the key another budget. */
function setBudget(rig: Rig, id: KeyId, credit: number | null): void {
  const usage = credit === null ? null : { type: "cost", credit_limit: credit };
  rig.plane.keys.set(id, stored({ ...rig.plane.keys.get(id), usage_limits: usage }));
}

/** Reads show what was there before the push. */
function lag(rig: Rig, ...ids: readonly KeyId[]): void {
  for (const id of ids) setBudget(rig, id, null);
}

function kinds(proofs: readonly KeyProof[]): string[] {
  return proofs.map(({ kind }) => kind);
}

describe("what was pushed is read back", () => {
  test("by a GET each where they are no more requests than the list, else by the list", async () => {
    const few = await pushed(1);
    expect(kinds(await look(few.rig))).toEqual(["proved"]);
    expect(few.rig.log.filter((line) => /^(get|list)/.test(line))).toEqual([`get ${one}`]);
    const many = await pushed(3);
    expect(kinds(await look(many.rig))).toEqual(["proved", "proved", "proved"]);
    expect(many.rig.log.filter((line) => /^(get|list)/.test(line))).toEqual(["list"]);
  });

  test("once: nothing is asked again of what is proved, and nothing where nothing was written", async () => {
    const { rig } = await pushed(3);
    await look(rig);
    rig.log.length = 0;
    expect(await look(rig)).toEqual([]);
    expect(rig.log).toEqual([]);
    expect((await rig.survey()).plan).toMatchObject({ changes: [], notices: [], adoptions: [] });
  });

  test("a list that is read for it is believed for these keys alone, and replaces no inventory", async () => {
    const { rig } = await pushed(3);
    const others = rig.state.disk.inventory.size;
    rig.plane.keys.set(keyId(9), stored({ name: "new" }));
    await look(rig);
    expect(others).toBe(0);
    expect([...rig.state.disk.inventory.keys()].sort()).toEqual([keyId(1), keyId(2), keyId(3)]);
    expect(rig.log).not.toContain("saveInventory");
  });

  test("a line of the audit trail says of each field what was read", async () => {
    const { rig } = await pushed(1);
    await look(rig);
    expect(rig.state.disk.audit.at(-1)).toEqual({
      at: now,
      pass: "look-1",
      keyId: one,
      policy: "p1",
      file: "policies/p1.yaml",
      line: 5,
      commit: null,
      author: null,
      event: "read-back",
      detail: {
        fields: [
          { path: "usage_limits.credit_limit", set: 50, read: 50, shown: true },
          { path: "usage_limits.type", set: "cost", read: "cost", shown: true },
        ],
      },
    });
  });

  test("a late read is open, and is asked again", async () => {
    const { rig } = await pushed(2);
    lag(rig, one);
    expect(kinds(await look(rig))).toEqual(["open", "proved"]);
    setBudget(rig, one, 50);
    expect(kinds(await look(rig))).toEqual(["proved"]);
  });

  test("a value that the server did not take is not shown once the settle time is over; the next pass tries once more, and then it is told", async () => {
    const { rig } = await pushed(1);
    lag(rig, one);
    rig.setNow(now + settleMs);
    expect(kinds(await look(rig))).toEqual(["not-shown"]);
    expect(await look(rig)).toEqual([]);
    const second = await rig.survey();
    expect(second.plan.changes[0]?.fields.map(({ why }) => why)).toContain("drift");
    await rig.enforce(second);
    lag(rig, one);
    rig.setNow(now + 2 * settleMs);
    expect(kinds(await look(rig))).toEqual(["not-shown"]);
    const third = await rig.survey();
    expect(third.plan.changes).toEqual([]);
    expect(new Set(third.plan.notices.map(({ kind }) => kind))).toEqual(new Set(["not-reflected"]));
  });

  test("a key that no read shows is open, and unlisted once the settle time is over", async () => {
    const { rig } = await pushed(2);
    rig.plane.keys.delete(one);
    expect(kinds(await look(rig))).toEqual(["open", "proved"]);
    rig.setNow(now + settleMs);
    expect(kinds(await look(rig))).toEqual(["unlisted"]);
    expect(await look(rig)).toEqual([]);
  });

  test("an error proves nothing, however long it lasts: the key stays open, the others are judged", async () => {
    const { rig } = await pushed(1);
    rig.plane.refusedReads.set(one, remoteError("rejected", 422));
    expect(kinds(await look(rig))).toEqual(["open"]);
    rig.setNow(now + 100 * settleMs);
    expect(kinds(await look(rig))).toEqual(["open"]);
    rig.plane.refusedReads.clear();
    expect(kinds(await look(rig))).toEqual(["proved"]);
  });

  test("somebody else's value right after ours is not shown at once", async () => {
    const { rig } = await pushed(1);
    setBudget(rig, one, 900);
    expect(await look(rig)).toMatchObject([
      { kind: "not-shown", fields: [{ kind: "not-shown", set: 50, read: 900 }, { kind: "shown" }] },
    ]);
  });
});

describe("a field that no read shows", () => {
  const hidden = "defaults.allow_config_override";

  /** Keys whose switch for overrides a pass has just set, on a control plane that shows it nowhere. */
  async function blindly(count: number): Promise<{ rig: Rig; outcomes: readonly Outcome[] }> {
    const wanted = { name: "wanted", defaults: { allow_config_override: false } };
    const rig = createRig({ policies: policiesFor(count, wanted), keys: plainKeys(count) });
    const get = rig.plane.get.bind(rig.plane);
    const list = rig.plane.list.bind(rig.plane);
    rig.plane.get = async (...asked) => without(await get(...asked));
    rig.plane.list = async (...asked) => (await list(...asked)).map(without);
    const outcomes = await rig.enforce(await rig.survey());
    rig.log.length = 0;
    return { rig, outcomes };
  }

  function without(record: LiveRecord): LiveRecord {
    const fields = new Map(record.key.fields);
    fields.delete(hidden);
    return { ...record, key: { ...record.key, fields } };
  }

  function asked(rig: Rig): string[] {
    return rig.log.filter((line) => /^(get|list)/.test(line));
  }

  test.each([1, 3])(
    "of %i keys, is asked for until the settle time is over, then told as unprovable, once, and not asked for again",
    async (count) => {
      const { rig } = await blindly(count);
      expect(new Set(kinds(await look(rig)))).toEqual(new Set(["open"]));
      rig.setNow(now + settleMs - 1);
      expect(new Set(kinds(await look(rig)))).toEqual(new Set(["open"]));
      rig.setNow(now + settleMs);
      expect(kinds(await look(rig))).toEqual(Array(count).fill("unprovable"));
      expect(rig.state.disk.audit.slice(-count).map(({ event, detail }) => [event, detail])).toEqual(
        Array(count).fill(["read-back", { fields: [], unprovable: [hidden] }]),
      );
      rig.log.length = 0;
      expect(await look(rig)).toEqual([]);
      expect(asked(rig)).toEqual([]);
      expect((await rig.survey()).plan).toMatchObject({ changes: [], notices: [], adoptions: [] });
    },
  );

  test("is in question again once it is written anew", async () => {
    const { rig } = await blindly(1);
    rig.setNow(now + settleMs);
    await look(rig);
    const policies = policiesFor(1, { name: "wanted", defaults: { allow_config_override: true } });
    const next = createRig({ policies, keys: rig.plane.keys, disk: rig.state.disk });
    next.setNow(now + settleMs);
    await next.enforce(await next.survey());
    expect(kinds(await look(next))).toEqual(["proved"]);
  });

  test("ends the waiting of an apply with words of its own, and is no failure", async () => {
    const { rig, outcomes } = await blindly(1);
    let time = now;
    const sleep = (ms: number): Promise<void> => {
      time += ms;
      return Promise.resolve();
    };
    const ports = { ...rig.ports, clock: { now: () => time, sleep } };
    const signal = new AbortController().signal;
    const ended = withProofs(outcomes, await awaitProof(ports, { pass: "pass-1", settleMs, signal }));
    expect(ended).toMatchObject([
      { outcome: "unprovable", message: `accepted; it cannot be proved: no read shows ${hidden}` },
    ]);
    expect(ended.every(({ outcome }) => isTaken(outcome))).toBe(true);
  });
});

describe("waiting for the proof of a push", () => {
  /** A rig whose sleeps pass at once, and call `during` with the time by then. */
  function hurried(
    rig: Rig,
    during: (at: number) => void = () => undefined,
  ): { ports: Rig["ports"]; slept: number[] } {
    let time = now;
    const slept: number[] = [];
    const clock = {
      now: () => time,
      sleep(ms: number, signal?: AbortSignal) {
        slept.push(ms);
        time += ms;
        rig.setNow(time);
        during(time);
        return signal?.aborted === true ? Promise.reject(signal.reason as Error) : Promise.resolve();
      },
    };
    return { ports: { ...rig.ports, clock }, slept };
  }

  const options = { pass: "pass-1", settleMs, signal: new AbortController().signal };

  test("takes one look where reads do not lag", async () => {
    const { rig, outcomes } = await pushed(2);
    const { ports, slept } = hurried(rig);
    const awaited = await awaitProof(ports, options);
    expect(slept).toEqual([]);
    expect(withProofs(outcomes, awaited).map(({ outcome }) => outcome)).toEqual(["applied", "applied"]);
  });

  test("looks again in growing intervals until reads have caught up", async () => {
    const { rig, outcomes } = await pushed(1);
    lag(rig, one);
    const { ports, slept } = hurried(rig, (at) => {
      if (at >= now + 3_000) setBudget(rig, one, 50);
    });
    const awaited = await awaitProof(ports, options);
    expect(slept).toEqual([500, 1_000, 2_000]);
    expect(withProofs(outcomes, awaited)).toMatchObject([{ outcome: "applied" }]);
  });

  test("ends with the settle time, and says what it reads instead", async () => {
    const { rig, outcomes } = await pushed(1);
    lag(rig, one);
    const { ports, slept } = hurried(rig);
    const awaited = await awaitProof(ports, options);
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBe(settleMs + 1);
    expect(withProofs(outcomes, awaited)).toMatchObject([
      {
        outcome: "not-reflected",
        message:
          'accepted, but usage_limits.credit_limit was set to 50 and reads null; usage_limits.type was set to "cost" and reads null',
      },
    ]);
  });

  test("told to stop, it leaves what is open as settling", async () => {
    const { rig, outcomes } = await pushed(1);
    lag(rig, one);
    const stop = new AbortController();
    const { ports } = hurried(rig, () => {
      stop.abort(new Withdrawn(true));
    });
    const awaited = await awaitProof(ports, { ...options, signal: stop.signal });
    expect(withProofs(outcomes, awaited)).toMatchObject([{ outcome: "settling" }]);
  });

  test("a control plane that cannot be read leaves every key settling, with the reason", async () => {
    const { rig, outcomes } = await pushed(3);
    rig.plane.refusedList = remoteError("unavailable", 503, "it is down");
    const awaited = await awaitProof(hurried(rig).ports, options);
    expect(withProofs(outcomes, awaited)[0]).toMatchObject({
      outcome: "settling",
      message: "accepted; not read back yet: it is down",
    });
  });

  test("an outcome that is no success, or that took no request, stays what it was", async () => {
    const { rig, outcomes } = await pushed(1);
    const awaited = await awaitProof(hurried(rig).ports, options);
    const others = (["rejected", "failed", "unknown", "skipped", "forbidden", "missing"] as const).map(
      (outcome): Outcome => ({ ...outcomes[0]!, outcome }),
    );
    expect(withProofs(others, awaited)).toEqual(others);
    const healed = { ...outcomes[0]!, attempts: 0, message: "it is already as wanted" };
    expect(withProofs([healed], awaited)).toEqual([healed]);
  });

  test("the waits grow to a minute", () => {
    expect([0, 1, 2, 6, 7, 8, 1_000].map(proofWaitMs)).toEqual([
      500, 1_000, 2_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });
});

describe("a round of the daemon", () => {
  const quiet = (): AbortSignal => new AbortController().signal;

  function round(rig: Rig, yielding = quiet()): ReturnType<typeof readBackRound> {
    const signals = { yielding, stopping: quiet(), signal: quiet() };
    return readBackRound(rig.ports, { ...signals, pass: "round-1", settleMs });
  }

  test("counts what is open and what is contradicted", async () => {
    const { rig } = await pushed(3);
    lag(rig, one);
    setBudget(rig, keyId(2), 900);
    expect(await round(rig)).toMatchObject({ open: 1, contradicted: 1, gaveWay: false, error: null });
  });

  test("gives way to an edit, and nothing is judged", async () => {
    const { rig } = await pushed(3);
    const edit = new AbortController();
    edit.abort(new Withdrawn(false));
    expect(await round(rig, edit.signal)).toMatchObject({ open: 3, contradicted: 0, gaveWay: true });
    expect(kinds(await look(rig))).toEqual(["proved", "proved", "proved"]);
  });

  test("says when the credential is refused, and when nothing could be read", async () => {
    const { rig } = await pushed(3);
    rig.plane.refusedList = remoteError("auth", 401, "no");
    expect(await round(rig)).toMatchObject({ open: 3, refused: true, error: "no" });
    rig.plane.refusedList = remoteError("unavailable", 503, "down");
    expect(await round(rig)).toMatchObject({ open: 3, refused: false, error: "down" });
  });
});
