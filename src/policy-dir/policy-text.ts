import { Document, isScalar, Pair, Scalar, visit, YAMLMap, YAMLSeq } from "yaml";
import type { Statement } from "../core/import-fields.ts";
import type { FieldPath } from "../core/key.ts";
import type { Json, KeyId } from "../core/policy.ts";
import { unprintable, writtenOut } from "./scalar-text.ts";

/** A policy for one key, before it is text. Comments are lines without the sign. */
export interface PolicyOutline {
  readonly name: string;
  readonly keyId: KeyId;
  /** Where the schema is, as seen from the file; null for no pointer to it. */
  readonly schema: string | null;
  /** In the order in which they are to stand. */
  readonly statements: readonly Statement[];
  readonly keyComments: readonly string[];
  /** Comments above a field, by its path. */
  readonly fieldComments: ReadonlyMap<FieldPath, string>;
  /** Comments above the `key` block. */
  readonly blockComments: readonly string[];
}

/** The outline as YAML: two blanks a level, one entry a line, so that an edit is a small difference. */
export function policyText(outline: PolicyOutline): string {
  const { name, keyId, schema } = outline;
  const key = keyMap(outline);
  const spec = new YAMLMap();
  spec.items.push(pair("keyId", scalar(keyId), outline.keyComments));
  spec.items.push(pair("key", key, outline.blockComments));
  const pointer = schema === null ? [] : [`yaml-language-server: $schema=${schema}`];
  const root = new YAMLMap();
  root.items.push(
    pair("apiVersion", scalar("keysteward/v1"), pointer),
    pair("kind", scalar("KeyPolicy")),
    pair("metadata", mapOf({ name })),
    pair("spec", spec),
  );
  // What older tools would take for a switch, a number or a date is put in quotes, too.
  const document = new Document(root, { version: "1.2", schema: "core", compat: "yaml-1.1" });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === "string" && unprintable.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({
    lineWidth: 0,
    blockQuote: false,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  // Comments hold none of these, and a text that holds one stands in double quotes: there an escape is the same text.
  return writtenOut(text);
}

/** Text from outside as a comment: one line, nothing that nobody sees. */
function commentText(text: string): string {
  return text.replace(/[\t\n]/g, " ").replace(new RegExp(unprintable, "gu"), "\ufffd");
}

function keyMap({ statements, fieldComments }: PolicyOutline): YAMLMap {
  const map = new YAMLMap();
  const groups = new Map<string, YAMLMap>();

  function groupAt(path: FieldPath): YAMLMap {
    const known = groups.get(path);
    if (known !== undefined) return known;
    const made = new YAMLMap();
    groups.set(path, made);
    const [outer, name] = splitPath(path);
    const comment = fieldComments.get(path);
    (outer === "" ? map : groupAt(outer)).items.push(
      pair(name, made, comment === undefined ? [] : [comment]),
    );
    return made;
  }

  for (const { path, value } of statements) {
    const [outer, name] = splitPath(path);
    const comment = fieldComments.get(path);
    (outer === "" ? map : groupAt(outer)).items.push(
      pair(name, nodeFor(value), comment === undefined ? [] : [comment]),
    );
  }
  return map;
}

/** A field's path as the path of what holds it and its name there; metadata names hold dots of their own. */
function splitPath(path: FieldPath): readonly [outer: string, name: string] {
  const metadata = "defaults.metadata";
  if (path.startsWith(`${metadata}.`)) return [metadata, path.slice(metadata.length + 1)];
  const dot = path.lastIndexOf(".");
  return dot < 0 ? ["", path] : [path.slice(0, dot), path.slice(dot + 1)];
}

function pair(name: string, value: Scalar | YAMLMap | YAMLSeq, comments: readonly string[] = []): Pair {
  const key = scalar(name);
  if (comments.length > 0) key.commentBefore = comments.map((line) => ` ${commentText(line)}`).join("\n");
  return new Pair(key, value);
}

function scalar(value: string | number | boolean | null): Scalar {
  return new Scalar(value);
}

/** Lists have an item a line; what an item consists of stands on that line. */
function nodeFor(value: Json): Scalar | YAMLMap | YAMLSeq {
  if (value === null || typeof value !== "object") return scalar(value);
  if (!Array.isArray(value)) return mapOf(value as { readonly [name: string]: Json });
  const list = new YAMLSeq();
  for (const item of value as readonly Json[]) {
    const node = nodeFor(item);
    if (!isScalar(node)) node.flow = true;
    list.items.push(node);
  }
  return list;
}

function mapOf(entries: { readonly [name: string]: Json }): YAMLMap {
  const map = new YAMLMap();
  for (const [name, value] of Object.entries(entries)) map.items.push(pair(name, nodeFor(value)));
  return map;
}
