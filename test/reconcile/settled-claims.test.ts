import { expect, test } from "vitest";
import { settledClaims } from "../../src/reconcile/settled-claims.ts";
import { applied, claimed, confirmed, keyId, now } from "../core/build.ts";
import { remoteError } from "./fake-plane.ts";
import { createRig, plainKeys, policiesFor, type Rig } from "./rig.ts";

const one = keyId(1);

/** A key whose request took effect, and whose answer was lost. */
async function lost(name: string): Promise<Rig> {
  const rig = createRig({ policies: policiesFor(1, { name: "wanted" }), keys: plainKeys(1) });
  rig.plane.refusedUpdates.set(one, remoteError("unknown", null));
  await rig.enforce(await rig.survey());
  rig.plane.refusedUpdates.clear();
  rig.plane.keys.set(one, { ...rig.plane.keys.get(one)!, name });
  rig.setNow(now + 600_000);
  return rig;
}

function lines(rig: Rig): unknown[] {
  return rig.state.disk.audit.map(({ event, detail }) => [event, detail["found"], detail["fields"]]);
}

test("a request whose answer was lost is told as applied once its value is found, in the adoption's own step", async () => {
  const rig = await lost("wanted");
  const surveyed = await rig.survey();
  expect(surveyed.plan.changes).toEqual([]);
  await rig.enforce(surveyed, { pass: "pass-2" });
  expect(lines(rig).slice(1)).toEqual([
    ["unknown", undefined, undefined],
    ["applied", true, ["name"]],
  ]);
  expect(rig.state.disk.audit.at(-1)).toMatchObject({
    ...{ pass: "pass-2", keyId: one, policy: "p1", at: now + 600_000, commit: null },
  });
  expect(rig.log.at(-1)).toBe(`adopt ${one}`);
  await rig.enforce(await rig.survey());
  expect(rig.state.disk.audit).toHaveLength(3);
});

test("the same where a fresh look before the request finds it", async () => {
  const policies = policiesFor(1, { name: "wanted", usage_limits: { credit_limit: 50 } });
  const rig = createRig({ policies, keys: plainKeys(1) });
  rig.plane.refusedUpdates.set(one, remoteError("unknown", null));
  await rig.enforce(await rig.survey());
  rig.plane.refusedUpdates.clear();
  rig.plane.keys.set(one, { ...rig.plane.keys.get(one)!, name: "wanted" });
  rig.setNow(now + 600_000);
  const surveyed = await rig.survey("edit");
  expect(surveyed.plan.changes[0]?.body).toBeNull();
  await rig.enforce(surveyed);
  expect(rig.state.disk.audit.map(({ event }) => event)).toEqual([
    ...["claimed", "unknown"],
    ...["applied", "claimed", "applied"],
  ]);
  expect(rig.state.disk.audit[2]?.detail).toEqual({ found: true, fields: ["name"] });
});

test("a value that is not the one of the open request is told as read, and never as applied", () => {
  const key = applied({
    name: { ...confirmed("a", 1), ...claimed("b") },
    description: claimed("d"),
    scopes: claimed(["x"], true),
    expires_at: confirmed(null, 1),
  });
  const confirm = [
    { path: "name", value: "c" },
    { path: "description", value: "d" },
    { path: "scopes", value: ["x"] },
    { path: "expires_at", value: null },
    { path: "alert_emails", value: [] },
  ];
  const adoption = { keyId: one, policy: "p", file: "f", line: 1, at: now, confirm, drop: ["rate_limits"] };
  expect(settledClaims([adoption], key, "pass-1").map(({ event, detail }) => [event, detail])).toEqual([
    ["applied", { found: true, fields: ["description"] }],
    ["read-back", { fields: [{ path: "name", set: "b", read: "c", shown: false }] }],
  ]);
  expect(settledClaims([{ ...adoption, confirm: confirm.slice(2) }], key, "pass-1")).toEqual([]);
  expect(settledClaims([adoption], new Map(), "pass-1")).toEqual([]);
});
