/*
 * Patterns in guardrails.
 *
 * A pattern comes from the reviewed repository, but the texts that it judges come from the control plane, too, where
 * whoever may edit a key chooses its name and its metadata. V8 matches by backtracking, and there is no way to break a
 * match off. So:
 *
 * - a pattern that can take exponential time is refused: one that repeats something which can itself be matched in several
 *   ways, unless a sign that occurs nowhere else in it marks where each round begins or ends (`(-[a-z]+)*` is fine,
 *   `([a-z]+)*` is not); and back references;
 * - what is left takes at most some power of the length, and no text longer than `longestText` is matched: it counts as one
 *   that cannot be judged, and so offends. Portkey's names have 100 characters at most, descriptions 200.
 */

const longestPattern = 300;
const longestText = 300;

/** So many rounds that the ways to divide a text among them are too many to be tried. */
const manyRounds = 10;

/** What is wrong with a pattern, as a sentence; undefined when it can be used. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > longestPattern) return `it is longer than ${longestPattern} characters`;
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (/\\(?:[1-9]|k<)/.test(pattern.replaceAll("\\\\", ""))) return "it refers back to a group of its own";
  return repeatsChoices(pattern)
    ? "it repeats a group that can be matched in several ways, which can take for ever; write the group without a repetition or a choice in it"
    : undefined;
}

/** Thrown for a text that is too long to be matched. */
class TextTooLong extends Error {}

/** How ajv makes the patterns of a schema. */
export const boundedPattern = Object.assign(
  (pattern: string, flags: string) => {
    const expression = new RegExp(pattern, flags);
    return {
      test(text: string): boolean {
        if (text.length > longestText) {
          throw new TextTooLong(
            `a text of ${text.length} characters is too long for a pattern; expected at most ${longestText}`,
          );
        }
        return expression.test(text);
      },
      // Ajv knows equal patterns by it.
      toString: () => expression.toString(),
    };
  },
  { code: "boundedPattern" },
);

interface Group {
  /** Whether what is in it can be matched in several ways. */
  choice: boolean;
  /** Whether there is a choice (`|`) or another group in it, so that its atoms say nothing about where a round begins. */
  opaque: boolean;
  readonly atoms: { readonly text: string; readonly fixed: boolean }[];
}

/** Reads the parts of a pattern that is known to be sound: escapes, classes, groups, quantifiers, single signs. */
const part =
  /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|:|<[^>]*>))?|\)|\{\d+(?:,\d*)?\}|[*+?|^$]|./gsu;
const quantifier = /^(?:[*+?]|\{(\d+)(,(\d*))?\})$/;

function repeatsChoices(pattern: string): boolean {
  const open: Group[] = [newGroup()];
  const parts = pattern.match(part) ?? [];
  for (const [index, text] of parts.entries()) {
    const group = open.at(-1);
    if (group === undefined) return true;
    const after = rounds(parts[index + 1]);
    if (text.startsWith("(")) open.push(newGroup());
    else if (text === ")") {
      open.pop();
      if (after.most >= manyRounds && group.choice && !isDelimited(group)) return true;
      const outer = open.at(-1);
      if (outer === undefined) return true;
      outer.opaque = true;
      outer.choice ||= group.choice || after.varies;
    } else if (text === "|") {
      group.choice = true;
      group.opaque = true;
    } else if (!quantifier.test(text) && text !== "^" && text !== "$") {
      group.atoms.push({ text, fixed: !after.varies && after.most === 1 });
      group.choice ||= after.varies;
    }
  }
  return false;
}

function newGroup(): Group {
  return { choice: false, opaque: false, atoms: [] };
}

/** How often what stands before this part is repeated. */
function rounds(text: string | undefined): { readonly most: number; readonly varies: boolean } {
  const found = text === undefined ? null : quantifier.exec(text);
  if (found === null) return { most: 1, varies: false };
  if (text === "?") return { most: 1, varies: true };
  const [, least, range, most] = found;
  if (least === undefined) return { most: Infinity, varies: true };
  if (range === undefined) return { most: Number(least), varies: false };
  return most === undefined || most === ""
    ? { most: Infinity, varies: true }
    : { most: Number(most), varies: most !== least };
}

/** Whether each round begins, or ends, with a sign that nothing else in the group can match. */
function isDelimited({ opaque, atoms }: Group): boolean {
  if (opaque) return false;
  return [atoms.at(0), atoms.at(-1)].some((edge) => {
    const sign = edge?.fixed === true ? literal(edge.text) : undefined;
    if (sign === undefined) return false;
    return atoms.every((atom) => atom === edge || !new RegExp(`^(?:${atom.text})$`, "u").test(sign));
  });
}

/** The one sign that an atom matches; undefined for one that may match several. */
function literal(text: string): string | undefined {
  if (text.length === 1) return text === "." ? undefined : text;
  return /^\\[^\p{L}\p{N}]$/u.test(text) ? text.slice(1) : undefined;
}
