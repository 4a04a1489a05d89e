/*
 * The effective key of a policy: what its profiles, in their order, its own `key`, and the overrides that are in force say
 * together.
 *
 * Each layer is flattened into single statements, a path and a value, and the statements are laid over each other:
 * a later one replaces an earlier one on the same path, `null` on a group replaces what was said of its parts, and a
 * part replaces a `null` on its group. That is "objects merge, arrays and scalars replace, null survives" without a
 * tree to walk, and each statement keeps the place it came from.
 */
import type { Canonical, FieldPath } from "./key.ts";
import type { Json, KeyBlock } from "./policy.ts";
import type { Place } from "./problem.ts";
import { isObject } from "./canonical.ts";
import { fieldRow, metadataPath, overlaps } from "./fields.ts";

/** What is wanted of one field, who says so and where. */
export interface DesiredField {
  readonly value: Canonical;
  /** As it is written, before it was brought to canonical form. */
  readonly written: Json;
  /** The policy, the profile or the override that says it. */
  readonly source: string;
  readonly place: Place;
}

export type DesiredFields = ReadonlyMap<FieldPath, DesiredField>;

/** A `key` block and the name of the policy, the profile or the override that it stands in. */
export interface Layer {
  readonly source: string;
  readonly block: KeyBlock;
}

type Statement = readonly [path: FieldPath, field: DesiredField];

/** Lays the layers over each other, later ones last. */
export function effectiveFields(layers: readonly Layer[]): DesiredFields {
  const fields = new Map<FieldPath, DesiredField>();
  for (const layer of layers) {
    // What lies below others is mostly a profile, whose statements are the same for each policy that is built on it.
    const said = layer === layers.at(-1) ? statementsOf(layer) : sharedStatements(layer);
    for (const [path, field] of said) {
      for (const other of fields.keys()) if (overlaps(path, other)) fields.delete(other);
      fields.set(path, field);
    }
  }
  return withImplied(fields);
}

/** By block: blocks are never changed. */
const shared = new WeakMap<KeyBlock, { readonly source: string; readonly said: readonly Statement[] }>();

function sharedStatements(layer: Layer): readonly Statement[] {
  const known = shared.get(layer.block);
  if (known?.source === layer.source) return known.said;
  const said = statementsOf(layer);
  shared.set(layer.block, { source: layer.source, said });
  return said;
}

/** Everything that one layer says, in its order. */
export function statementsOf({ source, block }: Layer): readonly Statement[] {
  return written(block).map(([path, value]): Statement => {
    const canonical = fieldRow(path).canonical(value);
    return [path, { value: canonical, written: value, source, place: placeOf(block, path) }];
  });
}

/** Everything that a block says, by path. An empty group says nothing. */
function written(block: KeyBlock): [FieldPath, Json][] {
  return Object.entries(block.value).flatMap(([name, value]): [FieldPath, Json][] => {
    if (!isObject(value)) return [[name, value]];
    return Object.entries(value).flatMap(([part, inner]): [FieldPath, Json][] => {
      // The row's own path: one string for all keys, where a new one for each would be kept as long as the key.
      if (name !== "defaults" || part !== "metadata" || !isObject(inner))
        return [[fieldRow(`${name}.${part}`).path, inner]];
      return Object.entries(inner).map(([key, text]): [FieldPath, Json] => [metadataPath(key), text]);
    });
  });
}

/**
 * Some parts exclude each other in Portkey's API: to ask for one is to ask for the others to be empty, else a key that
 * has another one could never be brought to what is wanted.
 */
const exclusive: readonly { readonly said: FieldPath; readonly empties: readonly FieldPath[] }[] = [
  { said: "usage_limits.periodic_reset", empties: ["usage_limits.periodic_reset_days"] },
  { said: "usage_limits.periodic_reset_days", empties: ["usage_limits.periodic_reset"] },
  { said: "rotation_policy.rotation_period", empties: ["rotation_policy.rotation_period_days"] },
  { said: "rotation_policy.rotation_period_days", empties: ["rotation_policy.rotation_period"] },
  {
    said: "rotation_policy.next_rotation_at",
    empties: ["rotation_policy.rotation_period", "rotation_policy.rotation_period_days"],
  },
];

function withImplied(fields: Map<FieldPath, DesiredField>): DesiredFields {
  const said = exclusive.filter((rule) => (fields.get(rule.said)?.value ?? null) !== null);
  for (const rule of said) {
    const cause = fields.get(rule.said);
    for (const path of rule.empties) {
      if (cause !== undefined && !fields.has(path))
        fields.set(path, { ...cause, value: null, written: null });
    }
  }
  return fields;
}

/** Whether a field is only there because another one excludes it. */
export function isImplied(fields: DesiredFields, path: FieldPath): boolean {
  const field = fields.get(path);
  if (field?.value !== null) return false;
  return exclusive.some(({ said, empties }) => {
    const cause = empties.includes(path) ? fields.get(said) : undefined;
    // The very place of its cause: what is written has one of its own.
    return cause !== undefined && cause.value !== null && cause.place === field.place;
  });
}

function placeOf(block: KeyBlock, path: FieldPath): Place {
  const metadata = "defaults.metadata.";
  const names = path.startsWith(metadata)
    ? ["defaults", "metadata", path.slice(metadata.length)]
    : path.split(".");
  for (let depth = names.length; depth >= 0; depth -= 1) {
    const place = block.places.get(
      names
        .slice(0, depth)
        .map((name) => `/${escapePointer(name)}`)
        .join(""),
    );
    if (place !== undefined) return place;
  }
  throw new Error(`a key block has no place for ${path}`);
}

function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
