import { expect, test } from "vitest";
import { planRestore } from "../../src/reconcile/restore.ts";
import { now } from "../core/build.ts";
import { stored } from "./rig.ts";
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
