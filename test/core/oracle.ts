import { isObject, limitName } from "../../src/core/canonical.ts";
import { sameField } from "../../src/core/fields.ts";
import type { FieldPath } from "../../src/core/key.ts";
import type { Json, JsonObject } from "../../src/core/policy.ts";
import type { DesiredKey } from "../../src/core/resolve.ts";
import type { Stored } from "./model-server.ts";

/* What became of a key, read from the model and not through the code under test. */

/** What is stored at a path. Empty is null. */
function storedAt(stored: Stored, path: FieldPath): Json {
  const [top = "", part] = path.split(".");
  if (path.startsWith("defaults.metadata."))
    return own(stored.metadata, path.slice("defaults.metadata.".length));
  if (top === "defaults") return stored[part as "metadata" | "config_id" | "allow_config_override"];
  if (part !== undefined) return own(stored[top as "usage_limits" | "rotation_policy"], part);
  const value = stored[top as keyof Stored];
  return Array.isArray(value) && value.length === 0 ? null : (value as Json);
}

function own(object: JsonObject | null, name: string): Json {
  return object !== null && Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

/** The fields of a key that are not as its policy wants them. */
export function unfulfilled(key: DesiredKey, stored: Stored, when: number): FieldPath[] {
  return [...key.fields].flatMap(([path, { value }]) => {
    const found = storedAt(stored, path);
    const text = path.startsWith("defaults.metadata.") && found !== null && typeof found !== "object";
    const plain = text ? String(found) : sortedList(found);
    return sameField(path, { desired: value, live: plain, now: when }) ? [] : [path];
  });
}

/** Lists as the canonical form has them; the order is nobody's wish. */
function sortedList(value: Json): Json {
  if (!Array.isArray(value)) return typeof value === "string" ? value.replace(".000Z", "Z") : value;
  const texts = value.map((item: Json) =>
    typeof item === "string" ? item.replace(/@.*/, (domain) => domain.toLowerCase()) : item,
  );
  return texts.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf(item: Json): string {
  return isObject(item) ? limitName(item) : JSON.stringify(item);
}

const budgetParts = ["type", "credit_limit", "alert_threshold", "periodic_reset", "periodic_reset_days"];
const rotationParts = [
  "rotation_period",
  "rotation_period_days",
  "next_rotation_at",
  "key_transition_period_ms",
];

/** Everything that a key has and that nobody manages, by path, so that it can be compared before and after. */
export function unmanaged(
  key: DesiredKey | undefined,
  before: Stored,
  after: Stored,
): [FieldPath, Json, Json][] {
  const managed = (path: FieldPath): boolean =>
    [...(key?.fields.keys() ?? [])].some(
      (other) => other === path || (isGroup(other) && path.startsWith(`${other}.`)),
    );
  const metadata = [...new Set([before, after].flatMap((stored) => Object.keys(stored.metadata ?? {})))];
  const paths = [
    ...["name", "description", "rate_limits", "scopes", "alert_emails", "expires_at"],
    ...["defaults.config_id", "defaults.allow_config_override"],
    ...metadata.map((name) => `defaults.metadata.${name}`),
    ...budgetParts.map((name) => `usage_limits.${name}`),
    ...rotationParts.map((name) => `rotation_policy.${name}`),
  ];
  return paths
    .filter((path) => !managed(path) && !isServersOwn(path, before, after))
    .map((path) => [path, storedAt(before, path), storedAt(after, path)]);
}

function isGroup(path: FieldPath): boolean {
  return ["usage_limits", "rotation_policy", "defaults.metadata"].includes(path);
}

/** What comes with a group that was not there, or goes with it, and what the server computes. */
function isServersOwn(path: FieldPath, before: Stored, after: Stored): boolean {
  if (path === "defaults.allow_config_override") {
    return before.allow_config_override === null && after.allow_config_override === true;
  }
  if (path === "usage_limits.type") return before.usage_limits === null;
  if (path === "rotation_policy.key_transition_period_ms") return before.rotation_policy === null;
  return path === "rotation_policy.next_rotation_at" && before.rotation_policy !== after.rotation_policy;
}
