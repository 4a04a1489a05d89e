/*
 * One field of a policy's text set to another value by the smallest edit: what is not said otherwise stays, byte for byte,
 * comments included.
 *
 *   found                            what is written
 *   a scalar, an alias               the new value in its place, in the same quotes
 *   a list, and a list is wanted     items added behind the last one, items taken away, the amount of a rate limit
 *   a list or mapping, else          the new value behind the name; the lines of the old one go, but not its comments
 *   nothing                          a new entry behind the one that comes before it in the schema
 *   null, and a part of it is asked  a mapping of that part
 *
 * The text is read anew after each step, so that each step has the right places before it. Nothing is known here of what
 * the edit means: whoever asks for it reads the result and judges it.
 */
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import type { Alias, Document, Pair, YAMLMap } from "yaml";
import type { Json } from "../core/policy.ts";
import { isObject, sameCanonical } from "../core/canonical.ts";
import { listStep } from "./edit-list.ts";
import type { Shape } from "./schema-order.ts";
import { valueText } from "./scalar-text.ts";
import { blockSpan, commentLines, lastOffset, lineBreakOf, lineEnd, lineStart, splice } from "./text-span.ts";

/** A field by the names that lead to it from the top of a document, and what it is to be. */
export interface ValueEdit {
  readonly names: readonly string[];
  readonly value: Json;
}

export type Edited =
  | { readonly kind: "text"; readonly text: string }
  /** The text cannot be edited; why, as the end of a sentence. */
  | { readonly kind: "refused"; readonly reason: string };

interface Target {
  /** Which document of the text, from 0. */
  readonly document: number;
  readonly shape: Shape;
}

/** More items than a list has in a file of the allowed size. */
const mostSteps = 20_000;

export function editValue(text: string, target: Target, edit: ValueEdit): Edited {
  let last = text;
  for (let step = 0; step < mostSteps; step += 1) {
    const next = tryStep(last, target, edit);
    if (next.kind === "refused" || next.text === last) return next;
    last = next.text;
  }
  return { kind: "refused", reason: "the edit does not come to an end" };
}

function tryStep(text: string, target: Target, edit: ValueEdit): Edited {
  try {
    return oneStep(text, target, edit);
  } catch (thrown) {
    // The library throws this one for an alias without its anchor.
    if (!(thrown instanceof ReferenceError)) throw thrown;
    return refused("an alias would be left without its anchor; write the value out where the alias is");
  }
}

function oneStep(text: string, { document: index, shape }: Target, { names, value }: ValueEdit): Edited {
  const documents = parseAllDocuments(text, {
    version: "1.2",
    schema: "core",
    merge: true,
    uniqueKeys: false,
  });
  const document = Array.isArray(documents) ? documents[index] : undefined;
  let node: unknown = document?.contents;
  let around = shape;
  for (const [depth, name] of names.entries()) {
    const rest = names.slice(depth + 1);
    if (isAlias(node)) return behindAlias(node);
    if (document === undefined || !isMap(node)) return refused("it is not a mapping where one is expected");
    const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === name);
    if (pair === undefined)
      return inserted(text, { map: node, shape: around }, { name, value: nested(rest, value) });
    if (rest.length === 0 || (isScalar(pair.value) && pair.value.value === null))
      return replaced(text, { pair, document }, nested(rest, value));
    node = pair.value;
    around = around.inside(name);
  }
  return refused("no field is named");
}

function refused(reason: string): Edited {
  return { kind: "refused", reason };
}

function behindAlias({ source }: Alias): Edited {
  return refused(
    `it stands behind the alias *${source}; write the value out where the alias is, then try again`,
  );
}

function nested(names: readonly string[], value: Json): Json {
  return names.reduceRight<Json>((inner, name) => ({ [name]: inner }), value);
}

interface Found {
  readonly pair: Pair;
  readonly document: Document;
}

function replaced(text: string, { pair, document }: Found, value: Json): Edited {
  const { value: old } = pair;
  if (isSeq(old) && old.items.length > 0 && Array.isArray(value) && value.length > 0)
    return {
      kind: "text",
      text: listStep(text, { list: old, document }, value as readonly Json[]),
    };
  if (isSame(old, document, value)) return { kind: "text", text };
  const isBlock = (isMap(old) || isSeq(old)) && old.flow !== true;
  if (!isBlock || old.items.length === 0) return replacedInline(text, old, value);
  if (old.anchor !== undefined || old.tag !== undefined)
    return refused("its value has an anchor or a tag; take it away, then try again");
  const span = blockSpan(text, old);
  const colon = colonOf(text, pair);
  if (span === undefined || colon === undefined) return refused("its lines cannot be told from others");
  const without = splice(text, span, commentLines(text, span));
  return { kind: "text", text: splice(without, [colon, colon], ` ${valueText(value)}`) };
}

function replacedInline(text: string, old: unknown, value: Json): Edited {
  if (!isScalar(old) && !isAlias(old) && !isMap(old) && !isSeq(old)) return refused("it has no value");
  const range = old.range ?? undefined;
  if (range === undefined) return refused("its place is not known");
  const like = isScalar(old) ? old.type : undefined;
  const isBlock = like === "BLOCK_LITERAL" || like === "BLOCK_FOLDED";
  const end = text.slice(range[0], range[1]).endsWith("\n") ? lineBreakOf(text) : "";
  return {
    kind: "text",
    text: splice(text, [range[0], range[1]], valueText(value, like) + (isBlock ? end : "")),
  };
}

function isSame(old: unknown, document: Document, value: Json): boolean {
  if (isAlias(old)) return sameCanonical(old.toJS(document) as Json, value);
  return (isScalar(old) || isMap(old) || isSeq(old)) && sameCanonical(old.toJS(document) as Json, value);
}

/** Right behind the colon of an entry in block style. */
function colonOf(text: string, { key }: Pair): number | undefined {
  const end = isScalar(key) ? key.range?.[1] : undefined;
  const colon = end === undefined ? -1 : text.indexOf(":", end);
  return colon < 0 ? undefined : colon + 1;
}

interface Around {
  readonly map: YAMLMap;
  readonly shape: Shape;
}

function inserted(text: string, { map, shape }: Around, entry: { name: string; value: Json }): Edited {
  const rank = (name: string): number => shape.names.indexOf(name);
  const before = map.items.filter((pair) => {
    const other = rank(isScalar(pair.key) ? String(pair.key.value) : "");
    return other >= 0 && other < rank(entry.name);
  });
  const behind = before.at(-1) ?? map.items.at(-1);
  const range = map.range ?? undefined;
  if (range === undefined) return refused("its place is not known");
  const { name, value } = entry;
  if (behind === undefined)
    return { kind: "text", text: splice(text, [range[0], range[1]], valueText({ [name]: value })) };
  const end = lastOffset(behind);
  if (end === undefined) return refused("its neighbour has no value");
  if (map.flow === true)
    return { kind: "text", text: splice(text, [end, end], `, ${valueText(name)}: ${valueText(value)}`) };
  const column = range[0] - lineStart(text, range[0]);
  const indent = text.slice(range[0] - column, range[0]);
  if (indent.trim() !== "") return refused("it stands in a list; write the entry by hand");
  const at = withComments(text, lineEnd(text, end), column);
  const lineBreak = lineBreakOf(text);
  const glue = at === text.length && !text.endsWith("\n") ? lineBreak : "";
  const lines = entryLines({ name, value }, indent).join(lineBreak);
  return { kind: "text", text: splice(text, [at, at], `${glue}${lines}${lineBreak}`) };
}

/** Behind the comments that are indented more than the mapping: they end what the entry before says. */
function withComments(text: string, from: number, column: number): number {
  let end = from;
  for (let at = from; at < text.length;) {
    const next = lineEnd(text, at);
    const line = text.slice(at, next).trimEnd();
    const isInner = line.trimStart().startsWith("#") && line.length - line.trimStart().length > column;
    if (!isInner && line !== "") break;
    if (isInner) end = next;
    at = next;
  }
  return end;
}

/** Mappings of mappings have a line for each entry, others stand on one. */
function entryLines({ name, value }: { name: string; value: Json }, indent: string): string[] {
  if (!isObject(value) || !Object.values(value).some(isObject))
    return [`${indent}${valueText(name)}: ${valueText(value)}`];
  const inner = Object.entries(value).flatMap(([part, one]) =>
    entryLines({ name: part, value: one }, `${indent}  `),
  );
  return [`${indent}${valueText(name)}:`, ...inner];
}
