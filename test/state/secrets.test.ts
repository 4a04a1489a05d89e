import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createScrubber } from "../../src/log/scrub.ts";
import { keyId, policy, profile, resolve } from "../core/build.ts";
import { auditOf } from "./fixtures.ts";
import { behind, useStates } from "./use-states.ts";

const states = useStates();

const secret = "admin-key-0123456789-0123456789";
const clean = createScrubber([secret]);
const noSources = { hidden: new Set<string>(), profiles: new Map<string, string>() };

function expectNoSecret(path: string): void {
  behind(path, (db) => db.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  expect(readFileSync(path).toString("latin1")).not.toContain(secret);
}

test("no text of a guardrail is stored with the secret in it", () => {
  const path = states.path();
  const state = states.open(path, "write", { clean });
  state.saveGuardrails([{ name: secret, source: { name: secret }, file: `${secret}.yaml`, line: 1 }]);
  expect(state.guardrails()).toEqual([
    { name: "[secret]", source: { name: "[secret]" }, file: "[secret].yaml", line: 1 },
  ]);
  state.close();
  expectNoSecret(path);
});

test("no text of a restoration is stored with the secret in it", () => {
  const path = states.path();
  const state = states.open(path, "write", { clean });
  state.setRestoration(keyId(1), { at: 1, point: `before ${secret}` }, auditOf(keyId(1), "restored"));
  expect(state.restorations().get(keyId(1))?.point).toBe("before [secret]");
  state.close();
  expectNoSecret(path);
});

test("no text of a quarantine is stored with the secret in it, and what is stored is not written again", () => {
  const path = states.path();
  const one = {
    keyId: keyId(1),
    policy: secret,
    file: `${secret}.yaml`,
    since: 1,
    why: `${secret} is wrong`,
  };
  const kept = { desired: new Map(), quarantined: new Map([[one.keyId, one]]), sources: noSources };
  const stored = { ...one, policy: "[secret]", file: "[secret].yaml", why: "[secret] is wrong" };
  const state = states.open(path, "write", { clean });
  state.keepLastGood(kept);
  // The process that found it goes on by the file's real name.
  expect(state.quarantines().get(one.keyId)).toEqual(one);
  expect(states.open(path, "read").quarantines().get(one.keyId)).toEqual(stored);
  state.close();
  expectNoSecret(path);
  const next = states.open(path, "write", { clean });
  behind(path, (db) => {
    const version = (): unknown => db.prepare("PRAGMA data_version").get()?.["data_version"];
    const before = version();
    next.keepLastGood(kept);
    expect(version()).toBe(before);
  });
});

test("what a policy that is called like the secret asks for is not kept", () => {
  const path = states.path();
  const state = states.open(path, "write", { clean });
  // What it says stands in its profile alone, and it in a file of another name: its own name is all that bears the secret.
  const named = policy({ name: "one", keyIds: [keyId(1)], profiles: ["base"], key: {} });
  const base = profile({ name: "base", key: { description: "text" } });
  const { desired } = resolve({ policies: [{ ...named, name: secret }], profiles: [base] });
  expect(desired.size).toBe(1);
  state.keepLastGood({ desired, quarantined: new Map(), sources: noSources });
  state.close();
  expectNoSecret(path);
});
