import { createTwoFilesPatch } from "diff";
import type { Paint } from "./color.ts";
import { printable } from "./human-problems.ts";

/** What a file holds, and what it is to hold. */
export interface FileEdit {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** The edit as a unified difference, as `git apply -p0` takes it. */
export function unifiedDiff({ file, before, after }: FileEdit): string {
  const patch = createTwoFilesPatch(file, file, before, after, undefined, undefined, { context: 3 });
  return patch.slice(patch.indexOf("\n") + 1);
}

/** The same for people. */
export function humanDiff(edit: FileEdit, paint: Paint): string {
  return unifiedDiff(edit)
    .split("\n")
    .map((line) => painted(printable(line), paint))
    .join("\n");
}

function painted(line: string, paint: Paint): string {
  if (line.startsWith("---") || line.startsWith("+++")) return paint("bold", line);
  if (line.startsWith("@@")) return paint("cyan", line);
  if (line.startsWith("-")) return paint("red", line);
  return line.startsWith("+") ? paint("green", line) : line;
}
