/*
 * The effective key as one object: what guardrails judge. Its fields and their nesting are those of a `key` block, which
 * are those of Portkey's API, and its values are in canonical form, so that one rule means the same for what a policy
 * asks for and for what a control plane shows: texts without white space around them, lower-case UUIDs, instants in UTC
 * to the second, lists sorted, metadata as text, an empty list as null.
 *
 *                         in a policy                       in a live key
 *   absent                nobody manages it                 the answer did not show it
 *   null                  it must be empty                  it is empty
 *
 * What follows from another field (`periodic_reset` leaves no `periodic_reset_days`) is not shown: nobody has said it.
 */
import { canonicalScalar, isObject } from "./canonical.ts";
import { isImplied, type DesiredField, type DesiredFields } from "./effective.ts";
import type { FieldPath, LiveKey } from "./key.ts";
import type { Json, JsonObject } from "./policy.ts";

const metadata = "defaults.metadata";
const groups: readonly string[] = ["usage_limits", "defaults", "rotation_policy"];

/** What profiles and policy say together. */
export function effectiveKey(fields: DesiredFields): JsonObject {
  const said: [FieldPath, Json][] = [];
  for (const [path, field] of fields) if (!isImplied(fields, path)) said.push([path, field.value]);
  return nested(said);
}

/** A live key in the same form. */
export function liveKeyObject(live: LiveKey): JsonObject {
  return nested(live.fields, ([path, value]) => (path === metadata ? metadataAsText(value) : value));
}

function metadataAsText(value: Json): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, canonicalScalar(inner)]));
}

type Entry = readonly [path: FieldPath, value: Json];

function nested(
  entries: Iterable<Entry>,
  valueOf: (entry: Entry) => Json = ([, value]) => value,
): JsonObject {
  const root: Record<string, Json> = {};
  for (const entry of entries) {
    const names = namesOf(entry[0]);
    let object = root;
    for (const name of names.slice(0, -1)) {
      const inner = Object.hasOwn(object, name) ? object[name] : undefined;
      const next: Record<string, Json> = isObject(inner) ? inner : {};
      if (next !== inner) put(object, name, next);
      object = next;
    }
    put(object, names.at(-1) ?? "", valueOf(entry));
  }
  return root;
}

/** A plain assignment would not make a property of `__proto__`, which is a name like any other in metadata. */
function put(object: Record<string, Json>, name: string, value: Json): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The names on the way to a field; metadata names hold dots of their own. */
function namesOf(path: FieldPath): readonly string[] {
  if (path.startsWith(`${metadata}.`)) return ["defaults", "metadata", path.slice(metadata.length + 1)];
  return path.split(".");
}

/** A JSON pointer into an effective key as the path of the field that it leads to or into. */
export function pathAt(pointer: string): FieldPath {
  const names = pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  const [top = "", part] = names;
  // What lies in a list is the list's.
  const depth = top === "defaults" && part === "metadata" ? 3 : groups.includes(top) ? 2 : 1;
  return names.slice(0, depth).join(".");
}

/** The field at a path, or what says something of the group that the path is: the first of its parts. */
export function fieldAt(fields: DesiredFields, path: FieldPath): DesiredField | undefined {
  const whole = fields.get(path);
  if (whole !== undefined) return whole;
  for (const [other, field] of fields) if (path !== "" && other.startsWith(`${path}.`)) return field;
  return undefined;
}
