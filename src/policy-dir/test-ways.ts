import { describeValue } from "./describe.ts";

/* Sentences on what a case of a policy test is given and expects. */

const ways = ["policy", "key", "sample"];

/** The path of what a case is given. */
export const givenPath = /^spec\.cases\[\d+\]\.given$/;

/** The paths of what must not be empty in a case. */
export const casePart = /^spec\.cases\[\d+\]\.(?:expect|given\.key)$/;

/** The path of a case's own name. */
export const caseName = /^spec\.cases\[\d+\]\.name$/;

export function describeNothingGiven(path: string): string {
  return `${path} says of nothing what the case is about; add policy with a name, key with attributes of a live key, or sample with a policy of its own`;
}

export function describeSeveralGiven(path: string, given: unknown): string {
  const found = ways.filter((way) => Object.hasOwn(given as object, way));
  return `${path} has both ${found.join(" and ")}; keep one of them`;
}

export function describeEmptyPart(path: string): string {
  return path.endsWith(".expect")
    ? `${path} is empty, so nothing could fail; add key, policy, mode, unmanaged or problems`
    : `${path} is empty; give an attribute of the key, such as type or name`;
}

export function describeBlankName(path: string, name: unknown): string {
  return `${path} is ${describeValue(name)}; it must say which rule the case holds: fill it in`;
}
