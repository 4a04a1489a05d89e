/** What a part prints: figures, and checks of counts that must be right whatever the machine does. */
export interface Report {
  heading(text: string): void;
  figure(figure: Figure): void;
  /** A count that is wrong makes the run fail. */
  count(what: string, found: number, expected: number): void;
}

export interface Figure {
  readonly what: string;
  /** As it is to be read, with its unit. */
  readonly value: string;
  /** The bare floor of the same run, with its unit. */
  readonly floor?: string;
  readonly ratio?: number;
  /** In words, such as `at most 1.5 x`. */
  readonly target?: string;
  readonly met?: boolean;
}

export function createReport(print: (line: string) => void, fail: () => void): Report {
  return {
    heading: (text) => print(`\n${text}`),
    figure({ what, value, floor, ratio, target, met }) {
      const parts = [
        what.padEnd(44),
        value.padStart(11),
        (floor === undefined ? "" : `floor ${floor}`).padStart(17),
        (ratio === undefined ? "" : `${ratio.toFixed(2)} x`).padStart(10),
        target === undefined ? "" : `  target ${target}: ${met === true ? "met" : "MISSED"}`,
      ];
      print(`  ${parts.join("").trimEnd()}`);
    },
    count(what, found, expected) {
      if (found !== expected) fail();
      print(
        `  ${what.padEnd(44)}${String(found).padStart(11)}${found === expected ? "" : `  WRONG, expected ${expected}`}`,
      );
    },
  };
}

export function ms(value: number): string {
  return value < 100
    ? `${value.toFixed(1)} ms`
    : value < 10_000
      ? `${Math.round(value)} ms`
      : `${(value / 1000).toFixed(1)} s`;
}

export function mb(kilobytes: number): string {
  return `${(kilobytes / 1024).toFixed(0)} MB`;
}
