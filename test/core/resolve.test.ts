import { describe, expect, test } from "vitest";
import { createResolver, nothingLive } from "../../src/core/resolve.ts";
import { problemAt } from "../../src/core/problem.ts";
import { at, keyId, now, policy, policySet, profile, resolve } from "./build.ts";

const broken = { usage_limits: { alert_threshold: 5 } };

describe("what a key must look like", () => {
  test("is what its profiles and its policy say together, for every key that the policy names", () => {
    const { desired, held, problems } = resolve({
      policies: [
        policy({ keyIds: [keyId(1), keyId(2)], profiles: ["base"], key: { name: "own" }, mode: "report" }),
      ],
      profiles: [profile({ name: "base", key: { name: "base", description: "from base" } })],
    });
    expect([...desired.keys()]).toEqual([keyId(1), keyId(2)]);
    for (const key of desired.values()) {
      expect(key).toMatchObject({ policy: "team", mode: "report", place: at(5) });
      expect(key.fields.get("name")).toMatchObject({ value: "own", source: "team" });
      expect(key.fields.get("description")).toMatchObject({ value: "from base", source: "base" });
    }
    expect(held).toEqual([]);
    expect(problems).toEqual([]);
  });

  test("does not depend on the order of policies and profiles", () => {
    const policies = [1, 2, 3].map((n) =>
      policy({ name: `p${n}`, keyIds: [keyId(n)], profiles: ["a", "b"], key: { name: `n${n}` } }),
    );
    const profiles = [
      profile({ name: "a", key: { description: "a" } }),
      profile({ name: "b", key: { description: "b" } }),
    ];
    const one = resolve({ policies, profiles });
    const other = resolve({ policies: policies.toReversed(), profiles: profiles.toReversed() });
    expect(new Map([...other.desired].sort())).toEqual(new Map([...one.desired].sort()));
  });
});

describe("a policy that is not sound holds its keys", () => {
  test.each([
    ["a rule of the API is broken", policy({ key: broken })],
    ["a profile is missing", policy({ profiles: ["gone"] })],
    ["a value cannot be read", policy({ key: { expires_at: "soon" } })],
  ])("%s", (_why, unsound) => {
    const sound = policy({ name: "other", keyIds: [keyId(2)], key: { name: "x" } });
    const { desired, held, problems } = resolve({ policies: [unsound, sound] });
    expect([...desired.keys()]).toEqual([keyId(2)]);
    expect(held).toMatchObject([{ keyId: keyId(1), policy: "team", place: at(5) }]);
    expect(problems).toHaveLength(1);
  });

  test("a circle below it", () => {
    const profiles = [profile({ name: "a", profiles: ["b"] }), profile({ name: "b", profiles: ["a"] })];
    const { desired, held } = resolve({
      policies: [policy({ profiles: ["a"], key: { name: "x" } })],
      profiles,
    });
    expect(desired.size).toBe(0);
    expect(held).toMatchObject([{ keyId: keyId(1), policy: "team", place: at(5) }]);
  });

  test("an ambiguous profile below it", () => {
    const twins = [
      profile({ name: "a", place: at(1, "one.yaml") }),
      profile({ name: "a", place: at(1, "two.yaml") }),
    ];
    const outer = profile({ name: "outer", profiles: ["a"] });
    const { desired, held } = resolve({
      policies: [policy({ profiles: ["outer"] })],
      profiles: [...twins, outer],
    });
    expect(desired.size).toBe(0);
    expect(held).toMatchObject([{ keyId: keyId(1), policy: "team", place: at(5) }]);
  });

  test("a name that another policy has: both hold, both are told", () => {
    const twins = [
      policy({ name: "twin", keyIds: [keyId(1)], place: at(1, "one.yaml") }),
      policy({ name: "twin", keyIds: [keyId(2)], place: at(1, "two.yaml") }),
    ];
    const { desired, held, problems } = resolve({ policies: twins });
    expect(desired.size).toBe(0);
    expect(held.map((one) => one.keyId)).toEqual([keyId(1), keyId(2)]);
    expect(problems).toMatchObject([
      { code: "KS1301", ...at(1, "one.yaml") },
      { code: "KS1301", ...at(1, "two.yaml") },
    ]);
  });
});

describe("a key that two policies name", () => {
  const one = policy({
    name: "one",
    keyIds: [keyId(1), keyId(2)],
    key: { name: "x" },
    place: at(1, "one.yaml"),
  });
  const two = policy({ name: "two", keyIds: [keyId(1)], key: { name: "y" }, place: at(1, "two.yaml") });

  test("is held for both, with both places, and the other keys go on", () => {
    const { desired, held, problems } = resolve({ policies: [one, two] });
    expect([...desired.keys()]).toEqual([keyId(2)]);
    expect(held).toMatchObject([
      { keyId: keyId(1), policy: "one", place: at(5, "one.yaml") },
      { keyId: keyId(1), policy: "two", place: at(5, "two.yaml") },
    ]);
    expect(problems).toMatchObject([
      { code: "KS1302", ...at(5, "one.yaml"), path: "spec.keyId" },
      { code: "KS1302", ...at(5, "two.yaml"), path: "spec.keyId" },
    ]);
    expect(problems[0]?.message).toContain('"two" at two.yaml:5');
    expect(problems[1]?.message).toContain('"one" at one.yaml:5');
  });

  test("does not fall to one of them because the other is broken", () => {
    const unsound = policy({ name: "two", keyIds: [keyId(1)], key: broken, place: at(1, "two.yaml") });
    const { desired, held } = resolve({ policies: [one, unsound] });
    expect([...desired.keys()]).toEqual([keyId(2)]);
    expect(new Set(held.map((entry) => entry.keyId))).toEqual(new Set([keyId(1)]));
  });

  test("three times is told three times", () => {
    const three = policy({ name: "three", keyIds: [keyId(1)], place: at(1, "three.yaml") });
    const { problems } = resolve({ policies: [one, two, three] });
    expect(problems).toHaveLength(3);
    expect(problems.every(({ message }) => message.split(".yaml:5").length === 3)).toBe(true);
  });
});

describe("problems", () => {
  test("those of the directory and those found here are one list, sorted by place", () => {
    const syntax = problemAt("KS1101", at(9, "policies/zz.yaml"), { message: "no YAML" });
    const early = problemAt("KS1101", at(9, "policies/aa.yaml"), { message: "no YAML" });
    const { problems } = resolve({ policies: [policy({ key: broken })], problems: [syntax, early] });
    expect(problems.map(({ file }) => file)).toEqual([
      "policies/aa.yaml",
      "policies/team.yaml",
      "policies/zz.yaml",
    ]);
  });

  test("a fault in a shared profile is told once, not once for each of its users", () => {
    const base = profile({ name: "base", key: { expires_at: "soon" } });
    const policies = [1, 2, 3].map((n) => policy({ name: `p${n}`, keyIds: [keyId(n)], profiles: ["base"] }));
    const { problems, held } = resolve({ policies, profiles: [base] });
    expect(problems.map(({ code, file }) => ({ code, file }))).toEqual([
      { code: "KS1408", file: base.place.file },
    ]);
    expect(held).toHaveLength(3);
  });

  test("a warning holds nothing", () => {
    const warning = problemAt("KS1207", at(12), { message: "unknown scope", severity: "warning" });
    expect(resolve({ policies: [policy()], problems: [warning] }).desired.size).toBe(1);
  });
});

describe("the resolver remembers", () => {
  const base = profile({ name: "base", key: { description: "base" } });
  const other = profile({ name: "other", key: { description: "other" } });
  const user = policy({ name: "user", keyIds: [keyId(1)], profiles: ["base"] });
  const stranger = policy({ name: "stranger", keyIds: [keyId(2)], profiles: ["other"] });

  test("nothing changed: the same objects", () => {
    const resolver = createResolver();
    const first = resolver(
      policySet({ policies: [user, stranger], profiles: [base, other] }),
      nothingLive(now),
    );
    const second = resolver(
      policySet({ policies: [stranger, user], profiles: [other, base] }),
      nothingLive(now),
    );
    for (const id of [keyId(1), keyId(2)]) expect(second.desired.get(id)).toBe(first.desired.get(id));
  });

  test("a changed profile is felt by each of its users, however deep, and by nobody else", () => {
    const resolver = createResolver();
    const middle = profile({ name: "middle", profiles: ["base"] });
    const deep = policy({ name: "deep", keyIds: [keyId(3)], profiles: ["middle"] });
    const policies = [user, stranger, deep];
    const first = resolver(policySet({ policies, profiles: [base, other, middle] }), nothingLive(now));
    const changed = profile({ name: "base", key: { description: "changed" } });
    const second = resolver(policySet({ policies, profiles: [changed, other, middle] }), nothingLive(now));
    for (const id of [keyId(1), keyId(3)]) {
      expect(second.desired.get(id)?.fields.get("description")?.value).toBe("changed");
    }
    expect(second.desired.get(keyId(2))).toBe(first.desired.get(keyId(2)));
  });

  test("a profile that vanishes and comes back leaves no stale value behind", () => {
    const resolver = createResolver();
    const read = (...profiles: (typeof base)[]) =>
      resolver(policySet({ policies: [user], profiles }), nothingLive(now));
    expect(read(base).desired.size).toBe(1);
    expect(read().desired.size).toBe(0);
    expect(read().held).toMatchObject([{ keyId: keyId(1), policy: "user" }]);
    const changed = profile({ name: "base", key: { description: "changed" } });
    expect(read(changed).desired.get(keyId(1))?.fields.get("description")?.value).toBe("changed");
  });

  test("what is remembered equals what is computed afresh, problems included", () => {
    const resolver = createResolver();
    const unsound = policy({ name: "unsound", keyIds: [keyId(4)], key: broken });
    const set = policySet({ policies: [user, stranger, unsound], profiles: [base, other] });
    resolver(set, nothingLive(now));
    expect(resolver(set, nothingLive(now))).toEqual(createResolver()(set, nothingLive(now)));
  });
});
