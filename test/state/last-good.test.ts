import { describe, expect, it } from "vitest";
import { withLastGood, type Keeping, type Quarantine } from "../../src/core/last-good.ts";
import type { DesiredKey } from "../../src/core/resolve.ts";
import { openState } from "../../src/state/open-state.ts";
import { at, keyId, own, policy, policySet, profile, resolve } from "../core/build.ts";
import { auditOf } from "./fixtures.ts";
import { behind, useStates } from "./use-states.ts";

const states = useStates();

const base = profile({
  name: "base",
  key: { expires_at: "2027-06-30T23:59:59+02:00", usage_limits: { credit_limit: 50 } },
});
const noSources = { hidden: new Set<string>(), profiles: new Map<string, string>() };

/** What `count` policies on one profile want, each with a description of its own. */
function wantedOf(count: number, description = "text"): Map<string, DesiredKey> {
  const policies = Array.from({ length: count }, (_, index) =>
    policy({
      name: `p${index + 1}`,
      keyIds: [keyId(index + 1)],
      profiles: ["base"],
      key: { description: `${description} ${index + 1}`, scopes: ["logs.view"] },
      mode: index === 0 ? "report" : "enforce",
    }),
  );
  return new Map(resolve({ policies, profiles: [base] }).desired);
}

function keeping(desired: Keeping["desired"], own: Partial<Keeping> = {}): Keeping {
  return { desired, quarantined: new Map(), sources: noSources, ...own };
}

function quarantineOf(n: number, why = "no YAML"): Map<string, Quarantine> {
  const one = { keyId: keyId(n), policy: `p${n}`, file: "policies/a.yaml", since: 1_000, why };
  return new Map([[one.keyId, one]]);
}

/** How many rows a piece of work has changed in the file at this path. */
function rowsOf(path: string): { changed(work: () => void): boolean } {
  return {
    changed: (work) =>
      behind(path, (db) => {
        const version = (): unknown => db.prepare("PRAGMA data_version").get()?.["data_version"];
        const before = version();
        work();
        return version() !== before;
      }),
  };
}

describe("what was wanted last", () => {
  it("comes back as it was, places, sources and mode included, for the writer and beside it", () => {
    const path = states.path();
    const desired = wantedOf(3);
    states.open(path).keepLastGood(keeping(desired));
    const beside = states.open(path, "read");
    for (const [id, key] of desired) expect(beside.lastGoodOf(id)).toEqual(key);
    expect(beside.lastGoodOf(keyId(9))).toBeUndefined();
    expect([...beside.lastGoodOwners()]).toEqual(
      [1, 2, 3].map((n) => ({ keyId: keyId(n), policy: `p${n}`, file: `policies/p${n}.yaml` })),
    );
  });

  it("comes back with what its overrides will change", () => {
    const path = states.path();
    const overrides = [{ until: "2026-12-01T00:00:00Z", key: { description: "launch" } }];
    const desired = resolve({ policies: [policy({ key: { description: "text" }, overrides })] }).desired;
    states.open(path).keepLastGood(keeping(desired));
    const good = states.open(path, "read").lastGoodOf(keyId(1));
    const { course, fields } = desired.get(keyId(1))!;
    expect(good?.fields).toEqual(fields);
    expect(good?.course.upcoming.map(({ at: when, fields: changed }) => [when, changed])).toEqual(
      course.upcoming.map(({ at: when, fields: changed }) => [when, changed]),
    );
    expect(good?.course.upcoming).toHaveLength(1);
  });

  it("comes back with what is acknowledged", () => {
    const path = states.path();
    const said = {
      path: { value: "description", place: at(30) },
      until: { value: 5_000, place: at(31) },
      reason: "OPS-412",
    };
    const { desired } = resolve({ policies: [policy({ key: { description: "x" }, acknowledge: [said] })] });
    states.open(path).keepLastGood(keeping(desired));
    const back = states.open(path, "read").lastGoodOf(keyId(1));
    expect(back).toEqual(desired.get(keyId(1)));
    expect(back?.acknowledged.get("description")).toEqual({ until: 5_000, reason: "OPS-412", place: at(30) });
  });

  it("comes back after a restart, what keys have in common as one object", () => {
    const path = states.path();
    const desired = wantedOf(3);
    const first = states.open(path);
    first.keepLastGood(keeping(desired));
    first.close();
    const again = states.open(path);
    for (const [id, key] of desired) expect(again.lastGoodOf(id)).toEqual(key);
    const fields = [1, 2].map((n) => again.lastGoodOf(keyId(n))!.fields.get("expires_at"));
    expect(fields[0]).toBe(fields[1]);
    expect(again.lastGoodOf(keyId(1))).toBe(again.lastGoodOf(keyId(1)));
  });

  it("is the object itself as long as the process lives", () => {
    const desired = wantedOf(1);
    const state = states.open(states.path());
    state.keepLastGood(keeping(desired));
    expect(state.lastGoodOf(keyId(1))).toBe(desired.get(keyId(1)));
  });

  it("is written on change alone: not twice, not as an equal object, not after a restart", () => {
    const path = states.path();
    let state = states.open(path);
    const rows = rowsOf(path);
    const desired = wantedOf(3);
    expect(rows.changed(() => state.keepLastGood(keeping(desired)))).toBe(true);
    expect(rows.changed(() => state.keepLastGood(keeping(desired)))).toBe(false);
    expect(rows.changed(() => state.keepLastGood(keeping(wantedOf(3))))).toBe(false);
    state.close();
    state = states.open(path);
    expect(rows.changed(() => state.keepLastGood(keeping(wantedOf(3))))).toBe(false);
    expect(rows.changed(() => state.keepLastGood(keeping(wantedOf(3, "new"))))).toBe(true);
    expect(states.open(path, "read").lastGoodOf(keyId(2))?.fields.get("description")?.value).toBe("new 2");
  });

  it("of one key is written without the others", () => {
    const path = states.path();
    const state = states.open(path);
    const desired = wantedOf(3);
    state.keepLastGood(keeping(desired));
    const stamp = (): unknown[] =>
      behind(path, (db) => {
        db.exec("CREATE TABLE IF NOT EXISTS seen (key_id TEXT)");
        db.exec(
          `CREATE TRIGGER IF NOT EXISTS watch AFTER UPDATE ON last_good_content
           BEGIN INSERT INTO seen VALUES (NEW.key_id); END`,
        );
        return db
          .prepare("SELECT key_id FROM seen")
          .all()
          .map((row) => row["key_id"]);
      });
    stamp();
    const [edited] = resolve({ policies: [own(2, { description: "edited" })] }).desired;
    state.keepLastGood(keeping(new Map([...desired, edited!])));
    expect(stamp()).toEqual([keyId(2)]);
  });

  it("is dropped with the key that is wanted no more, also when that was lost over a restart", () => {
    const path = states.path();
    const state = states.open(path);
    state.keepLastGood(keeping(wantedOf(3)));
    state.keepLastGood(keeping(wantedOf(2)));
    expect(state.lastGoodOf(keyId(3))).toBeUndefined();
    state.close();
    const again = states.open(path);
    again.keepLastGood(keeping(wantedOf(1)));
    expect([...again.lastGoodOwners()].map((one) => one.keyId)).toEqual([keyId(1)]);
    expect([...states.open(path, "read").lastGoodOwners()]).toHaveLength(1);
    expect(behind(path, (db) => db.prepare("SELECT count(*) AS n FROM last_good_content").get())).toEqual({
      n: 1,
    });
  });

  it("is dropped with a key that is forgotten", () => {
    const path = states.path();
    const state = states.open(path);
    state.keepLastGood(keeping(wantedOf(2), { quarantined: quarantineOf(1) }));
    state.forget(keyId(1), auditOf(keyId(1), "forgotten"));
    expect([state.lastGoodOf(keyId(1)), state.quarantines().size]).toEqual([undefined, 0]);
    expect(states.open(path, "read").lastGoodOf(keyId(1))).toBeUndefined();
  });

  it("is not kept on the disk where our own secret is in it, since it would come back as another value", () => {
    const path = states.path();
    const clean = (text: string): string => text.replaceAll("text 1", "[secret]");
    const state = openState({ url: `sqlite:${path}`, mode: "write", clean });
    const desired = wantedOf(2);
    state.keepLastGood(keeping(desired));
    expect(state.lastGoodOf(keyId(1))).toBe(desired.get(keyId(1)));
    state.close();
    const again = states.open(path);
    expect([again.lastGoodOf(keyId(1)), again.lastGoodOf(keyId(2))]).toEqual([
      undefined,
      desired.get(keyId(2)),
    ]);
  });
});

describe("quarantines", () => {
  it("come back with since when and why, and end", () => {
    const path = states.path();
    const state = states.open(path);
    const desired = wantedOf(2);
    const quarantined = quarantineOf(1);
    state.keepLastGood(keeping(desired, { quarantined }));
    expect(states.open(path, "read").quarantines()).toEqual(quarantined);
    state.close();
    const again = states.open(path);
    expect(again.quarantines()).toEqual(quarantined);
    const rows = rowsOf(path);
    expect(rows.changed(() => again.keepLastGood(keeping(desired, { quarantined: quarantineOf(1) })))).toBe(
      false,
    );
    expect(
      rows.changed(() => again.keepLastGood(keeping(desired, { quarantined: quarantineOf(1, "b") }))),
    ).toBe(true);
    again.keepLastGood(keeping(desired));
    expect([again.quarantines().size, states.open(path, "read").quarantines().size]).toEqual([0, 0]);
  });
});

it("what a pass knew of the files is there for the next one, written on change alone", () => {
  const path = states.path();
  const state = states.open(path);
  const sources = { hidden: new Set(["b.yaml", "a.yaml"]), profiles: new Map([["base", "c.yaml"]]) };
  state.keepLastGood(keeping(new Map(), { sources }));
  expect(state.fact("sources")).toEqual({ hidden: ["a.yaml", "b.yaml"], profiles: { base: "c.yaml" } });
  expect(rowsOf(path).changed(() => state.keepLastGood(keeping(new Map(), { sources })))).toBe(false);
});

it("a keeping that cannot be written leaves everything as it was", () => {
  const path = states.path();
  const state = states.open(path);
  const desired = wantedOf(1);
  state.keepLastGood(keeping(desired));
  behind(path, (db) =>
    db.exec("CREATE TRIGGER no BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'no'); END"),
  );
  const next = keeping(wantedOf(1, "new"), { quarantined: quarantineOf(1) });
  expect(() => state.keepLastGood(next)).toThrow();
  expect(state.lastGoodOf(keyId(1))).toBe(desired.get(keyId(1)));
  expect(state.quarantines().size).toBe(0);
  expect(states.open(path, "read").lastGoodOf(keyId(1))).toEqual(desired.get(keyId(1)));
});

it("a state that holds nothing keeps nothing: its keys are held", () => {
  const reader = openState({ url: `sqlite:${states.path()}`, mode: "read" });
  const resolution = resolve({ policies: [policy({ profiles: ["gone"] })] });
  const set = policySet({ policies: [policy({ profiles: ["gone"], place: at(1) })] });
  const kept = withLastGood({ set, resolution, before: noSources, reader, now: 0 });
  expect([kept.quarantined.size, kept.resolution.held.length]).toEqual([0, 1]);
});
