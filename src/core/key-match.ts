import { canonicalScalar } from "./canonical.ts";
import { metadataPath } from "./fields.ts";
import type { LiveKey } from "./key.ts";
import { matchesGlob } from "./key-filter.ts";
import { liveValue } from "./live.ts";
import type { Json } from "./policy.ts";

/** Which live keys are meant, by what they are; all that is given must hold. */
export interface KeyMatch {
  readonly type?: string;
  /** A workspace as reads show it: a UUID, in either case. */
  readonly workspaceId?: string;
  /** A pattern for the name: `*` for any text, `?` for one character. */
  readonly name?: string;
  /** Default metadata that the key must have; values as text. */
  readonly metadata?: Readonly<Record<string, Json>>;
  readonly status?: string;
}

export function matchesKey(match: KeyMatch, key: LiveKey): boolean {
  return (
    (match.type === undefined || match.type === key.type) &&
    (match.workspaceId === undefined || match.workspaceId.toLowerCase() === key.workspaceId?.toLowerCase()) &&
    (match.name === undefined || matchesGlob(key.name, match.name)) &&
    (match.status === undefined || match.status === key.status) &&
    Object.entries(match.metadata ?? {}).every(
      ([name, value]) => liveValue(key, metadataPath(name)) === canonicalScalar(value),
    )
  );
}
