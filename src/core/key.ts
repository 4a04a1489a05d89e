import type { Json, JsonObject, KeyId } from "./policy.ts";

/**
 * A field's path, dotted, as in the update body: `name`, `usage_limits.credit_limit`, `defaults.metadata.team`
 * (a metadata name may itself hold dots: everything after `defaults.metadata.` is the name).
 */
export type FieldPath = string;

/** A field's value in canonical form: what both sides are brought to before they are compared. Null: empty. */
export type Canonical = Json;

/** Canonical values by path. A path that is not there is unknown, not empty. */
export type FieldValues = ReadonlyMap<FieldPath, Canonical>;

/** A key as the control plane showed it, brought to canonical form. */
export interface LiveKey {
  readonly id: KeyId;
  /** Empty: not known; no key has an empty name. */
  readonly name: string;
  /** `organisation-service`, `workspace-service` or `workspace-user`; an open set. */
  readonly type: string;
  /** A UUID in every recorded read; null on organisation keys. */
  readonly workspaceId: string | null;
  /** `active`, `exhausted`, `expired`; an open set. */
  readonly status: string;
  /** ISO 8601, UTC, second precision; moves without human edits too. */
  readonly lastUpdatedAt: string | null;
  /** When its usage was reset last, RFC 3339 in UTC; null for never, absent when the answer did not say. */
  readonly lastResetAt?: string | null;
  /** True when this may be the key that we ourselves use: its mask fits our credential. Absent otherwise. */
  readonly own?: true;
  /**
   * The managed fields. `rotation_policy` and what is below it is missing when the answer did not carry it
   * (a list may leave it out), which means unknown.
   */
  readonly fields: FieldValues;
}

/** The body of `PUT /api-keys/{id}`: top-level fields, each one whole. */
export type UpdateBody = JsonObject;
