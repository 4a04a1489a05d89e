import { isMetadataPath, fieldRow, knownPaths } from "../core/fields.ts";
import { isObject } from "../core/canonical.ts";
import type { FieldPath, LiveKey } from "../core/key.ts";
import type { Expected, Given, PolicyTest, PolicyTestCase } from "../core/policy-test.ts";
import type { Json, JsonObject, KeyId, KeyPolicy, Placed } from "../core/policy.ts";
import { problemRules, type Place, type ProblemCode } from "../core/problem.ts";
import { didYouMean, suggest } from "../core/suggest.ts";
import { buildOverrides } from "./build-overrides.ts";
import { describeValue } from "./describe.ts";
import { buildKeyBlock } from "./key-block.ts";
import type {
  Expect,
  Given as GivenEntry,
  PolicyTestDocument,
  SampleKey,
  SamplePolicy,
} from "./policy-schema.types.ts";
import { locate } from "./shape-faults.ts";
import type { SourceText } from "./source-text.ts";
import type { PlacedValue, Spot } from "./yaml-reading.ts";
import type { Fault } from "./yaml-stream.ts";

/** The id of a sample key that has none of its own, and of a policy's keys where no key matters. */
const nobody: KeyId = "00000000-0000-4000-8000-000000000000";

/** What samples are called where a policy is named. */
const sampleName = "sample";

/** A test whose shape is sound, unless it expects what does not exist or nothing; and what is wrong with that. */
export function buildPolicyTest(
  document: PolicyTestDocument,
  read: PlacedValue,
  source: SourceText,
): { readonly test: PolicyTest | undefined; readonly faults: readonly Fault[] } {
  const cases = document.spec.cases;
  const faults = cases.flatMap(({ expect }, index) => unmeetable(expect, index, read.spot));
  if (faults.length > 0) return { test: undefined, faults };
  const spots = read.spot.entries?.get("spec")?.spot.entries?.get("cases")?.spot.items;
  return {
    test: {
      kind: "PolicyTest",
      name: document.metadata.name,
      place: source.placeAt(read.spot.offset),
      cases: cases.map(({ name, given, expect }, index): PolicyTestCase => {
        const spot = spots?.[index] ?? read.spot;
        const at = given.at === undefined ? null : Date.parse(given.at);
        return {
          name: name.trim(),
          place: source.placeAt(spot.offset),
          given: buildGiven(given, inside(spot, "given"), source),
          at,
          expect: buildExpected(expect, inside(spot, "expect"), source),
        };
      }),
    },
    faults: [],
  };
}

/**
 * Whether a document that is broken is a test all the same, so that it hides nothing of what governs keys: not where its
 * kind is in doubt.
 */
export function isPolicyTest(read: PlacedValue | undefined, faults: readonly Fault[]): boolean {
  if (read === undefined || faults.some(({ path }) => path === "kind")) return false;
  return isObject(read.value) && read.value["kind"] === "PolicyTest";
}

function buildGiven(given: GivenEntry, spot: Spot, source: SourceText): Given {
  if (given.key !== undefined) return { kind: "key", key: liveKey(given.key) };
  if (given.policy === undefined)
    return { kind: "sample", policy: samplePolicy(given.sample ?? {}, inside(spot, "sample"), source) };
  return { kind: "policy", policy: { value: given.policy, place: placeOf(spot, "policy", source) } };
}

/** What is left out is not known: nothing that asks for it matches. */
function liveKey({ id, name, type, workspace_id: workspaceId, status, metadata }: SampleKey): LiveKey {
  const path = "defaults.metadata";
  return {
    id: id?.toLowerCase() ?? nobody,
    name: name ?? "",
    type: type ?? "",
    workspaceId: workspaceId ?? null,
    status: status ?? "",
    lastUpdatedAt: null,
    fields: new Map(metadata === undefined ? [] : [[path, fieldRow(path).canonical(metadata)]]),
  };
}

function samplePolicy(sample: SamplePolicy, spot: Spot, source: SourceText): KeyPolicy {
  const place = source.placeAt(spot.offset);
  return {
    kind: "KeyPolicy",
    name: sampleName,
    labels: sample.labels ?? {},
    place,
    keyIds: [{ value: nobody, place }],
    mode: "enforce",
    profiles: placedItems(sample.profiles ?? [], inside(spot, "profiles"), source),
    key: buildKeyBlock(sample.key, spot.entries?.get("key"), { offset: spot.offset, source }),
    overrides: buildOverrides(sample.overrides ?? [], inside(spot, "overrides").items ?? [], source),
    acknowledge: [],
  };
}

function buildExpected(expect: Expect, spot: Spot, source: SourceText): Expected {
  const { policy, mode } = expect;
  return {
    ...(policy === undefined ? {} : { policy: { value: policy, place: placeOf(spot, "policy", source) } }),
    ...(mode === undefined ? {} : { mode: { value: mode, place: placeOf(spot, "mode", source) } }),
    key: buildKeyBlock(expect.key, spot.entries?.get("key"), { offset: spot.offset, source }),
    unmanaged: placedItems(expect.unmanaged ?? [], inside(spot, "unmanaged"), source),
    problems: placedItems(
      (expect.problems ?? []).filter((code) => isCode(code)),
      inside(spot, "problems"),
      source,
    ),
  };
}

function placedItems<T extends string>(values: readonly T[], list: Spot, source: SourceText): Placed<T>[] {
  return values.map((value, index) => ({
    value,
    place: source.placeAt(list.items?.[index]?.offset ?? list.offset),
  }));
}

function placeOf(spot: Spot, name: string, source: SourceText): Place {
  return source.placeAt(spot.entries?.get(name)?.keyOffset ?? spot.offset);
}

function inside(spot: Spot, name: string): Spot {
  return spot.entries?.get(name)?.spot ?? spot;
}

/** Fields and problem codes of a case that do not exist, and mappings that say nothing: they would hold whatever is set. */
function unmeetable({ key, unmanaged = [], problems = [] }: Expect, index: number, root: Spot): Fault[] {
  const at = `/spec/cases/${index}/expect`;
  return [
    ...(key === undefined ? [] : emptyMappings(key as JsonObject, `${at}/key`).map(emptyFault)),
    ...unmanaged.flatMap((path, item) => (isPath(path) ? [] : [fieldFault(path, `${at}/unmanaged/${item}`)])),
    ...problems.flatMap((code, item) => (isCode(code) ? [] : [codeFault(code, `${at}/problems/${item}`)])),
  ];

  function emptyFault(pointer: string): Fault {
    const { spot, path } = locate(root, pointer);
    const message =
      `${path} is {}, which says nothing and would hold whatever is set; expected at least one field, null for one ` +
      "that must be empty, or its path in unmanaged.";
    return { code: "KS1204", offset: spot.offset, path, message };
  }

  function fieldFault(found: string, pointer: string): Fault {
    const { spot, path } = locate(root, pointer);
    const hint = didYouMean(suggest(found, knownPaths()));
    const message =
      `${path} is ${describeValue(found)}, and there is no such field; expected the path of a field of a key block, ` +
      `such as usage_limits.credit_limit or defaults.metadata.team.${hint}`;
    return { code: "KS1370", offset: spot.offset, path, message };
  }

  function codeFault(found: string, pointer: string): Fault {
    const { spot, path } = locate(root, pointer);
    const hint = didYouMean(suggest(found, Object.keys(problemRules), 1));
    const message = `${path} is ${describeValue(found)}, and no problem has this code; expected one such as KS1340.${hint}`;
    return { code: "KS1371", offset: spot.offset, path, message };
  }
}

/** Pointers to the mappings without an entry in a value that stands at a pointer. */
function emptyMappings(value: Json, pointer: string): string[] {
  if (!isObject(value)) return [];
  const entries = Object.entries(value);
  if (entries.length === 0) return [pointer];
  return entries.flatMap(([name, inner]) =>
    emptyMappings(inner, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

function isPath(path: FieldPath): boolean {
  return isMetadataPath(path) || knownPaths().includes(path);
}

function isCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemRules, code);
}
