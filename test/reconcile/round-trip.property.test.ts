import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { topOf } from "../../src/core/fields.ts";
import type { FieldPath } from "../../src/core/key.ts";
import type { Notice } from "../../src/core/plan.ts";
import type { JsonObject, KeyId } from "../../src/core/policy.ts";
import type { DesiredKey } from "../../src/core/resolve.ts";
import type { Survey } from "../../src/reconcile/survey.ts";
import { keyBlock, storedKey, variant } from "../core/arbitraries.ts";
import { dayMs, keyId, now, policy, settleMs } from "../core/build.ts";
import { later, storedMetadata, type Stored, type Variant } from "../core/model-server.ts";
import type { View } from "../core/model-shapes.ts";
import { unfulfilled, unmanaged } from "../core/oracle.ts";
import { nothingLive } from "../../src/core/resolve.ts";
import { holds, timeFor } from "../property.ts";
import { ReadOracle } from "./read-oracle.ts";
import { createRig, type Rig } from "./rig.ts";

/*
 * The invariants, for any policies and any keys, through the real reading and writing halves of a pass, over a server
 * that replaces objects in an update or merges into them, keeps plain metadata or makes text of it, shows rotation
 * policies in its list or does not, and shows everything in any shape that means the same:
 *   1. one pass gets one list, one PUT for each key that differs and none for one that does not, with exactly the
 *      top-level fields that differ;
 *   2. it gets one GET for each key whose policy speaks of what its row leaves out, and for no other; what a GET said is
 *      believed as long as `last_updated_at` stays the same;
 *   3. then every field is as its policy wants it, and every field that no policy manages is exactly as it was;
 *   4. then nothing is planned and nothing told, right away, after the settle time, and after the server has done what
 *      servers do by themselves;
 *   5. what somebody else changes is mended by one PUT to that key, and to no other.
 */

interface Case {
  readonly blocks: readonly JsonObject[];
  readonly stored: readonly Stored[];
  readonly server: Variant;
  readonly view: View;
  readonly seed: number;
}

const views = fc.constantFrom<View>(
  "list",
  "list-with-rotation",
  "list-without-rotation",
  "list-as-documented",
);

function casesWith(block: fc.Arbitrary<JsonObject>, most: number): fc.Arbitrary<Case> {
  const keys = fc.array(fc.tuple(block, storedKey), { minLength: 1, maxLength: most });
  const server = fc
    .tuple(variant, fc.constantFrom("kept" as const, "texts" as const))
    .map(([one, scalars]): Variant => ({ ...one, scalars }));
  return fc.tuple(keys, server, views, fc.integer()).map(([pairs, kind, view, seed]) => ({
    blocks: pairs.map(([key]) => key),
    stored: pairs.map(([, key]) => ({ ...key, metadata: storedMetadata(key.metadata, kind) })),
    server: kind,
    view,
    seed,
  }));
}

/** One pass after the other over one server, each held against what it may cost. */
class Passes {
  readonly rig: Rig;
  readonly #oracle = new ReadOracle();
  readonly #desired: ReadonlyMap<KeyId, DesiredKey>;
  #now = now;

  constructor({ blocks, stored, server, view, seed }: Case) {
    const policies = blocks.map((key, index) =>
      policy({ name: `p${index}`, keyIds: [keyId(index + 1)], key }),
    );
    const keys = new Map(stored.map((key, index) => [keyId(index + 1), key]));
    this.rig = createRig({ policies, keys, variant: server, view, seed });
    this.#desired = this.rig.ports.resolve(this.rig.ports.policies.load(), nothingLive(now)).desired;
  }

  /** The paths of each key that are not as its policy wants them. */
  differing(): ReadonlyMap<KeyId, readonly FieldPath[]> {
    const found = [...this.#desired.values()].map((key): [KeyId, FieldPath[]] => [
      key.keyId,
      unfulfilled(key, this.rig.plane.keys.get(key.keyId)!, this.#now),
    ]);
    return new Map(found.filter(([, paths]) => paths.length > 0));
  }

  /** A whole pass at `when`, which sends exactly what differs and asks for exactly what it has to. */
  async run(when: number): Promise<Survey> {
    this.#now = when;
    const { rig } = this;
    rig.setNow(when);
    const differing = this.differing();
    const sent = rig.plane.bodies.length;
    rig.log.length = 0;
    const surveyed = await rig.survey();
    const asked = this.#oracle.gets(this.#desired.values(), rig.plane.rows, when);
    expect(reads(rig)).toEqual(["list", ...asked.map((id) => `get ${id}`)].sort());
    rig.log.length = 0;
    const carried = [...differing].filter(([id, paths]) => this.#mustBeReadFirst(id, paths));
    const outcomes = await rig.enforce(surveyed);
    expect(outcomes.filter(({ outcome }) => outcome !== "applied")).toEqual([]);
    expect(reads(rig)).toEqual(carried.map(([id]) => `get ${id}`).sort());
    const bodies = rig.plane.bodies.slice(sent).map(({ id, body }) => [id, Object.keys(body).sort()]);
    const tops = [...differing].map(([id, paths]) => [id, [...new Set(paths.map(topOf))].sort()]);
    expect(bodies.sort(byId)).toEqual(tops.sort(byId));
    for (const id of differing.keys()) this.#oracle.forget(id);
    return surveyed;
  }

  /** A body carries a switch that nobody manages: where the row does not show it, the key is looked at first. */
  #mustBeReadFirst(id: KeyId, paths: readonly FieldPath[]): boolean {
    const isKnown =
      this.rig.plane.rows.get(id)!["allow_config_override"] !== undefined || this.#oracle.knows(id);
    const isSaid = this.#desired.get(id)!.fields.has("defaults.allow_config_override");
    return !isKnown && !isSaid && paths.some((path) => topOf(path) === "defaults");
  }

  /** A pass that has nothing to write, and nothing to tell. */
  async expectQuiet(when: number): Promise<void> {
    const { plan } = await this.run(when);
    expect(plan.changes).toEqual([]);
    expect(plan.notices.filter(isNews)).toEqual([]);
  }

  expectAsWanted(before: readonly Stored[]): void {
    expect([...this.differing()]).toEqual([]);
    for (const [index, was] of before.entries()) {
      const id = keyId(index + 1);
      const is = this.rig.plane.keys.get(id)!;
      const theirs = unmanaged(this.#desired.get(id), was, is);
      expect(theirs.filter(([, old, found]) => !isDeepStrictEqual(old, found))).toEqual([]);
    }
  }

  /** Something happens to a key on the server, which notes the time; its clock may be behind ours. */
  happen(id: KeyId, what: (stored: Stored) => Stored, behindMs = 0): void {
    this.rig.plane.keys.set(id, what(this.rig.plane.keys.get(id)!));
    this.rig.plane.updatedAt.set(
      id,
      new Date(this.#now - behindMs).toISOString().replace(/\.\d+Z$/, ".000Z"),
    );
  }
}

function reads({ log }: Rig): string[] {
  return log.filter((line) => line === "list" || line.startsWith("get ")).sort();
}

function byId(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1;
}

function isNews({ kind }: Notice): boolean {
  return kind !== "held" && kind !== "orphaned";
}

test(
  "after one apply everything is as wanted, nothing else has changed, and nothing is asked for again",
  async (context) => {
    await holds(
      context,
      "round trip: one apply",
      fc.asyncProperty(casesWith(keyBlock, 2), async (given) => {
        const passes = new Passes(given);
        await passes.run(now);
        passes.expectAsWanted(given.stored);
        for (const when of [now + 1, now + settleMs]) await passes.expectQuiet(when);
        for (const index of given.stored.keys())
          passes.happen(keyId(index + 1), (stored) => later(stored, now + 100 * dayMs));
        await passes.expectQuiet(now + 100 * dayMs);
      }),
    );
  },
  timeFor("round trip: one apply"),
);

/** Some fields of a key as somebody else sets them. */
const others = fc
  .tuple(storedKey, fc.subarray(Object.keys(emptyNames()), { minLength: 1, maxLength: 3 }))
  .map(([stored, names]) =>
    Object.fromEntries(Object.entries(stored).filter(([name]) => names.includes(name))),
  );

function emptyNames(): Record<keyof Stored, true> {
  return {
    name: true,
    description: true,
    rate_limits: true,
    usage_limits: true,
    scopes: true,
    metadata: true,
    config_id: true,
    allow_config_override: true,
    alert_emails: true,
    expires_at: true,
    rotation_policy: true,
  };
}

test(
  "what somebody else changes is mended by one request to that key alone, and what nobody manages stays theirs",
  async (context) => {
    await holds(
      context,
      "round trip: somebody else's edits",
      fc.asyncProperty(casesWith(keyBlock, 3), others, fc.nat(), async (given, edited, which) => {
        const passes = new Passes(given);
        await passes.run(now);
        await passes.expectQuiet(now + settleMs);
        const id = keyId((which % given.stored.length) + 1);
        passes.happen(id, (stored) => {
          const after = { ...stored, ...edited };
          return { ...after, metadata: storedMetadata(after.metadata, given.server) };
        });
        const before = given.stored.map((_, index) => passes.rig.plane.keys.get(keyId(index + 1))!);
        for (const other of passes.differing().keys()) expect(other).toBe(id);
        const { plan } = await passes.run(now + 600_000);
        for (const { fields } of plan.changes)
          expect(new Set(fields.map(({ why }) => why))).toEqual(new Set(["drift"]));
        passes.expectAsWanted(before);
        for (const when of [1, settleMs, 2 * settleMs]) await passes.expectQuiet(now + 600_000 + when);
      }),
    );
  },
  timeFor("round trip: somebody else's edits"),
);

/** Keys about which a list may not say everything. */
const speaking = fc
  .tuple(keyBlock, fc.boolean(), fc.boolean())
  .map(([block, rotates, switches]): JsonObject => ({
    ...block,
    ...(rotates ? { rotation_policy: { rotation_period: "weekly" } } : {}),
    ...(switches ? { defaults: { allow_config_override: false } } : {}),
  }));

interface Step {
  readonly after: number;
  /** The keys whose `last_updated_at` moves before the pass, though nothing of theirs changes. */
  readonly touched: readonly number[];
  /** By how much the server's clock is behind. */
  readonly behindMs: number;
}

const steps = fc.array(
  fc.record({
    after: fc.constantFrom(1, 4_999, 5_000, 60_000, dayMs),
    touched: fc.subarray([0, 1, 2], { maxLength: 2 }),
    behindMs: fc.constantFrom(0, 3_600_000),
  }),
  { minLength: 1, maxLength: 5 },
);

test(
  "a GET is made for a key only when the list cannot answer, and not again until the key is updated",
  async (context) => {
    await holds(
      context,
      "round trip: reads",
      fc.asyncProperty(casesWith(speaking, 3), steps, async (given, list: readonly Step[]) => {
        const passes = new Passes(given);
        await passes.run(now);
        let when = now;
        for (const { after, touched, behindMs } of list) {
          for (const index of touched)
            if (index < given.stored.length) passes.happen(keyId(index + 1), (stored) => stored, behindMs);
          when += after;
          await passes.run(when);
          passes.expectAsWanted(given.stored);
        }
        expect(passes.rig.plane.bodies.length).toBeLessThanOrEqual(given.stored.length);
      }),
    );
  },
  timeFor("round trip: reads"),
);
