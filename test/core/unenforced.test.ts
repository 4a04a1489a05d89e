import { expect, test } from "vitest";
import { unenforcedDifferences } from "../../src/core/unenforced.ts";
import { at, keyId, liveKey, now, own, resolve, seen } from "./build.ts";

const budget = { usage_limits: { type: "cost", credit_limit: 50 } };

test("what is left as it is by mode is told with both values, its way and its place; what is enforced is not", () => {
  const key = { usage_limits: { credit_limit: 5 }, name: "a" };
  const { desired } = resolve({ policies: [own(3, key, "paused"), own(1, key, "report"), own(2, key)] });
  const sightOf = seen(...[1, 2, 3].map((n) => liveKey(n, { ...budget, name: n === 3 ? "a" : "b" })));
  const limit = { path: "usage_limits.credit_limit", live: 50, wanted: 5, rank: "tightens" } as const;
  expect(unenforcedDifferences(desired.values(), sightOf, now)).toEqual([
    {
      keyId: keyId(1),
      policy: "p1",
      mode: "report",
      place: at(5, "policies/p1.yaml"),
      fields: [
        { path: "name", live: "b", wanted: "a", rank: "neutral", place: at(14, "policies/p1.yaml") },
        { ...limit, place: at(13, "policies/p1.yaml") },
      ],
    },
    {
      keyId: keyId(3),
      policy: "p3",
      mode: "paused",
      place: at(5, "policies/p3.yaml"),
      fields: [{ ...limit, place: at(13, "policies/p3.yaml") }],
    },
  ]);
});

test("a key that is not seen, and what reads spell in another way, are no difference", () => {
  const key = { description: null, defaults: { allow_config_override: true } };
  const { desired } = resolve({ policies: [own(1, key, "report"), own(2, { name: "z" }, "paused")] });
  const sightOf = seen(liveKey(1, { description: "", allow_config_override: null }));
  expect(unenforcedDifferences(desired.values(), sightOf, now)).toEqual([]);
});
