import type { Place } from "../core/problem.ts";

const frameWidth = 100;

/** The text of one file, with what is needed to point into it. Offsets are in UTF-16 units, places in characters. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
  placeAt(offset: number): Place;
  /** The line of the offset, one before and one after, and a caret below the place; long lines are cut. */
  frameAt(offset: number): string;
}

/** Bytes as text without a byte order mark, or a sentence on why they are no text. */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly fault: string } {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { fault: "the file is UTF-16 text; save it as UTF-8" };
  }
  if (bytes.includes(0)) {
    return { fault: "the file holds NUL bytes, so it is no text; a policy file is UTF-8 text" };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { fault: "the file is not valid UTF-8; save it as UTF-8 text" };
  }
}

export function createSourceText(file: string, text: string): SourceText {
  const starts = lineStarts(text);
  // Places are mostly asked for from left to right: counting goes on from the last one, as a line may be a megabyte.
  let last = { line: 0, offset: 0, column: 1 };

  function lineOf(offset: number): number {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (startOf(middle) <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  function startOf(line: number): number {
    return starts[line] ?? text.length;
  }

  function placeAt(offset: number): Place {
    const line = lineOf(offset);
    const from = last.line === line && last.offset <= offset ? last : { offset: startOf(line), column: 1 };
    last = { line, offset, column: from.column + characters(text.slice(from.offset, offset)) };
    return { file, line: line + 1, column: last.column };
  }

  function frameAt(offset: number): string {
    const place = placeAt(offset);
    const shift = Math.max(0, place.column - 1 - Math.floor(frameWidth * 0.75));
    const width = String(place.line + 1).length;
    const rows: string[] = [];
    for (let line = Math.max(1, place.line - 1); line <= Math.min(starts.length, place.line + 1); line += 1) {
      const end = line < starts.length ? startOf(line) - 1 : text.length;
      const shown = window(text.slice(startOf(line - 1), end), shift);
      rows.push(`${line === place.line ? ">" : " "} ${String(line).padStart(width)} | ${shown}`.trimEnd());
      if (line === place.line) {
        rows.push(`  ${" ".repeat(width)} | ${" ".repeat(place.column - 1 - shift)}^`);
      }
    }
    return rows.join("\n");
  }

  return { file, text, placeAt, frameAt };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) {
    starts.push(index + 1);
  }
  return starts;
}

function characters(text: string): number {
  let count = 0;
  for (const character of text) {
    count += character.length > 0 ? 1 : 0;
  }
  return count;
}

/**
 * A part of one line, control characters and tabs as single blanks so that the caret stays below its place. Where it is
 * cut off a mark says so, also to who looks for a piece of a secret there.
 */
function window(line: string, shift: number): string {
  // Twice the width in UTF-16 units holds the width in characters; a line may be a megabyte.
  const near = shift === 0 ? line.slice(0, frameWidth * 2) : line;
  const all = Array.from(near);
  const shown = all.slice(shift, shift + frameWidth);
  if (shift > 0 && shown.length > 0) shown[0] = "…";
  if (all.length > shift + frameWidth) shown[frameWidth - 1] = "…";
  return shown.join("").replaceAll(/\p{Cc}/gu, " ");
}
