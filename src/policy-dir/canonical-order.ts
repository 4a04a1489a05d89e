/*
 * Puts the names of a document's mappings in the order in which the schema lists them, and leaves alone what order could
 * mean something for:
 *
 *   a mapping with a merge key (<<)           its names stay where they are: readers differ on what wins
 *   anchors and aliases                       an order in which an alias would mean another anchor, or none, is not taken
 *   names that the schema does not know       behind those it knows, in their own order
 *   labels, metadata                          their own order: the names are free
 *
 * Comments go with the entry that they stand above. What stands above the first entry of a document is the document's
 * head (a modeline, what the file is for) and stays on top. The library keeps a comment above the first entry of an inner
 * mapping with the mapping: that one is handed to the entry before the entry moves.
 */
import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, visit } from "yaml";
import type { Document, Node, Pair, YAMLMap } from "yaml";
import type { Shape } from "./schema-order.ts";

/** Sorts in place. */
export function putInOrder(document: Document, shapeOfKind: (kind: string) => Shape): void {
  const root = document.contents;
  if (!isMap(root)) return;
  const kind = root.get("kind");
  const shape = shapeOfKind(typeof kind === "string" ? kind : "");
  const order = { document, meant: meanings(document), named: namedAnchors(document) };
  sortInside(order, { node: root, shape, stands: "alone" });
}

interface Ordered {
  readonly document: Document;
  /** What each alias means, before and after: an order that changes it is not taken. */
  readonly meant: ReadonlyMap<Node, Node | undefined>;
  /** The names of anchors that an alias names; no other one matters. */
  readonly named: ReadonlySet<string>;
}

interface Part {
  readonly node: unknown;
  readonly shape: Shape;
  /** As a document, behind a name, or in a list. */
  readonly stands: "alone" | "named" | "listed";
}

function sortInside(order: Ordered, { node, shape, stands }: Part): void {
  if (isSeq(node))
    for (const item of node.items) sortInside(order, { node: item, shape: shape.item(), stands: "listed" });
  if (!isMap(node)) return;
  const formerly = node.items[0];
  // Below `- &anchor` a comment above the first entry would be taken for one of the item.
  const isFixed = stands === "listed" && node.anchor !== undefined;
  if (!isFixed) sortMap(order, node, shape.names);
  moveHead(node, formerly, stands);
  for (const pair of node.items) {
    const name = nameOf(pair);
    if (name !== undefined)
      sortInside(order, { node: pair.value, shape: shape.inside(name), stands: "named" });
  }
}

function sortMap({ document, meant, named }: Ordered, map: YAMLMap, names: readonly string[]): void {
  if (names.length === 0 || map.items.some((pair) => nameOf(pair) === "<<")) return;
  const rank = (pair: Pair): number => {
    const place = names.indexOf(nameOf(pair) ?? "");
    return place < 0 ? names.length : place;
  };
  const before = [...map.items];
  const after = before.toSorted((a, b) => rank(a) - rank(b));
  if (after.every((pair, index) => pair === before[index])) return;
  map.items.splice(0, Infinity, ...after);
  if (named.size > 0 && hasAnchors(map, named) && !isSameMeaning(meant, meanings(document)))
    map.items.splice(0, Infinity, ...before);
}

/** Lets the comments above what was first go with it, or, at the top of a document, stay where they are. */
function moveHead(map: YAMLMap, formerly: Pair | undefined, stands: Part["stands"]): void {
  const [first] = map.items;
  if (first === formerly || !isNode(first?.key) || !isNode(formerly?.key)) return;
  first.key.spaceBefore = false;
  if (stands === "alone") {
    first.key.commentBefore = joined(formerly.key.commentBefore, first.key.commentBefore);
    formerly.key.commentBefore = null;
  } else if (stands === "named") {
    // Above an item of a list stands what is said of the whole item.
    formerly.key.commentBefore = joined(map.commentBefore, formerly.key.commentBefore);
    map.commentBefore = null;
  }
}

function joined(a: string | null | undefined, b: string | null | undefined): string | null {
  const parts = [a, b].filter((part) => typeof part === "string" && part !== "");
  return parts.length === 0 ? null : parts.join("\n");
}

/** Whether a mapping holds an alias, or an anchor that some alias may mean. */
function hasAnchors(map: YAMLMap, named: ReadonlySet<string>): boolean {
  let found = false;
  visit(map, {
    Node(_key, node) {
      found ||= isAlias(node) || (node.anchor !== undefined && named.has(node.anchor));
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function namedAnchors(document: Document): ReadonlySet<string> {
  const named = new Set<string>();
  visit(document, { Alias: (_key, { source }) => void named.add(source) });
  return named;
}

/** For each alias the node that it means. */
function meanings(document: Document): ReadonlyMap<Node, Node | undefined> {
  const anchors = new Map<string, Node>();
  const meant = new Map<Node, Node | undefined>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) meant.set(node, anchors.get(node.source));
      else if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined)
        anchors.set(node.anchor, node);
    },
  });
  return meant;
}

function isSameMeaning(a: ReturnType<typeof meanings>, b: ReturnType<typeof meanings>): boolean {
  return [...a].every(([alias, node]) => b.get(alias) === node);
}

function nameOf(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}
