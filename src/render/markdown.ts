/*
 * Text from outside in GitHub's Markdown. Names, values and messages may hold anything: links, HTML, mentions, the sign
 * that ends a table's cell. There is no safe way to escape all of it (GitHub looks for mentions and references in the
 * finished page, where an escaped sign is the sign again), but there are places in which nothing is looked for:
 *
 *   where                what could end it      what is done
 *   a code span          as many backticks      one more than the text has in a row
 *   a block of code      a line of as many      likewise; what would be a line break is one no more
 *   <code> in HTML       a tag, a blank line    & < > " ' as entities; no line breaks
 *
 * So everything from outside stands in one of these, and what stands elsewhere is ours.
 */
import { printable, wellFormed } from "./human-problems.ts";
import { clip } from "./plan-view.ts";

const longest = 300;

/** Text from outside as one line without control characters, of a length that a reader bears. */
function line(text: string): string {
  return wellFormed(clip(printable(text).replace(/[\t\u2028\u2029]/g, " "), longest));
}

/** A code span, for running text. */
export function codeSpan(text: string): string {
  const content = line(text);
  const fence = "`".repeat(longestRun(content) + 1);
  const padding = /^[` ]|[` ]$|^$/.test(content) ? " " : "";
  return `${fence}${padding}${content}${padding}${fence}`;
}

/** A code element, for where HTML stands. */
export function codeElement(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return `<code>${line(text).replace(/[&<>"']/g, (sign) => entities[sign] ?? "")}</code>`;
}

/** A block of lines in the colours of a difference; each line from outside, with its sign before it. */
export function diffBlock(lines: readonly string[]): string {
  const content = lines.map(line);
  const fence = "`".repeat(Math.max(3, ...content.map((text) => longestRun(text) + 1)));
  return `${fence}diff\n${content.map((text) => `${text}\n`).join("")}${fence}\n`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
