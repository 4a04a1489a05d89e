import type { LiveKey } from "./key.ts";
import type { KeyId } from "./policy.ts";

/** Which live keys are meant; all that is given must hold. */
export interface KeyFilter {
  /** Any of them. */
  readonly ids?: readonly KeyId[];
  /** A workspace as reads show it: a UUID. */
  readonly workspace?: string;
  readonly type?: string;
  /** A pattern for the name: `*` for any text, `?` for one character. */
  readonly name?: string;
}

export function matchesFilter(key: LiveKey, filter: KeyFilter): boolean {
  return (
    (filter.ids === undefined || filter.ids.includes(key.id)) &&
    (filter.workspace === undefined || filter.workspace.toLowerCase() === key.workspaceId?.toLowerCase()) &&
    (filter.type === undefined || filter.type === key.type) &&
    (filter.name === undefined || matchesGlob(key.name, filter.name))
  );
}

/**
 * Whether a text is as a pattern says, in which `*` stands for any text and `?` for one character. Walks both once, and
 * back to the last `*` where it must: no pattern makes it slow.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  const characters = Array.from(text);
  const signs = Array.from(pattern);
  let at = 0;
  let sign = 0;
  let star = -1;
  let resume = 0;
  while (at < characters.length) {
    if (signs[sign] === "*") {
      star = sign;
      resume = at;
      sign += 1;
    } else if (sign < signs.length && (signs[sign] === "?" || signs[sign] === characters[at])) {
      at += 1;
      sign += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      sign = star + 1;
    } else return false;
  }
  while (signs[sign] === "*") sign += 1;
  return sign === signs.length;
}
