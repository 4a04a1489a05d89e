import { beforeEach, describe, expect, test } from "vitest";
import type { KeyPolicy, Profile } from "../../src/core/policy.ts";
import { problemAt, type Problem } from "../../src/core/problem.ts";
import type { KeptPolicies } from "../../src/reconcile/kept-policies.ts";
import { at, keyId, liveKey, now, own, policy, profile, seen } from "./build.ts";
import { createPasses, type Passes } from "./passes.ts";

/** Keys 1 and 2, each with a policy in a file of its own: `policies/p1.yaml`, `policies/p2.yaml`. */
const p1 = own(1, { description: "one" });
const p2 = own(2, { description: "two" });
const unsound = { usage_limits: { alert_threshold: 5 } };

/** A file of which nothing can be read. */
function unreadable(file: string): Problem {
  return problemAt("KS1101", at(3, file), { message: "no YAML" });
}

let passes: Passes;

beforeEach(() => {
  passes = createPasses();
});

/** What is wanted of a key's description, and whether it is kept. */
function wanted({ resolution, quarantined }: KeptPolicies, n = 1): unknown[] {
  const desired = resolution.desired.get(keyId(n));
  return [desired?.fields.get("description")?.value, quarantined.has(keyId(n)) ? "kept" : "read"];
}

const kept = ["one", "kept"];
const orphaned = [undefined, "read"];

describe("a key keeps what its policy said last", () => {
  test("while the file of its policy cannot be read, with where it came from; the others go on", () => {
    const good = passes.pass({ policies: [p1, p2] }).resolution.desired.get(keyId(1));
    const changed = own(2, { description: "changed" });
    const after = passes.pass({ policies: [changed], problems: [unreadable("policies/p1.yaml")] });
    expect(after.resolution.desired.get(keyId(1))).toEqual(good);
    expect(after.resolution.held).toEqual([]);
    expect(after.quarantined.get(keyId(1))).toEqual({
      keyId: keyId(1),
      policy: "p1",
      file: "policies/p1.yaml",
      since: now,
      why: "policies/p1.yaml:3: no YAML (KS1101)",
    });
    expect(wanted(after, 2)).toEqual(["changed", "read"]);
  });

  test("no longer than the override that was in force", () => {
    const until = new Date(now + 10_000).toISOString();
    const launch = policy({
      name: "p1",
      key: { description: "one" },
      overrides: [{ until, key: { description: "launch" } }],
    });
    passes.pass({ policies: [launch] });
    const broken = { problems: [unreadable("policies/p1.yaml")] };
    expect(wanted(passes.pass(broken, now + 9_999))).toEqual(["launch", "kept"]);
    expect(wanted(passes.pass(broken, now + 10_000))).toEqual(kept);
    expect(wanted(passes.pass(broken, now + 10_001))).toEqual(kept);
  });

  test("until an override that had not begun does", () => {
    const [from, until] = [5_000, 10_000].map((ms) => new Date(now + ms).toISOString());
    const overrides = [{ from: from!, until: until!, key: { description: "launch" } }];
    passes.pass({ policies: [policy({ name: "p1", key: { description: "one" }, overrides })] });
    const broken = { problems: [unreadable("policies/p1.yaml")] };
    for (const [ms, value] of [
      [4_999, "one"],
      [5_000, "launch"],
      [10_000, "one"],
    ] as const) {
      expect(wanted(passes.look(broken, now + ms))).toEqual([value, "kept"]);
    }
  });

  test("in its mode", () => {
    passes.pass({ policies: [own(1, { description: "one" }, "report")] });
    const after = passes.pass({ problems: [unreadable("policies/p1.yaml")] });
    expect(after.resolution.desired.get(keyId(1))?.mode).toBe("report");
  });

  test.each<[string, readonly KeyPolicy[], readonly Profile[]]>([
    ["a rule of the API is broken", [own(1, unsound)], []],
    ["a profile is missing", [{ ...p1, profiles: policy({ profiles: ["gone"] }).profiles }], []],
    ["its name is taken", [p1, policy({ name: "p1", keyIds: [keyId(7)], place: at(1, "twin.yaml") })], []],
    ["another policy names the key too", [p1, policy({ name: "other", key: { description: "loose" } })], []],
    ["its profile contradicts itself", [p1], []],
  ])("while %s", (what, policies, profiles) => {
    const based = what.startsWith("its profile");
    const base = profile({ name: "base", key: { description: "one" } });
    const user = policy({ name: "p1", profiles: ["base"] });
    passes.pass(based ? { policies: [user], profiles: [base] } : { policies: [p1] });
    const bad = profile({ name: "base", key: { description: "loose", expires_at: "soon" } });
    const after = passes.pass(based ? { policies: [user], profiles: [bad] } : { policies, profiles });
    expect(wanted(after)).toEqual(kept);
    expect(after.resolution.held.map((held) => held.keyId)).not.toContain(keyId(1));
  });

  test("while a folder above its file cannot be read", () => {
    const deep = { ...p1, place: at(1, "policies/team/a/p1.yaml") };
    const inside = { ...deep, keyIds: [{ value: keyId(1), place: at(5, "policies/team/a/p1.yaml") }] };
    passes.pass({ policies: [inside] });
    const folder = problemAt("KS1002", at(1, "policies/team"), { message: "not ours" });
    expect(wanted(passes.pass({ problems: [folder] }))).toEqual(kept);
    const other = problemAt("KS1002", at(1, "policies/tea"), { message: "not ours" });
    expect(wanted(passes.pass({ problems: [folder, other] }))).toEqual(kept);
    expect(wanted(passes.pass({ problems: [other] }))).toEqual(orphaned);
  });

  test("of which each pass that reads it may say something new", () => {
    passes.pass({ policies: [p1] });
    passes.pass({ policies: [own(1, { description: "newer" })] });
    const after = passes.pass({ problems: [unreadable("policies/p1.yaml")] });
    expect(wanted(after)).toEqual(["newer", "kept"]);
  });

  test("not what a pass read that was not carried out", () => {
    passes.pass({ policies: [p1] });
    passes.look({ policies: [own(1, { description: "declined" })] });
    expect(wanted(passes.pass({ problems: [unreadable("policies/p1.yaml")] }))).toEqual(kept);
  });

  test("and is held as it is live where it never had a good one", () => {
    const { resolution, quarantined } = passes.pass({ policies: [own(1, unsound)] });
    expect([resolution.desired.size, quarantined.size]).toEqual([0, 0]);
    expect(resolution.held).toMatchObject([{ keyId: keyId(1), why: { code: "KS1404" } }]);
  });
});

describe("it ends by itself", () => {
  test("once the file is mended, and began when it was broken, however its fault changed", () => {
    passes.pass({ policies: [p1] });
    passes.pass({ problems: [unreadable("policies/p1.yaml")] }, now + 1_000);
    const other = passes.pass({ policies: [own(1, unsound)] }, now + 2_000);
    expect(other.quarantined.get(keyId(1))).toMatchObject({ since: now + 1_000, why: /KS1404/ });
    const mended = passes.pass({ policies: [own(1, { description: "mended" })] }, now + 3_000);
    expect(wanted(mended)).toEqual(["mended", "read"]);
    const again = passes.pass({ problems: [unreadable("policies/p1.yaml")] }, now + 4_000);
    expect(again.quarantined.get(keyId(1))?.since).toBe(now + 4_000);
  });

  test("once the file that is broken is deleted: then so is the policy", () => {
    passes.pass({ policies: [p1, p2] });
    passes.pass({ policies: [p2], problems: [unreadable("policies/p1.yaml")] });
    expect(wanted(passes.pass({ policies: [p2] }))).toEqual(orphaned);
  });

  test("a policy that was deleted does not come back because a file breaks later", () => {
    passes.pass({ policies: [p1, p2] });
    expect(wanted(passes.pass({ policies: [p2] }))).toEqual(orphaned);
    const later = passes.pass({ problems: [unreadable("policies/p1.yaml"), unreadable("policies/p2.yaml")] });
    expect(wanted(later)).toEqual(orphaned);
    expect(wanted(later, 2)).toEqual(["two", "kept"]);
  });
});

describe("a policy that is gone", () => {
  const broken = unreadable("policies/zz.yaml");

  test("is deleted, though another file has been broken for long", () => {
    passes.pass({ policies: [p1, p2], problems: [broken] });
    expect(wanted(passes.pass({ policies: [p2], problems: [broken] }))).toEqual(orphaned);
  });

  test("may be in a file that cannot be read since now: one that was renamed while it was broken", () => {
    passes.pass({ policies: [p1] });
    const after = passes.pass({ problems: [broken] }, now + 1_000);
    expect(wanted(after)).toEqual(kept);
    expect(after.quarantined.get(keyId(1))).toMatchObject({
      file: "policies/zz.yaml",
      why: /nothing that can be read names the key any more, and this may: policies\/zz\.yaml:3/,
    });
    expect(wanted(passes.pass({ problems: [broken] }))).toEqual(kept);
    const renamed = passes.pass({ problems: [unreadable("policies/yy.yaml")] });
    expect(renamed.quarantined.get(keyId(1))).toMatchObject({ file: "policies/yy.yaml", since: now + 1_000 });
    expect(wanted(passes.pass({}))).toEqual(orphaned);
  });

  test("is broken, when its own document is and the others of its file are not", () => {
    const place = at(20, "policies/p1.yaml");
    const neighbour = policy({ name: "neighbour", keyIds: [keyId(2)], key: { description: "two" }, place });
    passes.pass({ policies: [p1, neighbour] });
    const after = passes.pass({ policies: [neighbour], problems: [unreadable("policies/p1.yaml")] });
    expect([wanted(after), wanted(after, 2)]).toEqual([kept, ["two", "read"]]);
  });
});

describe("a policy that names another key than before", () => {
  const moved = policy({ name: "p1", keyIds: [keyId(8)], key: { description: "one" } });

  test("has given the old one up, where it is sound", () => {
    passes.pass({ policies: [p1, p2] });
    const after = passes.pass({ policies: [moved, p2] });
    expect([wanted(after), wanted(after, 8)]).toEqual([orphaned, ["one", "read"]]);
  });

  test("keeps the old one, where the new one is a typo that meets another policy's key", () => {
    const typo = policy({ name: "p1", keyIds: [keyId(2)], key: { description: "one" } });
    passes.pass({ policies: [p1, p2] });
    const after = passes.pass({ policies: [typo, p2] });
    expect([wanted(after), wanted(after, 2)]).toEqual([kept, ["two", "kept"]]);
  });
});

describe("a key that goes from a broken policy to a sound one", () => {
  const heir = policy({ name: "heir", key: { description: "loose" } });

  test("stays with the broken one until that is mended or deleted", () => {
    passes.pass({ policies: [p1] });
    const broken = { policies: [heir], problems: [unreadable("policies/p1.yaml")] };
    expect(wanted(passes.pass(broken))).toEqual(kept);
    expect(wanted(passes.pass(broken))).toEqual(kept);
    expect(wanted(passes.pass({ policies: [heir] }))).toEqual(["loose", "read"]);
  });

  test("stays where the broken one lost it by a typo", () => {
    const typo = policy({ name: "p1", keyIds: [keyId(2)], key: { description: "one" } });
    passes.pass({ policies: [p1, p2] });
    expect(wanted(passes.pass({ policies: [heir, typo, p2] }))).toEqual(kept);
  });

  test("goes, where its former policy is there and gave it up, whatever else is broken", () => {
    const rest = policy({ name: "p1", keyIds: [keyId(8)], key: { description: "one" } });
    passes.pass({ policies: [p1] });
    const after = passes.pass({ policies: [rest, heir], problems: [unreadable("policies/p1.yaml")] });
    expect(wanted(after)).toEqual(["loose", "read"]);
  });

  test("stays with a twin of its name that is hidden now", () => {
    const twin = policy({ name: "p1", key: { description: "loose" }, place: at(1, "policies/twin.yaml") });
    passes.pass({ policies: [p1] });
    expect(wanted(passes.pass({ policies: [p1, twin] }))).toEqual(kept);
    const after = passes.pass({ policies: [twin], problems: [unreadable("policies/p1.yaml")] });
    expect(wanted(after)).toEqual(kept);
  });
});

describe("a profile", () => {
  const base = profile({ name: "base", key: { description: "one" } });
  const user = policy({ name: "p1", profiles: ["base"] });
  const standIn = profile({
    name: "base",
    key: { description: "loose" },
    place: at(1, "policies/other.yaml"),
  });

  test("is not taken from another file while the one that it stood in cannot be read", () => {
    passes.pass({ policies: [user], profiles: [base] });
    expect(wanted(passes.pass({ policies: [user], profiles: [base, standIn] }))).toEqual(kept);
    const hidden = [unreadable(base.place.file)];
    for (let round = 0; round < 2; round += 1) {
      const after = passes.pass({ policies: [user], profiles: [standIn], problems: hidden });
      expect(wanted(after)).toEqual(kept);
      expect(after.resolution.problems.map(({ code }) => code)).toContain("KS1330");
    }
    expect(wanted(passes.pass({ policies: [user], profiles: [standIn] }))).toEqual(["loose", "read"]);
  });

  test("that is still shown by its file is that profile, whatever else of the file is broken", () => {
    const problems = [unreadable(base.place.file)];
    passes.pass({ policies: [user], profiles: [base] });
    expect(wanted(passes.pass({ policies: [user], profiles: [base], problems }))).toEqual(["one", "read"]);
  });

  test("costs every key of its users nothing but news", () => {
    const users = [1, 2, 3].map((n) => policy({ name: `p${n}`, keyIds: [keyId(n)], profiles: ["base"] }));
    passes.pass({ policies: [...users, own(4, { description: "four" })], profiles: [base] });
    const after = passes.pass({ policies: [...users, own(4, { description: "4" })] });
    expect([1, 2, 3, 4].map((n) => wanted(after, n))).toEqual([kept, kept, kept, ["4", "read"]]);
  });
});

describe("the plan", () => {
  const broken = { problems: [unreadable("policies/p1.yaml")] };

  test("mends drift from the last good value, says so, and names nothing of it held or orphaned", () => {
    passes.pass({ policies: [p1] });
    const made = passes.plan(broken, { sightOf: seen(liveKey(1, { description: "drifted" })) });
    expect(made.changes).toMatchObject([
      { keyId: keyId(1), policy: "p1", lastGood: true, fields: [{ path: "description", to: "one" }] },
    ]);
    expect(made.notices.map(({ kind }) => kind)).toEqual(["quarantined"]);
    expect(made.notices[0]?.message).toBe(
      'kept at what the policy "p1" said last, until this is mended: policies/p1.yaml:3: no YAML (KS1101)',
    );
  });

  test("tells of it in edits too, and writes nothing to a key that is as it was said", () => {
    passes.pass({ policies: [p1] });
    expect(passes.plan(broken, { sightOf: seen(liveKey(1, { description: "one" })) }).changes).toEqual([]);
    const edit = passes.plan(broken, { pass: "edit" });
    expect(edit.notices.map(({ kind }) => kind)).toEqual(["quarantined"]);
  });
});
