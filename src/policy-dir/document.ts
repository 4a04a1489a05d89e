import { knownScopes } from "../core/scopes.ts";
import type { KeyMatch } from "../core/key-match.ts";
import type { Json, KeyBlock, KeyId, KeyPolicy, Placed, Profile } from "../core/policy.ts";
import { buildAcknowledge } from "./build-acknowledge.ts";
import { buildOverrides } from "./build-overrides.ts";
import { describeValue } from "./describe.ts";
import { itemPath } from "./document-path.ts";
import { buildKeyBlock } from "./key-block.ts";
import type {
  Key,
  KeyMatch as MatchDocument,
  KeyPolicyDocument,
  PolicyDocument,
  ProfileDocument,
} from "./policy-schema.types.ts";
import type { SourceText } from "./source-text.ts";
import { didYouMean, suggest } from "../core/suggest.ts";
import type { PlacedValue, Spot } from "./yaml-reading.ts";
import type { Fault } from "./yaml-stream.ts";

/** A document whose shape is sound, with the places that later messages point to. */
export function buildDocument(
  document: KeyPolicyDocument | ProfileDocument,
  read: PlacedValue,
  source: SourceText,
): KeyPolicy | Profile {
  return document.kind === "KeyPolicy"
    ? buildKeyPolicy(document, read.spot, source)
    : buildProfile(document, read.spot, source);
}

function buildKeyPolicy(document: KeyPolicyDocument, root: Spot, source: SourceText): KeyPolicy {
  const { metadata, spec } = document;
  const ids = spec.keyId === undefined ? (spec.keyIds ?? []) : [spec.keyId];
  const idSpots =
    spec.keyId === undefined ? listSpots(root, "keyIds") : [inside(inside(root, "spec"), "keyId")];
  const resetSpot = inside(inside(root, "spec"), "resetUsage");
  return {
    kind: "KeyPolicy",
    name: metadata.name,
    labels: metadata.labels ?? {},
    place: source.placeAt(root.offset),
    keyIds: placed(ids.map(toKeyId), idSpots, source),
    ...(spec.match === undefined ? {} : { match: buildMatch(spec.match, root, source) }),
    ...(spec.priority === undefined ? {} : { priority: spec.priority }),
    mode: spec.mode ?? "enforce",
    profiles: placed(spec.profiles ?? [], listSpots(root, "profiles"), source),
    key: ownBlock(spec.key, root, source),
    ...(spec.resetUsage === undefined ? {} : { resetUsage: placedText(spec.resetUsage, resetSpot, source) }),
    overrides: buildOverrides(spec.overrides ?? [], listSpots(root, "overrides"), source),
    acknowledge: buildAcknowledge(spec.acknowledge ?? [], listSpots(root, "acknowledge"), source),
  };
}

function buildMatch(match: MatchDocument, root: Spot, source: SourceText): Placed<KeyMatch> {
  const { workspace_id: workspaceId, ...rest } = match;
  const value = { ...rest, ...(workspaceId === undefined ? {} : { workspaceId }) };
  const offset = root.entries?.get("spec")?.spot.entries?.get("match")?.keyOffset ?? root.offset;
  return { value, place: source.placeAt(offset) };
}

function buildProfile(document: ProfileDocument, root: Spot, source: SourceText): Profile {
  const { metadata, spec } = document;
  return {
    kind: "Profile",
    name: metadata.name,
    place: source.placeAt(root.offset),
    profiles: placed(spec.profiles ?? [], listSpots(root, "profiles"), source),
    key: ownBlock(spec.key, root, source),
  };
}

/** The `key` block of the document itself. */
function ownBlock(key: Key | undefined, root: Spot, source: SourceText): KeyBlock {
  const spec = root.entries?.get("spec");
  return buildKeyBlock(key, spec?.spot.entries?.get("key") ?? spec, { offset: root.offset, source });
}

/** Ids that are one and the same when case is left aside; the schema compares them as written. */
export function repeatedIds(document: PolicyDocument, root: Spot): readonly Fault[] {
  const ids = document.kind === "KeyPolicy" ? (document.spec.keyIds ?? []) : [];
  const spots = listSpots(root, "keyIds");
  const first = new Map<KeyId, number>();
  return ids.flatMap((id, index): Fault[] => {
    const before = first.get(toKeyId(id));
    if (before === undefined) {
      first.set(toKeyId(id), index);
      return [];
    }
    const path = itemPath("spec.keyIds", index);
    const message = `${path} is the same key as spec.keyIds[${before}], case left aside; delete one`;
    return [{ code: "KS1204", offset: spots[index]?.offset ?? root.offset, path, message }];
  });
}

/** Scopes that Portkey's documentation does not know, whatever else is wrong with the document. */
export function unknownScopes(read: PlacedValue): readonly Fault[] {
  const spec = field(read.value, "spec");
  const spot = inside(read.spot, "spec");
  const overrides = field(spec, "overrides");
  const spots = inside(spot, "overrides")?.items;
  return [
    ...unknownScopesIn({ holder: spec, spot, path: "spec" }, read),
    ...(Array.isArray(overrides) ? overrides : []).flatMap((holder: Json, index) =>
      unknownScopesIn({ holder, spot: spots?.[index], path: itemPath("spec.overrides", index) }, read),
    ),
  ];
}

/** What has a `key` block in it. */
interface Holder {
  readonly holder: Json | undefined;
  readonly spot: Spot | undefined;
  readonly path: string;
}

function unknownScopesIn({ holder, spot, path: outer }: Holder, read: PlacedValue): readonly Fault[] {
  const scopes = field(field(holder, "key"), "scopes");
  const spots = inside(inside(spot, "key"), "scopes")?.items;
  return (Array.isArray(scopes) ? scopes : []).flatMap((scope: Json, index): Fault[] => {
    if (typeof scope !== "string" || scope === "" || knownScopes.has(scope)) {
      return [];
    }
    const path = itemPath(`${outer}.key.scopes`, index);
    const hint = didYouMean(suggest(scope, knownScopes.keys(), 1));
    const message = `the scope ${describeValue(scope)} is not one that Portkey documents; check its spelling, or ignore this if it is newer than this release.${hint}`;
    return [{ code: "KS1207", offset: spots?.[index]?.offset ?? read.spot.offset, path, message }];
  });
}

function toKeyId(id: string): KeyId {
  return id.toLowerCase();
}

function placed(
  values: readonly string[],
  spots: readonly (Spot | undefined)[],
  source: SourceText,
): Placed<string>[] {
  return values.map((value, index) => placedText(value, spots[index], source));
}

function placedText(value: string, spot: Spot | undefined, source: SourceText): Placed<string> {
  return { value, place: source.placeAt(spot?.offset ?? 0) };
}

function listSpots(root: Spot, name: string): readonly Spot[] {
  return inside(inside(root, "spec"), name)?.items ?? [];
}

function inside(spot: Spot | undefined, name: string): Spot | undefined {
  return spot?.entries?.get(name)?.spot;
}

function field(value: Json | undefined, name: string): Json | undefined {
  const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMapping && Object.hasOwn(value, name) ? (value as Record<string, Json>)[name] : undefined;
}
