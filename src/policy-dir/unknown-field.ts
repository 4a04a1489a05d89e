import { didYouMean, suggest } from "../core/suggest.ts";
import { clip } from "./yaml-stream.ts";

const immutable = "cannot be changed by an update of the key";
const served = "is the server's own record, not a setting";

/** Fields that people look for, and why they are not there. */
const reasons: Readonly<Record<string, string>> = {
  next_usage_reset_at: "is computed and moved on by the server, so it cannot be kept at a value",
  reset_usage:
    "is an action, not a state, so it cannot be kept at a value; spec.resetUsage of a KeyPolicy resets usage once",
  current_usage: served,
  created_at: served,
  last_updated_at: served,
  last_reset_at: served,
  status: immutable,
  type: immutable,
  workspace_id: immutable,
  organisation_id: immutable,
  user_id: immutable,
  resetUsage: "stands in the spec of a KeyPolicy, beside key: usage is reset once when it changes",
};

/** What has a `key` block in it. */
const holdsKeyBlock =
  /^spec(?:\.overrides\[\d+\]|\.cases\[\d+\]\.(?:expect|given\.sample(?:\.overrides\[\d+\])?))?$/;

export interface UnknownField {
  readonly name: string;
  /** The dotted path of the mapping it stands in. */
  readonly parent: string;
  /** The fields that the mapping may have. */
  readonly allowed: readonly string[];
  /** The fields of a `key` block. */
  readonly keyFields: readonly string[];
}

/** A sentence on a field that the schema does not know: what may have been meant, or why there is no such field. */
export function describeUnknownField(field: UnknownField): string {
  const { allowed, keyFields, name, parent } = field;
  const where = parent === "" ? "the document" : parent;
  const found = `unknown field "${clip(name)}" in ${where}`;
  if (parent === "spec.match" && name === "labels") {
    return (
      `${found}: labels are what policies have, and keys do not; only a guardrail matches by them. ` +
      `Select keys by ${allowed.join(", ")}.`
    );
  }
  if (holdsKeyBlock.test(parent) && keyFields.includes(name)) {
    return `${found}. It belongs one level down: move it to ${parent}.key.`;
  }
  const reason = Object.hasOwn(reasons, name) ? reasons[name] : undefined;
  if (reason !== undefined) {
    return `${found}: it ${reason}. Delete it.`;
  }
  const suggestion = suggest(name, allowed);
  return suggestion === undefined
    ? `${found}. Expected one of ${allowed.join(", ")}; delete or rename it.`
    : `${found}.${didYouMean(suggestion)}`;
}
