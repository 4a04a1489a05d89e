import { canonicalScalar, sameCanonical } from "./canonical.ts";
import type { DesiredFields } from "./effective.ts";
import { metadataPath } from "./fields.ts";
import type { FieldPath, LiveKey } from "./key.ts";
import { matchesGlob } from "./key-filter.ts";
import { liveValue } from "./live.ts";
import type { Json } from "./policy.ts";

/** Attributes of live keys; all that are given must hold. At least one is: nothing selects everything by accident. */
export interface KeyMatch {
  readonly type?: string;
  /** A workspace as reads show it: a UUID. */
  readonly workspaceId?: string;
  /** A pattern for the key's name: `*` for any text, `?` for one character. */
  readonly name?: string;
  /** Names that must have these values in the key's `defaults.metadata`. */
  readonly metadata?: Readonly<Record<string, Json>>;
  readonly status?: string;
}

/** Whether a key has every attribute. What is not known of it does not hold. */
export function matchesKey(match: KeyMatch, key: LiveKey): boolean {
  return (
    (match.type === undefined || match.type === key.type) &&
    (match.workspaceId === undefined || match.workspaceId.toLowerCase() === key.workspaceId?.toLowerCase()) &&
    (match.status === undefined || match.status === key.status) &&
    (match.name === undefined || (key.name !== "" && matchesGlob(key.name, match.name))) &&
    metadataOf(match).every(([name, value]) => {
      const live = liveValue(key, metadataPath(name));
      return live !== undefined && sameCanonical(live, canonicalScalar(value));
    })
  );
}

/**
 * The first field whose wanted value takes a key out of the match: a selector that asks for it would lose each key by
 * governing it. Undefined when there is none.
 */
export function leavesMatch(match: KeyMatch, fields: DesiredFields): FieldPath | undefined {
  const name = fields.get("name");
  if (name !== undefined && match.name !== undefined) {
    if (typeof name.value !== "string" || !matchesGlob(name.value, match.name)) return "name";
  }
  const required = metadataOf(match);
  if (required.length > 0 && fields.has("defaults.metadata")) return "defaults.metadata";
  return required
    .map(([key, value]) => ({ path: metadataPath(key), value: canonicalScalar(value) }))
    .find(({ path, value }) => {
      const field = fields.get(path);
      return field !== undefined && !sameCanonical(field.value, value);
    })?.path;
}

function metadataOf({ metadata = {} }: KeyMatch): [string, Json][] {
  return Object.entries(metadata);
}
