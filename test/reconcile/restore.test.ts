import { describe, expect, test } from "vitest";
import type { RestorePoint } from "../../src/core/restore.ts";
import { restoreKey } from "../../src/reconcile/restore-key.ts";
import { planRestore } from "../../src/reconcile/restore.ts";
import { keyId, now, policy } from "../core/build.ts";
import { createRig, stored, type Rig } from "./rig.ts";
import { baseline, one, pastOf, restore, rigWith } from "./restoring.ts";

test("a key that was put back is left so, and told, until a person says otherwise", async () => {
  const rig = rigWith(stored({ name: "before" }), { name: "wanted" });
  await rig.enforce(await rig.survey());
  expect(rig.plane.keys.get(one)?.name).toBe("wanted");
  await restore(rig);
  expect(rig.plane.keys.get(one)?.name).toBe("before");
  expect(rig.state.disk.audit.map(({ event }) => event)).toEqual([
    "claimed",
    "applied",
    "restored",
    "claimed",
    "applied",
  ]);
  for (const pass of ["reconcile", "edit"] as const) {
    const { plan } = await rig.survey(pass);
    expect(plan.changes).toEqual([]);
    expect(plan.notices).toMatchObject([{ kind: "restored", keyId: one }]);
  }
  rig.state.disk.restorations.clear();
  expect((await rig.survey("edit")).plan.changes[0]?.fields).toMatchObject([
    { path: "name", from: "before", to: "wanted", why: "policy" },
  ]);
});

test("the report tells it at once, and the audit trail blames no commit for it", async () => {
  const rig = rigWith(stored({ name: "before" }), { name: "wanted" });
  rig.state.saveFact("report", { version: 1, notices: [] });
  await rig.enforce(await rig.survey());
  await restore(rig);
  expect(rig.state.fact("report")).toMatchObject({
    notices: [{ kind: "restored", keyId: one, policy: "p1" }],
  });
  const [line] = rig.state.disk.audit.filter(({ event }) => event === "claimed").slice(-1);
  expect(line).toMatchObject({ commit: null, author: null, detail: { fields: [{ why: "restored" }] } });
});

test("a read that may be late is not believed: what is to be put back is sent", async () => {
  const rig = rigWith(stored({ name: "before" }), { name: "wanted" });
  await rig.enforce(await rig.survey());
  const shown = rig.plane.keys.get(one)!;
  rig.plane.keys.set(one, stored({ ...shown, name: "before" }));
  const request = { keyId: one, point: baseline, past: pastOf(rig) };
  const options = { signal: new AbortController().signal, settleMs: 60_000 };
  const { plan } = await planRestore(rig.ports, request, options);
  expect(plan.changes.map(({ body }) => body)).toEqual([{ name: "before" }]);
  rig.setNow(now + 60_000);
  expect((await planRestore(rig.ports, request, options)).plan.changes).toEqual([]);
});

test("it is marked before anything is sent: killed in between, no pass undoes what the person began", async () => {
  const rig = rigWith(stored({ name: "before" }), { name: "wanted" });
  await rig.enforce(await rig.survey());
  rig.log.length = 0;
  await restore(rig);
  const marked = rig.log.indexOf(`setRestoration ${one}`);
  expect(marked).toBeGreaterThan(-1);
  expect(marked).toBeLessThan(rig.log.indexOf(`claim ${one}`));
});

describe("after the audit trail was trimmed", () => {
  const options = { signal: new AbortController().signal, settleMs: 60_000 };
  const day = 86_400_000;

  /** Loose at first, ours since `now`; lines 1 and 2 are of that. */
  async function trimmed(): Promise<Rig> {
    const limits = {
      ...{ type: "cost", alert_threshold: null },
      periodic_reset: null,
      periodic_reset_days: null,
    };
    const rig = rigWith(stored({ usage_limits: { ...limits, credit_limit: 9_000 } }), {
      usage_limits: { credit_limit: 50 },
    });
    await rig.enforce(await rig.survey());
    rig.setNow(now + 10 * day);
    rig.plane.keys.set(one, stored({ usage_limits: { ...limits, credit_limit: 7_000 } }));
    rig.state.disk.audit.push({
      ...rig.state.disk.audit[0]!,
      keyId: keyId(2),
      at: now + 5 * day,
      event: "held",
    });
    return rig;
  }

  async function planned(rig: Rig, point: RestorePoint): Promise<unknown> {
    const { plan } = await planRestore(rig.ports, { keyId: one, point, past: pastOf(rig, 3) }, options);
    return plan.changes.flatMap(({ fields }) => fields.map(({ path, to }) => [path, to]));
  }

  test("a key goes back to what is known of that point, and not to its looser baseline", async () => {
    const rig = await trimmed();
    const wanted = [["usage_limits.credit_limit", 50]];
    expect(await planned(rig, { kind: "instant", at: now + 7 * day })).toEqual(wanted);
    expect(await planned(rig, { kind: "line", seq: 3 })).toEqual(wanted);
    await rig.enforce(await rig.survey());
    expect(rig.plane.keys.get(one)?.usage_limits).toMatchObject({ credit_limit: 50 });
    rig.plane.keys.set(one, stored({ usage_limits: { type: "cost", credit_limit: 6_000 } }));
    // What the mend has found is nobody's, and the line says what was confirmed before it.
    expect(await planned(rig, { kind: "line", seq: 3 })).toEqual(wanted);
  });

  test("where nobody knows any more what it was, nothing is planned, and it is said from when the trail is", async () => {
    const rig = await trimmed();
    await expect(planned(rig, { kind: "line", seq: 2 })).rejects.toMatchObject({
      code: "NOTHING_TO_RESTORE",
      message: expect.stringMatching(
        /line 2 of the audit trail: the audit trail no longer reaches back .* begins with line 3, of 2026-09-06T12:00:00.000Z/,
      ),
      hint: expect.stringContaining("--to baseline"),
    });
  });

  test("what of a point is not known any more is left as it is, and named", async () => {
    const rig = rigWith(stored({ name: "before" }), { name: "first" });
    await rig.enforce(await rig.survey());
    rig.setNow(now + day);
    const later = createRig({
      policies: [policy({ name: "p1", keyIds: [one], key: { name: "second", description: "new" } })],
      keys: rig.plane.keys,
      disk: { ...rig.state.disk, audit: [] },
    });
    later.setNow(now + day);
    await later.enforce(await later.survey());
    const past = { ...pastOf(later), reach: { seq: 1, at: now + 1 } };
    const writes = past.writes.map(({ fields, ...write }) => ({
      ...write,
      fields: fields.map((field) => ({ ...field, confirmed: undefined })),
    }));
    const ports = { ...later.ports, settleMs: 60_000, pastOf: () => ({ ...past, writes }) };
    const order = { keyId: one, expect: null, force: false };
    const signals = { pass: "r", workers: 1, yielding: options.signal, signal: options.signal };
    const point = { kind: "instant", at: now + day - 1 } as const;
    const result = await restoreKey(ports, { ...order, point }, signals);
    expect(result.point).toMatch(/, without what nobody knows of it any more, which is left as it is: name$/);
    expect(result.plan.changes[0]?.fields).toMatchObject([{ path: "description", to: null }]);
    const first = await restoreKey(ports, { ...order, point: { kind: "instant", at: now - 1 } }, signals);
    expect(first.point).toMatch(/, before our first write that is known: the earliest values there are$/);
  });
});

test("a key that we have never written has nothing to be put back", async () => {
  const rig = rigWith(stored({ name: "wanted" }), { name: "wanted" });
  await rig.enforce(await rig.survey());
  const request = { keyId: one, point: baseline, past: pastOf(rig) };
  await expect(
    planRestore(rig.ports, request, { signal: new AbortController().signal, settleMs: 60_000 }),
  ).rejects.toMatchObject({
    code: "NOTHING_TO_RESTORE",
  });
});
