/*
 * How much somebody can do with a key: in which order people should look at keys that nobody governs. The first row in
 * which two keys differ decides.
 *
 *   1  usable               a key that is expired comes last
 *   2  type                 organisation-service, workspace-service, workspace-user; a type that nobody knows comes first
 *   3  the strongest scope  manages keys, users, workspaces, settings; then changes anything else, or cannot be told;
 *                           then uses (completions, logs, tools); then reads
 *   4  budget               none before one
 *   5  rate limit           none before one
 *   6  end                  never before one day
 *   7  how many scopes      more before fewer
 *   8  id                   so that the order is the same on every run
 */
import { isObject } from "./canonical.ts";
import type { LiveKey } from "./key.ts";
import { compareTexts } from "./texts.ts";

export interface Power {
  readonly id: string;
  /** The rows 1 to 7 as numbers; a larger one is more powerful. */
  readonly order: readonly number[];
  /** What makes the key powerful, in a few words each. */
  readonly reasons: readonly string[];
}

export function powerOf(key: LiveKey): Power {
  const scopes = textsOf(key.fields.get("scopes"));
  const reach = reachOf(scopes);
  const budget = key.fields.get("usage_limits");
  const hasBudget = isObject(budget) && (budget["credit_limit"] ?? null) !== null;
  const hasRateLimit = (key.fields.get("rate_limits") ?? null) !== null;
  const ends = (key.fields.get("expires_at") ?? null) !== null;
  const isUsable = key.status !== "expired";
  return {
    id: key.id,
    order: [
      Number(isUsable),
      typePower[key.type] ?? unknownType,
      reach.level,
      Number(!hasBudget),
      Number(!hasRateLimit),
      Number(!ends),
      scopes.length,
    ],
    reasons: [
      ...(isUsable ? [] : ["expired"]),
      ...(key.type in typePower ? [] : ["a type that is not known here"]),
      ...reach.words,
      ...(hasBudget ? [] : ["no budget"]),
      ...(hasRateLimit ? [] : ["no rate limit"]),
      ...(ends ? [] : ["never expires"]),
    ],
  };
}

/** Sorts the most powerful first. */
export function comparePower(a: Power, b: Power): number {
  for (const [row, value] of a.order.entries()) {
    const difference = (b.order[row] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return compareTexts(a.id, b.id);
}

const typePower: Readonly<Record<string, number>> = {
  "organisation-service": 3,
  "workspace-service": 2,
  "workspace-user": 1,
};
const unknownType = 4;

/** What a scope is about, by its family; the first that fits. */
const managed: readonly { readonly what: string; readonly level: number; readonly family: RegExp }[] = [
  { what: "keys", level: 6, family: /_api_keys$/ },
  { what: "users", level: 5, family: /_users$/ },
  { what: "workspaces", level: 4, family: /^workspaces$/ },
  { what: "organisation settings", level: 3, family: /^organisation_settings$/ },
];
const changes = 2;
const uses = 1;
const reads = 0;

const reading = new Set(["list", "read", "view", "export"]);
const using = new Set(["write", "invoke", "render"]);

interface Reach {
  readonly level: number;
  readonly words: readonly string[];
}

function reachOf(scopes: readonly string[]): Reach {
  const split = scopes.map((scope) => {
    const dot = scope.lastIndexOf(".");
    return { family: scope.slice(0, Math.max(dot, 0)) || scope, verb: scope.slice(dot + 1) };
  });
  const strong = split.filter(({ verb }) => !reading.has(verb) && !using.has(verb));
  const words: string[] = [];
  let level = split.some(({ verb }) => using.has(verb)) ? uses : reads;
  if (strong.length > 0) level = changes;
  for (const one of managed) {
    const verbs = strong.filter(({ family }) => one.family.test(family)).map(({ verb }) => verb);
    if (verbs.length === 0) continue;
    level = Math.max(level, one.level);
    words.push(`can ${spell([...new Set(verbs)].sort())} ${one.what}`);
  }
  const rest = strong.filter(({ family }) => !managed.some((one) => one.family.test(family)));
  const families = [...new Set(rest.map(({ family }) => family))].sort();
  if (families.length > 0) words.push(`can change ${shortList(families)}`);
  return { level, words };
}

function spell(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

function shortList(words: readonly string[]): string {
  return words.length <= 3 ? spell(words) : `${words.slice(0, 2).join(", ")} and ${words.length - 2} more`;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
