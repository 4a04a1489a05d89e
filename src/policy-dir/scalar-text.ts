import { Document, Scalar, YAMLSeq } from "yaml";
import type { Json } from "../core/policy.ts";

/** Signs that nobody sees, or that turn the writing direction; in a file that is reviewed they are written out. */
export const unprintable =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/u;

/** The text with such signs as escapes; they are the same text where they stand in double quotes. */
export function writtenOut(text: string): string {
  return text.replace(new RegExp(unprintable, "gu"), escaped);
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * A value on one line, in flow style, as it can stand anywhere in a document. `like` is how the value was written whose
 * place it takes: its quotes are kept where they can be. What older tools would take for a switch, a number or a date is
 * put in quotes, unless it was a date without quotes before.
 */
export function valueText(value: Json, like?: Scalar.Type): string {
  if (Array.isArray(value))
    return `[${(value as readonly Json[]).map((item) => valueText(item)).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).map(([name, part]) => `${valueText(name)}: ${valueText(part)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  if (typeof value === "string" && like === "PLAIN" && instant.test(value)) return value;
  const scalar = new Scalar(value);
  if (typeof value === "string" && (value.includes("\n") || unprintable.test(value)))
    scalar.type = "QUOTE_DOUBLE";
  else if (typeof value === "string" && (like === "QUOTE_DOUBLE" || like === "QUOTE_SINGLE"))
    scalar.type = like;
  const list = new YAMLSeq();
  list.flow = true;
  list.items.push(scalar);
  const text = new Document(list, { version: "1.2", schema: "core", compat: "yaml-1.1" }).toString({
    lineWidth: 0,
    blockQuote: false,
    flowCollectionPadding: false,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  return writtenOut(text.trimEnd().slice(1, -1));
}
