import type { Canonical } from "./key.ts";
import { isObject, limitName } from "./canonical.ts";

/**
 * Which way a change goes. `tightens`: the key can do or spend less than before. `loosens`: it can do or spend more, or
 * the two cannot be compared. `neutral`: neither, or what was there before is not known.
 */
export type Rank = "tightens" | "neutral" | "loosens";

/** How a change from one canonical value to another is ranked; `from` is undefined when it is unknown. */
export type Direction = (from: Canonical | undefined, to: Canonical) => Rank;

/** A change of several parts: one that loosens makes the whole loosen. */
export function worstRank(ranks: readonly Rank[]): Rank {
  if (ranks.includes("loosens")) return "loosens";
  return ranks.includes("tightens") ? "tightens" : "neutral";
}

/** For what grants or limits nothing. */
export function neutral(): Rank {
  return "neutral";
}

/** For an upper limit: absent is no limit, lower is tighter. */
export function upperLimit(from: Canonical | undefined, to: Canonical): Rank {
  return compareAmounts(amount(from, Infinity), amount(to, Infinity));
}

/** For a period after which something is granted again: absent is never, longer is tighter. */
export function refillPeriod(from: Canonical | undefined, to: Canonical): Rank {
  return compareAmounts(-amount(from, Infinity), -amount(to, Infinity));
}

/** For an instant at which access ends: absent is never, earlier is tighter. */
export function endOfAccess(from: Canonical | undefined, to: Canonical): Rank {
  return compareAmounts(instant(from), instant(to));
}

/** For permissions: fewer is tighter. */
export function permissions(from: Canonical | undefined, to: Canonical): Rank {
  if (from === undefined) return "neutral";
  const before = new Set(Array.isArray(from) ? from : []);
  const after = new Set(Array.isArray(to) ? to : []);
  if ([...after].some((scope) => !before.has(scope))) return "loosens";
  return [...before].some((scope) => !after.has(scope)) ? "tightens" : "neutral";
}

/** For rate limits: each pair of type and unit is an upper limit of its own. */
export function rateLimits(from: Canonical | undefined, to: Canonical): Rank {
  if (from === undefined) return "neutral";
  const before = limitsByName(from);
  const after = limitsByName(to);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return worstRank(names.map((name) => upperLimit(before.get(name) ?? null, after.get(name) ?? null)));
}

/** For a switch whose `true` grants something; unset counts as `true`, Portkey's documented default. */
export function grantedByDefault(from: Canonical | undefined, to: Canonical): Rank {
  if (from === undefined || (from === false) === (to === false)) return "neutral";
  return to === false ? "tightens" : "loosens";
}

/** For a unit of account (money or tokens): a limit in another unit cannot be compared. */
export function unitOfAccount(from: Canonical | undefined, to: Canonical): Rank {
  return from === undefined || from === null || from === to ? "neutral" : "loosens";
}

function compareAmounts(before: number, after: number): Rank {
  if (Number.isNaN(before) || Number.isNaN(after) || before === after) return "neutral";
  return after < before ? "tightens" : "loosens";
}

function amount(value: Canonical | undefined, whenEmpty: number): number {
  if (value === undefined) return NaN;
  return typeof value === "number" ? value : whenEmpty;
}

function instant(value: Canonical | undefined): number {
  if (value === undefined) return NaN;
  return typeof value === "string" ? Date.parse(value) : Infinity;
}

function limitsByName(limits: Canonical): ReadonlyMap<string, Canonical> {
  if (!Array.isArray(limits)) return new Map();
  return new Map(limits.filter(isObject).map((limit) => [limitName(limit), limit["value"] ?? null]));
}
