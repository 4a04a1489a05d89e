import { describe, expect, test } from "vitest";
import type { LiveKey } from "../../src/core/key.ts";
import { problemAt } from "../../src/core/problem.ts";
import { createResolver, nothingLive, type Resolution } from "../../src/core/resolve.ts";
import type { JsonObject, KeyId, KeyPolicy } from "../../src/core/policy.ts";
import { at, keyId, liveKey, now, policy, policySet, profile, resolve, type SetParts } from "./build.ts";

const search1 = liveKey(1, { name: "search-1" });
const search2 = liveKey(2, { name: "search-2" });
const chat = liveKey(3, { name: "chat" });
const live = [search1, search2, chat];

function selector(name: string, glob: string, key: JsonObject, priority?: number): KeyPolicy {
  return policy({ name, match: { name: glob }, key, ...(priority === undefined ? {} : { priority }) });
}

function select(policies: readonly KeyPolicy[], parts: SetParts = {}): Resolution {
  return resolve({ policies, context: { live }, ...parts });
}

/** The value and the source of each field of a key. */
function wanted({ desired }: Resolution, id: KeyId): unknown {
  const key = desired.get(id);
  return (
    key && Object.fromEntries([...key.fields].map(([path, { value, source }]) => [path, [value, source]]))
  );
}

function codes({ problems }: Resolution): string[] {
  return problems.map(({ code }) => code);
}

const limit = (value: number): JsonObject => ({ rate_limits: [{ type: "requests", unit: "rpm", value }] });

describe("a policy that selects keys", () => {
  test("governs every live key that it matches, at the place of its match, and no other", () => {
    const all = select([
      policy({ name: "s", match: { name: "search-*" }, key: { description: "x" }, mode: "report" }),
    ]);
    expect([...all.desired.keys()]).toEqual([keyId(1), keyId(2)]);
    expect(all.desired.get(keyId(1))).toMatchObject({
      policy: "s",
      place: at(5, "policies/s.yaml"),
      mode: "report",
      selectedBy: [{ policy: "s", priority: 0, mode: "report", place: at(5, "policies/s.yaml") }],
    });
    expect(all).toMatchObject({ held: [], problems: [] });
  });

  test("covers a key that was made since, and lets go of one that does not match any more", () => {
    const resolver = createResolver();
    const set = policySet({ policies: [selector("s", "search-*", { description: "x" })] });
    const covered = (keys: readonly LiveKey[]): KeyId[] => [
      ...resolver(set, { ...nothingLive(now), live: keys }).desired.keys(),
    ];
    expect(covered([search1])).toEqual([keyId(1)]);
    expect(covered([search1, search2])).toEqual([keyId(1), keyId(2)]);
    expect(covered([liveKey(1, { name: "renamed" }), search2])).toEqual([keyId(2)]);
  });

  test("is built on its profiles like any other", () => {
    const profiles = [profile({ name: "base", key: { description: "base" } })];
    const base = policy({ name: "s", match: { name: "chat" }, profiles: ["base"], key: { name: "chat" } });
    expect(wanted(select([base], { profiles }), keyId(3))).toEqual({
      description: ["base", "base"],
      name: ["chat", "s"],
    });
  });

  test("has nothing to say of a key that another policy names, whatever its priority", () => {
    const named = policy({ name: "own", keyIds: [keyId(1)], key: { description: "own" } });
    const made = select([selector("s", "*", limit(5), 100), named]);
    expect(wanted(made, keyId(1))).toEqual({ description: ["own", "own"] });
    expect(made.desired.get(keyId(1))).not.toHaveProperty("selectedBy");
    expect(made.desired.get(keyId(2))?.policy).toBe("s");
  });

  test("does not get a key either that a broken policy names: it is held", () => {
    const named = policy({ name: "own", keyIds: [keyId(1)], profiles: ["gone"] });
    const made = select([selector("s", "*", limit(5)), named]);
    expect(made.desired.has(keyId(1))).toBe(false);
    expect(made.held).toMatchObject([{ keyId: keyId(1), policy: "own" }]);
  });

  test("that matches none of the live keys is warned of, where there are any", () => {
    const lost = selector("s", "nothing-*", { description: "x" });
    expect(select([lost]).problems).toMatchObject([
      { code: "KS1312", severity: "warning", path: "spec.match", ...at(5, "policies/s.yaml") },
    ]);
    expect(codes(resolve({ policies: [lost] }))).toEqual([]);
  });

  test("that matches only keys that are named is not warned of", () => {
    const named = policy({ name: "own", keyIds: [keyId(3)], key: { description: "own" } });
    expect(codes(select([selector("s", "chat", limit(5)), named]))).toEqual([]);
  });

  test("is checked where no live key is known", () => {
    const unsound = selector("s", "*", { usage_limits: { alert_threshold: 5 } });
    const { desired, problems } = resolve({ policies: [unsound] });
    expect(desired.size).toBe(0);
    expect(problems).toMatchObject([{ code: "KS1404" }]);
  });
});

describe("several policies that select a key", () => {
  test("have their way by priority, field by field, each field with its source", () => {
    const made = select([
      selector("low", "*", { ...limit(1), description: "low", alert_emails: ["low@example.com"] }, -5),
      selector("high", "search-*", { ...limit(3) }, 10),
      selector("middle", "*-1", { ...limit(2), description: "middle" }),
    ]);
    const rate = (value: number): unknown => [{ type: "requests", unit: "rpm", value }];
    expect(wanted(made, keyId(1))).toEqual({
      rate_limits: [rate(3), "high"],
      description: ["middle", "middle"],
      alert_emails: [["low@example.com"], "low"],
    });
    expect(made.desired.get(keyId(1))).toMatchObject({
      policy: "high",
      selectedBy: [{ policy: "high" }, { policy: "middle" }, { policy: "low" }],
    });
    expect(wanted(made, keyId(3))).toMatchObject({ rate_limits: [rate(1), "low"] });
  });

  test.each<[string, JsonObject, JsonObject, string[]]>([
    [
      "a group that is said to be empty above takes the parts below",
      { usage_limits: null },
      { usage_limits: { credit_limit: 5 } },
      ["usage_limits"],
    ],
    [
      "a part above takes the group that is said to be empty below",
      { usage_limits: { credit_limit: 5 } },
      { usage_limits: null },
      ["usage_limits.credit_limit"],
    ],
    [
      "parts of one group come from both",
      { usage_limits: { credit_limit: 5 } },
      { usage_limits: { credit_limit: 9, type: "cost" } },
      ["usage_limits.credit_limit", "usage_limits.type"],
    ],
    [
      "what excludes another part above empties it below",
      { usage_limits: { credit_limit: 5, periodic_reset: "weekly" } },
      { usage_limits: { credit_limit: 9, periodic_reset_days: 3 } },
      ["usage_limits.credit_limit", "usage_limits.periodic_reset", "usage_limits.periodic_reset_days"],
    ],
  ])("%s", (_what, above, below, paths) => {
    const made = select([selector("b", "*", below), selector("a", "*", above, 1)]);
    const { fields } = made.desired.get(keyId(1))!;
    expect([...fields.keys()].sort()).toEqual(paths);
    for (const [path, { value, source }] of fields) {
      if (path.endsWith(".periodic_reset_days")) expect([value, source]).toEqual([null, "a"]);
      if (path.endsWith(".credit_limit")) expect([value, source]).toEqual([5, "a"]);
    }
    expect(made.problems).toEqual([]);
  });

  test("may say the same with one priority", () => {
    const made = select([selector("b", "*", limit(5)), selector("a", "search-*", limit(5))]);
    expect(made.desired.get(keyId(1))).toMatchObject({ policy: "a" });
    expect(made.problems).toEqual([]);
  });

  test("that say different things with one priority are told at both places, and hold what both select", () => {
    const made = select([selector("a", "search-*", limit(5)), selector("b", "*-1", limit(6))]);
    expect([...made.desired.keys()]).toEqual([keyId(2)]);
    expect(made.held).toMatchObject([{ keyId: keyId(1), policy: "a" }]);
    expect(made.problems).toMatchObject([
      { code: "KS1310", severity: "error", ...at(12, "policies/a.yaml"), path: "spec.key.rate_limits" },
      { code: "KS1310", severity: "error", ...at(12, "policies/b.yaml"), path: "spec.key.rate_limits" },
    ]);
    expect(made.problems[0]?.message).toContain("policies/b.yaml:12");
    expect(made.problems[0]?.message).toContain(keyId(1));
  });

  test("conflict over a group and a part of it too", () => {
    const made = select([
      selector("a", "*", { usage_limits: null }),
      selector("b", "chat", { usage_limits: { credit_limit: 5 } }),
    ]);
    expect(codes(made)).toEqual(["KS1310", "KS1310"]);
    expect(made.held).toMatchObject([{ keyId: keyId(3) }]);
  });

  test("do not conflict where a higher one decides", () => {
    const made = select([
      selector("a", "*", limit(5)),
      selector("b", "*", limit(6)),
      selector("c", "search-*", limit(7), 1),
    ]);
    expect([...made.desired.keys()]).toEqual([keyId(1), keyId(2)]);
    expect(made.held).toMatchObject([{ keyId: keyId(3) }]);
  });

  test("of a thousand keys in conflict there are two problems, not two thousand", () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => liveKey(index, { name: "same" }));
    const policies = [selector("a", "*", limit(5)), selector("b", "*", limit(6))];
    const { problems, held } = resolve({ policies, context: { live: keys } });
    expect([problems.length, held.length]).toEqual([2, 1_000]);
  });

  test.each([
    ["enforce", "report", "report"],
    ["report", "enforce", "report"],
    ["enforce", "paused", "paused"],
    ["paused", "report", "paused"],
    ["enforce", "enforce", "enforce"],
  ] as const)("%s above %s: the more careful mode, %s", (above, below, mode) => {
    const made = select([
      policy({ name: "a", match: { name: "*" }, key: limit(5), mode: above, priority: 1 }),
      policy({ name: "b", match: { name: "*" }, key: { description: "b" }, mode: below }),
    ]);
    expect(made.desired.get(keyId(1))?.mode).toBe(mode);
  });

  test("are judged by Portkey's rules together, and hold what breaks them", () => {
    const made = select([
      selector("a", "*", { usage_limits: { credit_limit: 5 } }, 1),
      selector("b", "chat", { usage_limits: { credit_limit: 9, alert_threshold: 8 } }),
    ]);
    expect(made.problems).toMatchObject([{ code: "KS1403", file: "policies/b.yaml" }]);
    expect(made.problems[0]?.message).toContain('"a" and "b" together');
    expect(made.held).toMatchObject([{ keyId: keyId(3) }]);
    expect([...made.desired.keys()]).toEqual([keyId(1), keyId(2)]);
  });
});

describe("a selector never loses a key by governing it", () => {
  test.each<[string, KeyPolicy, string]>([
    ["a name out of its pattern", selector("s", "search-*", { name: "x" }), "spec.key.name"],
    [
      "other metadata",
      policy({
        name: "s",
        match: { metadata: { team: "search" } },
        key: { defaults: { metadata: { team: "chat" } } },
      }),
      "spec.key.defaults.metadata.team",
    ],
  ])("%s is refused, live keys or not", (_what, losing, path) => {
    const keys = [
      liveKey(1, { name: "search-1", defaults: { metadata: { team: "search" }, config_id: null } }),
    ];
    expect(resolve({ policies: [losing] }).problems).toMatchObject([{ code: "KS1311", path }]);
    const made = resolve({ policies: [losing], context: { live: keys } });
    expect(made.desired.size).toBe(0);
    expect(made.held).toMatchObject([{ keyId: keyId(1), policy: "s" }]);
  });

  test("nor by what another one asks of the key", () => {
    const made = select([selector("a", "*", { name: "renamed" }, 1), selector("b", "search-*", limit(5))]);
    expect(made.problems).toMatchObject([{ code: "KS1311", file: "policies/a.yaml" }]);
    expect(made.held.map((one) => one.keyId)).toEqual([keyId(1), keyId(2)]);
    expect(wanted(made, keyId(3))).toEqual({ name: ["renamed", "a"] });
  });
});

describe("a selector that is broken holds every key that it matches", () => {
  const low = selector("low", "*", limit(1000), -1);
  test.each<[string, readonly KeyPolicy[]]>([
    ["a profile is missing", [policy({ name: "s", match: { name: "search-*" }, profiles: ["gone"] })]],
    ["a rule of the API is broken", [selector("s", "search-*", { usage_limits: { alert_threshold: 5 } })]],
    [
      "its name is taken",
      [
        selector("s", "search-*", limit(5)),
        policy({ name: "s", keyIds: [keyId(9)], place: at(1, "other.yaml") }),
      ],
    ],
  ])("%s: nobody below it takes over", (_why, broken) => {
    const made = select([low, ...broken]);
    expect([...made.desired.keys()]).toEqual([keyId(3)]);
    expect(made.held.filter(({ policy: name }) => name === "s").map((one) => one.keyId)).toEqual(
      expect.arrayContaining([keyId(1), keyId(2)]),
    );
  });
});

describe("while a document cannot be read", () => {
  const problems = [problemAt("KS1101", at(3, "policies/broken.yaml"), { message: "no YAML" })];
  const low = selector("low", "*", limit(1000));
  const remember = (keys: Record<KeyId, readonly string[]>): SetParts => ({
    problems,
    context: { live, lastSelected: () => new Map(Object.entries(keys)) },
  });

  test("a selected key goes on when all that selected it are there", () => {
    const made = select([low], remember({ [keyId(1)]: ["low"], [keyId(2)]: ["low"], [keyId(3)]: ["low"] }));
    expect([...made.desired.keys()]).toEqual([keyId(1), keyId(2), keyId(3)]);
    expect(made.held).toEqual([]);
  });

  test("a key is held that a policy selected which is not there, whoever else selects it", () => {
    const made = select(
      [low],
      remember({ [keyId(1)]: ["freeze", "low"], [keyId(2)]: ["low"], [keyId(3)]: ["low"] }),
    );
    expect([...made.desired.keys()]).toEqual([keyId(2), keyId(3)]);
    expect(made.held).toMatchObject([{ keyId: keyId(1), policy: "freeze", ...{ place: { line: 3 } } }]);
    expect(made.held[0]?.reason).toContain("policies/broken.yaml:3");
    expect(made.held[0]?.why).toMatchObject({ file: "policies/broken.yaml", line: 3 });
  });

  test("such a key is held when nobody else selects it, also when it is not live", () => {
    const made = select([], remember({ [keyId(1)]: ["freeze"], [keyId(9)]: ["freeze"] }));
    expect(made.held.map((one) => one.keyId)).toEqual([keyId(1), keyId(9)]);
  });

  test("a key waits that was not selected before", () => {
    const made = select([low], remember({ [keyId(1)]: ["low"] }));
    expect([...made.desired.keys()]).toEqual([keyId(1)]);
    expect(made.held.map((one) => one.keyId)).toEqual([keyId(2), keyId(3)]);
  });

  test("a key that is named goes on, selected before or not", () => {
    const named = policy({ name: "own", keyIds: [keyId(1)], key: limit(5) });
    const made = select(
      [low, named],
      remember({ [keyId(1)]: ["freeze"], [keyId(2)]: ["low"], [keyId(3)]: ["low"] }),
    );
    expect([...made.desired.keys()].sort()).toEqual([keyId(1), keyId(2), keyId(3)]);
    expect(made.held).toEqual([]);
  });

  test("a key goes on that a policy no longer selects which is there", () => {
    const narrowed = selector("freeze", "search-1", { description: "x" }, 5);
    const made = select(
      [low, narrowed],
      remember({ [keyId(1)]: ["freeze", "low"], [keyId(2)]: ["freeze", "low"], [keyId(3)]: ["low"] }),
    );
    expect(wanted(made, keyId(2))).toMatchObject({ rate_limits: [expect.anything(), "low"] });
    expect(made.held).toEqual([]);
  });

  test("nothing is remembered of when everything can be read", () => {
    const asked = (): never => {
      throw new Error("nobody needs it");
    };
    expect(select([low], { context: { live, lastSelected: asked } }).desired.size).toBe(3);
  });
});

describe("results are kept", () => {
  test("as the same objects, as long as the policies and the key are there", () => {
    const resolver = createResolver();
    const policies = [selector("a", "*", limit(5)), selector("b", "search-*", { description: "b" })];
    const first = resolver(policySet({ policies }), { ...nothingLive(now), live });
    const second = resolver(policySet({ policies: policies.toReversed() }), {
      ...nothingLive(now),
      live: [...live],
    });
    for (const id of [keyId(1), keyId(3)]) expect(second.desired.get(id)).toBe(first.desired.get(id));
    const edited = [selector("a", "*", limit(6)), policies[1]!];
    const third = resolver(policySet({ policies: edited }), { ...nothingLive(now), live });
    expect(third.desired.get(keyId(1))?.fields.get("rate_limits")?.value).toMatchObject([{ value: 6 }]);
  });

  test("live keys are read once, however the policies are edited that select them alike", () => {
    const resolver = createResolver();
    let reads = 0;
    const counted = {
      *[Symbol.iterator](): Generator<LiveKey> {
        reads += 1;
        yield* live;
      },
    };
    const context = { ...nothingLive(now), live: counted };
    for (const value of [5, 6, 7])
      resolver(policySet({ policies: [selector("a", "search-*", limit(value))] }), context);
    expect(reads).toBe(1);
    expect(resolver(policySet({ policies: [selector("a", "chat", limit(7))] }), context).desired.size).toBe(
      1,
    );
    expect(reads).toBe(2);
  });

  test("and not read at all where no policy selects", () => {
    const untouchable: Iterable<LiveKey> = {
      [Symbol.iterator]: () => {
        throw new Error("nobody selects");
      },
    };
    const named = policy({ keyIds: [keyId(1)], key: limit(5) });
    expect(resolve({ policies: [named], context: { live: untouchable } }).desired.size).toBe(1);
  });
});
