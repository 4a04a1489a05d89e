/*
 * From two values of a field to what a person compares: a list as what was added and taken away, rate limits by type and
 * unit, everything else as before and after.
 */
import { isObject, limitName } from "../core/canonical.ts";
import type { Canonical, FieldPath } from "../core/key.ts";
import type { Json, JsonObject } from "../core/policy.ts";

export type ValueDelta =
  | { readonly kind: "value"; readonly from: string; readonly to: string }
  | { readonly kind: "items"; readonly items: readonly ItemDelta[] };

export type ItemDelta =
  | { readonly sign: "+" | "-"; readonly text: string }
  | { readonly sign: "~"; readonly text: string; readonly from: string; readonly to: string };

/** `from` is undefined when it is not known: then there is nothing to compare. */
export function valueDelta(path: FieldPath, from: Canonical | undefined, to: Canonical): ValueDelta {
  if (from === undefined) return { kind: "value", from: "unseen", to: valueText(to) };
  if (path === "rate_limits") return { kind: "items", items: limitItems(from, to) };
  if (path === "scopes" || path === "alert_emails") return { kind: "items", items: setItems(from, to) };
  return { kind: "value", from: valueText(from), to: valueText(to) };
}

/** A value as people write it: amounts and plain words as they are, other text in quotes, objects by their parts. */
function valueText(value: Canonical): string {
  if (value === null) return "(empty)";
  if (typeof value === "string") return /^[\w.:@+/-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(itemText).join(", ");
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return `{ ${parts.map(([name, part]) => `${valueText(name)}: ${valueText(part)}`).join(", ")} }`;
}

function itemText(item: Json): string {
  return isLimit(item) ? `${limitWord(item)} ${valueText(item["value"] ?? null)}` : valueText(item);
}

function setItems(from: Canonical, to: Canonical): ItemDelta[] {
  const before = listOf(from).map(valueText);
  const after = listOf(to).map(valueText);
  const added = after.filter((text) => !before.includes(text));
  const removed = before.filter((text) => !after.includes(text));
  return [
    ...added.map((text): ItemDelta => ({ sign: "+", text })),
    ...removed.map((text): ItemDelta => ({ sign: "-", text })),
  ];
}

function limitItems(from: Canonical, to: Canonical): ItemDelta[] {
  const before = limitsByWord(from);
  const after = limitsByWord(to);
  const words = [...new Set([...before.keys(), ...after.keys()])].sort();
  return words.flatMap((word): ItemDelta[] => {
    const [old, fresh] = [before.get(word), after.get(word)];
    if (old === fresh) return [];
    if (old === undefined) return [{ sign: "+", text: `${word} ${fresh ?? ""}` }];
    if (fresh === undefined) return [{ sign: "-", text: `${word} ${old}` }];
    return [{ sign: "~", text: word, from: old, to: fresh }];
  });
}

/** Two limits of one type and unit count as one with both amounts: no policy has them, but a key may. */
function limitsByWord(limits: Canonical): ReadonlyMap<string, string> {
  const byWord = new Map<string, string>();
  for (const limit of listOf(limits).filter(isLimit)) {
    const before = byWord.get(limitWord(limit));
    const amount = valueText(limit["value"] ?? null);
    byWord.set(limitWord(limit), before === undefined ? amount : `${before} and ${amount}`);
  }
  return byWord;
}

function isLimit(item: Json): item is JsonObject {
  return isObject(item) && "type" in item && "unit" in item;
}

/** `requests/rpm`. */
function limitWord(limit: JsonObject): string {
  return limitName(limit).replace(" per ", "/");
}

function listOf(value: Canonical): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
