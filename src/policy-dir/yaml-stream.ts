import { Composer, Lexer, Parser, type CST, type Document, type YAMLError } from "yaml";
import type { ProblemCode } from "../core/problem.ts";
import type { Limits } from "./limits.ts";

/** Something wrong at an offset of the text. `path` is dotted and inside the document. */
export interface Fault {
  readonly code: ProblemCode;
  readonly offset: number;
  readonly message: string;
  readonly path?: string;
}

/** One YAML document whose syntax is sound. `faults` are those of tags that mean nothing here. */
export interface YamlDocument {
  readonly content: Document.Parsed["contents"];
  readonly faults: readonly Fault[];
}

export interface YamlStream {
  readonly documents: readonly YamlDocument[];
  /** Faults that cost the whole file: where the syntax is broken, the documents' borders cannot be believed. */
  readonly faults: readonly Fault[];
}

const mostFaults = 10;

/** Reads text as a stream of YAML 1.2 documents, core schema. Never throws for any text. */
export function readYamlStream(text: string, limits: Limits): YamlStream {
  const faults: Fault[] = [];
  const documents: Document.Parsed[] = [];
  // Hostile text makes the library build an Error per token; without their stacks that is five times as fast.
  const stackTraceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    const composer = new Composer({
      version: "1.2",
      schema: "core",
      strict: true,
      // Names are compared by the reader of values, which takes `1` and `"1"` as the same and needs no quadratic time.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
    });
    for (const document of composer.compose(tokens(text, limits, faults), true, text.length)) {
      documents.push(document);
      if (documents.length > limits.documents) {
        faults.push(tooManyDocuments(document, limits));
        break;
      }
    }
  } catch (thrown) {
    faults.push(unreadable(thrown, limits));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  // Where reading was given up, what the composer says about the rest is an echo.
  const syntax = faults.length > 0 ? [] : documents.flatMap((document) => document.errors).map(syntaxFault);
  return {
    documents: documents.map((document) => ({
      content: document.contents,
      faults: document.warnings.map(tagFault),
    })),
    faults: [...faults, ...syntax].slice(0, mostFaults),
  };
}

/** The tokens of the text, until there is too much of anything for what builds nodes out of them. */
function* tokens(text: string, limits: Limits, faults: Fault[]): Generator<CST.Token, void> {
  const parser = new Parser();
  // A level is an item on the parser's stack; below them lie the document and what it is in the middle of.
  const deepest = limits.depth + 10;
  let lexemes = 0;
  let errors = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === "directive") {
        faults.push(directiveFault(token));
      }
      errors += token.type === "error" ? 1 : 0;
      yield token;
    }
    lexemes += 1;
    if (faults.length > mostFaults || errors > mostFaults) {
      return;
    }
    if (lexemes > limits.tokens) {
      faults.push({ code: "KS1007", offset: parser.offset, message: tooManyTokens(limits) });
      return;
    }
    if (parser.stack.length > deepest) {
      faults.push({ code: "KS1106", offset: parser.offset, message: tooDeep(limits) });
      return;
    }
  }
  yield* parser.end();
}

function tooManyTokens(limits: Limits): string {
  return `the file holds more than ${limits.tokens} signs and texts of YAML, the most that are read from one file; split it`;
}

/** What is said of a document that nests too deep. */
export function tooDeep(limits: Limits): string {
  return `the nesting goes deeper than ${limits.depth} levels; a policy needs fewer than 10`;
}

function directiveFault(token: CST.Directive): Fault {
  const [name = "%"] = token.source.split(/\s/);
  return {
    code: "KS1104",
    offset: token.offset,
    message: `the directive ${clip(name)} is not accepted, as it changes what the text below it means; policies are YAML 1.2: delete the line`,
  };
}

function tooManyDocuments(document: Document.Parsed, limits: Limits): Fault {
  return {
    code: "KS1107",
    offset: document.range[0],
    message: `the file holds more than ${limits.documents} documents, the most that are read from one file; split it`,
  };
}

function unreadable(thrown: unknown, limits: Limits): Fault {
  // The library recurses: where its own guard is not enough the stack ends, which is depth again.
  return thrown instanceof RangeError
    ? { code: "KS1106", offset: 0, message: tooDeep(limits) }
    : { code: "KS1101", offset: 0, message: "the YAML cannot be read; check its syntax" };
}

function syntaxFault(error: YAMLError): Fault {
  if (error.code === "TAG_RESOLVE_FAILED") {
    return tagFault(error);
  }
  if (error.code === "RESOURCE_EXHAUSTION") {
    return { code: "KS1106", offset: error.pos[0], message: "the nesting is too deep to be read" };
  }
  const hint =
    error.code === "TAB_AS_INDENT"
      ? "indent with blanks, not tabs"
      : "correct the syntax; until then nothing in this file is read";
  return { code: "KS1101", offset: error.pos[0], message: `${sentence(error.message)}; ${hint}` };
}

function tagFault(error: YAMLError): Fault {
  return {
    code: "KS1103",
    offset: error.pos[0],
    message: `${sentence(error.message)}; policies are plain YAML: delete the tag`,
  };
}

/** The library's sentence as one line that starts small, without a full stop and with long quotations cut. */
function sentence(message: string): string {
  const line = message.split("\n")[0] ?? "";
  const quoted = line.replaceAll(/"(?:[^"\\]|\\.)*"|\S{81,}/g, (part) => clip(part));
  const characters = Array.from(quoted);
  const short =
    characters.length > 200 ? `${characters.slice(0, 197).join("")}...` : quoted.replace(/[.;:\s]+$/, "");
  return short.charAt(0).toLowerCase() + short.slice(1);
}

/** At most 80 characters of a value. */
export function clip(value: string): string {
  const near = Array.from(value.slice(0, 200));
  return near.length > 80 ? `${near.slice(0, 77).join("")}...` : value;
}
