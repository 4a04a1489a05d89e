import { isCollection, isNode, isPair, isScalar } from "yaml";
import type { YAMLMap, YAMLSeq } from "yaml";

/** From an offset to another one, which is not part of it. */
export type Span = readonly [from: number, to: number];

export function splice(text: string, [from, to]: Span, put: string): string {
  return text.slice(0, from) + put + text.slice(to);
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Behind the line break of the line that an offset is in, or at the end of the text; offsets at a line's start count. */
export function lineEnd(text: string, offset: number): number {
  const found = text.indexOf("\n", offset);
  return found < 0 ? text.length : found + 1;
}

export function lineBreakOf(text: string): string {
  return /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
}

/** Where the last sign of a node or an entry ends, comments and line breaks behind it left aside. */
export function lastOffset(part: unknown): number | undefined {
  if (isPair(part)) return lastOffset(part.value) ?? lastOffset(part.key);
  if (!isNode(part)) return undefined;
  const last = isCollection(part) && part.flow !== true ? part.items.at(-1) : undefined;
  if (last !== undefined) return lastOffset(last);
  const end = part.range?.[1];
  // The text of a block scalar ends with its line break.
  const isBlock = isScalar(part) && (part.type === "BLOCK_LITERAL" || part.type === "BLOCK_FOLDED");
  return end === undefined ? undefined : isBlock ? end - 1 : end;
}

/** The whole lines of a collection in block style; undefined where something else stands on one of them. */
export function blockSpan(text: string, node: YAMLMap | YAMLSeq): Span | undefined {
  const first = node.range?.[0];
  const last = lastOffset(node);
  if (first === undefined || last === undefined) return undefined;
  const from = lineStart(text, first);
  return text.slice(from, first).trim() === "" ? [from, lineEnd(text, last)] : undefined;
}

/** The lines of a span that hold nothing but a comment. */
export function commentLines(text: string, [from, to]: Span): string {
  const lines = text.slice(from, to).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.filter((line) => line.trimStart().startsWith("#")).join("");
}
