import type { Json } from "../core/policy.ts";
import type { ProblemCode } from "../core/problem.ts";
import type { Limits } from "./limits.ts";
import type { SourceText } from "./source-text.ts";
import { clip, tooDeep, type Fault } from "./yaml-stream.ts";

/** Where a value stands, and what is inside it. */
export interface Spot {
  readonly offset: number;
  readonly entries?: ReadonlyMap<string, Entry>;
  readonly items?: readonly Spot[];
}

export interface Entry {
  readonly keyOffset: number;
  readonly spot: Spot;
}

export interface PlacedValue {
  readonly value: Json;
  readonly spot: Spot;
}

/** What an anchor gave: a value and what it weighs expanded, or `open` while it is being read. */
type Anchored = "open" | (PlacedValue & { readonly weight: Weight });

interface Weight {
  readonly values: number;
  readonly aliases: number;
  /** Levels of nesting below the value itself. */
  readonly height: number;
}

/** The state of reading one document: what was found so far, and how much of everything. */
export interface Reading {
  readonly source: SourceText;
  readonly limits: Limits;
  readonly faults: Fault[];
  readonly anchors: Map<string, Anchored>;
  values: number;
  aliases: number;
  /** The deepest level reached, to know the height of what is below an anchor. */
  deepest: number;
  overweight: boolean;
  tooHigh: boolean;
}

/** A node's level, counted from 1, its offset, and its dotted path. */
export interface At {
  readonly depth: number;
  readonly offset: number;
  readonly path: string;
}

const plainTags = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((tag) => `tag:yaml.org,2002:${tag}`),
);

export function startReading(source: SourceText, limits: Limits, faults: readonly Fault[]): Reading {
  const counts = { values: 0, aliases: 0, deepest: 0, overweight: false, tooHigh: false };
  return { source, limits, faults: [...faults], anchors: new Map(), ...counts };
}

export function addFault(reading: Reading, at: At, fault: { code: ProblemCode; message: string }): void {
  reading.faults.push({ ...fault, offset: at.offset, path: at.path });
}

/** Whether a bound on amounts or depth is passed here; it is said once, and nothing more is read. */
export function isBeyondBounds(reading: Reading, at: At): boolean {
  const { aliases, limits, values } = reading;
  reading.deepest = Math.max(reading.deepest, at.depth);
  if (!reading.overweight && (aliases > limits.aliases || values > limits.values)) {
    reading.overweight = true;
    const message =
      aliases > limits.aliases
        ? `the document uses aliases at least ${spell(aliases)} times, those inside of aliases included; at most ${limits.aliases} are followed: write fewer`
        : `the document holds at least ${spell(values)} values once its aliases are followed; at most ${limits.values} are read: split it`;
    addFault(reading, at, { code: "KS1105", message });
  }
  if (!reading.tooHigh && at.depth > limits.depth) {
    reading.tooHigh = true;
    addFault(reading, at, { code: "KS1106", message: tooDeep(limits) });
  }
  return reading.overweight || at.depth > limits.depth;
}

/** The YAML library resolves more tags than the plain ones without a word; what it does not know is a fault already. */
export function checkTag(reading: Reading, tag: string | undefined, at: At): void {
  if (tag === undefined || tag === "!" || plainTags.has(tag)) {
    return;
  }
  if (!reading.faults.some((fault) => fault.code === "KS1103")) {
    const message = `the tag ${clip(tag)} is not one of plain YAML; policies are plain YAML: delete the tag`;
    addFault(reading, at, { code: "KS1103", message });
  }
}

/** Notes that a name is given a second time in one mapping. */
export function addRepeat(reading: Reading, at: At, repeat: { name: string; first: number }): void {
  const { line } = reading.source.placeAt(repeat.first);
  const message = `"${clip(repeat.name)}" is given twice in one mapping, first on line ${line}; keep one of them`;
  addFault(reading, at, { code: "KS1102", message });
}

/** A number as it is, or null and a fault where a double cannot hold it. */
export function checkNumber(
  reading: Reading,
  at: At,
  number: { value: number; source: string },
): number | null {
  if (Math.abs(number.value) <= Number.MAX_SAFE_INTEGER) {
    // Minus zero is zero.
    return number.value + 0;
  }
  const message = `the number ${clip(number.source)} cannot be held without losing digits (the largest is 9007199254740991); give a smaller one, or put it in quotes if it is text`;
  addFault(reading, at, { code: "KS1108", message });
  return null;
}

function spell(amount: number): string {
  return amount > Number.MAX_SAFE_INTEGER ? "9007199254740991" : String(amount);
}
