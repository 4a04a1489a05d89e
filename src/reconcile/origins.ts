import type { Change, FieldChange } from "../core/plan.ts";
import type { JsonObject } from "../core/policy.ts";
import type { AuditEntry, Origin, Provenance } from "../ports.ts";

/** What the audit trail says of where a change comes from. */
export interface Origins {
  readonly policy: Pick<AuditEntry, "commit" | "author">;
  /** What there is to say of it beside commit and author. */
  readonly detail: JsonObject;
  /** A field as the audit trail has it. A value from another file, a profile's, comes with that file's own origin. */
  readonly field: (field: FieldChange) => JsonObject;
}

/** Asks for the origin of each file that a change speaks of, once. */
export async function originsOf(provenance: Provenance, change: Change): Promise<Origins> {
  const own = change.place.file;
  // A value that a person has put back is in no file: the commit that the policy stands in does not ask for it.
  const { fields, reset } = change;
  if (reset === undefined && fields.every(({ why }) => why === "restored")) return unknownOrigins;
  // Nor does a commit in which the file may be broken ask for what it said before.
  if (change.lastGood === true) return { ...unknownOrigins, detail: { lastGood: true } };
  const files = [...new Set([own, ...change.fields.map(({ place }) => place.file)])];
  const origins = new Map(
    await Promise.all(files.map(async (file) => [file, await provenance.of(file)] as const)),
  );
  const origin = origins.get(own);
  return {
    policy: { commit: origin?.commit ?? null, author: origin?.author ?? null },
    detail: restOf(origin),
    field({ path, from, to, why, place }) {
      const { file, line } = place;
      const other = file === own ? undefined : origins.get(file);
      const source =
        other === undefined ? {} : { commit: other.commit, author: other.author, ...restOf(other) };
      return { path, ...(from === undefined ? {} : { from }), to, why, file, line, ...source };
    },
  };
}

const unknownOrigins: Origins = {
  policy: { commit: null, author: null },
  detail: {},
  field({ path, from, to, why, place: { file, line } }) {
    return { path, ...(from === undefined ? {} : { from }), to, why, file, line };
  },
};

function restOf(origin: Origin | undefined): JsonObject {
  if (origin === undefined) return {};
  const { committedAt, uncommitted } = origin;
  return uncommitted ? { committedAt, uncommitted: true } : { committedAt };
}
