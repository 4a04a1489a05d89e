import { clip } from "./yaml-stream.ts";

const typeWords: Readonly<Record<string, string>> = {
  object: "a mapping",
  array: "a list",
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "null",
};

/** What was found, in the words of the person who wrote it: `"rpx"`, `5`, `a list`. Long values are cut. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(clip(value));
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty list" : "a list";
  }
  return typeof value === "object" && value !== null ? "a mapping" : String(value);
}

/** The JSON types of a schema in words: `text or null`. */
export function describeTypes(types: readonly string[]): string {
  return spellList(types.map((type) => typeWords[type] ?? type));
}

/** `a`, `a or b`, `a, b or c`. */
export function spellList(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
