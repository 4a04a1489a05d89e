import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sameCanonical } from "../../src/core/canonical.ts";
import type { PassKind } from "../../src/core/plan.ts";
import type { KeyId, PolicySet } from "../../src/core/policy.ts";
import { createResolver, nothingLive, type DesiredKey } from "../../src/core/resolve.ts";
import type { State } from "../../src/ports.ts";
import { runPass } from "../../src/reconcile/pass.ts";
import type { Survey } from "../../src/reconcile/survey.ts";
import { openState } from "../../src/state/open-state.ts";
import { now, policySet, settleMs } from "../core/build.ts";
import { holds, timeFor } from "../property.ts";
import { FakePlane } from "./fake-plane.ts";
import { FakeState } from "./fake-state.ts";
import { blows, ids, strange, readTree, struck, trees, type Blow, type Tree } from "./policy-tree.ts";
import { createRig, plainKeys, target } from "./rig.ts";

/*
 * Broken, missing, half-written and renamed files, one after another, between passes that really write, with edits of
 * somebody else on the keys:
 *   1. each field that is written gets what the key's policy said last, as long as that was sound, or what a policy says
 *      that is sound in the tree as it is: nothing is loosened or cleared by what is broken;
 *   2. a key that is neither read nor kept is not written at all;
 *   3. what is kept is told, and only where something is broken; what was said last by a file that is broken is kept;
 *   4. a key whose policy and profiles the damage did not reach goes on as they say;
 *   5. drift from what is kept is mended;
 *   6. the healed tree has nothing kept and nothing held, changes no key that only broken files were about, and its
 *      second plan is empty;
 *   7. all of it across restarts: the memory of the process may be lost after every pass.
 */

/** A state that a process may lose and open again. */
interface Disk {
  open(): State;
  /** What is left of it after a restart. */
  reopen(): State;
  remove(): void;
}

function fakeDisk(): Disk {
  const state = new FakeState();
  return { open: () => state, reopen: () => new FakeState(state.disk), remove: () => undefined };
}

function realDisk(): Disk {
  const directory = mkdtempSync(join(tmpdir(), "keysteward-kept-"));
  const url = `sqlite:${join(directory, "state.db")}`;
  let state = openState({ url, mode: "write" });
  return {
    open: () => state,
    reopen() {
      state.close();
      return (state = openState({ url, mode: "write" }));
    },
    remove() {
      state.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Step {
  readonly blows: readonly Blow[];
  readonly pass: PassKind;
  /** Whether somebody changes every key before the pass. */
  readonly drift: boolean;
  readonly restart: boolean;
}

interface Case {
  readonly tree: Tree;
  readonly steps: readonly Step[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  tree: trees,
  steps: fc.array(
    fc.record({
      blows: fc.array(blows, { minLength: 1, maxLength: 3 }),
      pass: fc.constantFrom<PassKind>("edit", "reconcile"),
      drift: fc.boolean(),
      restart: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

type Fields = ReadonlyMap<KeyId, DesiredKey>;

/** What the set says by itself, whatever was before. */
function soundIn(set: PolicySet): Fields {
  return set.trusted ? createResolver()(set, nothingLive(now)).desired : new Map();
}

async function play({ tree, steps }: Case, disk: Disk): Promise<void> {
  let time = now;
  let drifts = 0;
  let set = readTree(tree);
  const plane = new FakePlane({ keys: plainKeys(ids.length), now: () => time });
  const base = createRig({}).ports;
  const clock = { ...base.clock, now: () => time };
  let ports = {
    ...base,
    reader: plane,
    writer: plane,
    state: disk.open(),
    clock,
    policies: { load: () => set },
  };

  async function pass(kind: PassKind): Promise<Survey> {
    time += 2 * settleMs;
    const never = new AbortController().signal;
    const signals = { yielding: never, stopping: never, signal: never };
    const { survey, error } = await runPass(ports, {
      ...signals,
      pass: "p",
      kind,
      settleMs,
      workers: 2,
      target,
    });
    if (error !== null) throw error;
    return survey!;
  }

  const original = soundIn(set);
  await pass("reconcile");
  expect((await pass("reconcile")).plan.changes).toEqual([]);

  /** By key: what was wanted of it last, as long as something wants it or its broken policy does. */
  const good = new Map<KeyId, DesiredKey>(original);
  const touched = new Set<KeyId>();
  let damaged = tree;
  for (const step of steps) {
    damaged = step.blows.reduce(struck, damaged);
    set = readTree(damaged);
    if (step.restart) ports = { ...ports, resolve: createResolver(), state: disk.reopen() };
    // A field that is put back a fourth time so soon is contested, and waits.
    if (step.drift && drifts < 3) {
      drifts += 1;
      for (const [id, stored] of plane.keys)
        plane.keys.set(id, { ...stored, description: `drift ${drifts}` });
    }
    const sound = soundIn(set);
    const { plan, keeping, problems } = await pass(step.pass);
    const standsIn = problems.some(({ code }) => code === "KS1330");
    const quarantined = keeping?.quarantined ?? new Map();
    if (!set.trusted) expect(plan.changes).toEqual([]);
    for (const { keyId, fields } of plan.changes) {
      const [last, read] = [good.get(keyId), sound.get(keyId)];
      expect(last ?? read).toBeDefined();
      // What is kept is exactly what was said last; what is not is exactly what is said.
      const only = quarantined.has(keyId) ? last : read;
      for (const { path, to } of fields) {
        const wanted = only?.fields.get(path);
        expect([path, wanted !== undefined && sameCanonical(wanted.value, to)]).toEqual([path, true]);
      }
    }
    if (quarantined.size > 0) expect(set.problems.length + hasConflicts(set)).toBeGreaterThan(0);
    const told = plan.notices.filter(({ kind }) => kind === "quarantined").map(({ keyId }) => keyId);
    expect(told).toEqual([...quarantined.keys()].sort());
    if (!set.trusted) continue;
    for (const id of [...ids, strange]) {
      const [before, read] = [good.get(id), sound.get(id)];
      if (before !== undefined && read !== undefined && isSameDesired(before, read) && !standsIn) {
        expect(quarantined.has(id)).toBe(false);
      }
      // Of a file that is broken nothing is lost.
      const isHidden = set.problems.some(
        ({ severity, file }) => severity === "error" && file === before?.place.file,
      );
      if (before !== undefined && read === undefined && isHidden) expect(quarantined.has(id)).toBe(true);
      if (quarantined.has(id)) {
        const [description, live] = [before?.fields.get("description"), plane.keys.get(id)];
        if (step.pass === "reconcile" && description !== undefined && live !== undefined) {
          expect(live.description).toEqual(description.value);
        }
        continue;
      }
      if (read === undefined) good.delete(id);
      else good.set(id, read);
      const first = original.get(id);
      if (read !== undefined && (first === undefined || !hasSameValues(first, read))) touched.add(id);
    }
  }

  const driftedLast = steps.some(({ drift }) => drift);
  set = readTree(tree);
  const healed = await pass("reconcile");
  expect(healed.keeping?.quarantined.size).toBe(0);
  expect(healed.plan.notices.filter(({ kind }) => kind === "quarantined")).toEqual([]);
  for (const { keyId, fields } of healed.plan.changes) {
    const paths = fields.map(({ path }) => path).filter((path) => !(driftedLast && path === "description"));
    if (!touched.has(keyId)) expect([keyId, paths]).toEqual([keyId, []]);
  }
  expect(healed.keeping?.desired).toEqual(original);
  expect((await pass("reconcile")).plan.changes).toEqual([]);
  expect((await pass("edit")).plan.changes).toEqual([]);
}

/** Whether documents that are sound by themselves are in each other's way. */
function hasConflicts(set: PolicySet): number {
  return createResolver()(policySet(set), nothingLive(now)).problems.filter(
    ({ severity }) => severity === "error",
  ).length;
}

function isSameDesired(a: DesiredKey, b: DesiredKey): boolean {
  return (
    a.policy === b.policy &&
    JSON.stringify([a.place, [...a.fields]]) === JSON.stringify([b.place, [...b.fields]])
  );
}

function hasSameValues(a: DesiredKey, b: DesiredKey): boolean {
  const values = ({ fields }: DesiredKey): string =>
    JSON.stringify([...fields].map(([path, { value }]) => [path, value]).sort());
  return values(a) === values(b);
}

function property(makeDisk: () => Disk): fc.IAsyncProperty<[Case]> {
  return fc.asyncProperty(cases, async (given) => {
    const disk = makeDisk();
    try {
      await play(given, disk);
    } finally {
      disk.remove();
    }
  });
}

test(
  "no broken, missing or half-written file ever loosens or clears anything",
  async (context) => {
    await holds(context, "last good: damage", property(fakeDisk));
  },
  timeFor("last good: damage"),
);

test(
  "nor does it after a restart: the state file says what was said last",
  async (context) => {
    await holds(context, "last good: restarts", property(realDisk));
  },
  timeFor("last good: restarts"),
);
