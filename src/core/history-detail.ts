import { isObject } from "./canonical.ts";
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

/** Whether the file was not as the checked-out commit has it when the change was sent. */
export function isUncommitted(detail: JsonObject): boolean {
  return detail["uncommitted"] === true;
}

/** An instant for people and machines; a number that is none, as somebody may have stored it, as it is. */
export function instantText(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
}
