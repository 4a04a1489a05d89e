import type { Problem } from "../core/problem.ts";
import type { Paint } from "./color.ts";
import { humanProblems, plural, printable } from "./human-problems.ts";
import { problemJson } from "./json.ts";
import { humanDiff, unifiedDiff, type FileEdit } from "./text-diff.ts";

export interface FmtResult {
  /** Nothing was written. */
  readonly check: boolean;
  /** Files that were looked at. */
  readonly files: number;
  readonly changed: readonly FileEdit[];
  readonly refused: readonly { readonly file: string; readonly reason: string }[];
  readonly problems: readonly Problem[];
}

export function humanFmt({ check, files, changed, refused, problems }: FmtResult, paint: Paint): string {
  const edits = changed.map((edit) =>
    check ? humanDiff(edit, paint) : `formatted ${printable(edit.file)}\n`,
  );
  const left = refused.map(({ file, reason }) => {
    return `${paint("yellow", "left as it is")} ${printable(`${file}: ${reason}`)}\n`;
  });
  const verb = check ? "would change" : "formatted";
  const summary = `${plural(files, "file")}: ${changed.length} ${verb}, ${files - changed.length} left as they are\n`;
  const next =
    check && changed.length > 0 ? "Nothing was written; to change them: run `keysteward fmt`.\n" : "";
  return humanProblems(problems, paint) + edits.join("") + left.join("") + summary + next;
}

/** Version 1; described by schema/results.schema.json. */
export function fmtJson({ check, files, changed, refused, problems }: FmtResult): string {
  const edits = changed.map((edit) => ({ file: edit.file, diff: unifiedDiff(edit) }));
  const result = { version: 1, check, files, changed: edits, refused, problems: problems.map(problemJson) };
  return `${JSON.stringify(result, null, 2)}\n`;
}
