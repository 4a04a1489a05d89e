import { describeValue } from "./describe.ts";

/* Sentences on how a policy says which keys it means: by keyId, keyIds or match. */

const ways = ["keyId", "keyIds", "match"];

export function describeNoKey(path: string): string {
  return `${path} names no key; add keyId with one UUID, keyIds with several, or match with attributes of live keys`;
}

export function describeSeveralWays(path: string, spec: unknown): string {
  const found = ways.filter((way) => Object.hasOwn(spec as object, way));
  return `${path} has both ${found.join(" and ")}; keep one of them`;
}

/** An empty mapping where one must ask for something: `match`, or `metadata` in it. */
export function describeEmptyMatch(path: string): string {
  return path === "spec.match"
    ? `${path} is empty and would select every key; give an attribute, or name: "*" where every key is meant`
    : `${path} is empty and asks for nothing; give a value that must be there, or leave it out`;
}

export function describeWorkspace(path: string, value: unknown): string {
  const found = `${path} is ${describeValue(value)}, which is not a UUID, and reads show a workspace by nothing else`;
  return `${found}; give its UUID, not its slug`;
}
