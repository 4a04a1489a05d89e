const longest = 100;

/**
 * The candidate that was probably meant, or undefined. Spelling that differs in case, dashes and underscores only
 * (`rateLimits`) counts as the same; else at most `allowed` typing slips (by default one, two from six characters on).
 */
export function suggest(
  found: string,
  candidates: Iterable<string>,
  allowed = found.length < 6 ? 1 : 2,
): string | undefined {
  if (found.length > longest) {
    return undefined;
  }
  let best: string | undefined;
  let fewest = allowed + 1;
  for (const candidate of candidates) {
    const slips = bare(found) === bare(candidate) ? 0 : distance(found, candidate, fewest);
    if (slips < fewest) {
      best = candidate;
      fewest = slips;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing where there is no suggestion. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : ` Did you mean "${suggestion}"?`;
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/** Typing slips (insert, delete, replace, swap of neighbours) between two words, or `stop` when there are as many. */
function distance(a: string, b: string, stop: number): number {
  if (Math.abs(a.length - b.length) >= stop) {
    return stop;
  }
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return Math.min(at(last, b.length), stop);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
