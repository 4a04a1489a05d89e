/*
 * In how many ways a pattern can divide a text among its parts.
 *
 * That number, times the length of the text, bounds what matching by backtracking costs. It is never counted too low:
 *
 * - a part whose length varies has a way for each length, unless what comes next tells where it ends: a sign that it cannot
 *   match, or the end of the text;
 * - parts that follow each other multiply, alternatives add up, and a pattern that is not held to the begin of the text may
 *   begin at each of its signs;
 * - a group that is repeated multiplies with itself, round by round, which soon is without end. Unless it has one way only;
 *   or a sign that occurs nowhere else in it marks where each round begins or ends, and the length of no more than
 *   one part of it varies: then where the last round ends tells all the rest.
 */

interface Piece {
  /** Undefined for a group. */
  readonly text?: string;
  /** The alternatives of a group. */
  readonly inner: readonly (readonly Piece[])[];
  /** Whether it looks at the text without taking anything of it. */
  readonly looks: boolean;
  readonly least: number;
  readonly most: number;
}

type Sequence = readonly Piece[];

/** What is known to follow a piece: a sign, the end of the text, or nothing. */
type Next = { readonly sign: string } | "end" | undefined;

const part =
  /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[a-zA-Z]|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|:|<[^>]*>))?|\)|\{\d+(?:,\d*)?\}|[*+?|^$]|./gsu;
const quantifier = /^(?:[*+?]|\{(\d+)(,(\d*))?\})$/;

/** For texts of at most `longest` signs; the pattern must be sound. Infinity where it cannot be told. */
export function waysToMatch(pattern: string, longest: number): number {
  const parts = pattern.match(part) ?? [];
  // Matched from its end, so that nothing of the above holds; and flags may let a sign match another.
  if (parts.some((text, index) => text.startsWith("(?<=") || text.startsWith("(?<!") || setsFlags(index)))
    return Infinity;
  const alternatives = readAlternatives(parts.values());
  const starts = alternatives.every(([first]) => first?.text === "^") ? 1 : longest;
  return starts * sum(alternatives.map((sequence) => waysOfSequence(sequence, "end", 1)));

  function setsFlags(index: number): boolean {
    return parts[index] === "(" && parts[index + 1] === "?";
  }

  function waysOfSequence(sequence: Sequence, next: Next, times: number): number {
    return sequence.reduce((product, piece, index) => {
      const follower = sequence[index + 1];
      return product * waysOf(piece, follower === undefined ? next : beginning(follower), times);
    }, 1);
  }

  /** `times`: how often it must be gone through, at least, for the groups around it. */
  function waysOf(piece: Piece, next: Next, times: number): number {
    const { text, inner, looks, least, most } = piece;
    const counts = Math.min(most - least + 1, longest);
    if (text !== undefined) return counts > 1 && isToldBy(text, next) ? 1 : counts;
    const isOnce = least === 1 && most === 1;
    const rounds = times * Math.max(1, least);
    if (rounds > longest) return Infinity;
    const ways = sum(
      inner.map((sequence) => waysOfSequence(sequence, isOnce && !looks ? next : undefined, rounds)),
    );
    if (isOnce) return ways;
    if (ways === 1) return counts;
    return isMarked(piece) ? longest : counts * ways ** most;
  }
}

/** Whether a sign marks each round, and no more than one part varies: two could share each round in their own ways. */
function isMarked({ inner }: Piece): boolean {
  const [sequence = [], ...others] = inner;
  if (others.length > 0 || sequence.some(({ text }) => text === undefined)) return false;
  if (sequence.filter(({ least, most }) => least !== most).length > 1) return false;
  return [sequence.at(0), sequence.at(-1)].some((edge) => marks(edge, sequence));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Reads up to the end of a group, or of the pattern. */
function readAlternatives(parts: IterableIterator<string>): readonly Sequence[] {
  const alternatives: Piece[][] = [[]];
  for (let step = parts.next(); step.done !== true && step.value !== ")"; step = parts.next()) {
    const text = step.value;
    const sequence = alternatives.at(-1) ?? [];
    const last = sequence.at(-1);
    const found = quantifier.exec(text);
    if (text === "|") alternatives.push([]);
    else if (text.startsWith("(")) {
      sequence.push({ inner: readAlternatives(parts), looks: /^\(\?[=!]/.test(text), least: 1, most: 1 });
    } else if (found === null) sequence.push({ text, inner: [], looks: false, least: 1, most: 1 });
    // One behind another only says which length is tried first.
    else if (last?.least === 1 && last.most === 1) {
      sequence.splice(-1, 1, { ...last, ...rounds(found) });
    }
  }
  return alternatives;
}

function rounds([text, least, range, most]: RegExpExecArray): Pick<Piece, "least" | "most"> {
  if (text === "?") return { least: 0, most: 1 };
  if (least === undefined) return { least: text === "+" ? 1 : 0, most: Infinity };
  if (range === undefined) return { least: Number(least), most: Number(least) };
  return { least: Number(least), most: most === undefined || most === "" ? Infinity : Number(most) };
}

function beginning({ text, inner, looks, least }: Piece): Next {
  if (least === 0 || looks) return undefined;
  if (text === "$") return "end";
  if (text !== undefined) {
    const sign = literal(text);
    return sign === undefined ? undefined : { sign };
  }
  const [first] = inner[0] ?? [];
  return inner.length === 1 && first !== undefined ? beginning(first) : undefined;
}

function isToldBy(text: string, next: Next): boolean {
  return next === "end" || (next !== undefined && !canMatch(text, next.sign));
}

/** Whether a piece is a sign that nothing else in the sequence can match. */
function marks(edge: Piece | undefined, sequence: Sequence): boolean {
  if (edge?.text === undefined || edge.least !== 1 || edge.most !== 1) return false;
  const sign = literal(edge.text);
  return (
    sign !== undefined &&
    sequence.every((piece) => piece === edge || (piece.text !== undefined && !canMatch(piece.text, sign)))
  );
}

function canMatch(text: string, sign: string): boolean {
  return new RegExp(`^(?:${text})$`, "u").test(sign);
}

/** The one sign that a part matches; undefined for one that may match several, or none. */
function literal(text: string): string | undefined {
  if (text.length === 1) return /[.^$]/.test(text) ? undefined : text;
  return /^\\[^\p{L}\p{N}]$/u.test(text) ? text.slice(1) : undefined;
}
