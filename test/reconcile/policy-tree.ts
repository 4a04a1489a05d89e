/*
 * Trees of policies and profiles as text, and what may happen to their files. Each tree has a policy for each of three
 * keys, and profiles that build on each other, spread over a few files in any way.
 */
import fc from "fast-check";
import { Document } from "yaml";
import type { JsonObject, KeyId, PolicySet } from "../../src/core/policy.ts";
import { sortProblems } from "../../src/core/problem.ts";
import { defaultLimits } from "../../src/policy-dir/limits.ts";
import { parsePolicies } from "../../src/policy-dir/parse-policies.ts";
import { keyId } from "../core/build.ts";

export const ids: readonly KeyId[] = [1, 2, 3].map(keyId);

/** A key that no policy is meant to name; the control plane has none like it. */
export const strange: KeyId = keyId(9);

/** Files by name; what is in them. */
export type Tree = ReadonlyMap<string, string>;

const names = ["a", "b", "c", "d"].map((name) => `policies/${name}.yaml`);

const amounts = fc.constantFrom(5, 50, 500, 5_000);
const limit = fc.record({
  type: fc.constant("requests"),
  unit: fc.constantFrom("rpm", "rpd"),
  value: amounts,
});
const budget = fc.record(
  { type: fc.constant("cost"), credit_limit: amounts, periodic_reset: fc.constantFrom("weekly", "monthly") },
  { requiredKeys: ["credit_limit"] },
);
const block: fc.Arbitrary<JsonObject> = fc.record(
  {
    description: fc.constantFrom(null, "one", "another"),
    rate_limits: fc.oneof(
      fc.uniqueArray(limit, { minLength: 1, maxLength: 2, selector: ({ unit }) => unit }),
      fc.constant(null),
    ),
    usage_limits: fc.oneof({ weight: 4, arbitrary: budget }, { weight: 1, arbitrary: fc.constant(null) }),
    scopes: fc.constantFrom(["logs.view"], ["completions.write", "logs.view"]),
    alert_emails: fc.constantFrom(null, ["ops@example.com"]),
    expires_at: fc.constantFrom(null, "2027-06-30T23:59:59Z"),
  },
  { requiredKeys: [] },
);

interface Layout {
  readonly blocks: readonly JsonObject[];
  readonly bases: readonly (readonly string[])[];
  readonly files: readonly number[];
  readonly flow: readonly boolean[];
}

const profileNames = ["base", "middle", "top"] as const;

/** Three profiles, each on some of those before it, and three policies. */
export const trees: fc.Arbitrary<Tree> = fc
  .record<Layout>({
    blocks: fc.array(block, { minLength: 6, maxLength: 6 }),
    bases: fc.tuple(
      fc.constant([]),
      fc.subarray(["base"]),
      fc.subarray(["base", "middle"]),
      ...ids.map(() => fc.subarray([...profileNames])),
    ),
    files: fc.array(fc.nat({ max: names.length - 1 }), { minLength: 6, maxLength: 6 }),
    flow: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  })
  .map(({ blocks, bases, files, flow }) => {
    const texts = blocks.map((key, index) => {
      const profiles = bases[index]!.length === 0 ? {} : { profiles: bases[index]! };
      const isProfile = index < profileNames.length;
      const name = isProfile ? profileNames[index]! : `p${index - profileNames.length + 1}`;
      const named = isProfile ? {} : { keyId: ids[index - profileNames.length]! };
      const kind = isProfile ? "Profile" : "KeyPolicy";
      const value = {
        apiVersion: "keysteward/v1",
        kind,
        metadata: { name },
        spec: { ...named, ...profiles, key },
      };
      return flow[index]! ? `${JSON.stringify(value)}\n` : new Document(value).toString();
    });
    const tree = new Map<string, string>();
    texts.forEach((text, index) => {
      const file = names[files[index]!]!;
      const before = tree.get(file);
      tree.set(file, before === undefined ? text : `${before}---\n${text}`);
    });
    return tree;
  });

/** Something that happens to one file; numbers say where, and are taken as far as they reach. */
export type Blow =
  | {
      readonly kind: "truncated" | "syntax" | "unknown-field" | "bytes" | "swapped";
      readonly file: number;
      readonly at: number;
    }
  | { readonly kind: "deleted" | "emptied" | "renamed" | "twin" | "edited"; readonly file: number };

export const blows: fc.Arbitrary<Blow> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("truncated", "syntax", "unknown-field", "bytes", "swapped"),
    file: fc.nat({ max: 3 }),
    at: fc.nat({ max: 1_000 }),
  }),
  fc.record({
    kind: fc.constantFrom("deleted", "emptied", "renamed", "twin"),
    file: fc.nat({ max: 3 }),
  }),
  fc.record({ kind: fc.constant("edited"), file: fc.nat({ max: 3 }) }),
);

export function struck(tree: Tree, blow: Blow): Tree {
  const files = [...tree.keys()];
  const file = files[blow.file % Math.max(1, files.length)];
  if (file === undefined) return tree;
  const text = tree.get(file)!;
  const after = new Map(tree);
  switch (blow.kind) {
    case "truncated":
      return after.set(file, text.slice(0, blow.at % (text.length + 1)));
    case "syntax": {
      const at = blow.at % (text.length + 1);
      return after.set(file, `${text.slice(0, at)}\n\t{ "[: ${text.slice(at)}`);
    }
    case "unknown-field":
      return after.set(file, text.replace("spec", blow.at % 2 === 0 ? "spek" : "bogus: 1\nspec"));
    case "bytes":
      return after.set(file, `${text.slice(0, blow.at % (text.length + 1))}\u0000\u0000`);
    case "swapped": {
      // A typo in an id: it is another key's, or nobody's.
      const [from, to] = [ids[blow.at % 3]!, [...ids, strange][Math.floor(blow.at / 3) % 4]!];
      return after.set(file, text.replace(from, to));
    }
    case "deleted":
      after.delete(file);
      return after;
    case "emptied":
      return after.set(file, "");
    case "renamed":
      after.delete(file);
      return after.set(`${file.slice(0, -5)}-new.yaml`, text);
    case "edited":
      // No damage: what is said last changes.
      return after.set(file, text.replaceAll(/\b(one|another)\b/g, "$1-more").replaceAll(/\b50\b/g, "60"));
    case "twin":
      return after.set("policies/twin.yaml", text.replaceAll("50", "7"));
    default:
      return blow satisfies never;
  }
}

/** The set as the policy directory gives it. */
export function readTree(tree: Tree): PolicySet {
  const encoder = new TextEncoder();
  const contents = [...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, text]) => parsePolicies(file, encoder.encode(text), defaultLimits));
  return {
    trusted: tree.size > 0,
    policies: contents.flatMap(({ policies }) => policies),
    profiles: contents.flatMap(({ profiles }) => profiles),
    guardrails: contents.flatMap(({ guardrails }) => guardrails),
    tests: contents.flatMap(({ tests }) => tests),
    testProblems: contents.flatMap(({ testProblems }) => testProblems),
    brokenGuardrails: contents.flatMap(({ brokenGuardrails }) => brokenGuardrails),
    problems: sortProblems(contents.flatMap(({ problems }) => problems)),
    files: tree.size,
    documents: contents.reduce((sum, { documents }) => sum + documents, 0),
  };
}
