import { isAlias, isMap, isNode, isScalar } from "yaml";
import type { Document, Node, YAMLSeq } from "yaml";
import {
  canonicalEmail,
  canonicalNumber,
  isObject,
  limitName,
  sameCanonical,
  stableJson,
} from "../core/canonical.ts";
import type { Json } from "../core/policy.ts";
import { valueText } from "./scalar-text.ts";
import { commentLines, lastOffset, lineBreakOf, lineEnd, lineStart, splice, type Span } from "./text-span.ts";

interface FoundList {
  readonly list: YAMLSeq;
  readonly document: Document;
}

/**
 * One step of a list that is not empty towards items that are not none; the same text when it is there. Items keep their
 * order, since it means nothing; additions come first, so that the list is never empty.
 */
export function listStep(text: string, { list, document }: FoundList, wanted: readonly Json[]): string {
  const found = list.items.filter(isNode).map((node) => ({ node, value: node.toJS(document) as Json }));
  for (const item of wanted) {
    const same = found.find(({ value }) => identityOf(value) === identityOf(item));
    if (same === undefined) return appended(text, list, item);
    if (!isSameItem(same.value, item)) return changed(text, same.node, item);
  }
  // From the end, so that what is built on an item goes before it.
  for (const [index, { node, value }] of [...found.entries()].reverse()) {
    const name = identityOf(value);
    const isRepeat = found.slice(0, index).some((other) => identityOf(other.value) === name);
    if (isRepeat || !wanted.some((item) => identityOf(item) === name)) return removed(text, list, node);
  }
  return text;
}

/** What makes an item the same one: a rate limit's type and unit, an address without the case of its domain. */
function identityOf(item: Json): string {
  if (isObject(item)) return limitName(item);
  return canonicalEmail(typeof item === "string" ? item.trim() : stableJson(item));
}

function isSameItem(a: Json, b: Json): boolean {
  if (!isObject(a) || !isObject(b)) return true;
  return sameCanonical(canonicalNumber(a["value"]), canonicalNumber(b["value"]));
}

function changed(text: string, node: Node, item: Json): string {
  const amount = isMap(node) ? node.get("value", true) : undefined;
  const isAmount = isScalar(amount) && isObject(item) && amount.range !== undefined && amount.range !== null;
  const target = isAmount ? amount : node;
  const value = isAmount && isObject(item) ? (item["value"] ?? null) : item;
  const [from = 0] = target.range ?? [];
  return splice(text, [from, lastOffset(target) ?? from], valueText(value));
}

function appended(text: string, list: YAMLSeq, item: Json): string {
  const last = list.items.at(-1);
  const end = lastOffset(last) ?? 0;
  const like = isScalar(last) ? last.type : undefined;
  if (list.flow === true) return splice(text, [end, end], `, ${valueText(item, like)}`);
  const at = lineEnd(text, end);
  const lineBreak = lineBreakOf(text);
  const glue = at === text.length && !text.endsWith("\n") ? lineBreak : "";
  const [first = 0] = list.range ?? [];
  const indent = text.slice(lineStart(text, first), first);
  return splice(text, [at, at], `${glue}${indent}- ${valueText(item, like)}${lineBreak}`);
}

function removed(text: string, list: YAMLSeq, node: Node): string {
  const index = list.items.indexOf(node);
  if (list.flow === true) return splice(text, flowSpan(list, index), "");
  const lines = itemLines(text, list, index);
  return splice(text, lines, commentLines(text, lines));
}

/** The whole lines of an item of a list in block style, from its dash. */
function itemLines(text: string, list: YAMLSeq, index: number): Span {
  const item = list.items[index];
  const start = startOf(item);
  return [lineStart(text, start), lineEnd(text, lastOffset(item) ?? start)];
}

/** An item in brackets with the comma that parts it from its neighbour. */
function flowSpan(list: YAMLSeq, index: number): Span {
  const start = startOf(list.items[index]);
  const end = lastOffset(list.items[index]) ?? start;
  const before = list.items[index - 1];
  if (before !== undefined) return [lastOffset(before) ?? start, end];
  const next = list.items[index + 1];
  return [start, next === undefined ? end : startOf(next)];
}

function startOf(item: unknown): number {
  return isNode(item) || isAlias(item) ? (item.range?.[0] ?? 0) : 0;
}
