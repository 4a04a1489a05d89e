/*
 * A document as text in one layout: two blanks a level, lists indented, `{ a: 1 }` and `[a, b]`, no folded lines. What is
 * written in flow style stays so where it fits on a line; where it does not, or holds comments, it becomes a block.
 *
 * Scalars are given back exactly as they were written, quotes, escapes and notation of numbers included, as long as they
 * stand on one line: no writer has to guess when a text needs quotes, and none can turn an escape into the sign itself.
 */
import { isCollection, isMap, isScalar, isSeq, visit } from "yaml";
import type { Document, Pair, Scalar, ScalarTag, Tags, YAMLMap, YAMLSeq } from "yaml";

/** As wide as a line of flow style may be. */
const widest = 110;

type Tag = Exclude<Tags[number], string>;

/** The tags of the core schema, with scalars that are written as they were read. */
export function verbatimTags(tags: Tags): Tags {
  return tags.map((tag) => (typeof tag === "string" || isCollectionTag(tag) ? tag : verbatim(tag)));
}

function isCollectionTag(tag: Tag): boolean {
  return tag.collection !== undefined;
}

function verbatim(tag: Tag): Tag {
  const { stringify } = tag as ScalarTag;
  if (stringify === undefined) return tag;
  return {
    ...tag,
    stringify: (item, ctx, onComment, onChompKeep) =>
      sourceOf(item) ?? stringify(item, ctx, onComment, onChompKeep),
  } as ScalarTag;
}

function sourceOf({ srcToken }: Scalar): string | undefined {
  if (srcToken === undefined || srcToken.type === "block-scalar" || !("source" in srcToken)) return undefined;
  return srcToken.source.includes("\n") || srcToken.source === "" ? undefined : srcToken.source;
}

/** The text of a document that was read with `verbatimTags` and `keepSourceTokens`. */
export function layOut(document: Document): string {
  for (;;) {
    const flows = new Map<YAMLMap | YAMLSeq, Flow>();
    const pairs = new Map<unknown, Pair>();
    visit(document, {
      Pair: (_key, pair) => void pairs.set(pair.value, pair),
      Collection(_key, node) {
        if (isMap(node) || isSeq(node)) watchFlow(node, flows);
      },
    });
    const text = document.toString({
      lineWidth: 0,
      doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
      verifyAliasOrder: false,
    });
    const wide = [...flows].filter(([node, flow]) => isTooWide(pairs.get(node), flow));
    if (wide.length === 0) return text;
    for (const [node] of wide) toBlock(node, pairs.get(node));
  }
}

/** What is said behind the closing bracket goes behind the name, or above the item of a list. */
function toBlock(node: YAMLMap | YAMLSeq, pair: Pair | undefined): void {
  node.flow = false;
  const { comment } = node;
  if (typeof comment !== "string" || comment.includes("\n")) return;
  if (pair === undefined) node.commentBefore = [node.commentBefore, comment].filter(Boolean).join("\n");
  else if (isScalar(pair.key) && typeof pair.key.comment !== "string" && node.anchor === undefined)
    pair.key.comment = comment;
  else return;
  node.comment = null;
}

/** A collection in flow style that stands in no other one, as it was written. */
interface Flow {
  readonly indent: number;
  readonly text: string;
}

/** Notes what a flow collection is written as; lists have no blanks inside of their brackets, mappings have. */
function watchFlow(node: YAMLMap | YAMLSeq, flows: Map<YAMLMap | YAMLSeq, Flow>): void {
  const plain = Object.getPrototypeOf(node) as typeof node;
  node.toString = (ctx, onComment, onChompKeep) => {
    if (ctx === undefined) return plain.toString.call(node);
    const padded = { ...ctx, flowCollectionPadding: isMap(node) ? " " : "" };
    const text = plain.toString.call(node, padded, onComment, onChompKeep);
    if (ctx.inFlow !== true && node.flow === true && node.items.length > 0)
      flows.set(node, { indent: ctx.indent.length, text });
    return text;
  };
}

/** `pair` is the entry whose value the collection is; undefined for an item of a list. */
function isTooWide(pair: Pair | undefined, { indent, text }: Flow): boolean {
  if (text.includes("\n")) return true;
  const name = pair !== undefined && isScalar(pair.key) ? (pair.key.source ?? "") : "";
  const before = pair === undefined ? indent : Math.max(0, indent - 2) + name.length + ": ".length;
  return before + text.length > widest;
}

/**
 * The library takes a comment behind `name:` and the comments below it, above the first entry, for one: the former is put
 * back to where it stands. Blank lines behind the last entry are not kept.
 */
export function settleComments(document: Document): void {
  visit(document, {
    Collection(_key, node) {
      if (typeof node.comment === "string") node.comment = node.comment.replace(/\n+$/, "");
    },
    Pair(_key, { key, value, srcToken }) {
      if (!isScalar(key) || !isCollection(value) || value.flow === true || value.anchor !== undefined) return;
      const sep = srcToken !== undefined && "sep" in srcToken ? (srcToken.sep ?? []) : [];
      const firstComment = sep.findIndex(({ type }) => type === "comment");
      const firstLine = sep.findIndex(({ type }) => type === "newline");
      if (firstComment < 0 || firstComment > firstLine || typeof value.commentBefore !== "string") return;
      const [behind = "", ...below] = value.commentBefore.split("\n");
      key.comment = behind;
      value.commentBefore = below.length === 0 ? null : below.join("\n").replace(/^\n+/, "");
    },
  });
}
