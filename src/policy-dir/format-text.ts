/*
 * A policy file in canonical order and layout. Formatting must never change what a file says, so that is not left to the
 * formatter: what it made is read again by those who read policies, and is refused unless every document has the very
 * value it had, every comment is still there, and formatting it once more changes nothing.
 *
 *   the file                         what happens
 *   has errors, as `validate` sees   left as it is, with its problems
 *   would not be the same            left as it is, with the reason
 *   else                             its text, formatted
 *
 * Lines end as the first line of the file does. Order must be put in before the layout: see canonical-order.ts.
 */
import { Composer, isScalar, Lexer, type Document } from "yaml";
import { stableJson } from "../core/canonical.ts";
import type { Problem } from "../core/problem.ts";
import { layOut, settleComments, verbatimTags } from "./canonical-layout.ts";
import { putInOrder } from "./canonical-order.ts";
import { commentedTokens } from "./commented-tokens.ts";
import { documentValues } from "./document-values.ts";
import type { Limits } from "./limits.ts";
import { parsePolicies } from "./parse-policies.ts";
import { policySchema } from "./policy-schema.ts";
import { documentShape } from "./schema-order.ts";
import { decodeText } from "./source-text.ts";

export type Formatted =
  | { readonly kind: "text"; readonly text: string; readonly before: string }
  | { readonly kind: "broken"; readonly problems: readonly Problem[] }
  | { readonly kind: "refused"; readonly reason: string };

/** Never throws for any bytes. */
export function formatText(file: string, bytes: Uint8Array, limits: Limits): Formatted {
  const read = parsePolicies(file, bytes, limits);
  const problems = [...read.problems, ...read.testProblems].filter(({ severity }) => severity === "error");
  const decoded = decodeText(bytes);
  if (problems.length > 0 || "fault" in decoded) return { kind: "broken", problems };
  const before = decoded.text;
  const after = formatUntilStill(before);
  if (after === undefined)
    return { kind: "refused", reason: "its comments stand where no layout keeps them; move them" };
  if (stableJson(documentValues(after, limits)) !== stableJson(documentValues(before, limits)))
    return { kind: "refused", reason: "it would not say the same any more once it is formatted" };
  const lost = missing(commentsOf(before), commentsOf(after));
  if (lost !== undefined)
    return { kind: "refused", reason: `the comment "#${lost}" would be lost; put it on a line of its own` };
  return { kind: "text", text: /^[^\n]*\r\n/.test(before) ? after.replaceAll("\n", "\r\n") : after, before };
}

/** Comments in odd places take the layout more than one step to find theirs. */
function formatUntilStill(text: string): string | undefined {
  let last = text;
  for (let step = 0; step < 5; step += 1) {
    const next = formatOnce(last);
    if (next === last) return next;
    last = next;
  }
  return undefined;
}

function formatOnce(text: string): string {
  const { schema } = policySchema();
  const source = text.replaceAll("\r\n", "\n");
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: true,
    logLevel: "silent",
    customTags: verbatimTags,
  });
  const documents = [...composer.compose(commentedTokens(source), true, source.length)];
  return documents
    .map((document, index) => {
      document.directives.docEnd = false;
      if (index > 0) document.directives.docStart = true;
      if (isEmpty(document.contents)) return emptyText(document);
      settleComments(document);
      putInOrder(document, (kind) => documentShape(schema, kind));
      return layOut(document);
    })
    .join("");
}

function isEmpty(content: unknown): boolean {
  return content === null || (isScalar(content) && content.value === null && content.source === "");
}

/** A document without a value is the comments that it holds. */
function emptyText({ directives, commentBefore, contents, comment }: Document.Parsed): string {
  const comments = [commentBefore, contents?.commentBefore, contents?.comment, comment];
  const lines = comments.flatMap((one) => (typeof one === "string" ? one.split("\n") : []));
  const start = directives.docStart === true ? "---\n" : "";
  return start + lines.map((line) => (line === "" ? "\n" : `#${line}\n`)).join("");
}

/** The comments of a text, without their signs. */
function commentsOf(text: string): string[] {
  const comments: string[] = [];
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.startsWith("#") && !isScalar) comments.push(lexeme.slice(1).trimEnd());
    // The lexer announces the text of a scalar by this sign.
    isScalar = lexeme === "\u001f";
  }
  return comments.sort();
}

/** The first comment that is in the one list more often than in the other; both are sorted. */
function missing(before: readonly string[], after: readonly string[]): string | undefined {
  let at = 0;
  return before.find((comment) => {
    while (at < after.length && (after[at] ?? "") < comment) at += 1;
    at += 1;
    return after[at - 1] !== comment;
  });
}
