/*
 * Whose a comment is, decided by how far it is indented, as a reader does.
 *
 *   key:
 *     name: x
 *     # the end of key
 *   # about mode
 *   mode: report
 *
 * The library gives both comments to `key`, as they stand in one group; after that nobody can tell them apart. So the
 * tokens are mended before documents are made of them: what is indented less than a mapping or a list, and what stands
 * in one column with the dashes of a list, is handed to what holds it, where it stands above the next entry. What ends a
 * document belongs to the document.
 */
import type { CST } from "yaml";
import { Parser } from "yaml";

type Block = CST.BlockMap | CST.BlockSequence;
type Item = Block["items"][number];

/** The tokens of a text that is sound YAML. */
export function commentedTokens(text: string): CST.Token[] {
  const tokens = [...new Parser().parse(text)];
  for (const token of tokens) {
    if (token.type !== "document" || !isBlock(token.value)) continue;
    mendInside(token.value);
    const rest = takeOuter(token.value, token.value.indent + 1);
    token.end = [...rest, ...(token.end ?? [])];
  }
  return tokens;
}

function mendInside(block: Block): void {
  // Items can be added at the end meanwhile; they hold comments alone.
  for (let index = 0; index < block.items.length; index += 1) {
    const value = block.items[index]?.value;
    if (!isBlock(value)) continue;
    mendInside(value);
    const isDashed = value.type === "block-seq" && value.indent <= block.indent;
    handOver(block, index + 1, takeOuter(value, isDashed ? value.indent + 1 : value.indent));
  }
}

/** Takes the comments behind the last entry that are indented less, and what follows them. */
function takeOuter(block: Block, indent: number): CST.SourceToken[] {
  const last = block.items.at(-1);
  if (last === undefined || !isComments(last)) return [];
  const first = last.start.findIndex((token) => token.type === "comment" && token.indent < indent);
  if (first < 0) return [];
  const begin = last.start[first - 1]?.type === "space" ? first - 1 : first;
  const taken = last.start.splice(begin);
  if (last.start.length === 0) block.items.pop();
  return taken;
}

function handOver(block: Block, index: number, comments: CST.SourceToken[]): void {
  if (comments.length === 0) return;
  const next = block.items[index];
  if (next === undefined) block.items.push({ start: comments });
  else next.start.unshift(...comments);
}

/** An item without an entry: the comments that end a mapping or a list. */
function isComments({ key, sep, value, start }: Item): boolean {
  return (
    (key ?? sep ?? value) === undefined &&
    start.every(({ type }) => type === "space" || type === "newline" || type === "comment")
  );
}

function isBlock(token: CST.Token | null | undefined): token is Block {
  return token?.type === "block-map" || token?.type === "block-seq";
}
