import fc from "fast-check";
import { expect, test } from "vitest";
import type { LiveKey } from "../../src/core/key.ts";
import type { KeyMatch } from "../../src/core/key-match.ts";
import { problemAt } from "../../src/core/problem.ts";
import { createResolver, nothingLive, type ResolveContext, type Resolution } from "../../src/core/resolve.ts";
import type { Json, JsonObject, KeyId, KeyPolicy } from "../../src/core/policy.ts";
import { holds, timeFor } from "../property.ts";
import { at, deepFreeze, keyId, liveKey, now, policy, policySet } from "./build.ts";

/*
 * For any policies that name and select keys, sound and broken, and any live keys:
 *   1. each key is as a plain reading of the rules says, made for this key alone: named by one sound policy, that one's;
 *      named otherwise, held; else selected by all that match, field by field by priority; held where one of them is
 *      broken or two of one priority disagree;
 *   2. so what becomes of a key does not depend on other keys, nor on the order of files or of the list;
 *   3. documents that cannot be read any more change what selectors want of no key: it is wanted as before, or held.
 */

interface Case {
  readonly policies: readonly KeyPolicy[];
  readonly live: readonly LiveKey[];
}

const ids = [1, 2, 3, 4, 5].map(keyId);
const texts = ["a-1", "a-2", "b-1"];

const match: fc.Arbitrary<KeyMatch> = fc
  .record(
    {
      name: fc.constantFrom("*", "a-*", "?-1", "b-1"),
      type: fc.constantFrom("workspace-service", "workspace-user"),
      status: fc.constantFrom("active", "expired"),
      metadata: fc.dictionary(fc.constantFrom("team", "env"), fc.constantFrom("x", "y"), { minKeys: 1 }),
    },
    { requiredKeys: [] },
  )
  .filter((one) => Object.keys(one).length > 0);

/** Fields that have no parts: what is said of one says nothing of another. */
const key: fc.Arbitrary<JsonObject> = fc.record(
  {
    description: fc.constantFrom("one", "two", null),
    alert_emails: fc.constantFrom<Json>(["one@example.com"], null),
    expires_at: fc.constantFrom("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
  },
  { requiredKeys: [] },
);

const parts = {
  key,
  mode: fc.constantFrom("enforce", "report", "paused"),
  profiles: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constant(["gone"]) },
  ),
} as const;

const cases: fc.Arbitrary<Case> = fc
  .record({
    selectors: fc.array(fc.record({ ...parts, match, priority: fc.integer({ min: -1, max: 1 }) }), {
      maxLength: 5,
    }),
    named: fc.array(fc.record({ ...parts, keyIds: fc.subarray(ids, { minLength: 1, maxLength: 2 }) }), {
      maxLength: 2,
    }),
    live: fc.array(
      fc.record({
        name: fc.constantFrom(...texts),
        type: fc.constantFrom("workspace-service", "workspace-user"),
        status: fc.constantFrom("active", "expired"),
        metadata: fc.dictionary(fc.constantFrom("team", "env"), fc.constantFrom("x", "y")),
      }),
      { maxLength: ids.length },
    ),
  })
  .map(({ selectors, named, live }) => ({
    policies: [
      ...selectors.map((one, index) => policy({ ...one, name: `s${index}` })),
      ...named.map((one, index) => policy({ ...one, name: `n${index}` })),
    ],
    live: live.map(({ metadata, ...attributes }, index) =>
      liveKey(index + 1, { ...attributes, defaults: { metadata, config_id: null } }),
    ),
  }));

type Expected =
  { readonly fields: Record<string, Json>; readonly mode: string; readonly policy: string } | "held" | "none";

function isBroken(one: KeyPolicy): boolean {
  return one.profiles.length > 0;
}

function isMatched({ match: wanted }: KeyPolicy, live: LiveKey): boolean {
  if (wanted === undefined) return false;
  const { name, type, status, metadata = {} } = wanted.value;
  const own = (live.fields.get("defaults.metadata") ?? {}) as JsonObject;
  const pattern = new RegExp(`^${(name ?? "*").replaceAll("*", ".*").replaceAll("?", ".")}$`);
  return (
    pattern.test(live.name) &&
    (type ?? live.type) === live.type &&
    (status ?? live.status) === live.status &&
    Object.entries(metadata).every(([one, value]) => own[one] === value)
  );
}

function asWritten(one: KeyPolicy): Expected {
  return { fields: { ...one.key.value }, mode: one.mode, policy: one.name };
}

/** The rules as they are told in docs/policies.md, for one key. */
function plainly(policies: readonly KeyPolicy[], live: LiveKey): Expected {
  const naming = policies.filter(({ keyIds }) => keyIds.some(({ value }) => value === live.id));
  const [own] = naming;
  if (own !== undefined) return naming.length > 1 || isBroken(own) ? "held" : asWritten(own);
  const selecting = policies.filter((one) => isMatched(one, live));
  if (selecting.length === 0) return "none";
  if (selecting.some(isBroken)) return "held";
  const fields: Record<string, Json> = {};
  for (const path of ["description", "alert_emails", "expires_at"]) {
    const saying = selecting.filter(({ key: { value } }) => path in value);
    const most = Math.max(...saying.map(({ priority = 0 }) => priority));
    const values = saying
      .filter(({ priority = 0 }) => priority === most)
      .map(({ key: { value } }) => value[path]);
    const [first] = values;
    if (first === undefined) continue;
    if (values.some((value) => JSON.stringify(value) !== JSON.stringify(first))) return "held";
    fields[path] = first;
  }
  const modes = selecting.map(({ mode }) => mode);
  const mode = modes.includes("paused") ? "paused" : modes.includes("report") ? "report" : "enforce";
  const top = selecting.toSorted(
    (a, b) => (b.priority ?? 0) - (a.priority ?? 0) || (a.name < b.name ? -1 : 1),
  )[0]!;
  return { fields, mode, policy: top.name };
}

function found({ desired, held }: Resolution, id: KeyId): Expected {
  const one = desired.get(id);
  if (one === undefined) return held.some((other) => other.keyId === id) ? "held" : "none";
  expect(held.some((other) => other.keyId === id)).toBe(false);
  const fields = Object.fromEntries([...one.fields].map(([path, { written }]) => [path, written]));
  return { fields, mode: one.mode, policy: one.policy };
}

function resolved(policies: readonly KeyPolicy[], context: Partial<ResolveContext>): Resolution {
  return deepFreeze(createResolver()(policySet({ policies }), { ...nothingLive(now), ...context }));
}

test(
  "each key is as a plain reading of the rules says, whatever other keys there are and in whatever order",
  async (context) => {
    await holds(
      context,
      "selectors: a plain reading",
      fc.property(cases, ({ policies, live }) => {
        const whole = resolved(policies, { live });
        const turned = resolved(policies.toReversed(), { live: live.toReversed() });
        expect(turned.problems).toEqual(whole.problems);
        for (const one of live) {
          const expected = plainly(policies, one);
          expect(found(whole, one.id)).toEqual(expected);
          expect(found(turned, one.id)).toEqual(expected);
          const alone = resolved(policies, { live: [one] });
          expect(alone.desired.get(one.id)).toEqual(whole.desired.get(one.id));
          expect(found(alone, one.id)).toEqual(expected);
        }
        const named = policies.flatMap(({ keyIds }) => keyIds.map(({ value }) => value));
        const known = new Set([...live.map(({ id }) => id), ...named]);
        expect([...whole.desired.keys()].every((id) => known.has(id))).toBe(true);
      }),
    );
  },
  timeFor("selectors: a plain reading"),
);

test(
  "documents that cannot be read any more change what selectors want of no key",
  async (context) => {
    await holds(
      context,
      "selectors: what cannot be read",
      fc.property(
        cases,
        fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
        ({ policies, live }, lost) => {
          const before = resolved(policies, { live });
          const remembered = new Map(
            [...before.desired.values()].flatMap(({ keyId: id, selectedBy }) =>
              selectedBy === undefined ? [] : [[id, selectedBy.map((one) => one.policy)] as const],
            ),
          );
          const rest = policies.filter((_, index) => lost[index] !== true);
          const problems = [problemAt("KS1101", at(1, "policies/broken.yaml"), { message: "no YAML" })];
          const after = createResolver()(policySet({ policies: rest, problems }), {
            now,
            live,
            lastSelected: () => remembered,
          });
          for (const [id, { fields, mode, selectedBy }] of after.desired) {
            if (selectedBy === undefined) continue;
            const wanted = before.desired.get(id);
            expect({ id, mode, fields }).toEqual({ id, mode: wanted?.mode, fields: wanted?.fields });
          }
          for (const id of remembered.keys()) expect(found(after, id)).not.toBe("none");
        },
      ),
    );
  },
  timeFor("selectors: what cannot be read"),
);
