import type { Canonical } from "./key.ts";
import type { Json, JsonObject } from "./policy.ts";
import { compareTexts } from "./texts.ts";

/** A JSON text that is the same for equal values, whatever the order of their properties. */
export function stableJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(stableJson).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => compareTexts(a, b));
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${stableJson(part)}`).join(",")}}`;
}

/** Equality of canonical values: by content, blind to the order of properties. Every field of every key comes here. */
export function sameCanonical(a: Canonical, b: Canonical): boolean {
  if (a === b) return true;
  if (isArray(a)) return isArray(b) && sameItems(a, b);
  return isObject(a) && isObject(b) && sameProperties(a, b);
}

/** `Array.isArray` does not narrow to arrays that are read only. */
function isArray(value: Canonical): value is readonly Json[] {
  return Array.isArray(value);
}

function sameItems(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((item, index) => sameCanonical(item, b[index] ?? null));
}

function sameProperties(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameCanonical(a[name] ?? null, b[name] ?? null))
  );
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A number, also from a numeric string; amounts are rounded to a millionth so that float noise is not a difference.
 * Null for one that JSON could not carry.
 */
export function canonicalNumber(value: Json | undefined): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number") return null;
  const rounded = Math.round(number * 1e6) / 1e6;
  return Number.isFinite(rounded) ? rounded : null;
}

/** Text without surrounding white space; null for empty or absent. */
export function canonicalText(value: Json | undefined): string | null {
  if (typeof value !== "string") return null;
  const text = value.trim();
  return text === "" ? null : text;
}

/** A lower-case word (`monthly`); null for empty or absent. */
export function canonicalWord(value: Json | undefined): string | null {
  return canonicalText(value)?.toLowerCase() ?? null;
}

/**
 * An RFC 3339 instant as `YYYY-MM-DDTHH:MM:SSZ`: UTC, whole seconds, which is the precision that Portkey keeps
 * (observed: every recorded instant ends in `.000Z`). Null for empty, absent or not an instant.
 */
export function canonicalInstant(value: Json | undefined): string | null {
  if (typeof value !== "string") return null;
  // Without a zone it would be read in the machine's own; Portkey's instants are UTC.
  const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(value) || !value.includes("T") ? value : `${value}Z`);
  return Number.isNaN(ms) ? null : new Date(Math.floor(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** An id: lower case where it is a UUID, as it is where it is a slug; null for empty or absent. */
export function canonicalId(value: Json | undefined): string | null {
  const text = canonicalText(value);
  return text !== null && isUuid(text) ? text.toLowerCase() : text;
}

/** A set of texts: without repeats, sorted; null when there is none. */
export function canonicalSet(
  value: Json | undefined,
  one: (text: string) => string,
): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value
    .filter((text): text is string => typeof text === "string")
    .map((text) => one(text.trim()));
  const unique = [...new Set(texts)].filter((text) => text !== "").sort();
  return unique.length === 0 ? null : unique;
}

/** What makes a rate limit one of its kind: `requests per rpm`. */
export function limitName(limit: JsonObject): string {
  return `${canonicalWord(limit["type"]) ?? ""} per ${canonicalWord(limit["unit"]) ?? ""}`;
}

export function canonicalGroup(value: Json | undefined): Canonical {
  return isObject(value) && Object.keys(value).length > 0 ? value : null;
}

export function canonicalScalar(value: Json | undefined): Canonical {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : typeof value === "object" ? stableJson(value) : String(value);
}

/** 0 and 1 on the wire; null is "unset". */
export function canonicalSwitch(value: Json | undefined): Canonical {
  if (typeof value === "boolean") return value;
  return value === 1 || value === "1" ? true : value === 0 || value === "0" ? false : null;
}

/** The domain of an address is case-insensitive; the part before it is kept as it is. */
export function canonicalEmail(address: string): string {
  const at = address.lastIndexOf("@");
  return address.slice(0, at + 1) + address.slice(at + 1).toLowerCase();
}

export function canonicalRateLimits(value: Json | undefined): Canonical {
  if (!Array.isArray(value)) return null;
  const limits = value.filter(isObject).map((limit) => ({
    type: canonicalWord(limit["type"]),
    unit: canonicalWord(limit["unit"]),
    value: canonicalNumber(limit["value"]),
  }));
  limits.sort((a, b) => compareTexts(limitName(a), limitName(b)) || (a.value ?? 0) - (b.value ?? 0));
  return limits.length === 0 ? null : limits;
}
