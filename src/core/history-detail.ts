import { isObject } from "./canonical.ts";
import { requestEnds, type HistoryEntry, type RequestEnd } from "./history.ts";
import type { Json, JsonObject } from "./policy.ts";

/** A field as the line of a claim tells it. `from` is left out where the value before was not known. */
export interface FieldLine {
  readonly path: string;
  readonly from?: Json;
  readonly to: Json;
  readonly why: string;
  readonly file: string;
  readonly line: number;
  /** Where the value's own file comes from, where it is not the policy's. */
  readonly commit?: string;
  readonly author?: string;
  /** The field as it is stored. */
  readonly detail: JsonObject;
}

/** The fields that a line tells of; those that are not as this program writes them are left out. */
export function fieldsOf({ fields }: JsonObject): FieldLine[] {
  if (!Array.isArray(fields)) return [];
  return (fields as readonly Json[]).flatMap((field) => {
    const told = isObject(field) ? fieldFrom(field) : undefined;
    return told === undefined ? [] : [told];
  });
}

function fieldFrom(detail: JsonObject): FieldLine | undefined {
  const { path, from, to, why, file, line, commit, author } = detail;
  if (typeof path !== "string" || to === undefined || typeof why !== "string") return undefined;
  if (typeof file !== "string" || typeof line !== "number") return undefined;
  return {
    ...{ path, to, why, file, line, detail },
    ...(from === undefined ? {} : { from }),
    ...(typeof commit === "string" ? { commit } : {}),
    ...(typeof author === "string" ? { author } : {}),
  };
}

/** A reset of usage as the line of a claim tells it. */
export interface ResetLine {
  readonly token: string;
  readonly previous: string | null;
  /** When usage had been reset last, as far as that was known. */
  readonly lastResetAt?: string | null;
  readonly why: string;
  readonly file: string;
  readonly line: number;
}

/** The reset of usage that a claim tells of; undefined where there is none. */
export function resetOf({ reset }: JsonObject): ResetLine | undefined {
  if (reset === undefined || !isObject(reset)) return undefined;
  const { token, previous, lastResetAt, why, file, line } = reset;
  if (typeof token !== "string" || typeof why !== "string") return undefined;
  if (typeof file !== "string" || typeof line !== "number") return undefined;
  const last = typeof lastResetAt === "string" || lastResetAt === null ? { lastResetAt } : {};
  return { token, previous: typeof previous === "string" ? previous : null, ...last, why, file, line };
}

/** What a line about a read back says of a reset of usage; undefined where it says nothing. */
export function resetReadOf({ reset }: JsonObject): { token: string; kind: string } | undefined {
  if (reset === undefined || !isObject(reset)) return undefined;
  const { token, kind } = reset;
  return typeof token === "string" && typeof kind === "string" ? { token, kind } : undefined;
}

/** What the ledger had confirmed of a field before it was written, and when; undefined where the line does not say. */
export function confirmedBefore({ confirmed }: JsonObject): { value: Json; at: number } | undefined {
  if (!isObject(confirmed)) return undefined;
  const { value, at } = confirmed;
  return value !== undefined && typeof at === "number" ? { value, at } : undefined;
}

/**
 * The fields that were found as a request was to set them, where a line tells of that instead of an answer; undefined
 * where it tells of an answer.
 */
export function foundPaths({ found, fields }: JsonObject): readonly string[] | undefined {
  if (found !== true) return undefined;
  return Array.isArray(fields) ? fields.filter((path) => typeof path === "string") : [];
}

/** How a request ended, as far as it was learnt. What is found later cannot be the effect of one that was never sent. */
export function requestEndOf({ rest }: HistoryEntry): RequestEnd | null {
  const ends = rest.flatMap(({ event, detail }) => {
    const end = requestEnds.find((one) => one === event);
    return end === undefined ? [] : [{ end, isFound: foundPaths(detail) !== undefined }];
  });
  const answer = ends.findLast(({ isFound }) => !isFound)?.end;
  return answer === "withdrawn" ? answer : (ends.at(-1)?.end ?? null);
}

/** A field of which a read after a write was judged. */
interface ReadField {
  readonly path: string;
  readonly read: Json;
}

/** The fields that a line about a read back says do not read as they were set; undefined when it says none of any. */
export function contradictionsOf({ fields }: JsonObject): readonly ReadField[] | undefined {
  if (!Array.isArray(fields)) return undefined;
  return (fields as readonly Json[]).flatMap((field) => {
    if (!isObject(field) || field["shown"] !== false || typeof field["path"] !== "string") return [];
    return [{ path: field["path"], read: field["read"] ?? null }];
  });
}

/** The fields that, as a line about a read back says, no read shows: whether they took effect cannot be told. */
export function unprovableOf({ unprovable }: JsonObject): readonly string[] {
  return Array.isArray(unprovable) ? unprovable.filter((path) => typeof path === "string") : [];
}

/** Whether the file was not as the checked-out commit has it when the change was sent. */
export function isUncommitted(detail: JsonObject): boolean {
  return detail["uncommitted"] === true;
}

/** An instant for people and machines; a number that is none, as somebody may have stored it, as it is. */
export function instantText(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
}
