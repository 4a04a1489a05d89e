import { describe, expect, test } from "vitest";
import { lineageOf, profileTable } from "../../src/core/lineage.ts";
import type { Profile } from "../../src/core/policy.ts";
import { at, profile } from "./build.ts";

function lineage(profiles: readonly Profile[], ...names: readonly string[]) {
  const table = profileTable(profiles);
  const { profiles: laid, problems } = lineageOf(
    names.map((value, index) => ({ value, place: at(index + 1, "user.yaml") })),
    table,
  );
  return { names: laid.map(({ name }) => name), problems, table };
}

describe("the order of profiles", () => {
  test("left to right, each after its own", () => {
    const profiles = [
      profile({ name: "a", profiles: ["a1", "a2"] }),
      profile({ name: "a1", profiles: ["root"] }),
      profile({ name: "a2" }),
      profile({ name: "b" }),
      profile({ name: "root" }),
    ];
    expect(lineage(profiles, "a", "b").names).toEqual(["root", "a1", "a2", "a", "b"]);
    expect(lineage(profiles, "b", "a").names).toEqual(["b", "root", "a1", "a2", "a"]);
  });

  test("a profile reached on two ways is laid down once, at its first place, and is no circle", () => {
    const profiles = [
      profile({ name: "left", profiles: ["base"] }),
      profile({ name: "right", profiles: ["base"] }),
      profile({ name: "base" }),
    ];
    expect(lineage(profiles, "left", "right", "base")).toMatchObject({
      names: ["base", "left", "right"],
      problems: [],
    });
  });

  test("fifty profiles that all build on all later ones are laid down once each", () => {
    const names = Array.from({ length: 50 }, (_, index) => `p${index}`);
    const profiles = names.map((name, index) => profile({ name, profiles: names.slice(index + 1) }));
    expect(lineage(profiles, "p0").names).toEqual(names.toReversed());
  });

  test("the order in which the documents are read does not matter", () => {
    const profiles = [profile({ name: "a", profiles: ["b"] }), profile({ name: "b" })];
    expect(lineage(profiles, "a").names).toEqual(lineage(profiles.toReversed(), "a").names);
  });
});

describe("circles", () => {
  test("are named step by step, at the reference that closes them", () => {
    const profiles = [
      profile({ name: "a", profiles: ["b"], place: at(1, "a.yaml") }),
      profile({ name: "b", profiles: ["c"], place: at(1, "b.yaml") }),
      profile({ name: "c", profiles: ["a"], place: at(1, "c.yaml") }),
    ];
    const [problem, ...more] = lineage(profiles, "a").problems;
    expect(problem).toMatchObject({ code: "KS1304", severity: "error", ...at(7, "c.yaml") });
    expect(problem?.message).toContain("a -> b -> c -> a");
    expect(more).toEqual([]);
  });

  test("of one profile with itself are circles too", () => {
    const own = profile({ name: "a", profiles: ["a"] });
    expect(lineage([own], "a").problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("a -> a"),
    ]);
  });

  test("are told even where nobody uses the profiles", () => {
    const profiles = [profile({ name: "a", profiles: ["b"] }), profile({ name: "b", profiles: ["a"] })];
    expect(new Set(profileTable(profiles).problems.map(({ code }) => code))).toEqual(new Set(["KS1304"]));
  });

  test("among twenty profiles that all name each other end", () => {
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const profiles = names.map((name) => profile({ name, profiles: names }));
    expect(lineage(profiles, "p0").problems.every(({ code }) => code === "KS1304")).toBe(true);
    expect(lineage(profiles, "p0").problems.length).toBeGreaterThan(0);
  });
});

describe("names that stand for no profile", () => {
  test("a missing one is told where it is named, with what there is", () => {
    const { problems } = lineage([profile({ name: "base" })], "base", "bsae");
    expect(problems).toMatchObject([{ code: "KS1303", path: "spec.profiles", ...at(2, "user.yaml") }]);
    expect(problems[0]?.message).toContain('"bsae"');
    expect(problems[0]?.message).toContain("base");
  });

  test("a missing one below another is told where that one names it", () => {
    const base = profile({ name: "base", profiles: ["gone"], place: at(1, "base.yaml") });
    expect(lineage([base], "base").problems).toMatchObject([{ code: "KS1303", ...at(7, "base.yaml") }]);
  });

  test("one that two profiles have stands for neither, and both are told", () => {
    const twins = [
      profile({ name: "base", place: at(1, "one.yaml") }),
      profile({ name: "base", place: at(1, "two.yaml") }),
    ];
    const { problems, table } = lineage(twins, "base");
    expect(problems).toMatchObject([{ code: "KS1303" }]);
    expect(problems[0]?.message).toContain("more than once");
    expect(table.problems).toMatchObject([
      { code: "KS1301", ...at(1, "one.yaml") },
      { code: "KS1301", ...at(1, "two.yaml") },
    ]);
    expect(table.problems[0]?.message).toContain("two.yaml:1");
    expect(table.problems[1]?.message).toContain("one.yaml:1");
  });
});

describe("what a profile says by itself", () => {
  test("must not contradict itself, together with its own profiles", () => {
    const profiles = [
      profile({ name: "base", key: { usage_limits: { credit_limit: 5, periodic_reset: "weekly" } } }),
      profile({ name: "top", profiles: ["base"], key: { usage_limits: { periodic_reset_days: 3 } } }),
    ];
    expect(profileTable(profiles).problems).toMatchObject([{ code: "KS1401" }]);
  });

  test("may leave to its users what a key must have", () => {
    const profiles = [
      profile({ name: "a", key: { usage_limits: { alert_threshold: 5 } } }),
      profile({ name: "b", key: { rotation_policy: { key_transition_period_ms: 3_600_000 } } }),
    ];
    expect(profileTable(profiles).problems).toEqual([]);
  });
});
