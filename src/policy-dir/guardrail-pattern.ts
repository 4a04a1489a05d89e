/*
 * Patterns in guardrails.
 *
 * A pattern comes from the reviewed repository, but the texts that it judges come from the control plane, too, where
 * whoever may edit a key chooses its name and its metadata. V8 matches by backtracking, and there is no way to break a
 * match off. So:
 *
 * - a pattern that can divide a text among its parts in more ways than can be tried is refused (`pattern-ways.ts` counts
 *   them): `(-[a-z]+)*` is fine, `([a-z]+)*` is not; and so are back references;
 * - no text longer than `longestText` is matched: it counts as one that cannot be judged, and so offends. Portkey's names
 *   have 100 characters at most, descriptions 200.
 */
import { waysToMatch } from "./pattern-ways.ts";

const longestPattern = 300;
const longestText = 300;

/** Those of two parts that may each have any length; with a last scan for each, some million steps. */
const mostWays = longestText ** 2;

/** What is wrong with a pattern, as a sentence; undefined when it can be used. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > longestPattern) return `it is longer than ${longestPattern} characters`;
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (/\\(?:[1-9]|k<)/.test(pattern.replaceAll("\\\\", ""))) return "it refers back to a group of its own";
  return waysToMatch(pattern, longestText) > mostWays
    ? "it can be matched in too many ways, which can take for ever: begin it with ^, put a sign that a part cannot match behind each part whose length varies, repeat no group with a choice in it, and do not look behind"
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
