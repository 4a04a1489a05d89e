import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Json } from "../core/policy.ts";
import { itemPath, joinPath } from "./document-path.ts";
import type { Limits } from "./limits.ts";
import { pooled } from "./pool.ts";
import type { SourceText } from "./source-text.ts";
import {
  addFault,
  addRepeat,
  checkNumber,
  checkTag,
  isBeyondBounds,
  startReading,
  type At,
  type Entry,
  type PlacedValue,
  type Reading,
} from "./yaml-reading.ts";
import { clip, type Fault, type YamlDocument } from "./yaml-stream.ts";

/*
 * From YAML nodes to plain, frozen values, with a place for each of them.
 *
 * Own code rather than the library's `toJS`, because policies ask for more than values: where each stands (also through
 * an alias or a merge key), names compared as JSON sees them (`1:` and `"1":` are one name), no digits lost in numbers,
 * and bounds that hold. An alias is not expanded: it is the very object its anchor gave, and what it would weigh
 * expanded is added up, so that a bomb is refused after as many steps as it has lines.
 *
 *   found                                what happens
 *   name twice in a mapping              KS1102, at the second
 *   tag beyond plain YAML                KS1103
 *   alias unknown, circular, too many    KS1105
 *   nesting beyond the bound             KS1106
 *   number that would lose digits        KS1108
 *   name that is no text                 KS1203
 */

const absent: PlacedValue = { value: null, spot: { offset: 0 } };

/** The value of a document; undefined where the document is empty. With any fault the value is not to be used. */
export function readValue(
  document: YamlDocument,
  source: SourceText,
  limits: Limits,
): { readonly read: PlacedValue | undefined; readonly faults: readonly Fault[] } {
  const { content } = document;
  if (content === null || (isScalar(content) && content.value === null && content.source === "")) {
    return { read: undefined, faults: document.faults };
  }
  const reading = startReading(source, limits, document.faults);
  const read = readNode(reading, content, { depth: 1, offset: 0, path: "" });
  return { read, faults: reading.faults };
}

function readNode(reading: Reading, node: unknown, parent: At): PlacedValue {
  if (isAlias(node)) {
    return readAlias(reading, node, { ...parent, offset: node.range?.[0] ?? parent.offset });
  }
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) {
    return { value: null, spot: { offset: parent.offset } };
  }
  const at = { ...parent, offset: node.range?.[0] ?? parent.offset };
  const before = { values: reading.values, aliases: reading.aliases, deepest: reading.deepest };
  reading.values += 1;
  if (isBeyondBounds(reading, at)) {
    return absent;
  }
  checkTag(reading, node.tag, at);
  if (node.anchor === undefined) {
    return readContent(reading, node, at);
  }
  reading.anchors.set(node.anchor, "open");
  reading.deepest = at.depth;
  const placed = readContent(reading, node, at);
  const weight = {
    values: reading.values - before.values,
    aliases: reading.aliases - before.aliases,
    height: reading.deepest - at.depth,
  };
  reading.deepest = Math.max(before.deepest, reading.deepest);
  reading.anchors.set(node.anchor, { ...placed, weight });
  return placed;
}

function readAlias(reading: Reading, alias: Alias, at: At): PlacedValue {
  const name = clip(alias.source);
  const target = reading.anchors.get(alias.source);
  if (target === undefined) {
    const message = `the alias *${name} has no anchor &${name} before it in this document (anchors end with their document); add the anchor or write the value out`;
    addFault(reading, at, { code: "KS1105", message });
    return absent;
  }
  if (target === "open") {
    const message = `the alias *${name} stands inside of the value it means, which would never end; write the value out`;
    addFault(reading, at, { code: "KS1105", message });
    return absent;
  }
  reading.values += target.weight.values;
  reading.aliases += 1 + target.weight.aliases;
  return isBeyondBounds(reading, { ...at, depth: at.depth + target.weight.height }) ? absent : target;
}

function readContent(reading: Reading, node: Scalar | YAMLMap | YAMLSeq, at: At): PlacedValue {
  if (isScalar(node)) {
    return { value: scalarValue(reading, node, at), spot: { offset: at.offset } };
  }
  if (isMap(node)) {
    return readMap(reading, node, at);
  }
  const items = node.items.map((item, index) =>
    readNode(reading, item, { ...at, depth: at.depth + 1, path: itemPath(at.path, index) }),
  );
  return {
    value: Object.freeze(items.map((item) => item.value)),
    spot: { offset: at.offset, items: items.map((item) => item.spot) },
  };
}

function scalarValue(reading: Reading, node: Scalar, at: At): Json {
  const { value } = node;
  if (typeof value === "number") {
    return checkNumber(reading, at, { value, source: node.source ?? String(value) });
  }
  if (typeof value === "string") {
    return pooled(value);
  }
  return typeof value === "boolean" ? value : null;
}

function readMap(reading: Reading, map: YAMLMap, at: At): PlacedValue {
  const values: Record<string, Json> = {};
  const entries = new Map<string, Entry>();
  const merges: PlacedValue[] = [];
  let mergeOffset: number | undefined;
  for (const pair of map.items) {
    const here = { ...at, offset: offsetOf(pair.key) ?? at.offset };
    if (isMergeKey(pair)) {
      if (mergeOffset !== undefined) {
        addRepeat(reading, here, { name: "<<", first: mergeOffset });
      }
      mergeOffset = here.offset;
      merges.push(...readMerge(reading, pair.value, here));
      continue;
    }
    const name = readName(reading, pair.key, here);
    const path = name === undefined ? at.path : joinPath(at.path, name);
    const placed = readNode(reading, pair.value, { ...here, depth: at.depth + 1, path });
    if (isLeftOut(pair.value)) addLeftOut(reading, { ...here, path });
    const before = name === undefined ? undefined : entries.get(name);
    if (name !== undefined && before === undefined) {
      values[name] = placed.value;
      entries.set(name, { keyOffset: here.offset, spot: placed.spot });
    } else if (name !== undefined && before !== undefined) {
      addRepeat(reading, { ...here, path }, { name, first: before.keyOffset });
    }
  }
  for (const merged of merges) {
    mergeInto(values, entries, merged);
  }
  return { value: Object.freeze(values), spot: { offset: at.offset, entries } };
}

/** What stands in the mapping itself beats what is merged in, and an earlier merge beats a later one. */
function mergeInto(values: Record<string, Json>, entries: Map<string, Entry>, merged: PlacedValue): void {
  for (const [name, entry] of merged.spot.entries ?? []) {
    if (!entries.has(name)) {
      values[name] = (merged.value as Record<string, Json>)[name] ?? null;
      entries.set(name, entry);
    }
  }
}

function readMerge(reading: Reading, node: unknown, at: At): PlacedValue[] {
  const path = joinPath(at.path, "<<");
  const placed = readNode(reading, node, { ...at, depth: at.depth + 1, path });
  if (placed === absent) {
    return [];
  }
  const values = placed.value as readonly Json[];
  const parts = placed.spot.items?.map((spot, index) => ({ spot, value: values[index] ?? null })) ?? [placed];
  if (parts.some((part) => part.spot.entries === undefined)) {
    const message =
      "the merge key << takes a mapping or a list of mappings, found something else; name an anchor of a mapping (<<: *name)";
    addFault(reading, { ...at, offset: placed.spot.offset, path }, { code: "KS1203", message });
    return [];
  }
  return parts;
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.type === "PLAIN" && pair.key.source === "<<";
}

/** A field's name as text: `1` and `"1"` are the same name. Undefined, with a fault, where it is none. */
function readName(reading: Reading, node: unknown, at: At): string | undefined {
  const { value } = readNode(reading, node, at);
  const source = isScalar(node) && value !== null ? node.source : undefined;
  const other =
    typeof value === "number" || typeof value === "boolean" ? (source ?? String(value)) : undefined;
  const name = typeof value === "string" ? value : other;
  if (reading.overweight || (name !== undefined && name !== "__proto__")) {
    return name;
  }
  const found = name ?? (value === null ? "nothing" : "a list or a mapping");
  const message = `the name of a field must be plain text, found ${found}; put another name before the colon`;
  addFault(reading, at, { code: "KS1203", message });
  return undefined;
}

function isLeftOut(node: unknown): boolean {
  return (
    node === null || (isScalar(node) && node.value === null && node.source === "" && node.tag === undefined)
  );
}

/** `null` empties a field of a key: a file that was cut off after a colon must not read like it. */
function addLeftOut(reading: Reading, at: At): void {
  const message = `${at.path} has no value; write one, or null where it is to be empty`;
  addFault(reading, at, { code: "KS1202", message });
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
