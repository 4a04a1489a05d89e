import { describe, expect, test } from "vitest";
import type { KeyReset } from "../../src/core/reset.ts";
import type { Consequence } from "../../src/core/remote-error.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { keyId, now, policy, settleMs } from "../core/build.ts";
import { emptyDisk } from "./fake-state.ts";
import { remoteError } from "./fake-plane.ts";
import { createRig, stored, type Rig } from "./rig.ts";

const one = keyId(1);

/** A key that is governed, of whose policy the token changes now. */
function rigOf(disk = emptyDisk(), token = "launch"): Rig {
  if (!disk.ledger.has(one)) {
    disk.ledger.set(one, { policy: "team", file: "policies/team.yaml", line: 1, fields: new Map() });
  }
  return createRig({
    policies: [policy({ keyIds: [one], resetUsage: token })],
    keys: new Map([[one, stored()]]),
    resets: { made: new Map(), shown: true, lagMs: 0 },
    disk,
  });
}

function resetOf({ state }: Rig): KeyReset | undefined {
  return state.disk.ledger.get(one)?.reset;
}

describe("how a request ends", () => {
  test.each<[Consequence, number | null, string]>([
    ["rejected", 400, "refused"],
    ["rejected", 403, "refused"],
    ["missing", 404, "refused"],
    ["throttled", 429, "unsent"],
    ["unavailable", null, "unsent"],
    ["auth", 401, "unsent"],
    ["unknown", null, "open"],
    ["misdirected", 302, "open"],
  ])("%s (%s): the reset is %s", async (consequence, status, stand) => {
    const rig = rigOf();
    rig.plane.refusedUpdates.set(one, remoteError(consequence, status));
    await rig.enforce(await rig.survey());
    expect(resetOf(rig)).toEqual({ claimed: { token: "launch", at: now, before: null, stand } });
  });

  test("taken back while it queued: it was never sent, and goes out with the next pass without a look", async () => {
    const rig = rigOf();
    rig.plane.queueUp();
    const yielding = new AbortController();
    const surveyed = await rig.survey();
    const pushed = rig.enforce(surveyed, { yielding: yielding.signal });
    while (rig.plane.queued === 0) await Promise.resolve();
    yielding.abort(new Withdrawn(false));
    expect(await pushed).toMatchObject([{ outcome: "skipped" }]);
    expect(resetOf(rig)?.claimed?.stand).toBe("unsent");
    rig.plane.release();
    expect(await rig.enforce(await rig.survey("edit"))).toMatchObject([{ outcome: "applied" }]);
    expect(rig.plane.bodies.map(({ body }) => body)).toEqual([{ reset_usage: true }]);
  });

  test("something nobody foresaw: it may have taken effect", async () => {
    const rig = rigOf();
    rig.plane.refusedUpdates.set(one, new TypeError("a defect"));
    await expect(rig.survey().then((surveyed) => rig.enforce(surveyed))).rejects.toThrow("a defect");
    expect(resetOf(rig)?.claimed?.stand).toBe("open");
  });
});

describe("right before it is sent again", () => {
  async function again(change: (rig: Rig) => void): Promise<Rig> {
    const disk = emptyDisk();
    const claimed = { token: "launch", at: now - 10 * settleMs, before: null, stand: "not-done" } as const;
    disk.ledger.set(one, {
      policy: "team",
      file: "policies/team.yaml",
      line: 1,
      fields: new Map(),
      reset: { claimed },
    });
    const rig = rigOf(disk);
    const surveyed = await rig.survey("edit");
    expect(surveyed.plan.changes).toMatchObject([{ reset: { why: "unconfirmed" } }]);
    change(rig);
    await rig.enforce(surveyed);
    return rig;
  }

  test("a fresh look that shows no effect lets it go", async () => {
    const rig = await again(() => undefined);
    expect(rig.plane.bodies).toHaveLength(1);
    expect(resetOf(rig)?.settled).toMatchObject({ token: "launch", end: "answered" });
  });

  test("a fresh look that shows the effect after all ends it", async () => {
    const rig = await again(({ plane }) => plane.resets?.made.set(one, [now - 9 * settleMs]));
    expect(rig.plane.bodies).toEqual([]);
    expect(resetOf(rig)).toEqual({ settled: { token: "launch", at: now, end: "proved" } });
    expect(rig.state.disk.audit).toMatchObject([
      { event: "read-back", detail: { fields: [], reset: { token: "launch", kind: "done" } } },
    ]);
  });

  test("a fresh look that cannot be judged leaves it in doubt", async () => {
    const rig = await again(({ plane }) => plane.resets?.made.set(one, [now - 999 * settleMs]));
    expect(rig.plane.bodies).toEqual([]);
    expect(resetOf(rig)?.settled?.end).toBe("in-doubt");
  });
});

test("a change that somebody approved while it is held is the one with the same token", async () => {
  const limits = { changed: null, loosened: 0, shrunk: null, floor: 0 };
  const held = async (token: string) => {
    const disk = emptyDisk();
    disk.ledger.set(one, { policy: "team", file: "policies/team.yaml", line: 1, fields: new Map() });
    const rig = createRig({
      policies: [policy({ keyIds: [one], resetUsage: token })],
      keys: new Map([[one, stored()]]),
      disk,
      limits,
    });
    const edit = await rig.survey("edit");
    expect(edit.plan.held).toMatchObject([{ rank: "loosens", fields: [], reset: { token } }]);
    expect(edit.mayTurnOut).toBe(false);
    return (await rig.survey()).plan;
  };
  const [a, b] = [await held("a"), await held("b")];
  expect(a.changes).toEqual([]);
  expect(a.held).toMatchObject([{ rank: "loosens", reset: { token: "a" } }]);
  expect(a.refusals).toMatchObject([{ rule: "loosened" }]);
  expect(a.heldDigest).not.toBe(b.heldDigest);
});
