import { expect, test } from "vitest";
import type { Origin, Provenance } from "../../src/ports.ts";
import { Withdrawn } from "../../src/reconcile/withdrawn.ts";
import { keyId, policy, policySet, profile } from "../core/build.ts";
import { createRig, plainKeys, policiesFor } from "./rig.ts";

const [one, two] = [keyId(1), keyId(2)];

function origin(commit: string, uncommitted = false): Origin {
  return {
    commit,
    author: `${commit} <${commit}@example.com>`,
    committedAt: "2026-01-01T00:00:00Z",
    uncommitted,
  };
}

/** Knows these files, and notes which it was asked for. */
function knows(origins: Readonly<Record<string, Origin>>): Provenance & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    of(file) {
      asked.push(file);
      return Promise.resolve(origins[file]);
    },
  };
}

test("every line of a change carries the commit and author of its policy's file", async () => {
  const provenance = knows({
    "policies/p1.yaml": origin("writer"),
    "policies/p2.yaml": origin("editor", true),
  });
  const rig = createRig({ policies: policiesFor(2, { name: "wanted" }), keys: plainKeys(2), provenance });
  await rig.enforce(await rig.survey(), { workers: 1 });
  const told = rig.state.disk.audit.map(({ keyId: id, event, commit, author }) => [
    id,
    event,
    commit,
    author,
  ]);
  const writer = ["writer", "writer <writer@example.com>"];
  const editor = ["editor", "editor <editor@example.com>"];
  expect(told).toEqual([
    [one, "claimed", ...writer],
    [one, "applied", ...writer],
    [two, "claimed", ...editor],
    [two, "applied", ...editor],
  ]);
  expect(rig.state.disk.audit.map(({ detail }) => [detail["committedAt"], detail["uncommitted"]])).toEqual([
    ["2026-01-01T00:00:00Z", undefined],
    [undefined, undefined],
    ["2026-01-01T00:00:00Z", true],
    [undefined, undefined],
  ]);
});

test("a value from a profile carries the origin of the profile's file beside it", async () => {
  const provenance = knows({
    "policies/p.yaml": origin("writer"),
    "policies/profiles/base.yaml": origin("editor", true),
  });
  const set = policySet({
    profiles: [profile({ name: "base", key: { description: "shared" } })],
    policies: [policy({ name: "p", keyIds: [one], key: { name: "own" }, profiles: ["base"] })],
  });
  const rig = createRig({ set, keys: plainKeys(1), provenance });
  await rig.enforce(await rig.survey());
  const [claim] = rig.state.disk.audit;
  expect(claim).toMatchObject({ file: "policies/p.yaml", commit: "writer" });
  expect(claim?.detail["fields"]).toEqual([
    expect.objectContaining({ path: "description", commit: "editor", uncommitted: true }),
    expect.not.objectContaining({ commit: expect.anything() }),
  ]);
  expect(provenance.asked.toSorted()).toEqual(["policies/p.yaml", "policies/profiles/base.yaml"]);
});

test("a key that is as wanted is not asked about", async () => {
  const provenance = knows({});
  const rig = createRig({ policies: policiesFor(1, { name: "key" }), keys: plainKeys(1), provenance });
  await rig.enforce(await rig.survey());
  expect(provenance.asked).toEqual([]);
});

test("nothing is read or claimed before the answer, and what was withdrawn meanwhile is not begun", async () => {
  let answer = (): void => undefined;
  const waited = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
  const provenance: Provenance = { of: () => waited };
  const rig = createRig({ policies: policiesFor(1, { name: "wanted" }), keys: plainKeys(1), provenance });
  const surveyed = await rig.survey();
  rig.log.length = 0;
  const yielding = new AbortController();
  const pushing = rig.enforce(surveyed, { yielding: yielding.signal });
  await new Promise(setImmediate);
  expect(rig.log).toEqual(["saveInventory"]);
  yielding.abort(new Withdrawn(false));
  answer();
  expect((await pushing).map(({ outcome }) => outcome)).toEqual(["skipped"]);
  expect([rig.log, rig.state.disk.audit]).toEqual([["saveInventory"], []]);
});
