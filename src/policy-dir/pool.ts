/*
 * Ten thousand files say the same few words: field names, units, scopes, teams. What the parser gives for each is a
 * string of its own, and often a window into the file's whole text, which it keeps alive. Policies are kept as long as
 * their files, so equal short texts are made one string here: a third of what the policies take.
 */
const pool = new Map<string, string>();

/** The pool is emptied when it is full; what is forgotten is only kept twice. */
const mostTexts = 5_000;

/** Long ones are hardly ever said twice. */
const longestText = 100;

/** The same text; for a short one that was met before the same string, and never a window into a larger one. */
export function pooled(text: string): string {
  if (text.length > longestText) {
    return text;
  }
  const known = pool.get(text);
  if (known !== undefined) {
    return known;
  }
  if (pool.size >= mostTexts) {
    pool.clear();
  }
  // The way to a string of its own that keeps every text, also one that is no sound Unicode, as it is.
  const own = JSON.parse(JSON.stringify(text)) as string;
  pool.set(own, own);
  return own;
}
