import { knownScopes } from "../core/scopes.ts";
import type { Json, KeyBlock, KeyId, KeyPolicy, Placed, Profile } from "../core/policy.ts";
import type { Place } from "../core/problem.ts";
import { compactPlaces } from "./compact-places.ts";
import { describeValue } from "./describe.ts";
import { itemPath } from "./document-path.ts";
import { pooled } from "./pool.ts";
import type { Key, KeyPolicyDocument, PolicyDocument, ProfileDocument } from "./policy-schema.types.ts";
import type { SourceText } from "./source-text.ts";
import { didYouMean, suggest } from "../core/suggest.ts";
import type { PlacedValue, Spot } from "./yaml-reading.ts";
import type { Fault } from "./yaml-stream.ts";

/** A document whose shape is sound, with the places that later messages point to. */
export function buildDocument(
  document: PolicyDocument,
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
    mode: spec.mode ?? "enforce",
    profiles: placed(spec.profiles ?? [], listSpots(root, "profiles"), source),
    key: buildKeyBlock(spec.key, root, source),
    ...(spec.resetUsage === undefined ? {} : { resetUsage: placedText(spec.resetUsage, resetSpot, source) }),
  };
}

function buildProfile(document: ProfileDocument, root: Spot, source: SourceText): Profile {
  const { metadata, spec } = document;
  return {
    kind: "Profile",
    name: metadata.name,
    place: source.placeAt(root.offset),
    profiles: placed(spec.profiles ?? [], listSpots(root, "profiles"), source),
    key: buildKeyBlock(spec.key, root, source),
  };
}

function buildKeyBlock(key: Key | undefined, root: Spot, source: SourceText): KeyBlock {
  const spec = root.entries?.get("spec");
  const entry = spec?.spot.entries?.get("key") ?? spec;
  const places = new Map<string, Place>([["", source.placeAt(entry?.keyOffset ?? root.offset)]]);
  if (key !== undefined && entry !== undefined) {
    addPlaces(places, "", { spot: entry.spot, source });
  }
  return { value: (key ?? {}) as KeyBlock["value"], places: compactPlaces(source.file, places) };
}

function addPlaces(
  places: Map<string, Place>,
  pointer: string,
  at: { readonly spot: Spot; readonly source: SourceText },
): void {
  for (const [name, entry] of at.spot.entries ?? []) {
    const inner = pooled(`${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    places.set(inner, at.source.placeAt(entry.keyOffset));
    addPlaces(places, inner, { spot: entry.spot, source: at.source });
  }
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
  const scopes = field(field(field(read.value, "spec"), "key"), "scopes");
  const spots = inside(inside(inside(read.spot, "spec"), "key"), "scopes")?.items;
  return (Array.isArray(scopes) ? scopes : []).flatMap((scope: Json, index): Fault[] => {
    if (typeof scope !== "string" || scope === "" || knownScopes.has(scope)) {
      return [];
    }
    const path = itemPath("spec.key.scopes", index);
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
