import { isObject } from "../core/canonical.ts";
import { readLiveKey } from "../core/live.ts";
import type { Json } from "../core/policy.ts";
import type { LiveRecord } from "../ports.ts";

/** One page of the list. */
export interface Page {
  readonly records: readonly LiveRecord[];
  /** How many keys there are in all; undefined when the answer does not say. */
  readonly total: number | undefined;
}

/** Whether a masked secret may be that of the key that we use. */
export type IsOwn = (masked: string) => boolean;

const nobodys: IsOwn = () => false;

/**
 * A key as a list or a GET carries it. The masked secret (`key`) goes no further than here; only whether it may be our own
 * does. Throws a TypeError when it is not a key.
 */
export function readRecord(json: Json, source: "list" | "get", isOwn = nobodys): LiveRecord {
  const key = readLiveKey(json, source);
  const { key: masked, ...raw } = isObject(json) ? json : {};
  return typeof masked === "string" && isOwn(masked) ? { key: { ...key, own: true }, raw } : { key, raw };
}

/** A list answer, `{object: "list", total, data: [...]}`. Throws a TypeError when it is not one. */
export function readPage(json: Json, isOwn = nobodys): Page {
  if (!isObject(json)) throw new TypeError("the list in the answer is not an object");
  const { data, total } = json;
  if (!Array.isArray(data)) throw new TypeError("the list in the answer has no `data`");
  return {
    records: (data as readonly Json[]).map((row) => readRecord(row, "list", isOwn)),
    total: readTotal(total),
  };
}

function readTotal(total: Json | undefined): number | undefined {
  if (total === undefined || total === null) return undefined;
  const number = typeof total === "string" && /^\d+$/.test(total) ? Number(total) : total;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
  throw new TypeError(`the list's \`total\` is not a count: ${JSON.stringify(total)}`);
}
