import { describe, expect, test } from "vitest";
import type { Consequence } from "../../src/core/remote-error.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { dayMs, keyId, now } from "../core/build.ts";
import { remoteError } from "./fake-plane.ts";
import { createRig, plainKeys, policiesFor, stored, type Rig } from "./rig.ts";

const [one, two, three] = [keyId(1), keyId(2), keyId(3)];

/** `count` keys, each with a policy that wants another name. */
function rigOf(count: number): Rig {
  return createRig({ policies: policiesFor(count, { name: "wanted" }), keys: plainKeys(count) });
}

function endings(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ outcome }) => outcome);
}

function isOpen(rig: Rig, id = one): boolean {
  return rig.state.disk.ledger.get(id)?.fields.get("name")?.claimed?.refused === false;
}

function events(rig: Rig): string[] {
  return rig.state.disk.audit.map(({ event }) => event);
}

describe("a failure", () => {
  test.each<[Consequence, number | null, string, string, "refuse" | "leaveClaimed"]>([
    ["rejected", 400, "rejected", "rejected", "refuse"],
    ["rejected", 403, "forbidden", "rejected", "refuse"],
    ["missing", 404, "missing", "missing", "refuse"],
    ["unknown", null, "unknown", "unknown", "leaveClaimed"],
    ["throttled", 429, "failed", "failed", "leaveClaimed"],
    ["unavailable", 503, "failed", "failed", "leaveClaimed"],
    ["auth", 401, "failed", "failed", "leaveClaimed"],
    ["misdirected", 302, "failed", "failed", "leaveClaimed"],
  ])("%s (%s) is %s, in the audit trail %s, in the ledger %s", async (consequence, status, ...expected) => {
    const [outcome, event, step] = expected;
    const rig = rigOf(1);
    rig.plane.refusedUpdates.set(one, remoteError(consequence, status, "it says no"));
    const outcomes = await rig.enforce(await rig.survey());
    expect(outcomes).toEqual([
      { keyId: one, policy: "p1", outcome, status, attempts: 1, message: "it says no" },
    ]);
    expect(events(rig)).toEqual(["claimed", event]);
    expect(rig.state.disk.audit[1]?.detail).toEqual({
      message: "it says no",
      status,
      attempts: 1,
      errorCode: null,
    });
    expect(rig.log.at(-1)).toBe(`${step} ${one}`);
    expect(isOpen(rig)).toBe(step === "leaveClaimed");
  });

  test("of one key leaves the others to be sent", async () => {
    const rig = rigOf(4);
    rig.plane.refusedUpdates.set(two, remoteError("rejected", 422));
    rig.plane.refusedUpdates.set(three, remoteError("unavailable", 503));
    const outcomes = await rig.enforce(await rig.survey());
    expect(endings(outcomes)).toEqual(["applied", "rejected", "failed", "applied"]);
  });

  test.each(["auth", "misdirected"] as const)(
    "that every request would meet (%s) halts the rest",
    async (kind) => {
      const rig = rigOf(6);
      rig.plane.refusedUpdates.set(two, remoteError(kind, 401, "the admin key is not accepted"));
      const outcomes = await rig.enforce(await rig.survey(), { workers: 1 });
      expect(endings(outcomes)).toEqual(["applied", "failed", "skipped", "skipped", "skipped", "skipped"]);
      expect(outcomes[2]?.message).toBe("not sent: the admin key is not accepted");
      expect(rig.plane.bodies).toHaveLength(1);
      expect(rig.state.disk.ledger.has(three)).toBe(false);
    },
  );

  test("that nobody foresaw comes out, and the claim stays", async () => {
    const rig = rigOf(1);
    const defect = new TypeError("a defect");
    rig.plane.refusedUpdates.set(one, defect);
    await expect(rig.enforce(await rig.survey())).rejects.toBe(defect);
    expect(isOpen(rig)).toBe(true);
  });
});

describe("a change that has to be read first", () => {
  const rotation = { rotation_period: "monthly", key_transition_period_ms: 3_600_000 };
  const limits = { type: "cost", credit_limit: 10, alert_threshold: 5, periodic_reset: "weekly" };
  const key = { usage_limits: { credit_limit: 50 } };

  function unlooked(own: Parameters<typeof stored>[0], wanted: typeof key | object = key): Rig {
    const policies = policiesFor(1, wanted as typeof key);
    return createRig({ policies, keys: new Map([[one, stored(own)]]) });
  }

  test("carries the parts that nobody manages, as they are live", async () => {
    const rig = unlooked({ usage_limits: { ...limits, periodic_reset_days: null } });
    const surveyed = await rig.survey("edit");
    expect(surveyed.plan.changes[0]?.body).toBeNull();
    expect(endings(await rig.enforce(surveyed))).toEqual(["applied"]);
    expect(rig.log).toEqual([
      `get ${one}`,
      `saveInventoryKey ${one}`,
      `claim ${one}`,
      `update ${one}`,
      `confirm ${one}`,
    ]);
    expect(rig.plane.bodies[0]?.body).toEqual({ usage_limits: { ...limits, credit_limit: 50 } });
  });

  test("does not send what is as wanted already, and adopts it", async () => {
    const rig = unlooked(
      { name: "wanted", usage_limits: { ...limits, periodic_reset_days: null } },
      { name: "wanted", ...key },
    );
    await rig.enforce(await rig.survey("edit"));
    expect(Object.keys(rig.plane.bodies[0]?.body ?? {})).toEqual(["usage_limits"]);
    const ledger = rig.state.disk.ledger.get(one)?.fields;
    expect(ledger?.get("name")).toEqual({ confirmed: { value: "wanted", policy: "p1", at: now } });
    expect(ledger?.get("usage_limits.credit_limit")?.confirmed?.value).toBe(50);
    const claimed = rig.state.disk.audit[0]?.detail["fields"];
    expect(claimed).toMatchObject([{ path: "usage_limits.credit_limit" }]);
  });

  test("sends nothing when nothing is left to do", async () => {
    const own = { usage_limits: { ...limits, credit_limit: 50, periodic_reset_days: null } };
    const rig = unlooked(own);
    const outcomes = await rig.enforce(await rig.survey("edit"));
    expect(outcomes).toMatchObject([{ outcome: "applied", status: null, attempts: 0 }]);
    expect(rig.plane.bodies).toEqual([]);
    expect(rig.state.disk.audit).toEqual([]);
    expect(rig.state.disk.inventory.get(one)).toMatchObject({ seenAt: now, rotationReadAt: now });
    expect((await rig.survey("edit")).plan.changes).toEqual([]);
  });

  test("takes the answer for what it is: a key that is gone, or one that cannot be read", async () => {
    for (const [kind, outcome] of [
      ["missing", "missing"],
      ["unavailable", "failed"],
    ] as const) {
      const rig = unlooked({});
      rig.plane.refusedReads.set(one, remoteError(kind, kind === "missing" ? 404 : 503));
      expect(endings(await rig.enforce(await rig.survey("edit")))).toEqual([outcome]);
      expect(rig.log).toEqual([`get ${one}`]);
    }
  });

  test("is skipped without a claim when it is withdrawn before the look", async () => {
    const rig = unlooked({});
    const signal = new AbortController();
    const surveyed = await rig.survey("edit");
    const pushing = rig.enforce(surveyed, { yielding: signal.signal });
    signal.abort(new Withdrawn(false));
    await pushing;
    const again = unlooked({});
    const final = AbortSignal.abort(new Withdrawn(true));
    expect(endings(await again.enforce(await again.survey("edit"), { yielding: final }))).toEqual([
      "skipped",
    ]);
    expect(again.log).toEqual([]);
  });

  test("knows a rotation that is as wanted, and leaves its date to the server", async () => {
    const live = {
      ...rotation,
      rotation_period_days: null,
      next_rotation_at: new Date(now + dayMs).toISOString(),
    };
    const rig = unlooked({ rotation_policy: live }, { rotation_policy: rotation });
    await rig.enforce(await rig.survey("edit"));
    expect(rig.plane.bodies).toEqual([]);
    const other = unlooked({ rotation_policy: live }, { rotation_policy: { rotation_period: "weekly" } });
    await other.enforce(await other.survey("edit"));
    const sent = other.plane.bodies[0]?.body["rotation_policy"];
    expect(sent).toEqual({ rotation_period: "weekly", key_transition_period_ms: 3_600_000 });
  });
});
