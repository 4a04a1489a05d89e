import type { KeyId } from "./policy.ts";
import { compareTexts } from "./texts.ts";

/*
 * Names for the policies of keys that have none yet. A key's name is free text and need not be unique; a policy's name
 * is a word that is also the name of its file, on every file system.
 *
 *   in the key's name                            in the policy's
 *   letters with accents                         without them
 *   capitals                                     small letters: two files that differ in case are one file to some
 *   anything but a-z, 0-9, dot, dash, underscore a dash
 *   a dot, dash or underscore at either end      nothing: files that begin with a dot or an underscore are not read
 *   more than 60 characters                      60
 *   nothing that is left, or `con`, `nul`, ...   `key`, or `key-con`
 *   a name that is taken, or of several keys     an id behind it: eight digits, or all where those are taken too
 */

const longest = 60;
const nameless = "key";

/** What Windows takes for a device, whatever follows the dot. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** A key's name as a word that a policy, a file or a folder can have. */
export function policyWord(name: string): string {
  const word = name
    .slice(0, 1000)
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/[._-]{2,}/g, (run) => run.charAt(0))
    .replace(/^[._-]+/, "")
    .slice(0, longest)
    .replace(/[._-]+$/, "");
  if (word === "") return nameless;
  return devices.test(word) ? `${nameless}-${word}` : word;
}

/**
 * A name for each key, none of them twice and none of them taken; `taken` holds small letters. The same keys get the same
 * names, whatever order they come in.
 */
export function policyNames(
  keys: readonly { readonly id: KeyId; readonly name: string }[],
  taken: ReadonlySet<string>,
): ReadonlyMap<KeyId, string> {
  const words = keys.map(({ id, name }) => ({ id, word: policyWord(name) }));
  const counts = new Map<string, number>();
  for (const { word } of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const isItsOwn = (word: string): boolean => word !== nameless && counts.get(word) === 1 && !taken.has(word);
  const names = new Map<KeyId, string>();
  for (const { id, word } of words) if (isItsOwn(word)) names.set(id, word);
  const used = new Set([...taken, ...names.values()]);
  for (const { id, word } of words.toSorted((a, b) => compareTexts(a.id, b.id))) {
    if (names.has(id)) continue;
    const short = `${word}-${id.slice(0, 8)}`;
    const name = used.has(short) ? `${word}-${id}` : short;
    names.set(id, name);
    used.add(name);
  }
  return names;
}
